"""How batches are shown: the list of them, and how one of them goes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from domain import clock, gate, phones, users
from domain.accounts import Account
from domain.batches import reasons, watching
from domain.batches.tables import Batch
from domain.batches.watching import Progress
from domain.channels.base import SPAM
from domain.history import Cursor
from domain.listings import title
from domain.messages import State
from domain.sellers import full_name
from domain.users import Permission, User
from web import batch_looks, batch_moments, entries, filters, held
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
SCHEDULED = ("Scheduled", "muted")
FROZEN = ("Nothing is sent at present", "warn")
UNTIL = ("quiet_hours", "over_quota", "first_contacts")  # what waits for these knows until when


async def index(account: Account, me: User, before: str, *, frozen: bool) -> dict[str, Any]:
    """All that batches/index.html shows, in two queries. `frozen`: nothing is sent at present."""
    cursor = Cursor.read(before)
    found = await watching.page(account.id, me, (cursor.at, cursor.id) if cursor else None)
    more, rows = len(found) > watching.LIST, found[: watching.LIST]
    groups = await watching.groups_of([(row["id"], row["size"]) for row in rows if row["state"] != "draft"])
    last = rows[-1] if more else None
    here = url_for("batches.index")
    return {
        "rows": [_row(row, groups.get(row["id"]), account, me, frozen=frozen) for row in rows],
        "next_url": f"{here}?before={Cursor(last['created_at'], last['id'])}" if last else None,
        "first_url": here if cursor else None,
        "may_batch": users.may(me, Permission.BATCH),
    }


def label_of(state: str, scheduled_at: datetime | None, *, frozen: bool) -> tuple[str, str]:
    """How a batch is called everywhere, and in which tone."""
    if state in ("expanding", "running"):
        if scheduled_at is not None and scheduled_at > clock.now():
            return SCHEDULED
        if frozen:
            return FROZEN
    return STATES[state]


def may_discard(me: User, author: UUID, state: str) -> bool:
    """One's own draft, or as a manager anybody's."""
    return state == "draft" and users.may(me, Permission.BATCH) and (author == me.id or watching.all_drafts(me))


def _row(
    row: Mapping[str, Any], groups: Mapping[str, int] | None, account: Account, me: User, *, frozen: bool
) -> dict[str, Any]:
    label, tone = label_of(row["state"], row["scheduled_at"], frozen=frozen)
    begun = row["started_at"] or row["created_at"]
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
        "when": _leaves(row, account)
        if label == SCHEDULED[0]
        else f"{'Draft of' if draft else 'Begun'} {_at(begun, account)}",
        "datetime": (row["scheduled_at"] if label == SCHEDULED[0] else begun).isoformat(),
        "discard_url": url_for("batch_discards.new", batch_id=row["id"])
        if may_discard(me, row["user"], row["state"])
        else None,
        "sent": sum(groups[each] for each in GOT) if groups else None,
        "waiting": groups["queued"] if groups else 0,
        "missed": missed,
        "missed_url": f"{url}?group=missed#recipients" if missed else None,
    }


def _leaves(row: Mapping[str, Any], account: Account) -> str:
    if row["schedule_rule"] == "seller":
        return f"Leaves {filters.day(row['scheduled_at'], account.timezone)}, by each seller’s own clock"
    return f"Leaves {_at(row['scheduled_at'], account)}"


async def show(
    account: Account, me: User, batch: Batch, group: str, code: str, after: str, *, frozen: bool
) -> dict[str, Any]:
    """All that batches/show.html shows, in three queries, or up to six."""
    progress = await watching.progress(batch)
    still = await watching.stands_still(batch) if batch.state in UNDER_WAY else []
    place = _id(after)
    found = await watching.recipients(batch, group, code, place)
    more, rows = len(found) > watching.PAGE, found[: watching.PAGE]
    here = url_for("batches.show", batch_id=batch.id)
    narrowed = {**({"group": group} if group in watching.SHOWN else {}), **({"code": code} if code else {})}
    label, tone = label_of(batch.state, batch.scheduled_at, frozen=frozen)
    may = users.may(me, Permission.BATCH)
    return {
        "batch": batch,
        "person": progress.starter,
        "label": label,
        "tone": tone,
        "size": progress.size,
        "gone": progress.gone,
        "under_way": batch.state in UNDER_WAY,
        "started": filters.ago(batch.started_at, account.timezone),
        "finished": _at(batch.finished_at, account),
        "later": await batch_moments.later(batch, account) if (label, tone) == SCHEDULED else "",
        "leaves_at": "" if still else _at(progress.leaves_at, account),
        "still": [held.of_batch(each, account) for each in still],
        "held": frozen and batch.state in ("expanding", "running"),
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
        "rows": [_recipient(row, batch, account) for row in rows],
        "shown": _shown(group, code, progress.reasons.get(code, "")),
        "here": f"{here}?{urlencode({**narrowed, **({'after': after} if place else {})})}",
        "all_url": f"{here}#recipients",
        "next_url": f"{here}?{urlencode({**narrowed, 'after': rows[-1]['id']})}#recipients" if more else None,
        "first_url": f"{here}?{urlencode(narrowed)}#recipients" if place else None,
        "export_url": f"{url_for('batches.export', batch_id=batch.id)}?{urlencode(narrowed)}",
        "may_pause": may and batch.state in ("expanding", "running"),
        "may_resume": may and batch.state == "paused",
        "may_stop": may and batch.state in UNDER_WAY,
        "may_retry": may and progress.retriable > 0 and batch.state != "expanding",
        "retriable": progress.retriable,
        "spam": progress.spam if may else 0,
        "spam_url": f"{here}?{urlencode({'code': SPAM})}#recipients",
    }


async def stopping(batch: Batch) -> dict[str, Any]:
    """What the question before it ends says."""
    progress = await watching.progress(batch)
    sent = sum(progress.groups[each] for each in GOT)
    return {"batch": batch, "size": progress.size, "waiting": progress.groups["queued"], "sent": sent}


def _codes(progress: Progress, here: str, current: str) -> list[dict[str, Any]]:
    return [
        {
            "message": told(code, progress.reasons.get(code, "")),
            "number": number,
            "url": f"{here}?{urlencode({'code': code})}#recipients",
            "current": code == current,
        }
        for code, number in sorted(progress.codes.items(), key=lambda each: -each[1])
    ]


def told(code: str, said: str = "") -> str:
    """A code as a sentence; `said` is the reason that its messages bear, if they all bear the same."""
    of_its_provider = code in gate.BY_NAME and said != gate.refusal(code).message
    known = code.partition(":")[0] in gate.CODES and not (said and (code in reasons.BETTER_SAID or of_its_provider))
    return batch_looks.reason(code, "")["message"] if known else reasons.sentence(code, said)


def _shown(group: str, code: str, said: str) -> str:
    if code:
        return told(code, said)
    return "Who did not get it" if group == "missed" else GROUPS.get(group, "")


def _recipient(row: Mapping[str, Any], batch: Batch, account: Account) -> dict[str, Any]:
    label, tone, icon = entries.STATES[State(row["state"])]
    reason = row["reason"] or (reasons.sentence(row["code"]) if row["code"] else "")
    if row["state"] == State.PENDING and row["scheduled_at"] is None:  # held back
        label, icon = ("Paused", "pause") if batch.state == "paused" else ("Waits for the first ones", "clock")
    elif row["state"] == State.PENDING:
        reason = reason or f"Leaves {_at(row['scheduled_at'], account)} by your clock"
    elif row["state"] == State.QUEUED and row["code"] in UNTIL and row["not_before"] > clock.now():
        reason = f"{reason} It leaves {_at(row['not_before'], account)} by your clock."
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
        "reason": reason,
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
