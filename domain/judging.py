"""What the gate says of many listings at once: the facts of the window and of the worker, read hundreds at a time."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import (
    clock,
    connections,
    consents,
    db,
    facts,
    gate,
    imprints,
    plans,
    quiet_hours,
    quotas,
    scenes,
    seller_hours,
    standing,
    users,
)
from domain.accounts import Account
from domain.connections import Connection, ConnectionState
from domain.delivery.sql import holes
from domain.form_transports import LEAD
from domain.gate import Decision
from domain.listings import Listing
from domain.newest import Elsewhere
from domain.quotas import Day
from domain.seller_hours import Hour
from domain.standing import Person, Standing
from domain.suppressions.first_contacts import APART, nothing_yet, stands
from domain.users import Role, User

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

AT_ONCE = 500  # listings of one query
FIELDS = standing.FIELDS

# The first contact with the same person, by any of their addresses, about another listing; it takes the oldest that
# counts.
_ELSEWHERE = f"""LEFT JOIN first_contact f ON f.id = (
                   SELECT x.id FROM first_contact x
                   WHERE x.account = l.account AND x.address IN (p.mobile, p.phone, p.email) AND x.address <> ''
                     AND x.listing <> l.id AND x.at > {{}} AND {stands("x")} ORDER BY x.at DESC LIMIT 1)
                 LEFT JOIN app_user u ON u.id = f."user" LEFT JOIN listing o ON o.id = f.listing"""


@dataclass(frozen=True)
class Judge:
    """One sender's question about many listings: by what they may be written to, now. `hours` are the account's."""

    account: Account
    user: User
    kind: str
    carriers: Mapping[str, Connection]
    means: Mapping[str, facts.Means]  # by channel
    hours: quiet_hours.Rules
    at: datetime
    day: Day | None = None  # of who sends texts by a connection that limits them
    _clocks: dict[tuple[str, str, str], Hour] = field(default_factory=dict)

    def decide(self, row: Mapping[str, Any], channel: str, to_field: str = "", to: str = "", **more: Any) -> Decision:
        """The gate's word on one row of `rows`: by the number of `to_field`, the email address, or `to` of another
        channel. `more` is what `facts.of` takes besides, such as `missing`."""
        name = to_field or "mobile" if channel == "text" else channel
        known = Standing.of(row, f"{name}_") if f"{name}_dnc" in row else Standing()
        erased = row["erased"]
        known = consents.with_erased(known, erased.get(name, frozenset()), channel)
        person = consents.person_with_erased(Person.of(row), frozenset().union(*erased.values()))
        return gate.decide(
            facts.of(
                None,
                channel,
                self.kind,
                to if channel not in ("text", "email") else row[name] or "",
                facts.About.of(row),
                self._means(row, channel),
                known,
                person,
                self._hour(row),
                recent_contact=self._recent(row),
                over_quota=self.day.over(self.user.id, self.at) if self.day and channel == "text" else None,
                **more,
            ),
            self.at,
        )

    def _means(self, row: Mapping[str, Any], channel: str) -> facts.Means:
        found = self.means.get(channel, facts.Means((), False))
        if channel == "form" and row["form_transport"] == LEAD and not self.means["email"].connected:
            return replace(found, connected=False, provider=self.means["email"].provider or "Email")
        return found

    def _hour(self, row: Mapping[str, Any]) -> Hour:
        place = (row["postal_code"] or "", row["mobile"] or "", row["phone"] or "")
        area = (place[0], _area(place[1]), _area(place[2]))
        hour = self._clocks.get(area)
        if hour is None:
            hour = seller_hours.hour(self.hours, self.account.country, place[0], place[1:], self.at)
            self._clocks[area] = hour
        return hour

    def _recent(self, row: Mapping[str, Any]) -> str:
        if not row["nothing_yet"] or row["first_at"] is None or row["first_at"] <= self.at - APART:
            return ""
        person = row["first_by"] or "Somebody"
        return Elsewhere(person, row["first_at"], row["first_about"]).sentence(self.account)


def _area(number: str) -> str:
    """As much of a number (E.164) as tells where it is: in North America area code and exchange."""
    return number[:8] if number.startswith("+1") else number


async def judge(account: Account, user: User, kind: str) -> Judge:
    """Reads what is the same for every listing; asks the provider for the sender when the last look is old."""
    found = await connections.carriers(account.id, user.id)
    features = (await plans.table()).get(account.tier, frozenset())
    link, sender_state = await scenes.sender(user, *found.get("text", (None, None)))
    may_send, agent = users.may(user, users.sending(kind)), user.role == Role.AGENT
    nowhere = not imprints.is_known(account)
    means = {
        channel: facts.Means(
            features,
            carrier.state == ConnectionState.CONNECTED and connections.included(carrier.kind, features),
            link.provider_id if link and channel == "text" else "",
            sender_state,
            may_send,
            agent,
            connections.as_one(carrier.kind),
            nowhere,
        )
        for channel, (carrier, _) in found.items()
    }
    for channel in ("text", "email", "form"):  # none carries it: the plan and the role still have their say
        means.setdefault(channel, facts.Means(features, False, "", sender_state, may_send, agent, "", nowhere))
    hours = await seller_hours.rules_of(account.id)
    carriers = {channel: carrier for channel, (carrier, _) in found.items()}
    day = await quotas.of(carriers.get("text"), account.timezone)
    return Judge(account, user, kind, carriers, means, hours, clock.now(), day)


async def rows(
    account: Account,
    listings: Sequence[UUID],
    fields: Collection[str] = tuple(FIELDS),
    columns: str = "",
    joins: str = "",
    arguments: Sequence[Any] = (),
) -> AsyncIterator[list[dict[str, Any]]]:
    """The rows of an account's listings, hundreds at a time, in the order given; those that are gone are left out.

    `fields` are those of the seller whose addresses count; `columns` and `joins` are further SQL on listing `l`, its
    source `i` and its seller `p`, in fixed words, and `arguments` what the joins take.
    """
    for first in range(0, len(listings), AT_ONCE):
        wanted = listings[first : first + AT_ONCE]
        found = await _read(wanted, fields, columns, joins, arguments)
        # Asked for by id alone: told the account, too, PostgreSQL may read all its listings for each of these queries.
        by_id = {row["listing"]: row for row in found if row["account"] == account.id}
        await _mark_erased(list(by_id.values()), fields)
        yield [by_id[each] for each in wanted if each in by_id]


async def _mark_erased(found: Sequence[dict[str, Any]], fields: Collection[str]) -> None:
    """On each row, field -> the lists on which its address stays although it was erased."""
    salt = found[0]["erased_salt"] if found else None
    names = {*fields, *standing.THEIRS}
    asked = [(row["account"], row[name]) for row in found for name in names if row[name]] if salt else []
    erased = await consents.tombstoned_among(salt, asked)
    for row in found:
        row["erased"] = {name: erased[key] for name in names if (key := (row["account"], row[name])) in erased}


async def _read(
    listings: Sequence[UUID], fields: Collection[str], columns: str, joins: str, arguments: Sequence[Any]
) -> list[dict[str, Any]]:
    now = clock.now()
    known = [
        standing.of_address("l.account", f"'{FIELDS[name]}'", standing.ADDRESSES[name], f"{name}_") for name in fields
    ]
    wanted: tuple[Any, ...] = (listings,) if db.on_postgres() else tuple(listings)
    among = "= ANY({}::uuid[])" if db.on_postgres() else f"IN ({holes(len(listings))})"
    found: list[dict[str, Any]] = await Listing.raw(
        f"""SELECT l.id AS listing, l.account, l.stage, i.messageable, i.slug AS source_slug, i.form_transport, l.url,
                   p.mobile, p.phone, p.email, {standing.ADDRESSES["form"]} AS form, p.postal_code,
                   {standing.of_listing("l")}, {standing.of_seller("l.account", "l.id")},
                   {consents.salt_where_erased("l.account")} AS erased_salt, f.at AS first_at, u.name AS first_by,
                   TRIM(o.make || ' ' || o.model) AS first_about,
                   {nothing_yet("l.id")} AS nothing_yet,
                   {", ".join([*known, *([columns] if columns else [])])}
            FROM listing l JOIN source i ON i.id = l.source LEFT JOIN seller p ON p.listing = l.id
            {_ELSEWHERE} {joins}
            WHERE l.id {among}""",
        standing.a_day_before(now),
        now - APART,
        *arguments,
        *wanted,
    )
    return found
