"""How many messages a connection may carry in a minute and in a second: data on the connection, with defaults."""

import json

from domain.connections import Connection

# Dialpad's own limits are 100 texts a minute and 20 calls a second; ours stay below (providers' documentation).
DEFAULTS = {"per_minute": 90, "per_second": 15}


def of(connection: Connection) -> dict[str, int]:
    """`per_minute` and `per_second` of a connection; 0 is no limit."""
    options = json.loads(connection.options or "{}")
    given = {name: int(options[name]) for name in DEFAULTS if str(options.get(name, "")).isdigit()}
    return DEFAULTS | given


def minutes(connection: Connection, number: int) -> float:
    """How long that many messages take at least."""
    limits = of(connection)
    per_minute = min((each for each in (limits["per_minute"], limits["per_second"] * 60) if each), default=0)
    return number / per_minute if per_minute else 0.0
