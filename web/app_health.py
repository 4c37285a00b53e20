"""How a connected app fares: what last went well and wrong, what it hears and could not hear, what waits for it."""

from datetime import datetime, timedelta
from typing import Any

from domain import clock, connections, pace_limits, provider_lists, resting, vitals
from domain.accounts import Account
from domain.channels.registry import CHANNELS
from domain.connections import Connection, ConnectionState
from domain.errors import Refused, Unavailable
from web.filters import ago, clock_time, day

A_WEEK = timedelta(days=7)


async def of(account: Account, connection: Connection) -> dict[str, Any]:
    told = await vitals.of_connection(connection)
    provider, limits = CHANNELS[connection.kind], pace_limits.of(connection)
    error = connection.last_error
    if error and connection.last_error_at:
        error = f"{error} ({ago(connection.last_error_at, account.timezone)})"
    seen = [moment for moment in (connection.last_ok_at, connection.last_error_at) if moment]
    an_hour = min((each for each in (limits["per_minute"] * 60, limits["per_second"] * 3600) if each), default=0)
    waits = told["queued"] + told["planned"]
    facts = (
        ("Last success", ago(connection.last_ok_at, account.timezone) or "Never"),
        ("Last error", error or "None"),
        ("Webhook", _webhook(account, connection)),
        ("Not heard", " ".join(await _unheard(account, connection))),
        ("Last event in", ago(connection.last_event_at, account.timezone) or "None yet" if provider.events else ""),
        ("Refused calls", f"{connection.refused_hooks:,}" if "hook" in provider.events else ""),
        ("Waiting to leave", f"{told['queued']:,}"),
        ("Planned for later", f"{told['planned']:,}"),
        ("Sent within the hour", f"{told['last_hour']:,}" + (f" of {an_hour:,} at most" if an_hour else "")),
        ("Heard", _heard(connection)),
        ("Checked", ago(max(seen), account.timezone) if seen else "Never"),
    )
    return {
        "facts": [(label, value) for label, value in facts if value],
        "waits": waits,
        "opt_outs": await _opt_outs(account, connection) if connection.kind in provider_lists.KEEPERS else None,
        "paused": connection.state == ConnectionState.BROKEN,
        "rests_until": goes_on(account, connection),
    }


def _webhook(account: Account, connection: Connection) -> str:
    if not connection.hook_problem:
        return _moved(account, connection)
    if connection.state != ConnectionState.CONNECTED:
        return connection.hook_problem
    return f"{connection.hook_problem} It is tried again every hour."


def _moved(account: Account, connection: Connection) -> str:
    """That it followed to a new address of this Lotwire, for a week or until somebody did what is left to do."""
    moved: datetime | None = connection.hook_moved_at
    if moved is None:
        return ""
    since = f"{day(moved, account.timezone)}, {clock_time(moved, account.timezone)}"
    if not CHANNELS[connection.kind].hook_by_hand:
        return f"It calls this Lotwire’s new address since {since}." if moved > clock.now() - A_WEEK else ""
    if connection.last_event_at and connection.last_event_at > moved:
        return ""
    name = CHANNELS[connection.kind].name
    return f"Lotwire has a new address since {since}. Enter it in {name}: it stands under Incoming messages."


def goes_on(account: Account, connection: Connection) -> str | None:
    """When a connection whose provider asked for silence goes on."""
    until = resting.until(connection)
    return f"{day(until, account.timezone)}, {clock_time(until, account.timezone)}" if until else None


def _heard(connection: Connection) -> str:
    """How what sellers write comes in."""
    provider = CHANNELS[connection.kind]
    if "mailbox" in provider.events:
        return "By its mailbox"
    if "websocket" in provider.events and _listens(connection):
        return "By a line that we keep open"
    return "By calls to this Lotwire" if "hook" in provider.events else ""


async def _unheard(account: Account, connection: Connection) -> list[str]:
    """When a line did not stand, a sentence each, with what to do: a mailbox would have kept what came meanwhile."""
    if "websocket" not in CHANNELS[connection.kind].events or not _listens(connection):
        return []
    name, told = CHANNELS[connection.kind].name, []
    for since, until in await connections.silences(connection):
        began = f"{day(since, account.timezone)}, {clock_time(since, account.timezone)}"
        if until is None:
            told.append(f"Nothing is heard since {began}. What comes meanwhile stands in {name} alone: look there.")
        else:
            ended = clock_time(until, account.timezone)
            if day(until, account.timezone) != day(since, account.timezone):
                ended = f"{day(until, account.timezone)}, {ended}"
            when = f"From {began} to {ended} nothing could be heard."
            if began.endswith(f", {ended}"):
                when = f"On {began} nothing could be heard for some seconds."
            told.append(f"{when} Look in {name} for what came then.")
    return told


def _listens(connection: Connection) -> bool:
    try:
        return connections.adapter(connection).listens()
    except (Refused, Unavailable):
        return False


async def _opt_outs(account: Account, connection: Connection) -> str:
    """How the provider's own list was last read."""
    last = await provider_lists.last(connection)
    if last is None:
        return "Not yet. It is read within minutes."
    return f"{ago(last.at, account.timezone)}: {last.listed:,} on it, {last.new:,} new here"
