"""How many messages a connection may carry in a minute and in a second: data on the connection, with defaults."""

import json

from domain.channels.base import Channel
from domain.channels.registry import CHANNELS
from domain.connections import Connection

NAMES = ("per_minute", "per_second")


def of(connection: Connection) -> dict[str, int]:
    """`per_minute` and `per_second` of a connection, as its provider has them unless it says otherwise; 0 is no
    limit."""
    options = json.loads(connection.options or "{}")
    given = {name: int(options[name]) for name in NAMES if str(options.get(name, "")).isdigit()}
    provider = CHANNELS.get(connection.kind, Channel)
    return {"per_minute": provider.per_minute, "per_second": provider.per_second} | given


def minutes(connection: Connection, number: int) -> float:
    """How long that many messages take at least."""
    limits = of(connection)
    per_minute = min((each for each in (limits["per_minute"], limits["per_second"] * 60) if each), default=0)
    return number / per_minute if per_minute else 0.0
