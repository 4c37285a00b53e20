"""When a seller shows their vehicle, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from piccolo.columns import Integer, Text, Varchar
from piccolo.table import Table

from domain import accounts, audit, clock, history, listings, stages, users, wall_times, zones
from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB, found, writing
from domain.errors import Refused
from domain.listings import Listing, Stage
from domain.users import Permission, User

COLUMNS = "n.at AS next_at, n.zone AS next_zone, n.place AS next_place"
LONGEST_PLACE = 200  # characters
FARTHEST = timedelta(days=730)


class Appointment(Table, db=DB, tablename="appointment"):
    id = key()
    account = parent(Account)
    listing = parent(Listing)
    user = parent(User, null=True)  # who meets the seller
    at = made()  # the moment agreed on
    zone = Varchar(60)  # whose clock it was agreed on by
    place = Text(default="")
    state = Varchar(10, default="planned")  # planned | shown | no_show | cancelled
    revision = Integer(default=1)
    created_by = parent(User, null=True, index=False)
    created_at = made()
    settled_at = moment()


class State(StrEnum):
    PLANNED = "planned"
    SHOWN = "shown"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"


RESULTS = {State.SHOWN: Stage.SHOWN, State.NO_SHOW: Stage.NO_SHOW}
CHANGED = "Somebody changed this appointment meanwhile. Look at it again, then save."


@dataclass(frozen=True)
class Agreed:
    """What was agreed with the seller, as typed.

    date   2026-11-24
    time   14:30 or 2:30 PM, on the clocks of
    zone   an IANA name; empty: the account's
    place  where they meet
    meets  the id of who meets the seller; empty: nobody yet
    """

    date: str
    time: str
    zone: str = ""
    place: str = ""
    meets: str = ""


@dataclass(frozen=True)
class Next:
    """The next appointment that is still to come, as messages speak of it."""

    at: datetime
    zone: str
    place: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Next | None":
        """From the columns COLUMNS of `joined`; None when there is none."""
        if row["next_at"] is None:
            return None
        return cls(row["next_at"], row["next_zone"], row["next_place"])

    @property
    def day(self) -> str:
        """`Tuesday, Nov 24`"""
        local = self._local()
        return f"{local:%A, %b} {local.day}"

    @property
    def clock(self) -> str:
        """`2:30 PM`"""
        local = self._local()
        return f"{local.hour % 12 or 12}:{local:%M} {'AM' if local.hour < 12 else 'PM'}"

    def _local(self) -> datetime:
        return self.at.astimezone(zones.clock(self.zone))


async def create(account: Account, listing: Listing, user: User, agreed: Agreed) -> Appointment:
    """Plans when the seller shows the vehicle: the listing becomes Appointed, the first who acts its main user.

    A listing has one planned appointment at a time, so that a form sent twice makes one. Raises Refused at `date`,
    `time`, `zone`, `place` or `meets`, with code `planned` when one stands, and for who may not edit.
    """
    users.require(user, Permission.EDIT_LISTING)
    values = await _checked(account, agreed, None)
    async with writing():
        stage = await stages.lock(listing.id)
        if await Appointment.exists().where(_planned(listing.id)):
            raise Refused("An appointment is planned already. Change it, or say how it went.", code="planned")
        planned = Appointment(account=account.id, listing=listing.id, created_by=user.id, **values)
        await Appointment.insert(planned)
        await _tell(planned, user, "created")
        await stages.advance(account.id, listing.id, stage, Stage.APPOINTED, user)
        await listings.become_main_user(listing.id, user.id)
    return planned


async def change(account: Account, appointment: Appointment, user: User, agreed: Agreed, revision: int) -> bool:
    """Another time, place or person. False when nothing is different.

    `revision` is that of the appointment the form showed. Raises Refused as `create`, with code `changed` when somebody
    else was faster, and with `settled` when it is no longer planned.
    """
    users.require(user, Permission.EDIT_LISTING)
    values = await _checked(account, agreed, appointment)
    now = {name: getattr(appointment, name) for name in values}
    if now == values and appointment.revision == revision:
        return False
    async with writing():
        await _settle(appointment, revision, values)
        for name, value in values.items():
            setattr(appointment, name, value)
        await _tell(appointment, user, "changed")
        await listings.become_main_user(appointment.listing, user.id)
    return True


async def cancel(appointment: Appointment, user: User) -> bool:
    """It does not take place; the stage stays. False when it was cancelled before. Raises Refused for one that has a
    result (`settled`)."""
    users.require(user, Permission.EDIT_LISTING)
    return await _end(appointment, user, State.CANCELLED)


async def result(appointment: Appointment, user: User, came: str) -> bool:
    """Says how it went, `shown` or `no_show`, and the stage follows. False when that was said before.

    Raises Refused for another word, and for one that was settled otherwise (`settled`).
    """
    users.require(user, Permission.EDIT_LISTING)
    if came not in list(RESULTS):
        raise Refused("Say whether the seller came.", field="result")
    return await _end(appointment, user, State(came))


async def of(account: UUID, appointment: UUID) -> Appointment:
    """The account's appointment. Raises NotFound, also when its listing is hidden."""
    one: Appointment = await found(
        Appointment.objects().get((Appointment.id == appointment) & (Appointment.account == account))
    )
    await listings.of(account, one.listing)
    return one


def joined(listing: str) -> str:
    """SQL that joins the next appointment still to come of a listing as `n`; `listing` is an SQL expression for the
    listing's id, and the present moment its one argument. `COLUMNS` is what to select of it."""
    return f"""LEFT JOIN appointment n ON n.id = (
                 SELECT x.id FROM appointment x WHERE x.listing = {listing} AND x.state = 'planned' AND x.at > {{}}
                 ORDER BY x.at LIMIT 1)"""  # noqa: S608 - fixed words


async def _checked(account: Account, agreed: Agreed, standing: Appointment | None) -> dict[str, Any]:
    """The columns user, at, zone and place. A time that is over may only stay as it was."""
    zone = agreed.zone or account.timezone
    if not accounts.is_timezone(zone):
        raise Refused(wall_times.NO_ZONE, field="zone")
    at = wall_times.moment(*_read(agreed), zone)
    if (standing is None or at != standing.at) and at <= clock.now():
        raise Refused("This time is over. Choose one that is still to come.", field="date")
    if at > clock.now() + FARTHEST:
        raise Refused("This is more than two years away. Check the year.", field="date")
    place = " ".join(agreed.place.split())
    if len(place) > LONGEST_PLACE:
        raise Refused(f"This is too long: {LONGEST_PLACE} characters at most.", field="place")
    return {"user": await _who(account, agreed.meets, standing), "at": at, "zone": zone, "place": place}


def _read(agreed: Agreed) -> tuple[date, time]:
    return wall_times.read_day(agreed.date), wall_times.read_time(agreed.time)


async def _who(account: Account, meets: str, standing: Appointment | None) -> UUID | None:
    """Somebody who may write; who stands there already may stay, though they left meanwhile."""
    if not meets:
        return None
    if standing is not None and meets == str(standing.user):
        return standing.user
    people = {str(person.id): person.id for person in await users.assignable(account.id)}
    if meets not in people:
        raise Refused("Choose somebody from the list.", field="meets")
    return people[meets]


async def _end(appointment: Appointment, user: User, state: State) -> bool:
    async with writing():
        stage = await stages.lock(appointment.listing)
        standing = await Appointment.select(Appointment.state).where(Appointment.id == appointment.id).first()
        if standing and standing["state"] == state:
            return False
        await _settle(appointment, None, {"state": str(state), "settled_at": clock.now()})
        await _tell(appointment, user, str(state))
        if state in RESULTS:
            await stages.advance(appointment.account, appointment.listing, stage, RESULTS[state], user)
        await listings.become_main_user(appointment.listing, user.id)
    return True


async def _settle(appointment: Appointment, revision: int | None, values: Mapping[str, Any]) -> None:
    """Writes only over a planned one, and over the revision that was read where one is given."""
    which = (Appointment.id == appointment.id) & (Appointment.state == State.PLANNED)
    if revision is not None:
        which &= Appointment.revision == revision
    columns: dict[Any, Any] = {**values, Appointment.revision: Appointment.revision + 1}
    if await Appointment.update(columns).where(which).returning(Appointment.id):
        return
    standing = await Appointment.select(Appointment.state).where(Appointment.id == appointment.id).first()
    if standing and standing["state"] == State.PLANNED:
        raise Refused(CHANGED, code="changed")
    raise Refused("This appointment is settled already. Make a new one.", code="settled")


async def _tell(appointment: Appointment, user: User, what: str) -> None:
    facts: dict[str, Any] = {"at": appointment.at.isoformat(), "zone": appointment.zone, "place": appointment.place}
    await history.note(appointment.account, appointment.listing, "appointment", user=user.id, what=what, **facts)
    facts |= {"listing": str(appointment.listing), "meets": str(appointment.user or "")}
    await audit.record(appointment.account, user.id, f"appointment.{what}", appointment.id, **facts)


def _planned(listing: UUID) -> Any:
    return (Appointment.listing == listing) & (Appointment.state == State.PLANNED)
