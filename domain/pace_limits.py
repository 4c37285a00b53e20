"""How many messages a connection may carry in a minute and in a second, and each sender by it in a minute: data on the
connection, with defaults."""

import json

from domain import text
from domain.channels.base import Channel
from domain.channels.registry import CHANNELS
from domain.connections import Connection
from domain.errors import Refused

NAMES = ("per_minute", "per_second")
SENDER = "per_sender"  # in a minute; 0 or none: no limit
MOST = 999_999


def of(connection: Connection) -> dict[str, int]:
    """`per_minute` and `per_second` of a connection, as its provider has them unless it says otherwise; 0 is no
    limit."""
    options = json.loads(connection.options or "{}")
    given = {name: int(options[name]) for name in NAMES if str(options.get(name, "")).isdigit()}
    provider = CHANNELS.get(connection.kind, Channel)
    return {"per_minute": provider.per_minute, "per_second": provider.per_second} | given


def of_sender(connection: Connection) -> int:
    """How many messages a minute each sender may send by it; 0: no limit, as where all send as one."""
    given = str(json.loads(connection.options or "{}").get(SENDER, ""))
    return int(given) if given.isdigit() and parts_senders(connection.kind) else 0


def parts_senders(kind: str) -> bool:
    """Whether each sends from a number of theirs, which carriers count."""
    return CHANNELS.get(kind, Channel).senders == "person"


def read(typed: str) -> int:
    """A sender's limit as it was typed; empty or 0: none. Raises Refused at its option."""
    number = text.number(typed.strip() or "0", MOST)
    if number is None:
        raise Refused(f"Give a whole number of texts, {MOST:,} at most, or leave it empty for no limit.", SENDER)
    return number


def minutes(connection: Connection, number: int) -> float:
    """How long that many messages of one sender take at least."""
    limits = of(connection)
    bounds = (limits["per_minute"], limits["per_second"] * 60, of_sender(connection))
    per_minute = min((each for each in bounds if each), default=0)
    return number / per_minute if per_minute else 0.0
