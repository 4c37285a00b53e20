"""Which of our people have an account at a provider, as last looked up, and the look that was asked for."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from domain import connections
from domain.channels.base import ChannelError, Kind
from domain.connections import Connection, SenderLink
from domain.errors import Refused
from domain.users import WRITERS, User


async def people(connection: Connection, user: UUID | None = None) -> list[dict[str, Any]]:
    """Those who may write to sellers, or one of them, by name: {id, name, email, provider_id, provider_name, numbers,
    checked_at}. `checked_at` is None for whoever nobody looked for yet, `provider_id` empty for who has no account."""
    roles = ", ".join(f"'{role}'" for role in sorted(WRITERS))
    only, arguments = ("AND u.id = {}", [user]) if user else ("", [])
    rows: list[dict[str, Any]] = await User.raw(
        f"""SELECT u.id, u.name, u.email, s.provider_id, s.name AS provider_name, s.numbers, s.checked_at
            FROM app_user u LEFT JOIN sender_link s ON s."user" = u.id AND s.connection = {{}}
            WHERE u.account = {{}} AND u.active AND u.role IN ({roles}) {only} ORDER BY u.name LIMIT 200""",  # noqa: S608
        connection.id,
        connection.account,
        *arguments,
    )
    return rows


async def check(connection: Connection, user: User) -> SenderLink | None:
    """Asks the provider for the account of this person now; None when it has no active one. Raises Refused."""
    try:
        return await connections.sender(connection, user, timedelta(0))
    except ChannelError as error:
        if error.kind is Kind.CONNECTION_BROKEN:
            await connections.broken(connection.id, error.reason)
        raise Refused(error.reason) from None
