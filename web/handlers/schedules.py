"""What leaves later by itself: the list, the calendar, and one plan that is changed, taken back or sent now."""

from typing import Any

from litestar import Request, Response
from litestar.params import FromQuery

from domain import departures, listings, messages, schedules, sellers, users
from domain.accounts import Account
from domain.errors import Refused
from domain.history import Cursor
from domain.messages import Message, State
from domain.schedules import Words
from domain.users import User
from domain.wordings import Letter
from web import planned, queue, render, schedule_pages
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm, TheMessage

AnyRequest = Request[Any, Any, Any]

FIELDS = ("body", "subject", *planned.FIELDS)


async def index(
    request: AnyRequest,
    account: TheAccount,
    me: Me,
    view: FromQuery[str] = "",
    q: FromQuery[str] = "",
    kind: FromQuery[str] = "",
    sender: FromQuery[str] = "",
    day: FromQuery[str] = "",
    month: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Response[str]:
    """The list of what waits or did not leave, or a month of it."""
    query = {"view": view, "q": q, "kind": kind, "sender": sender, "day": day, "month": month}
    filters = schedule_pages.filters_of(query, account)
    context: dict[str, Any] = {"calendar": None, "rows": [], "next_url": None}
    if view == "calendar":
        first = schedule_pages.month_of(month, account)
        found = await schedules.month(me, filters, schedule_pages.days_of(first), account.timezone)
        context["calendar"] = schedule_pages.calendar(found, first, query, account)
    else:
        page = await schedules.page(me, filters, Cursor.read(after))
        context["rows"] = [schedule_pages.row(each, account, me) for each in page.rows]
        context["next_url"] = schedule_pages.url({**query, "after": str(page.next)}) if page.next else None
    people = schedule_pages.people(await users.all_of(account.id)) if me.role != users.Role.AGENT else []
    return render.page(
        request,
        "schedules/index.html",
        **context,
        **schedule_pages.choices(query, me, people),
        view=view if view in ("stopped", "calendar") else "",
        counts=await schedules.counts(me),
        urls={name: schedule_pages.url({}, view=name) for name in ("", "stopped", "calendar")},
        off=not account.scheduled_messages,
        after=after,
    )


async def edit(
    request: AnyRequest, account: TheAccount, me: Me, message: TheMessage, ask: FromQuery[str] = ""
) -> Response[str]:
    """One plan, and what can be done about it; `ask` why it was not sent now."""
    letters = await schedules.what_it_says_now([message.id]) if message.wording else {}
    form = schedule_pages.filled(message, account)
    return await _page(request, account, me, message, letters.get(message.id), form, asks=bool(ask))


async def update(request: AnyRequest, account: TheAccount, me: Me, message: TheMessage, form: TheForm) -> Response[Any]:
    """Saves other words or another time; with the button Preview nothing but a look."""
    words = Words(form.value("body"), form.value("subject"), form.ticked("stays_on_reply"))
    if form.value("do") == "preview":
        return await _page(request, account, me, message, await schedules.reads(account, message, words), form)
    try:
        plan = _plan(account, form)
        seen = form.number("over", 2**31 - 1) or form.number("revision", 2**31 - 1) or 0
        await schedules.change(account, message, me, words, plan, seen)
    except Refused as refused:
        if refused.code == "no_permission":
            raise
        return await _again(request, account, me, message, form, refused)
    at = (await messages.by_id(account.id, message.id)).scheduled_at
    return await _done(request, message, f"Saved. It leaves {planned.when(at, account.timezone)}.")


async def destroy(request: AnyRequest, me: Me, message: TheMessage) -> Response[Any]:
    """Takes it back, or lets go what expired."""
    went = not await schedules.cancel(message, me)
    notice: dict[str, Any] = {"text": "It will not be sent.", "tone": "good"}
    if went:
        notice = {"text": "Too late: this message has left.", "tone": "warn"}
    elif message.kind == "scheduled" and message.state == State.PENDING:
        url = render.url_for("schedules.edit", message_id=message.id)
        notice["link"] = {"url": url, "label": "Schedule it again"}
    return await _done(request, message, notice)


async def restore(
    request: AnyRequest, account: TheAccount, me: Me, message: TheMessage, form: TheForm
) -> Response[Any]:
    """Plans it again, for its old time or the one in the form."""
    try:
        departure = await schedules.restore(account, message, me, None if form.value("same") else _plan(account, form))
    except Refused as refused:
        if refused.code == "no_permission":
            raise
        return await _again(request, account, me, message, form, refused)
    return await _done(request, message, f"It leaves {planned.when(departure.at, account.timezone)}.")


async def depart(request: AnyRequest, account: TheAccount, me: Me, message: TheMessage, form: TheForm) -> Response[Any]:
    """Sends it now; outside the hours for texts only after somebody was asked."""
    url = render.url_for("schedules.edit", message_id=message.id)
    try:
        await schedules.send_now(account, message, me, knowing=form.ticked("knowing"))
    except Refused as refused:
        if refused.code == "quiet_hours":
            return render.go(request, f"{url}?ask=now")
        if refused.code == "no_permission":
            raise
        notice = {"text": f"Not sent. {refused.message}", "tone": "warn"}
        if render.is_htmx(request):
            return render.wrote(request, url, notice={**notice, "link": {"url": url, "label": "Look at it"}})
        return render.go(request, url, notice=notice)
    await queue.kick(request, "dispatch", job_id=queue.slot("dispatch"))
    return await _done(request, message, "It is on its way.")


def _plan(account: Account, form: Form) -> departures.Plan:
    plan = departures.read(form.value("date"), form.value("time"), form.value("zone"), account)
    if plan is None:
        raise Refused("Choose a day.", field="date")
    return plan


async def _done(request: AnyRequest, message: Message, notice: render.Notice) -> Response[Any]:
    await queue.hint(request, [message.listing])
    vehicle = render.url_for("listings.show", listing_id=message.listing)
    back = request.headers.get("referer", "")
    to = render.url_for("schedules.index") if render.url_for("schedules.index") in back else vehicle
    return render.wrote(request, to, notice=notice, event="history-changed")


async def _again(
    request: AnyRequest, account: Account, me: User, message: Message, form: Form, refused: Refused
) -> Response[str]:
    """The form with what stands against it. When somebody else was faster, their version beside it, and a button that
    writes over just that one."""
    standing = await messages.by_id(account.id, message.id)
    form.refuse(refused, FIELDS)
    theirs = schedule_pages.filled(standing, account)
    for name, value in theirs.values.items():
        form.values.setdefault(name, value)
    faster = refused.code == "changed"
    return await _page(request, account, me, standing, None, form, theirs=theirs if faster else None)


async def _page(
    request: AnyRequest,
    account: Account,
    me: User,
    message: Message,
    letter: Letter | None,
    form: Form,
    *,
    asks: bool = False,
    theirs: Form | None = None,
) -> Response[str]:
    listing = await listings.of(account.id, message.listing)
    seller = await sellers.of_listing(listing.id)
    context = schedule_pages.context(account, me, message, listing, seller, letter, form)
    status = 422 if form.errors else 200
    return render.page(
        request, "schedules/edit.html", status=status, asks=asks, theirs=theirs, **context, page_title=None
    )
