"""Our hook at a provider: asked for, signed, counted when its signature does not hold, and ended."""

import asyncio
import logging
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain import audit, clock, hook_secrets
from domain.channels.base import BadSignature, Channel, ChannelError, HookCall, HookEvent
from domain.channels.registry import CHANNELS
from domain.connections.adapters import adapter, hook_url, made_with, options_of, require_released
from domain.connections.finding import by_id
from domain.connections.tables import Connection, ConnectionState
from domain.db import writing
from domain.errors import Refused, Unavailable
from domain.settings import settings
from domain.text import storable

logger = logging.getLogger(__name__)

BEING_MADE = "The webhook is being set up."
NO_REPLIES = "Replies will not arrive until the webhook is set up."
MOVING = "The webhook is being moved to this Lotwire's new address."
NOT_MOVED = "Lotwire has a new address, and the webhook still calls the one before."
NOT_AGAIN = "The webhook could not be set up again; the one before was left in place."
AGAIN = timedelta(hours=1)  # a provider that says no is not to be pestered
LINGERS = timedelta(hours=1)  # a hook whose secret was changed: providers try again what they could not bring
REMOVAL_SECONDS = 5.0  # how long disconnecting waits for the provider to forget our hook


def verified(connection: Connection, call: HookCall) -> Sequence[HookEvent]:
    """The events of a hook call, signed with the secret that counts now or, for a day, with the one before; where our
    address changed within the hour, also for the one before. Raises BadSignature, NotUnderstood, Unavailable."""
    good = hook_secrets.read(connection.hook_secret).good
    tries = [(secret, each) for each in _as_called(connection, call) for secret in good]
    for n, (secret, each) in enumerate(tries, 1):
        try:
            return made_with(connection, options_of(connection), secret).verify(each)
        except BadSignature:
            if n == len(tries):
                raise
    raise BadSignature("Nothing can prove whose call this is.")


def _as_called(connection: Connection, call: HookCall) -> list[HookCall]:
    before, moved = connection.old_hook_base, connection.hook_moved_at
    if not before or moved is None or moved < clock.now() - LINGERS or not call.url.startswith(settings().public_url):
        return [call]
    return [call, replace(call, url=before + call.url.removeprefix(settings().public_url))]


async def hook_refused(connection_id: UUID) -> None:
    """Counts a hook call whose signature did not hold."""
    await Connection.update({Connection.refused_hooks: Connection.refused_hooks + 1}).where(
        Connection.id == connection_id
    )


async def rotate_hook_secret(connection: Connection, user: UUID, secret: str = "") -> str:
    """Makes another secret for its hook, or takes this one; the secret, shown to a person once. The one before is good
    for a day. Where the provider can be asked it signs with the new one from now on, and what is under way to the hook
    before is taken for another hour; one that will not keeps the old. Raises Refused."""
    await require_released(CHANNELS[connection.kind].name)
    provider = adapter(connection)
    before, old = connection.hook_secret, connection.hook_id
    fresh = hook_secrets.chosen(secret) or secrets.token_urlsafe(32)
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
        if hook_id and not await _note(connection, provider, hook_id, lingers=True):
            raise Refused(f"{provider.name} was changed or disconnected meanwhile. Look at it again first.")
    async with writing():
        await audit.record(connection.account, user, "connection.hook_secret_changed", connection.id)
    return fresh


async def register_missing_hooks() -> int:
    """Asks providers again that could not be asked to call us when they were connected or mended, that were connected
    before Lotwire had a public address, or that call one it had before; how many agreed now."""
    kinds = [kind for kind, provider in CHANNELS.items() if "hook" in provider.events]
    if not settings().public_url or not kinds:
        return 0
    now = clock.now()
    # Soon while it is new or was mended just now, later only now and then.
    young = Connection.created_at > now - timedelta(minutes=2)
    rested = Connection.hook_asked_at.is_null() | (Connection.hook_asked_at < now - AGAIN)
    amiss = (Connection.hook_id == "") | (Connection.hook_problem != "")
    elsewhere = (Connection.hook_id != "") & (Connection.hook_base != settings().public_url)
    due = (amiss & (young | rested)) | (elsewhere & (Connection.hook_problem == ""))
    missing = (Connection.state == ConnectionState.CONNECTED) & due
    waiting = await Connection.objects().where(missing & Connection.kind.is_in(kinds))
    for connection in waiting:
        # Noted first, so that of many workers one asks, and whatever comes of it the next question is an hour off.
        values: dict[Any, Any] = {Connection.hook_asked_at: now}
        if connection.hook_id and not connection.hook_base and not connection.hook_problem:  # of before that was noted
            values = {Connection.hook_base: settings().public_url}
        elif _moves(connection):
            values[Connection.hook_problem] = MOVING
        noted = Connection.update(values).where((Connection.id == connection.id) & missing)
        if not await noted.returning(Connection.id) or Connection.hook_base in values:
            continue
        try:
            await register_hook(connection, adapter(connection), hook_secrets.read(connection.hook_secret).now)
        except (Refused, Unavailable) as error:  # its credentials are not whole, or cannot be unsealed
            logger.warning("A hook could not be asked for: %s", error, extra={"connection": str(connection.id)})
    if not waiting:
        return 0
    return await Connection.count().where(
        Connection.id.is_in([each.id for each in waiting])
        & (Connection.hook_id != "")
        & (Connection.hook_problem == "")
    )


async def end_old_hooks() -> int:
    """Ends hooks whose secrets were changed an hour ago; how many. A provider that is away is asked again later."""
    over = await Connection.objects().where(
        (Connection.old_hook_id != "") & (Connection.old_hook_until < clock.now())  # few: one a dealership at most
    )
    ended = 0
    for connection in over:
        mine = (Connection.id == connection.id) & (Connection.old_hook_id == connection.old_hook_id)
        later = Connection.update({Connection.old_hook_until: clock.now() + LINGERS})  # for whoever asks meanwhile
        if not await later.where(mine & (Connection.old_hook_until < clock.now())).returning(Connection.id):
            continue
        if await remove_hook(connection, connection.old_hook_id):
            await Connection.update({Connection.old_hook_id: ""}).where(mine)
            ended += 1
    return ended


async def register_hook(connection: Connection, provider: Channel, hook_secret: str) -> None:
    """Asks the provider to call us. When it will not, the hook it had stays; replies do not arrive where it had none.
    The health panel says so until it did. A hook at an address of before is taken for another hour."""
    as_it_was = (Connection.id == connection.id) & (Connection.hook_id == connection.hook_id)
    try:
        hook_id = await provider.register_hook(hook_url(connection), hook_secret)
    except ChannelError as error:
        still = (NOT_MOVED if _moves(connection) else NOT_AGAIN) if connection.hook_id else NO_REPLIES
        problem = storable(f"{still} {error.reason}"[:500])
        await Connection.update({Connection.hook_problem: problem}).where(as_it_was)
        return
    if hook_id:
        await _note(connection, provider, hook_id, lingers=_moves(connection))
    else:  # it is set up by hand
        await Connection.update({Connection.hook_problem: ""}).where(as_it_was)


def _moves(connection: Connection) -> bool:
    """Whether its provider calls an address that this Lotwire had before."""
    return bool(connection.hook_id) and connection.hook_base not in ("", settings().public_url)


async def _note(connection: Connection, provider: Channel, hook_id: str, *, lingers: bool = False) -> bool:
    """Keeps the name of a hook just made and ends the one before it, later if it `lingers`; False when it is not the
    one that counts.

    Web and workers may ask at the same moment: whoever is noted second takes back what it asked for, or the provider
    would go on calling a hook that nobody can end. Some name every hook of a number or Page alike: what the first one
    noted under that name is not ended by the second, nor the new hook as if it were the old.
    """
    as_it_was = (
        (Connection.id == connection.id)
        & (Connection.hook_id == connection.hook_id)
        & (Connection.state != ConnectionState.DISCONNECTED)
    )
    values: dict[Any, Any] = {Connection.hook_id: hook_id, Connection.hook_problem: "", Connection.heard_until: None}
    values[Connection.hook_base] = settings().public_url
    if _moves(connection):
        values |= {Connection.old_hook_base: connection.hook_base, Connection.hook_moved_at: clock.now()}
    over = {connection.hook_id} - {"", hook_id}
    if lingers and over:
        values |= {Connection.old_hook_id: connection.hook_id, Connection.old_hook_until: clock.now() + LINGERS}
        over = {connection.old_hook_id} - {"", hook_id, connection.hook_id}
    if await Connection.update(values).where(as_it_was).returning(Connection.id):
        for each in over:
            await remove_hook(connection, each, provider)
        return True
    now = await by_id(connection.id)
    if now and now.state != ConnectionState.DISCONNECTED and now.hook_id == hook_id:
        return True
    await remove_hook(connection, hook_id, provider)
    return False


async def remove_hook(connection: Connection, hook_id: str, provider: Channel | None = None) -> bool:
    """Asks the provider to call no more, as well as it goes; whether it did. A call that still comes is refused."""
    try:
        async with asyncio.timeout(REMOVAL_SECONDS):
            await (provider or adapter(connection)).remove_hook(hook_id)
    except (ChannelError, Refused, Unavailable, ValueError, TimeoutError) as error:
        logger.info("A hook could not be removed: %s", error, extra={"connection": str(connection.id)})
        return False
    return True
