"""Messages of sellers that somebody has to look at: carry on, opt out, or do not contact."""

from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath, FromQuery

from domain import listings, phones, reviews, sellers, users
from domain.accounts import Account
from domain.errors import NotFound, Refused
from domain.history import Cursor
from domain.reviews import Decision, Review, Settled
from domain.users import Permission, User
from web import queue, render
from web.filters import begun, clock_time, day
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm

AnyRequest = Request[Any, Any, Any]

BRIEF = 1_000  # characters of a message
DONE = {
    Decision.CARRY_ON: "You carry on with this seller.",
    Decision.OPT_OUT: "The seller is opted out: nothing more leaves to this address.",
    Decision.DNC: "The seller is on the “Do not contact” list.",
}
STANDS = "The message is settled. The opt-out stays, because the seller also asked otherwise to stop."


async def index(request: AnyRequest, me: Me, account: TheAccount, before: FromQuery[str] = "") -> Response[str]:
    return await _page(request, me, account, Form(), before)


async def settle(
    request: AnyRequest, me: Me, account: TheAccount, review_id: FromPath[str], form: TheForm
) -> Response[Any]:
    review = await _found(account, review_id)
    decision = form.value("decision")
    try:
        settled = await reviews.settle(review, me, decision, form.value("reason"))
    except Refused as refused:
        if refused.field not in ("reason", "decision"):
            raise
        form.values["review"] = str(review.id)
        return await _page(request, me, account, form.refuse(refused), form.value("before"))
    if settled and review.listing:
        await queue.hint(request, [review.listing])
    return render.go(request, render.url_for("reviews.index"), notice=_told(settled, decision))


def _told(settled: Settled | None, decision: str) -> str:
    if settled is None:
        return "Somebody settled this message already."
    return STANDS if settled.stands else DONE[Decision(decision)]


async def _found(account: Account, review_id: str) -> Review:
    try:
        key = UUID(review_id)
    except ValueError:
        raise NotFound from None
    return await reviews.of(account.id, key)


async def _page(request: AnyRequest, me: User, account: Account, form: Form, before: str) -> Response[str]:
    rows, older = await reviews.page(account.id, Cursor.read(before))
    url = render.url_for("reviews.index")
    return render.page(
        request,
        "reviews/index.html",
        status=422 if form.errors else 200,
        rows=[_row(account, row) for row in rows],
        form=form,
        before=before,
        next_url=f"{url}?before={older}" if older else None,
        first_url=url if before else None,
        review_count=await reviews.count(account.id),
        may_settle=users.may(me, Permission.RESPOND),
        may_take_back=users.may(me, Permission.LIFT_DNC),
        page_title="Reviews",
    )


def _row(account: Account, row: dict[str, Any]) -> dict[str, Any]:
    address = phones.shown(row["address"]) if row["address"].startswith("+") else row["address"]
    about = listings.title(row["year"], row["make"], row["model"]) if row["listing"] else None
    return {
        "id": row["id"],
        "address": address,
        "name": sellers.full_name(row["first_name"] or "", row["last_name"] or "") or address,
        "body": begun(row["body"], BRIEF),
        "whole_url": render.url_for("letters.show", message_id=row["message"]) if len(row["body"]) > BRIEF else None,
        "evidence": row["evidence"],
        "stopped": row["outcome"] == "opt_out",
        "about": about,
        "url": render.url_for("listings.show", listing_id=row["listing"]) if row["listing"] else None,
        "time": f"{day(row['at'], account.timezone)}, {clock_time(row['at'], account.timezone)}",
        "datetime": row["at"].isoformat(),
    }
