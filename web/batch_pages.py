"""How batches are shown: the list of them, and how one of them goes."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from domain import clock, phones, users
from domain.accounts import Account
from domain.batches import watching
from domain.batches.tables import Batch
from domain.batches.watching import Progress
from domain.history import Cursor
from domain.listings import title
from domain.messages import State
from domain.sellers import full_name
from domain.users import Permission, User
from web import batch_looks, entries, filters
from web.render import url_for

# state of a batch -> (label, tone)
STATES = {
    "draft": ("Draft", "muted"),
    "expanding": ("Starting", "accent"),
    "running": ("On its way", "accent"),
    "paused": ("Paused", "warn"),
    "stopped": ("Stopped", "bad"),
    "done": ("Done", "good"),
}
# group -> (label, what becomes of it)
GROUPS = {
    "queued": "Waiting",
    "sent": "Sent",
    "delivered": "Delivered",
    "failed": "Failed",
    "unknown": "May have arrived",
    "skipped": "Skipped",
    "cancelled": "Cancelled",
}
GOT = ("sent", "delivered")
UNDER_WAY = ("expanding", "running", "paused")
CODES = {  # of messages that left this house, beside the gate's
    "stopped": "The batch was stopped.",
    "out_of_credit": "The provider is out of credit.",
}


async def index(account: Account, me: User, before: str) -> dict[str, Any]:
    """All that batches/index.html shows, in two queries."""
    cursor = Cursor.read(before)
    found = await watching.page(account.id, (cursor.at, cursor.id) if cursor else None)
    more, rows = len(found) > watching.LIST, found[: watching.LIST]
    groups = await watching.groups_of([(row["id"], row["size"]) for row in rows if row["state"] != "draft"])
    last = rows[-1] if more else None
    here = url_for("batches.index")
    return {
        "rows": [_row(row, groups.get(row["id"]), account) for row in rows],
        "next_url": f"{here}?before={Cursor(last['created_at'], last['id'])}" if last else None,
        "first_url": here if cursor else None,
        "may_batch": users.may(me, Permission.BATCH),
    }


def _row(row: Mapping[str, Any], groups: Mapping[str, int] | None, account: Account) -> dict[str, Any]:
    label, tone = STATES[row["state"]]
    draft = row["state"] == "draft"
    wording = " ".join(row["wording"].split())
    url = url_for("batch_drafts.edit" if draft else "batches.show", batch_id=row["id"])
    missed = sum(groups[each] for each in ("failed", "unknown", "skipped", "cancelled")) if groups else 0
    return {
        "id": row["id"],
        "url": url,
        "wording": (wording if len(wording) <= 90 else f"{wording[:89].rstrip()}…") or "Nothing written yet",
        "label": label,
        "tone": tone,
        "size": row["size"],
        "person": row["person"],
        "when": f"{filters.day(row['created_at'], account.timezone)}, "
        f"{filters.clock_time(row['created_at'], account.timezone)}",
        "datetime": row["created_at"].isoformat(),
        "sent": sum(groups[each] for each in GOT) if groups else None,
        "waiting": groups["queued"] if groups else 0,
        "missed": missed,
        "missed_url": f"{url}?group=missed#recipients" if missed else None,
    }


async def show(account: Account, me: User, batch: Batch, group: str, code: str, after: str) -> dict[str, Any]:
    """All that batches/show.html shows, in four queries."""
    progress = await watching.progress(batch)
    place = _id(after)
    found = await watching.recipients(batch, group, code, place)
    more, rows = len(found) > watching.PAGE, found[: watching.PAGE]
    here = url_for("batches.show", batch_id=batch.id)
    narrowed = {**({"group": group} if group in watching.SHOWN else {}), **({"code": code} if code else {})}
    label, tone = STATES[batch.state]
    waits = batch.state == "running" and batch.scheduled_at is not None and batch.scheduled_at > clock.now()
    if waits:
        label, tone = "Scheduled", "muted"
    may = users.may(me, Permission.BATCH)
    retriable = progress.groups["failed"] > 0 and batch.state != "expanding"
    return {
        "batch": batch,
        "person": await watching.starter(batch),
        "label": label,
        "tone": tone,
        "size": progress.size,
        "gone": progress.gone,
        "under_way": batch.state in UNDER_WAY,
        "started": filters.ago(batch.started_at, account.timezone),
        "finished": _at(batch.finished_at, account),
        "later": batch_looks.later(batch, account) if waits else "",
        "leaves_at": _at(progress.leaves_at, account),
        "tally": [
            {
                "slug": slug,
                "label": label,
                "number": progress.groups[slug],
                "url": f"{here}?{urlencode({'group': slug})}#recipients",
                "current": slug == group,
            }
            for slug, label in GROUPS.items()
            if progress.groups[slug] or slug in ("queued", "sent", "delivered", "failed", "skipped")
        ],
        "codes": _codes(progress, here, code),
        "rows": [_recipient(row) for row in rows],
        "shown": _shown(group, code),
        "here": f"{here}?{urlencode({**narrowed, **({'after': after} if place else {})})}",
        "all_url": f"{here}#recipients",
        "next_url": f"{here}?{urlencode({**narrowed, 'after': rows[-1]['id']})}#recipients" if more else None,
        "first_url": f"{here}?{urlencode(narrowed)}#recipients" if place else None,
        "export_url": f"{url_for('batches.export', batch_id=batch.id)}?{urlencode(narrowed)}",
        "may_pause": may and batch.state in ("expanding", "running"),
        "may_resume": may and batch.state == "paused",
        "may_stop": may and batch.state in UNDER_WAY,
        "may_retry": may and retriable,
        "failed": progress.groups["failed"],
    }


async def stopping(batch: Batch) -> dict[str, Any]:
    """What the question before it ends says."""
    progress = await watching.progress(batch)
    sent = sum(progress.groups[each] for each in GOT)
    return {"batch": batch, "size": progress.size, "waiting": progress.groups["queued"], "sent": sent}


def _codes(progress: Progress, here: str, current: str) -> list[dict[str, Any]]:
    return [
        {
            "message": told(code),
            "number": number,
            "url": f"{here}?{urlencode({'code': code})}#recipients",
            "current": code == current,
        }
        for code, number in sorted(progress.codes.items(), key=lambda each: -each[1])
    ]


def told(code: str) -> str:
    """A code as a sentence."""
    return CODES.get(code) or batch_looks.reason(code, "")["message"]


def _shown(group: str, code: str) -> str:
    if code:
        return told(code)
    return "Who did not get it" if group == "missed" else GROUPS.get(group, "")


def _recipient(row: Mapping[str, Any]) -> dict[str, Any]:
    label, tone, icon = entries.STATES[State(row["state"])]
    address = row["to_address"]
    return {
        "id": row["id"],
        "title": title(row["year"], row["make"], row["model"]),
        "url": f"{url_for('listings.show', listing_id=row['listing'])}#message-{row['id']}",
        "seller": full_name(row["first_name"] or "", row["last_name"] or ""),
        "to": phones.shown(address) if address.startswith("+") else address if "@" in address else "",
        "channel": entries.CHANNELS[row["channel"]][0] if address else "",
        "label": label,
        "tone": tone,
        "icon": icon,
        "reason": row["reason"],
        "segments": row["segments"],
        "datetime": row["changed_at"].isoformat(),
    }


def _at(moment: Any, account: Account) -> str:
    if moment is None:
        return ""
    return f"{filters.day(moment, account.timezone)}, {filters.clock_time(moment, account.timezone)}"


def _id(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None
