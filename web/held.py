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


def why(row: Mapping[str, Any], account: Account) -> str:
    """A sentence with what ends it; empty where nothing holds a message up. `row` is one of the history."""
    if row["state"] != State.QUEUED or not row["provider"]:
        return ""
    name = CHANNELS[row["provider"]].name if row["provider"] in CHANNELS else "The provider"
    if row["provider_state"] == ConnectionState.DISCONNECTED:
        return f"Held, because {name} is not connected. It leaves once it is connected again under Apps."
    if row["provider_state"] == ConnectionState.BROKEN:
        return f"Held, because {name} refused your dealership's key. It leaves once that is mended under Apps."
    rests: datetime | None = row["provider_rests_until"]
    if rests is not None and rests > clock.now():
        until = f"{day(rests, account.timezone)}, {clock_time(rests, account.timezone)}"
        return f"{name} asked for a pause. It leaves after {until}."
    return ""
