"""Installing a provider, mending it, looking at it again, and taking it away."""

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from domain import accounts, audit, clock, credentials, hook_secrets, regions
from domain.accounts import Account
from domain.channels.base import Channel, ChannelError, Kind
from domain.channels.registry import CHANNELS
from domain.connections.adapters import adapter, made_with, options_of, require_released
from domain.connections.finding import by_id, newest
from domain.connections.hooks import BEING_MADE, register_hook, remove_hook
from domain.connections.noting import broken, end_rest, failed
from domain.connections.tables import Connection, ConnectionState, SenderLink
from domain.db import writing
from domain.errors import Refused, Unavailable
from domain.installations import tables as installations
from domain.settings import settings


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
    same, and `hook_problem` says so until it did. With `unchecked_is_fine` one that does not answer is connected all
    the same; one that refuses the key never is. The dealership writes by its channel from now on. Returns the
    connection and its hook secret, shown to a person once. Raises Refused.
    """
    if kind not in CHANNELS:
        raise Refused(f"There is no provider “{kind}”. Choose one of: {', '.join(CHANNELS)}.", field="kind")
    provider = CHANNELS[kind]
    await require_released(provider.name)
    await _require_country(account, provider)
    # What is not said anew stays as it was: the provider goes on signing with the secret it knows.
    before = await newest(account, kind)
    options = (options_of(before) if before else {}) | (options or {})
    values, options = credentials.parted(provider, options | dict(given))
    credentials.complete(provider, values)
    hook_secret = hook_secrets.chosen(str(options.pop("webhook_secret", ""))) or _hook_secret(before)
    known_url = before.base_url if before and before.state != ConnectionState.DISCONNECTED else ""
    base_url = base_url.strip().rstrip("/") or known_url or provider.default_base_url
    if base_url and not _is_web_address(base_url):
        raise Refused(f"“{base_url}” is not a web address. It looks like https://dialpad.com.", field="base_url")
    try:
        candidate = provider(base_url, values, hook_secret, **options)
    except (TypeError, ValueError) as error:
        raise Refused(f"These options do not fit {provider.name}: {error}.", field="options") from None
    ok, problem = await _checked(candidate, unchecked_is_fine)
    now = clock.now()
    columns: dict[Any, Any] = {
        Connection.state: ConnectionState.CONNECTED,
        Connection.base_url: base_url,
        Connection.secret: credentials.sealed(provider, values),
        Connection.hook_secret: _sealed_hook_secret(before, hook_secret),
        Connection.options: json.dumps(options | credentials.shown(provider, values)),
        # Set before it is asked: should this process end in between, a worker asks.
        Connection.hook_problem: BEING_MADE if settings().public_url and "hook" in provider.events else "",
        Connection.hook_asked_at: now if ok and settings().public_url else None,
        Connection.last_error: problem,
        Connection.disconnected_at: None,
    }
    if ok:
        columns[Connection.last_ok_at] = now
    async with writing():
        connection = await newest(account, kind)
        if connection is None:
            connection = Connection(account=account, kind=kind)
            await Connection.insert(connection)
        await Connection.update(columns).where(Connection.id == connection.id)
        await end_rest(connection.id)
        await SenderLink.delete().where(SenderLink.connection == connection.id)
        await accounts.switch_on(account, provider.channel)
        await audit.record(account, user, "connection.made", connection.id, kind=kind, base_url=base_url)
    if ok and settings().public_url:
        await register_hook(connection, candidate, hook_secret)
    fresh = await by_id(connection.id)
    assert fresh is not None
    return fresh, hook_secret


async def disconnect(connection: Connection, user: UUID | None) -> None:
    """Uninstalls a provider: it is asked to call no more, its key is forgotten, what is pending waits for the next.
    While nothing may leave the provider is not asked: the hook is the original's, if this is a copy."""
    if not await installations.is_held():
        for each in {connection.hook_id, connection.old_hook_id} - {""}:
            await remove_hook(connection, each)
    async with writing():
        await Connection.update(
            {
                Connection.state: ConnectionState.DISCONNECTED,
                Connection.secret: "",
                Connection.hook_id: "",
                Connection.old_hook_id: "",
                Connection.hook_problem: "",
                Connection.heard_until: None,
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
        made_with(connection, changed)
        await Connection.update({Connection.options: json.dumps(changed)}).where(Connection.id == connection.id)
        await audit.record(connection.account, user, "connection.changed", connection.id, **options)


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
    await end_rest(connection.id)
    await Connection.update({**well, Connection.last_ok_at: clock.now()}).where(
        (Connection.id == connection.id) & (Connection.state != ConnectionState.DISCONNECTED)
    )
    if settings().public_url and (not connection.hook_id or connection.hook_problem):  # it was away, or would not
        await register_hook(connection, adapter(connection), hook_secrets.read(connection.hook_secret).now)
    return ""


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a bracket without its other, or a port that is none
        return False


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
