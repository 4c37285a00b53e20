"""Which connection of an account carries what."""

from collections.abc import Collection
from uuid import UUID

from domain.channels.registry import CHANNELS
from domain.connections.tables import Connection, ConnectionState, SenderLink


async def current(account_id: UUID, kind: str) -> Connection | None:
    """The account's connection of that kind, broken or not; None when there is none."""
    return await (
        Connection.objects()
        .where(
            (Connection.account == account_id)
            & (Connection.kind == kind)
            & (Connection.state != ConnectionState.DISCONNECTED)
        )
        .first()
    )


async def installed(account_id: UUID) -> dict[str, Connection]:
    """kind -> the account's connection of that kind, broken or not."""
    mine = (Connection.account == account_id) & (Connection.state != ConnectionState.DISCONNECTED)
    return {each.kind: each for each in await Connection.objects().where(mine)}


async def carrying(account_id: UUID, channel: str) -> Connection | None:
    """The connection by which this account's messages of that channel leave; None when there is none."""
    kinds = [kind for kind, provider in CHANNELS.items() if provider.channel == channel]
    if not kinds:
        return None
    found = await Connection.objects().where(
        (Connection.account == account_id)
        & (Connection.kind.is_in(kinds))
        & (Connection.state != ConnectionState.DISCONNECTED)
    )
    # A working one before a broken one; among equals the registry's order.
    return min(found, key=lambda each: (each.state != ConnectionState.CONNECTED, kinds.index(each.kind)), default=None)


async def carriers(account_id: UUID, user_id: UUID) -> dict[str, tuple[Connection, SenderLink | None]]:
    """channel -> the connection that carries it, as `carrying`, and this person's account there as last looked up."""
    rows = await Connection.raw(
        """SELECT c.*, s.id AS s_id, s.provider_id AS s_provider_id, s.name AS s_name, s.numbers AS s_numbers,
                  s.checked_at AS s_checked_at
           FROM connection c LEFT JOIN sender_link s ON s.connection = c.id AND s."user" = {}
           WHERE c.account = {} AND c.state <> 'disconnected'""",
        user_id,
        account_id,
    )
    kinds = list(CHANNELS)
    best: dict[str, tuple[Connection, SenderLink | None]] = {}
    known = [row for row in rows if row["kind"] in CHANNELS]
    for row in sorted(known, key=lambda row: (row["state"] != ConnectionState.CONNECTED, kinds.index(row["kind"]))):
        link = {name.removeprefix("s_"): row.pop(name) for name in list(row) if name.startswith("s_")}
        sender = SenderLink(**link, connection=row["id"], user=user_id) if link["id"] else None
        best.setdefault(CHANNELS[row["kind"]].channel, (Connection(**row), sender))
    return best


def as_one(kind: str) -> str:
    """The name of a provider by which all send as one; empty where each has an account."""
    return CHANNELS[kind].name if kind in CHANNELS and CHANNELS[kind].senders == "one" else ""


def included(kind: str, features: Collection[str]) -> bool:
    """Whether a plan with these features includes a kind of connection; the simulator is part of every plan."""
    feature = CHANNELS[kind].feature if kind in CHANNELS else kind
    return not feature or feature in features


def lacking(channel: str, carrier: Connection | None, features: Collection[str]) -> str:
    """The name of the app that carries a channel, or would, where a plan with these features does not include it."""
    kinds = [carrier.kind] if carrier else [kind for kind, each in CHANNELS.items() if each.channel == channel]
    kinds = [kind for kind in kinds if kind in CHANNELS and (carrier or CHANNELS[kind].listed)]
    return CHANNELS[kinds[0]].name if kinds and not any(included(kind, features) for kind in kinds) else ""


async def by_id(connection_id: UUID) -> Connection | None:
    return await Connection.objects().get(Connection.id == connection_id)


async def as_now(connection_id: UUID, known: Connection | None) -> Connection | None:
    """The same for whoever asks all the time: `known` again as long as nothing by which it sends has changed."""
    if known is None:
        return await by_id(connection_id)
    rows = await Connection.raw(
        "SELECT state, base_url, secret, hook_secret, options FROM connection WHERE id = {}", connection_id
    )
    now = [tuple(row.values()) for row in rows]
    then = (known.state, known.base_url, known.secret, known.hook_secret, known.options)
    return known if now == [then] else await by_id(connection_id)


async def heard_by_listening() -> list[UUID]:
    """Connections of the kinds that may be listened to, as far as they are well."""
    kinds = [kind for kind, provider in CHANNELS.items() if {"websocket", "mailbox"} & set(provider.events)]
    if not kinds:
        return []
    rows = await Connection.select(Connection.id).where(
        (Connection.state == ConnectionState.CONNECTED) & Connection.kind.is_in(kinds)
    )
    return [row["id"] for row in rows]


async def newest(account: UUID, kind: str) -> Connection | None:
    """The account's newest connection of that kind, disconnected ones included: what is pending waits for it."""
    return await (
        Connection.objects()
        .where((Connection.account == account) & (Connection.kind == kind))
        .order_by(Connection.created_at, ascending=False)
        .first()
    )
