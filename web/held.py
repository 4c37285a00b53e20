"""Why a message that waits does not leave now: what is the matter with the connection that it leaves by."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain import clock
from domain.accounts import Account
from domain.channels.registry import CHANNELS
from domain.connections import ConnectionState
from domain.messages import State
from web.filters import clock_time, day
from web.render import url_for


def why(row: Mapping[str, Any], account: Account) -> str:
    """A sentence with what ends it; empty where nothing holds a message up. `row` is one of the history."""
    if row["state"] != State.QUEUED or not row["provider"]:
        return ""
    name = _name(row)
    if row["provider_state"] == ConnectionState.DISCONNECTED:
        return f"Held, because {name} is not connected. It leaves once it is connected again under Apps."
    if row["provider_state"] == ConnectionState.BROKEN:
        return f"Held, because {name} refused your dealership's key. It leaves once that is mended under Apps."
    rests: datetime | None = row["provider_rests_until"]
    if rests is not None and rests > clock.now():
        return f"{name} asked for a pause. It leaves after {_at(rests, account)}."
    return ""


def of_batch(row: Mapping[str, Any], account: Account) -> dict[str, str]:
    """The same of a batch: a sentence, and the way to where that is mended. `row` is one of `watching.stands_still`."""
    name = _name(row)
    said = {
        ConnectionState.DISCONNECTED: f"Nothing leaves by {name}: it is not connected. Connect it first.",
        ConnectionState.BROKEN: f"Nothing leaves by {name}: it refused your dealership’s key. Mend that first.",
    }.get(row["provider_state"])
    until = "" if said else _at(row["provider_rests_until"], account)
    return {
        "text": said or f"Nothing leaves by {name} before {until}: it asked for a pause.",
        "url": url_for("apps.show", kind=row["provider"]),
        "label": f"Open {name} under Apps",
    }


def _name(row: Mapping[str, Any]) -> str:
    return CHANNELS[row["provider"]].name if row["provider"] in CHANNELS else "The provider"


def _at(moment: datetime, account: Account) -> str:
    return f"{day(moment, account.timezone)}, {clock_time(moment, account.timezone)}"
