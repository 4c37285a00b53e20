"""Frozen: why nothing leaves, what is overdue, and the owner's word that lets things leave again."""

from typing import Any

from litestar import Request, Response
from litestar.params import FromQuery

from domain import accounts, installations, users
from domain.accounts import Account
from domain.errors import Refused
from domain.history import Cursor
from domain.installations import freezing, overdue
from domain.users import Role
from web import queue, render
from web.filters import clock_time, day, phone
from web.gate_pages import KIND_LABELS
from web.lookups import Me, TheAccount, TheForm

AnyRequest = Request[Any, Any, Any]

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
        rows=[_row(account, everybody[row["account"]], row) for row in rows],
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
    return f"Released. {cancelled:,} overdue {'message is' if cancelled == 1 else 'messages are'} cancelled."


async def _owners() -> list[str]:
    return [each.name for each in await users.owners()]


def _row(account: Account, of: Account, row: dict[str, Any]) -> dict[str, Any]:
    """To other dealerships' sellers nobody here writes: whom it is for stays theirs."""
    to = row["to_address"] if of.id == account.id else ""
    listing = row["listing"] if of.id == account.id else None
    return {
        "id": row["id"],
        "account": of.name,
        "to": phone(to) if to.startswith("+") else to,
        "url": render.url_for("listings.show", listing_id=listing) if listing else None,
        "kind": KINDS.get(row["kind"], row["kind"]),
        "channel": {"text": "Text", "email": "Email"}.get(row["channel"], row["channel"].title()),
        "due": _moment(account, row["due"]),
        "datetime": row["due"].isoformat(),
        "leaves": row["leaves"],
    }


def _moment(account: Account, moment: Any) -> str:
    return f"{day(moment, account.timezone)}, {clock_time(moment, account.timezone)}"
