"""Which account at the provider belongs to which of our people."""

from datetime import timedelta

from domain import clock
from domain.connections.adapters import adapter
from domain.connections.tables import Connection, SenderLink
from domain.users import User

LINK_AGE = timedelta(minutes=5)  # how long a look-up of a sender is trusted


async def sender(
    connection: Connection, user: User, max_age: timedelta = LINK_AGE, *, known: SenderLink | None = None
) -> SenderLink | None:
    """The person's account at the provider, looked up again when the last look is older than `max_age`.

    `known` is that last look, for whoever has read it already. None when the provider has no active account with that
    email. Raises ChannelError when it cannot be asked.
    """
    link = known or await SenderLink.objects().get(
        (SenderLink.connection == connection.id) & (SenderLink.user == user.id)
    )
    if link is not None and clock.now() - link.checked_at < max_age:
        return link if link.provider_id else None
    found = await adapter(connection).find_sender(user.email)
    await SenderLink.insert(
        SenderLink(
            connection=connection.id,
            user=user.id,
            provider_id=found.provider_id if found else "",
            name=found.name if found else "",
            numbers=" ".join(found.numbers) if found else "",
            checked_at=clock.now(),
        )
    ).on_conflict(
        target=(SenderLink.connection, SenderLink.user),
        action="DO UPDATE",
        values=[SenderLink.provider_id, SenderLink.name, SenderLink.numbers, SenderLink.checked_at],
    )
    if found is None:
        return None
    return await SenderLink.objects().get((SenderLink.connection == connection.id) & (SenderLink.user == user.id))
