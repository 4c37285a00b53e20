"""Installed providers of an account: credentials (encrypted), health, and who at the dealership may send."""

import asyncio
import json
import logging
import secrets
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from piccolo.columns import JSON, Integer, Text, Varchar
from piccolo.table import Table

from domain import audit, clock, credentials, hook_secrets, house_mail, regions, users
from domain.accounts import Account
from domain.channels.base import BadSignature, Channel, ChannelError, HookCall, HookEvent, Kind
from domain.channels.registry import CHANNELS
from domain.columns import key, made, moment, parent
from domain.db import DB, writing
from domain.errors import Refused, Unavailable
from domain.installations import tables as installations
from domain.settings import settings
from domain.text import storable
from domain.users import User

logger = logging.getLogger(__name__)

LINK_AGE = timedelta(minutes=5)  # how long a look-up of a sender is trusted
OK_STEP = timedelta(seconds=30)
NO_REPLIES = "Replies will not arrive until the webhook is set up."
REMOVAL_SECONDS = 5.0  # how long disconnecting waits for the provider to forget our hook


class ConnectionState(StrEnum):
    CONNECTED = "connected"
    BROKEN = "broken"  # the provider refused our key: pending messages wait
    DISCONNECTED = "disconnected"


class Connection(Table, db=DB, tablename="connection"):
    id = key()
    account = parent(Account)
    kind = Varchar(20)  # dialpad, …: domain.channels.registry
    state = Varchar(20, default=ConnectionState.CONNECTED)
    base_url = Text(default="")
    secret = Text(default="")  # encrypted: JSON of its secret fields; of old the API key itself
    hook_secret = Text(default="")  # encrypted
    hook_id = Text(default="")  # what the provider calls our hook
    options = JSON(default="{}")
    last_ok_at = moment()
    last_error = Text(default="")
    last_error_at = moment()
    refused_hooks = Integer(default=0)
    rests_until = moment()  # the provider asked for silence: nothing leaves before
    last_event_at = moment()  # when it was last heard of, to half a minute
    opt_outs_read_at = moment()  # when its own list of opt-outs was last read whole
    created_at = made()
    disconnected_at = moment()


class SenderLink(Table, db=DB, tablename="sender_link"):
    """Which account at the provider belongs to which of our people, as last looked up; trusted for minutes only."""

    id = key()
    connection = parent(Connection)
    user = parent(User)
    provider_id = Text(default="")  # empty: no active account with that email
    name = Text(default="")
    numbers = Text(default="")  # E.164, space-separated
    checked_at = made()


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


def adapter(connection: Connection) -> Channel:
    """The provider of a connection, with its credentials. Raises Unavailable when they cannot be unsealed."""
    return _made(connection, options_of(connection))


def verified(connection: Connection, call: HookCall) -> Sequence[HookEvent]:
    """The events of a hook call, signed with the secret that counts now or, for a day, with the one before. Raises
    BadSignature, NotUnderstood, Unavailable."""
    good = hook_secrets.read(connection.hook_secret).good
    for n, secret in enumerate(good, 1):
        try:
            return _made(connection, options_of(connection), secret).verify(call)
        except BadSignature:
            if n == len(good):
                raise
    raise BadSignature("Nothing can prove whose call this is.")


async def rotate_hook_secret(connection: Connection, user: UUID, secret: str = "") -> str:
    """Makes another secret for its hook, or takes this one; the secret, shown to a person once. The one before is good
    for a day. Where the provider can be asked it signs with the new one from now on; one that will not keeps the old.
    Raises Refused."""
    await require_released(CHANNELS[connection.kind].name)
    provider = adapter(connection)
    before, old = connection.hook_secret, connection.hook_id
    fresh = secret.strip() or secrets.token_urlsafe(32)
    changed = hook_secrets.read(before).changed(fresh).sealed()
    there = (Connection.id == connection.id) & (Connection.state != ConnectionState.DISCONNECTED)
    as_it_was = there & (Connection.hook_secret == before)
    if not await Connection.update({Connection.hook_secret: changed}).where(as_it_was).returning(Connection.id):
        raise Refused(f"{provider.name} was just changed or disconnected. Look at it again first.")
    if settings().public_url and old:
        try:
            hook_id = await provider.register_hook(hook_url(connection), fresh)
        except ChannelError as error:
            kept = Connection.update({Connection.hook_secret: before})
            await kept.where((Connection.id == connection.id) & (Connection.hook_secret == changed))
            raise Refused(f"{provider.name} would not take another secret: {error.reason}") from None
        if hook_id and not await _note_hook(connection, provider, hook_id):
            raise Refused(f"{provider.name} was changed or disconnected meanwhile. Look at it again first.")
    async with writing():
        await audit.record(connection.account, user, "connection.hook_secret_changed", connection.id)
    return fresh


def options_of(connection: Connection) -> dict[str, Any]:
    """What is set of a connection, those of its fields that are no secrets included."""
    options: dict[str, Any] = json.loads(connection.options or "{}")
    return options


def _made(connection: Connection, options: Mapping[str, Any], hook_secret: str | None = None) -> Channel:
    provider = CHANNELS[connection.kind]
    known = credentials.unsealed(provider, connection.secret)
    values, others = credentials.parted(provider, {**options, **known})
    if hook_secret is None:
        hook_secret = hook_secrets.read(connection.hook_secret).now
    made = provider(connection.base_url, values, hook_secret, **others)
    made.hook_url = hook_url(connection) if settings().public_url else ""
    return made


async def connect(
    account: UUID,
    user: UUID | None,
    kind: str,
    given: Mapping[str, str],
    base_url: str = "",
    options: dict[str, Any] | None = None,
    *,
    unchecked_is_fine: bool = False,
) -> tuple[Connection, str]:
    """Installs a provider, or mends the connection that is there (its id and hook URL stay), after a live check.

    `given` are the values of its fields, by name; those that are no secrets are kept among the options.
    Where Lotwire has a public address the provider is asked to call it; a provider that will not is connected all the
    same, and `last_error` says so. Returns the connection and its hook secret, shown to a person once. With
    `unchecked_is_fine` a provider that does not answer is connected all the same; one that refuses the key never is.
    Raises Refused.
    """
    if kind not in CHANNELS:
        raise Refused(f"There is no provider “{kind}”. Choose one of: {', '.join(CHANNELS)}.", field="kind")
    provider = CHANNELS[kind]
    await require_released(provider.name)
    await _require_country(account, provider)
    # What is not said anew stays as it was: the provider goes on signing with the secret it knows.
    before = await _newest(account, kind)
    options = (options_of(before) if before else {}) | (options or {})
    values, options = credentials.parted(provider, options | dict(given))
    credentials.complete(provider, values)
    hook_secret = str(options.pop("webhook_secret", "")) or _hook_secret(before)
    known_url = before.base_url if before and before.state != ConnectionState.DISCONNECTED else ""
    base_url = base_url.strip().rstrip("/") or known_url or provider.default_base_url
    if base_url and not base_url.startswith(("https://", "http://")):
        raise Refused(f"“{base_url}” is not a web address. It starts with https://.", field="base_url")
    try:
        candidate = provider(base_url, values, hook_secret, **options)
    except (TypeError, ValueError) as error:
        raise Refused(f"These options do not fit {kind}: {error}.", field="options") from None
    ok, problem = await _checked(candidate, unchecked_is_fine)
    now = clock.now()
    columns: dict[Any, Any] = {
        Connection.state: ConnectionState.CONNECTED,
        Connection.base_url: base_url,
        Connection.secret: credentials.sealed(provider, values),
        Connection.hook_secret: _sealed_hook_secret(before, hook_secret),
        Connection.options: json.dumps(options | credentials.shown(provider, values)),
        Connection.last_error: problem,
        Connection.rests_until: None,
        Connection.disconnected_at: None,
    }
    if ok:
        columns[Connection.last_ok_at] = now
    async with writing():
        connection = await _newest(account, kind)
        if connection is None:
            connection = Connection(account=account, kind=kind)
            await Connection.insert(connection)
        await Connection.update(columns).where(Connection.id == connection.id)
        await SenderLink.delete().where(SenderLink.connection == connection.id)
        await audit.record(account, user, "connection.made", connection.id, kind=kind, base_url=base_url)
    if ok and settings().public_url:
        await _register_hook(connection, candidate, hook_secret)
    fresh = await by_id(connection.id)
    assert fresh is not None
    return fresh, hook_secret


async def require_released(name: str) -> None:
    """Raises Refused while nothing may leave: this may be a copy, and what it asks of a provider would be done to the
    original, too."""
    if await installations.is_held():
        raise Refused(
            f"Sending is stopped here until somebody looked, so {name} is not asked. "
            "Release it first: the link stands at the top of every page.",
            code="frozen",
        )


async def disconnect(connection: Connection, user: UUID | None) -> None:
    """Uninstalls a provider: it is asked to call no more, its key is forgotten, what is pending waits for the next.
    While nothing may leave the provider is not asked: the hook is the original's, if this is a copy."""
    if connection.hook_id and not await installations.is_held():
        await _remove_hook(connection, connection.hook_id)
    async with writing():
        await Connection.update(
            {
                Connection.state: ConnectionState.DISCONNECTED,
                Connection.secret: "",
                Connection.hook_id: "",
                Connection.disconnected_at: clock.now(),
            }
        ).where(Connection.id == connection.id)
        await SenderLink.delete().where(SenderLink.connection == connection.id)
        await audit.record(connection.account, user, "connection.removed", connection.id, kind=connection.kind)


async def change_options(connection: Connection, user: UUID, **options: Any) -> None:
    """Changes what the connection may do; what is not named stays as it is. Raises Refused for a value its provider
    cannot take."""
    async with writing():
        # Touching the row holds it: of two who change other options at once, the second sees what the first wrote.
        held = Connection.update({Connection.kind: connection.kind}).where(Connection.id == connection.id)
        [row] = await held.returning(Connection.options)
        changed = json.loads(row["options"] or "{}") | options
        _made(connection, changed)
        await Connection.update({Connection.options: json.dumps(changed)}).where(Connection.id == connection.id)
        await audit.record(connection.account, user, "connection.changed", connection.id, **options)


async def broken(connection_id: UUID, reason: str) -> bool:
    """The provider refused our key: pause, and write to the administrators. True the first time, so that they are
    told once. Opens a transaction."""
    async with writing():
        changed = (
            await Connection.update(
                {
                    Connection.state: ConnectionState.BROKEN,
                    Connection.last_error: storable(reason),
                    Connection.last_error_at: clock.now(),
                }
            )
            .where((Connection.id == connection_id) & (Connection.state == ConnectionState.CONNECTED))
            .returning(Connection.id, Connection.account, Connection.kind)
        )
        for row in changed:
            await _alert_broken(row["account"], row["kind"], reason)
    return bool(changed)


async def worked(connection_ids: set[UUID]) -> None:
    """Notes that these connections just did their job; to half a minute, so that it costs no write a message."""
    now = clock.now()
    if connection_ids:
        await Connection.update({Connection.last_ok_at: now}).where(
            Connection.id.is_in(list(connection_ids))
            & (Connection.last_ok_at.is_null() | (Connection.last_ok_at < now - OK_STEP))
        )


async def heard_by_listening() -> list[UUID]:
    """Connections of the kinds that may be listened to, as far as they are well."""
    kinds = [kind for kind, provider in CHANNELS.items() if {"websocket", "mailbox"} & set(provider.events)]
    if not kinds:
        return []
    rows = await Connection.select(Connection.id).where(
        (Connection.state == ConnectionState.CONNECTED) & Connection.kind.is_in(kinds)
    )
    return [row["id"] for row in rows]


async def heard(connection_id: UUID) -> None:
    """Notes that this connection's provider just told something, as rarely as `worked`."""
    now = clock.now()
    await Connection.update({Connection.last_event_at: now}).where(
        (Connection.id == connection_id)
        & (Connection.last_event_at.is_null() | (Connection.last_event_at < now - OK_STEP))
    )


async def failed(connection_id: UUID, reason: str) -> None:
    """Notes the last thing that went wrong, for the health panel."""
    await Connection.update(
        {Connection.last_error: storable(reason[:500]), Connection.last_error_at: clock.now()}
    ).where(Connection.id == connection_id)


async def hook_refused(connection_id: UUID) -> None:
    """Counts a hook call whose signature did not hold."""
    await Connection.update({Connection.refused_hooks: Connection.refused_hooks + 1}).where(
        Connection.id == connection_id
    )


def hook_url(connection: Connection) -> str:
    """Where the provider calls us; only a path when LOTWIRE_PUBLIC_URL is not set."""
    return f"{settings().public_url}/hooks/{connection.kind}/{connection.id}"


async def recheck(connection: Connection) -> str:
    """A live look at the credentials now: empty when all is well, else the sentence to show. A mended key resumes."""
    try:
        await require_released(CHANNELS[connection.kind].name)
    except Refused as held:
        return held.message
    try:
        await adapter(connection).check()
    except ChannelError as error:
        if error.kind is Kind.CONNECTION_BROKEN:
            await broken(connection.id, error.reason)
        else:
            await failed(connection.id, error.reason)
        return error.reason
    well: dict[Any, Any] = {Connection.state: ConnectionState.CONNECTED, Connection.last_error: ""}
    well[Connection.rests_until] = None
    await Connection.update({**well, Connection.last_ok_at: clock.now()}).where(
        (Connection.id == connection.id) & (Connection.state != ConnectionState.DISCONNECTED)
    )
    if settings().public_url and not connection.hook_id:  # the provider was away, or would not, when it was connected
        await _register_hook(connection, adapter(connection), hook_secrets.read(connection.hook_secret).now)
    return ""


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


async def _newest(account: UUID, kind: str) -> Connection | None:
    """The account's newest connection of that kind, disconnected ones included: what is pending waits for it."""
    return await (
        Connection.objects()
        .where((Connection.account == account) & (Connection.kind == kind))
        .order_by(Connection.created_at, ascending=False)
        .first()
    )


async def _require_country(account: UUID, provider: type[Channel]) -> None:
    if not provider.countries:
        return
    row = await Account.select(Account.country).where(Account.id == account).first()
    if row is None or row["country"] not in provider.countries:
        where = " or ".join(regions.COUNTRIES.get(each, each) for each in sorted(provider.countries))
        raise Refused(f"{provider.name} is for dealerships in {where} alone.", field="kind", code="country")


def _hook_secret(before: Connection | None) -> str:
    """The one the provider signs with already, so that a mended key does not silence its hooks; else a new one."""
    with suppress(Unavailable):  # sealed with a key that is gone
        if before and (kept := hook_secrets.read(before.hook_secret).now):
            return kept
    return secrets.token_urlsafe(32)


def _sealed_hook_secret(before: Connection | None, secret: str) -> str:
    """Where it is another than before, that one is good for a day."""
    with suppress(Unavailable):
        if before and (known := hook_secrets.read(before.hook_secret)).now:
            return known.sealed() if known.now == secret else known.changed(secret).sealed()
    return hook_secrets.HookSecrets(secret).sealed()


async def _checked(candidate: Channel, unchecked_is_fine: bool) -> tuple[bool, str]:
    try:
        await candidate.check()
    except ChannelError as error:
        if error.kind is Kind.CONNECTION_BROKEN:
            raise credentials.refused(type(candidate), error.reason) from None
        if unchecked_is_fine:
            return False, error.reason
        raise Refused(error.reason, field=credentials.first(type(candidate))) from None
    return True, ""


async def _register_hook(connection: Connection, provider: Channel, hook_secret: str) -> None:
    """Asks the provider to call us. When it will not, the hook it had stays; replies do not arrive where it had none,
    and the health panel says so."""
    try:
        hook_id = await provider.register_hook(hook_url(connection), hook_secret)
    except ChannelError as error:
        words = "The webhook could not be set up again." if connection.hook_id else NO_REPLIES
        await failed(connection.id, f"{words} {error.reason}")
        return
    if hook_id:  # else it is set up by hand
        await _note_hook(connection, provider, hook_id)


async def _note_hook(connection: Connection, provider: Channel, hook_id: str) -> bool:
    """Keeps the name of a hook just made and ends the one before it; False when it is not the one that counts.

    Web and workers may ask at the same moment: whoever is noted second takes back what it asked for, or the provider
    would go on calling a hook that nobody can end. Some name every hook of a number or Page alike: what the first one
    noted under that name is not ended by the second, nor the new hook as if it were the old.
    """
    as_it_was = (
        (Connection.id == connection.id)
        & (Connection.hook_id == connection.hook_id)
        & (Connection.state != ConnectionState.DISCONNECTED)
    )
    values: dict[Any, Any] = {Connection.hook_id: hook_id, Connection.last_error: ""}
    if await Connection.update(values).where(as_it_was).returning(Connection.id):
        if connection.hook_id and connection.hook_id != hook_id:
            await _remove_hook(connection, connection.hook_id, provider)
        return True
    now = await by_id(connection.id)
    if now and now.state != ConnectionState.DISCONNECTED and now.hook_id == hook_id:
        return True
    await _remove_hook(connection, hook_id, provider)
    return False


async def _remove_hook(connection: Connection, hook_id: str, provider: Channel | None = None) -> None:
    """Asks the provider to call no more, as well as it goes: a call that still comes is refused."""
    try:
        async with asyncio.timeout(REMOVAL_SECONDS):
            await (provider or adapter(connection)).remove_hook(hook_id)
    except (ChannelError, Unavailable, ValueError, TimeoutError) as error:
        logger.info("A hook could not be removed: %s", error, extra={"connection": str(connection.id)})


async def _alert_broken(account_id: UUID, kind: str, reason: str) -> None:
    name = CHANNELS[kind].name
    where = f"{settings().public_url}/apps/{kind}" if settings().public_url else f"Apps, {name}"
    for admin in await users.admins(account_id):
        await house_mail.send(
            admin.email,
            f"{name} refused the key of your dealership",
            f"Hello {admin.name},\n\n{name} no longer accepts the API key, so messages wait instead of leaving. "
            f"Nothing is lost.\n\nIts words: {reason}\n\nConnect again here: {where}\n",
        )


async def register_missing_hooks() -> int:
    """Asks providers again that could not be asked to call us when they were connected, or that were connected before
    Lotwire had a public address; how many agreed now."""
    kinds = [kind for kind, provider in CHANNELS.items() if "hook" in provider.events]
    if not settings().public_url or not kinds:
        return 0
    now = clock.now()
    # Soon while it is new, later only now and then: a provider that says no is not to be pestered.
    young = Connection.created_at > now - timedelta(minutes=2)
    rested = Connection.last_error_at.is_null() | (Connection.last_error_at < now - timedelta(hours=1))
    missing = (Connection.state == ConnectionState.CONNECTED) & (Connection.hook_id == "")
    waiting = await Connection.objects().where(missing & Connection.kind.is_in(kinds) & (young | rested))
    for connection in waiting:
        # Noted first, so that of many workers one asks, and whatever comes of it the next question is an hour off.
        mine = Connection.update({Connection.last_error_at: now})
        if not await mine.where((Connection.id == connection.id) & missing & (young | rested)).returning(Connection.id):
            continue
        try:
            await _register_hook(connection, adapter(connection), hook_secrets.read(connection.hook_secret).now)
        except (Refused, Unavailable) as error:  # its credentials are not whole, or cannot be unsealed
            logger.warning("A hook could not be asked for: %s", error, extra={"connection": str(connection.id)})
    if not waiting:
        return 0
    return await Connection.count().where(
        Connection.id.is_in([connection.id for connection in waiting]) & (Connection.hook_id != "")
    )
