"""What leaves later by itself: the list, the calendar, and one plan that is changed, taken back or sent now."""

from typing import Any

from litestar import Request, Response
from litestar.params import FromQuery

from domain import departures, listings, messages, plans, schedules, sellers, users
from domain.accounts import Account
from domain.batches import starting
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
OPEN = (State.PENDING, State.EXPIRED)
GONE = {"text": "It will not be sent.", "tone": "good"}
WENT = "Too late: this message has left."
PLAIN: dict[str, Any] = {"title": "", "theirs": None, "choices": [], "asks": False, "stale": False, "previewed": False}


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
        outside=not await plans.includes(account, "scheduled"),
        after=after,
    )


async def edit(
    request: AnyRequest, account: TheAccount, me: Me, message: TheMessage, ask: FromQuery[str] = ""
) -> Response[str]:
    """One plan, and what can be done about it; `ask` whether it shall leave outside the hours for texts."""
    form, letter = schedule_pages.filled(message, account), await _stored(message)
    asks = bool(ask) and message.state in OPEN and schedules.may_change(message.user, me)
    choices = [{"typed": False, "letter": letter}] if asks else []
    return await _page(request, account, me, message, letter, form, asks=asks, choices=choices)


async def update(request: AnyRequest, account: TheAccount, me: Me, message: TheMessage, form: TheForm) -> Response[Any]:
    """Saves other words or another time; with the button Preview nothing but a look."""
    words = schedule_pages.words_of(form)
    try:
        if form.value("do") == "preview":
            letter = await schedules.reads(account, message, words)
            previewed = schedule_pages.unsaved(form, message) is not None
            return await _page(request, account, me, message, letter, form, previewed=previewed)
        await schedules.change(account, message, me, words, _plan(account, form), _seen(form))
    except Refused as refused:
        return await _again(request, account, me, message, form, refused, "This was not saved")
    at = (await messages.by_id(account.id, message.id)).scheduled_at
    return await _done(request, message, f"Saved. It leaves {planned.when(at, account.timezone)}.")


async def destroy(
    request: AnyRequest, account: TheAccount, me: Me, message: TheMessage, form: TheForm
) -> Response[Any]:
    """Takes it back, or lets go what expired. What was typed and not saved stays, to be scheduled instead."""
    typed = schedule_pages.unsaved(form, message)
    try:
        went = not await schedules.cancel(message, me, _seen(form) if "revision" in form.values else None)
    except Refused as refused:
        return await _refused(request, account, me, message, form, refused, typed, "It was not cancelled")
    await queue.hint(request, [message.listing])
    if typed and went:
        return await _again(request, account, me, message, form, Refused(WENT), "It was not cancelled")
    if typed:
        standing = await _filled_up(account, message, form)
        return await _page(request, account, me, standing, await _stored(standing), form, notice=GONE)
    notice: dict[str, Any] = {"text": WENT, "tone": "warn"} if went else {**GONE}
    if message.kind == "scheduled" and not went:
        url = render.url_for("schedules.edit", message_id=message.id)
        notice["link"] = {"url": url, "label": "Schedule it again"}
    return await _done(request, message, notice)


async def restore(
    request: AnyRequest, account: TheAccount, me: Me, message: TheMessage, form: TheForm
) -> Response[Any]:
    """Plans it again, for its old time or the one in the form, with the words in the form."""
    words = schedule_pages.words_of(form) if "body" in form.values else None
    try:
        plan = None if form.value("same") else _plan(account, form)
        departure = await schedules.restore(account, message, me, plan, words, _seen(form))
    except Refused as refused:
        return await _again(request, account, me, message, form, refused, "It was not scheduled")
    return await _done(request, message, f"It leaves {planned.when(departure.at, account.timezone)}.")


async def depart(request: AnyRequest, account: TheAccount, me: Me, message: TheMessage, form: TheForm) -> Response[Any]:
    """Sends it now; other words than are stored only after they were shown beside those, and outside the hours for
    texts only after somebody was asked."""
    typed = schedule_pages.unsaved(form, message)
    words = typed if message.state in OPEN else None
    if words and form.value("do") != "typed" and schedules.may_change(message.user, me):
        return await _choose(request, account, me, message, form)
    try:
        later = await schedules.send_now(account, message, me, words, _seen(form), knowing=form.ticked("knowing"))
    except Refused as refused:
        asks = refused.code == "quiet_hours"
        if words and (asks or refused.code == "changed"):
            return await _choose(request, account, me, message, form, asks=asks)
        if asks:
            return render.go(request, f"{render.url_for('schedules.edit', message_id=message.id)}?ask=now")
        return await _refused(request, account, me, message, form, refused, typed, "It was not sent")
    await queue.kick(request, "dispatch", job_id=queue.slot("dispatch"))
    leaves = f"It leaves {planned.when(later, account.timezone)}." if later else "It is on its way."
    if request.scope.get("frozen"):
        leaves = "It leaves once sending is released."
    return await _done(request, message, leaves)


def _plan(account: Account, form: Form) -> departures.Plan:
    plan = departures.read(form.value("date"), form.value("time"), form.value("zone"), account)
    if plan is None:
        raise Refused("Choose a day.", field="date")
    return plan


def _seen(form: Form) -> int:
    """The revision that was looked at; without one nobody looked, and none is like that."""
    found = [form.number(name, 2**31 - 1) for name in ("over", "revision")]
    return next((number for number in found if number is not None), -1)


async def _stored(message: Message) -> Letter | None:
    """How the words that are stored would read now; None where it has left, and its body says it."""
    return (await schedules.what_it_says_now([message.id])).get(message.id) if message.wording else None


async def _filled_up(account: Account, message: Message, form: Form) -> Message:
    """The plan as it stands by now; what the form did not have is taken from there."""
    standing = await messages.by_id(account.id, message.id)
    for name, value in schedule_pages.filled(standing, account).values.items():
        if name != "stays_on_reply" or "body" not in form.values:  # a box that is not ticked sends nothing
            form.values.setdefault(name, value)
    return standing


async def _done(request: AnyRequest, message: Message, notice: render.Notice) -> Response[Any]:
    await queue.hint(request, [message.listing])
    vehicle = render.url_for("listings.show", listing_id=message.listing)
    back = request.headers.get("referer", "")
    to = render.url_for("schedules.index") if render.url_for("schedules.index") in back else vehicle
    return render.wrote(request, to, notice=notice, event="history-changed")


async def _refused(
    request: AnyRequest,
    account: Account,
    me: User,
    message: Message,
    form: Form,
    refused: Refused,
    typed: Words | None,
    title: str,
) -> Response[Any]:
    """Of a button that only acts: a notice that leads to the plan, or its page again where words would be lost."""
    if typed:
        return await _again(request, account, me, message, form, refused, title)
    if refused.code == "no_permission":
        raise refused
    url = render.url_for("schedules.edit", message_id=message.id)
    text = refused.message if refused.code in ("left", "frozen") else f"{title}. {refused.message}"
    notice: dict[str, Any] = {"text": text, "tone": "warn"}
    if render.is_htmx(request):
        return render.wrote(request, url, notice={**notice, "link": {"url": url, "label": "Look at it"}})
    return render.go(request, url, notice=notice)


async def _again(
    request: AnyRequest, account: Account, me: User, message: Message, form: Form, refused: Refused, title: str
) -> Response[str]:
    """The page with what stands against it, and what was typed. When somebody else was faster, their version beside
    it, and a button that writes over just that one."""
    if refused.code == "no_permission":
        raise refused
    standing = await _filled_up(account, message, form)
    form.refuse(refused, FIELDS)
    pending = standing.state == State.PENDING
    theirs = schedule_pages.filled(standing, account) if pending and refused.code == "changed" else None
    letter = None if pending else await _stored(standing)
    return await _page(request, account, me, standing, letter, form, title=title, theirs=theirs)


async def _choose(
    request: AnyRequest, account: Account, me: User, message: Message, form: Form, *, asks: bool = False
) -> Response[str]:
    """What is stored beside what was typed, before one of them leaves: nobody sends words they did not see."""
    standing = await _filled_up(account, message, form)
    words = schedule_pages.unsaved(form, standing)
    if words is None or standing.state not in OPEN:
        return await _page(request, account, me, standing, await _stored(standing), form)
    try:
        choices = [{"typed": True, "letter": await schedules.reads(account, standing, words)}]
    except Refused as refused:
        return await _again(request, account, me, standing, form, refused, "It was not sent")
    if not asks:
        choices.insert(0, {"typed": False, "letter": await _stored(standing)})
    stale = not asks and _seen(form) != standing.revision
    return await _page(request, account, me, standing, None, form, asks=asks, stale=stale, choices=choices)


async def _page(
    request: AnyRequest,
    account: Account,
    me: User,
    message: Message,
    letter: Letter | None,
    form: Form,
    **how: Any,
) -> Response[str]:
    """`how`: title, theirs, choices, asks, stale, previewed, notice."""
    listing = await listings.of(account.id, message.listing)
    seller = await sellers.of_listing(listing.id)
    batch = await starting.of(account.id, message.batch) if message.batch else None
    opens = await schedules.opens(account, seller) if batch and how.get("asks") else None
    context = schedule_pages.context(account, me, message, listing, seller, letter, form, batch, opens)
    status = 422 if form.errors else 200
    return render.page(request, "schedules/edit.html", status=status, page_title=None, **context, **{**PLAIN, **how})
