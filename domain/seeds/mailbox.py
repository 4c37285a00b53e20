"""The sample dealership's mailbox, which the simulator keeps."""

import json

from domain import clock, connections
from domain.accounts import Account
from domain.connections import Connection
from domain.users import User

PASSWORD = "simulator"  # noqa: S105 - of a mailbox on this machine alone
FIXED = {
    "from_email": "sales@harborauto.example",
    "from_name": "Harbor Auto Buyers",
    "smtp_host": "127.0.0.1",
    "smtp_security": "none",
    "imap_host": "127.0.0.1",
    "imap_security": "none",
    "own_network": "true",
}


async def connect(account: Account, admin: User, ports: str) -> None:
    """Nothing without ports: the simulator keeps no mail then."""
    if not ports:
        return
    given = FIXED | _at(ports) | {"password": PASSWORD}
    made, _ = await connections.connect(account.id, admin.id, "email", given, unchecked_is_fine=True)
    # The simulator answers as soon as the worker asks.
    await Connection.update({Connection.last_error: "", Connection.last_ok_at: clock.now()}).where(
        Connection.id == made.id
    )


async def moved(ports: str) -> None:
    """A kept data directory: the simulator may have moved to other ports."""
    kept = await Connection.objects().where(Connection.kind == "email").first()
    if kept is None or not ports:
        return
    options = connections.options_of(kept) | _at(ports)
    await Connection.update({Connection.options: json.dumps(options)}).where(Connection.id == kept.id)


def _at(ports: str) -> dict[str, str]:
    smtp, imap = ports.split(",")
    return {"smtp_port": smtp, "imap_port": imap}
