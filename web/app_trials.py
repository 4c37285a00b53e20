"""Where a test of a connection would go, as its app's page offers it."""

from typing import Any

from domain import trials
from domain.accounts import Account
from domain.channels.registry import CHANNELS
from domain.connections import Connection
from domain.users import User
from web.filters import ago


async def shown(account: Account, connection: Connection, me: User) -> dict[str, Any]:
    """Where a test would go, or several places to choose among, or what to do that there is one."""
    found = await trials.places(connection, me)
    return {
        "to": found[0].shown if len(found) == 1 and not found[0].heard_at else None,
        "choices": [
            {"to": each.to, "shown": f"{each.shown}, who wrote TEST {ago(each.heard_at, account.timezone)}"}
            for each in found
            if each.heard_at
        ],
        "how": "" if found else trials.how(connection),
        "in_profile": CHANNELS[connection.kind].channel == "text",
    }
