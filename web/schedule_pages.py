"""How plans are shown: the rows of the list, the days of the calendar, and one plan with what can be done about it."""

from collections.abc import Mapping
from datetime import MAXYEAR, MINYEAR, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from domain import clock, phones, schedules, sellers, users
from domain.accounts import Account
from domain.batches.tables import Batch
from domain.listings import Listing, title
from domain.messages import Message, State
from domain.schedules import Filters, Month, Words
from domain.schedules.paging import KINDS
from domain.sellers import Seller
from domain.users import Permission, Role, User
from domain.wordings import Letter
from domain.zones import clock as clock_in
from web import planned
from web.entries import CHANNELS
from web.filters import as_it_shows
from web.forms import Form, clean
from web.render import url_for

KIND_LABELS = {"scheduled": "One to one", "batch": "Batches", "automated": "Automations"}
BY = {"scheduled": "planned by {}", "batch": "in a batch of {}", "automated": "by an automation, for {}"}
HELD = {"paused": "once its batch is resumed"}  # state of a batch -> when what it holds back leaves
FIRST = "once the first of its batch have left"
LONGEST_SHOWN = 160  # characters of a message in the list


def filters_of(query: Mapping[str, str], account: Account) -> Filters:
    """What the address asks for; what cannot be read counts as not asked."""
    first = end = None
    if day := _day(query.get("day", "")):
        first, end = _bounds(day, account)
    return Filters(
        state="stopped" if query.get("view") == "stopped" else "pending",
        sender=_id(query.get("sender", "")),
        kind=query.get("kind", "") if query.get("kind") in KINDS else "",
        words=query.get("q", "")[:100],
        first=first,
        end=end,
    )


def url(query: Mapping[str, str], **other: str) -> str:
    """The page's address with these words of the query instead; empty ones are left out."""
    asked = {name: each for name, each in {**query, **other}.items() if each}
    return url_for("schedules.index") + (f"?{urlencode(asked)}" if asked else "")


def choices(query: Mapping[str, str], me: User, people: list[User]) -> dict[str, Any]:
    """What the list can be narrowed to."""
    return {
        "q": query.get("q", ""),
        "kind": query.get("kind", ""),
        "kinds": list(KIND_LABELS.items()),
        "sender": query.get("sender", ""),
        "senders": [(str(each.id), each.name) for each in people] if me.role != Role.AGENT else [],
        "day": query.get("day", ""),
        "day_label": f"{day:%A} {day.day} {day:%B %Y}" if (day := _day(query.get("day", ""))) else "",
        "narrowed": any(query.get(name) for name in ("q", "kind", "sender", "day")),
    }


def row(each: Mapping[str, Any], account: Account, me: User) -> dict[str, Any]:
    """A plan as a line of the list."""
    seller: Any = SimpleNamespace(
        **{name: each[name] or "" for name in ("first_name", "postal_code", "mobile", "phone")}
    )
    channel, icon = CHANNELS.get(each["channel"], (each["channel"], "message-square"))
    words = " ".join(each["body"].split())
    mine = schedules.may_change(each["user"], me)
    return {
        "id": each["id"],
        "when": planned.when(each["leaves"], account.timezone),
        "datetime": each["leaves"].isoformat(),
        "theirs": planned.theirs(account, seller, each["leaves"]),
        "name": _name(each),
        "about": title(each["year"], each["make"], each["model"]),
        "listing_url": url_for("listings.show", listing_id=each["listing"]),
        "words": words if len(words) <= LONGEST_SHOWN else f"{words[:LONGEST_SHOWN].rstrip()}…",
        "channel": channel,
        "icon": icon,
        "by": BY.get(each["kind"], "by {}").format(each["person"] or "your dealership"),
        "stays": each["stays_on_reply"],
        "held": HELD.get(each["batch_state"], FIRST) if each["held"] else "",
        "state": {State.EXPIRED: "Time was over", State.FAILED: "Not sent"}.get(State(each["state"]), "Cancelled"),
        "tone": "bad" if each["state"] == State.FAILED else "warn" if each["state"] == State.EXPIRED else "muted",
        "reason": each["reason"],
        "ended": planned.when(each["changed_at"], account.timezone),
        "batch_url": url_for("batches.show", batch_id=each["batch"])
        if each["batch"] and users.may(me, Permission.READ_BATCHES)
        else None,
        "url": url_for("schedules.edit", message_id=each["id"]),
        "revision": each["revision"],
        "deed": _deed(each, mine),
        "cancel_url": url_for("schedules.destroy", message_id=each["id"])
        if mine and each["state"] == State.PENDING
        else None,
    }


def _deed(each: Mapping[str, Any], mine: bool) -> str:
    if not mine or each["held"] or each["state"] == State.FAILED:
        return "Look"
    if each["state"] == State.PENDING:
        return "Edit"
    return "Decide" if each["state"] == State.EXPIRED else "Schedule again" if each["kind"] == "scheduled" else "Look"


def month_of(text: str, account: Account) -> date:
    """The first day of the month in the address, else of this one; never so far that no plan could be there."""
    today = clock.now().astimezone(clock_in(account.timezone)).date()
    try:
        wanted = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return wanted if abs((wanted - today).days) < 3660 else today.replace(day=1)


def days_of(month: date) -> list[date]:
    """The weeks of a month, from Sunday to Saturday, as calendars here begin."""
    first = month - timedelta(days=(month.weekday() + 1) % 7)
    weeks = -(-((_next(month) - first).days) // 7)
    return [first + timedelta(days=n) for n in range(7 * weeks)]


def calendar(found: Month, month: date, query: Mapping[str, str], account: Account) -> dict[str, Any]:
    """The month as a table shows it."""
    days = [_cell(day, found, month, query, account) for day in days_of(month)]
    earlier, later = (month - timedelta(days=1)).replace(day=1), _next(month)
    return {
        "label": f"{month:%B %Y}",
        "weeks": [days[n : n + 7] for n in range(0, len(days), 7)],
        "empty": not found.counts,
        "total": sum(number for day, number in found.counts.items() if day.month == month.month),
        "earlier": {"url": url(query, month=f"{earlier:%Y-%m}"), "label": f"{earlier:%B}"},
        "later": {"url": url(query, month=f"{later:%Y-%m}"), "label": f"{later:%B}"},
    }


def _cell(day: date, found: Month, month: date, query: Mapping[str, str], account: Account) -> dict[str, Any]:
    shown = found.entries.get(day, [])
    more = found.counts.get(day, 0) - len(shown)
    return {
        "day": day.day,
        "name": f"{day:%A} {day.day} {day:%B}",
        "datetime": day.isoformat(),
        "today": day == clock.now().astimezone(clock_in(account.timezone)).date(),
        "inside": day.month == month.month,
        "entries": [
            {
                "time": as_it_shows(each["leaves"].astimezone(clock_in(account.timezone))),
                "name": each["first_name"] or _name(each),
                "about": title(each["year"], each["make"], each["model"]),
                "url": url_for("schedules.edit", message_id=each["id"]),
            }
            for each in shown
        ],
        "more": {"number": more, "url": url(query, view="", month="", day=day.isoformat())} if more > 0 else None,
    }


def filled(message: Message, account: Account) -> Form:
    """The form of a plan as it stands."""
    day, _, time = message.schedule_wall.partition("T")
    if message.state == State.PENDING and message.code:  # it waits for another moment than it was planned for
        local = message.scheduled_at.astimezone(clock_in(message.schedule_zone or account.timezone))
        day, time = f"{local:%Y-%m-%d}", f"{local:%H:%M}"
    return Form(
        {
            "body": message.wording or message.body,
            "subject": message.wording_subject,
            "date": day,
            "time": time,
            "zone": message.schedule_zone or account.timezone,
            "stays_on_reply": "1" if message.stays_on_reply else "",
            "revision": message.revision,
        }
    )


def unsaved(form: Form, message: Message) -> Words | None:
    """The words in a form of this plan, where the plan says others; None where there are none."""
    if "body" not in form.values:
        return None
    same = form.value("body").strip() == clean(message.wording or message.body).strip()
    if same and message.channel == "email":
        same = form.value("subject").strip() == clean(message.wording_subject).strip()
    return None if same else words_of(form)


def words_of(form: Form) -> Words:
    return Words(form.value("body"), form.value("subject"), form.ticked("stays_on_reply"))


def context(
    account: Account,
    me: User,
    message: Message,
    listing: Listing,
    seller: Seller,
    letter: Letter | None,
    form: Form,
    batch: Batch | None = None,
    opens: datetime | None = None,
) -> dict[str, Any]:
    """What schedules/edit.html shows. A message of a `batch` waits for the hours for texts: until it `opens`."""
    mine = schedules.may_change(message.user, me)
    held = batch is not None and message.state == State.PENDING and message.scheduled_at is None
    at = message.not_before if held else message.scheduled_at
    channel, icon = CHANNELS.get(message.channel, (message.channel, "message-square"))
    to = phones.shown(message.to_address) if message.to_address.startswith("+") else message.to_address
    return {
        "message": {
            "id": message.id,
            "state": message.state,
            "pending": message.state == State.PENDING and not held and at is not None,
            "held": HELD.get(batch.state, FIRST) if batch and held else "",
            "opens": planned.when(opens, account.timezone) if opens else "",
            "batch_url": url_for("batches.show", batch_id=batch.id)
            if batch and users.may(me, Permission.READ_BATCHES)
            else None,
            "expired": message.state == State.EXPIRED,
            "cancelled": message.state == State.CANCELLED,
            "ended": message.state in (State.CANCELLED, State.EXPIRED)
            and message.kind == "scheduled"
            and at is not None,
            "ahead": at is not None and at >= clock.now() + schedules.SOONEST,
            "cancellable": message.state in (State.QUEUED, State.CLAIMED),
            "leaving": message.state in (State.QUEUED, State.CLAIMED, State.SENDING),
            "reason": message.reason,
            "revision": message.revision,
            "subject": message.subject,
            "body": message.body or message.wording,
            "when": planned.told(account, seller, schedules.Departure(at, message.schedule_zone, "")) if at else "",
            "short": planned.when(at, account.timezone) if at else "",
            "channel": channel,
            "way": message.channel,
            "icon": icon,
            "is_email": message.channel == "email",
            "of_batch": message.kind == "batch",
            "to": to,
        },
        "listing": {"id": listing.id, "title": title(listing.year, listing.make, listing.model)},
        "seller": {"name": sellers.full_name(seller.first_name, seller.last_name), "first_name": seller.first_name},
        "letter": letter,
        "mine": mine,
        "form": form,
        "typed": unsaved(form, message) is not None,
        "zones": planned.zones(account, form.value("zone")),
        "bounds": planned.bounds(account),
    }


def people(found: list[User]) -> list[User]:
    """Those who may have planned something."""
    return [each for each in found if users.may(each, users.Permission.SEND)]


def _name(each: Mapping[str, Any]) -> str:
    return sellers.full_name(each["first_name"] or "", each["last_name"] or "") or phones.shown(each["to_address"])


def _next(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def _bounds(day: date, account: Account) -> tuple[datetime, datetime]:
    zone = clock_in(account.timezone)
    begin, end = (datetime.combine(each, datetime.min.time(), zone) for each in (day, day + timedelta(days=1)))
    return begin, end


def _day(text: str) -> date | None:
    """None also for the ends of the calendar, which are no whole day on every clock."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if MINYEAR < day.year < MAXYEAR else None


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
