"""Frozen: why nothing leaves, what is overdue, and the owner's word that lets things leave again."""

from typing import Any

from litestar import Request, Response
from litestar.params import FromQuery

from domain import accounts, installations, users
from domain.accounts import Account
from domain.errors import Refused
from domain.history import Cursor
from domain.installations import freezing, going_on, overdue
from domain.listings import title
from domain.sellers import full_name
from domain.users import Permission, Role, User
from web import queue, render
from web.filters import clock_time, day, phone
from web.gate_pages import KIND_LABELS
from web.lookups import Me, TheAccount, TheForm

AnyRequest = Request[Any, Any, Any]

SHOWN = 100  # characters of a batch's wording
KINDS = {**KIND_LABELS, "answer": "Confirmation"}


async def show(request: AnyRequest, me: Me, account: TheAccount, after: FromQuery[str] = "") -> Response[str]:
    if not me.owner and me.role != Role.ADMIN:
        raise Refused("Only admins see this. Ask one of your dealership.", code="no_permission")
    standing = await installations.here()
    since = standing.frozen_at
    if not since:
        return render.page(request, "releases/show.html", since=None, page_title="Sending")
    everybody = {each.id: each for each in await accounts.all_accounts()} if me.owner else {account.id: account}
    mine = None if me.owner else account.id
    counts = await overdue.counts(mine)
    rows, more = await overdue.page(mine, Cursor.read(after))
    last = Cursor(rows[-1]["due"], rows[-1]["id"]) if more else None
    begun = await going_on.batches(mine)
    return render.page(
        request,
        "releases/show.html",
        since=_moment(account, since),
        why=standing.frozen_why,
        number=sum(each.number for each in counts),
        oldest=_moment(account, min(each.oldest for each in counts)) if counts else "",
        counts=[
            {"account": everybody[each.account].name, "kind": KINDS.get(each.kind, each.kind), "number": each.number}
            | {"oldest": _moment(account, each.oldest)}
            for each in counts
        ],
        several=len(everybody) > 1,
        batches=[_batch(account, everybody[row["account"]], row, me) for row in begun],
        rows=[_row(account, everybody[row["account"]], row, me) for row in rows],
        next_url=f"{render.url_for('releases.show')}?after={last}" if last else None,
        may_release=me.owner,
        owners=[] if me.owner else await _owners(),
        page_title="Sending is stopped",
    )


async def create(request: AnyRequest, me: Me, form: TheForm) -> Response[Any]:
    cancelled = await freezing.release(me, cancel_overdue=form.value("overdue") == "cancel")
    await queue.kick(request, "dispatch", job_id=queue.slot("dispatch"))
    return render.go(request, render.url_for("releases.show"), notice=_said(cancelled))


def _said(cancelled: int | None) -> str:
    if cancelled is None:
        return "It was released already."
    if not cancelled:
        return "Released. What is due leaves now."
    return f"Released. {cancelled:,} {'message is' if cancelled == 1 else 'messages are'} cancelled."


async def _owners() -> list[str]:
    return [each.name for each in await users.owners()]


def _row(account: Account, of: Account, row: dict[str, Any], me: User) -> dict[str, Any]:
    """To other dealerships' sellers nobody here writes: whom it is for, and about what, stays theirs."""
    ours = of.id == account.id
    to = row["to_address"] if ours else ""
    return {
        "id": row["id"],
        "account": of.name,
        "name": full_name(row["first_name"] or "", row["last_name"] or "") if ours else "",
        "about": title(row["year"], row["make"], row["model"]) if ours and row["make"] is not None else "",
        "to": phone(to) if to.startswith("+") else to,
        "url": render.url_for("listings.show", listing_id=row["listing"]) if ours and row["listing"] else None,
        "batch_url": _batch_url(account, of, row["batch"], me),
        "kind": KINDS.get(row["kind"], row["kind"]),
        "channel": {"text": "Text", "email": "Email"}.get(row["channel"], row["channel"].title()),
        "due": _moment(account, row["due"]),
        "datetime": row["due"].isoformat(),
        "leaves": row["leaves"],
    }


def _batch(account: Account, of: Account, row: dict[str, Any], me: User) -> dict[str, Any]:
    """A batch that has begun. The words of other dealerships stay theirs."""
    words = " ".join(row["wording"].split()) if of.id == account.id else ""
    paused = row["state"] == "paused"
    return {
        "id": row["id"],
        "account": of.name,
        "person": row["person"] or "your dealership",
        "words": words if len(words) <= SHOWN else f"{words[:SHOWN].rstrip()}…",
        "url": _batch_url(account, of, row["id"], me),
        "number": row["waiting"],
        "began": _moment(account, row["started_at"]) if row["started_at"] else "",
        "then": "Stays paused until somebody resumes it" if paused else "Goes on by itself",
        "why": row["held_reason"] if paused and of.id == account.id else "",
    }


def _batch_url(account: Account, of: Account, batch: Any, me: User) -> str | None:
    if batch is None or of.id != account.id or not users.may(me, Permission.READ_BATCHES):
        return None
    return render.url_for("batches.show", batch_id=batch)


def _moment(account: Account, moment: Any) -> str:
    return f"{day(moment, account.timezone)}, {clock_time(moment, account.timezone)}"
