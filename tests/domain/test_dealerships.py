"""Sellers reported as dealerships: what a report finds, hides and cancels, and how it is taken back whole."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from domain import ads, clock, db, dealerships, delivery, ids, inventory, listings, messages, plans, stages
from domain.accounts import Account
from domain.attempts import Attempt
from domain.audit import AuditEntry
from domain.dealerships import DealershipReport, Identity, ReportedIdentity, ReportedListing
from domain.dealerships.matching import matching
from domain.errors import NotFound, Refused
from domain.history import Cursor, Event
from domain.listings import Listing
from domain.messages import Message
from domain.sellers import Seller
from domain.users import User
from tests import make

PHONE, OTHER_PHONE = "+15205550117", "+15205550118"
HOME = {"street": "12 N. Oak Street, Apt. 4", "city": "Tucson", "state": "AZ"}
NOBODY = {"first_name": "", "last_name": "", "mobile": "", "phone": "", "email": "", "street": "", "city": ""}


async def seen(listing: Listing) -> tuple[str, bool]:
    row = await Listing.select(Listing.stage, Listing.hidden).where(Listing.id == listing.id).first()
    assert row is not None
    return row["stage"], bool(row["hidden"])


async def put_away(*these: Listing) -> list[bool]:
    """For each whether it is both hidden and passed."""
    return [await seen(listing) == ("pass", True) for listing in these]


async def report(listing: Listing, by_name: bool = False, user: User | None = None) -> DealershipReport:
    return await dealerships.report(listing.account, listing, user or await make.user(listing.account), by_name)


async def undo(made: DealershipReport, user: User | None = None) -> dealerships.Undone | None:
    manager = user or await make.user(made.account, role="manager")
    return await dealerships.undo(made.account, manager, made.id)


async def seller(**values: str) -> Listing:
    """An ad of somebody of whom no more is known than this."""
    return await make.listing(seller={**NOBODY, **values})


def ad(external_id: str = "new", **values: str) -> ads.Ad:
    fields = {"external_id": external_id, "year": "2019", "make": "Subaru", "model": "Outback", **values}
    return ads.read(fields, "US")


async def put(*many: ads.Ad, account: Account | None = None) -> list[ads.Outcome]:
    async with db.writing():
        return await ads.put_many((account or await make.dealership()).id, many, "craigslist")


# What a report finds


@pytest.mark.parametrize(
    ("reported", "other", "found"),
    [
        ({"mobile": PHONE}, {"mobile": PHONE}, True),
        ({"mobile": PHONE}, {"phone": PHONE}, True),
        ({"phone": PHONE}, {"mobile": PHONE}, True),
        ({"phone": PHONE, "mobile": OTHER_PHONE}, {"phone": OTHER_PHONE}, True),
        ({"mobile": PHONE}, {"mobile": OTHER_PHONE}, False),
        ({"email": "dana@lot.example"}, {"email": "dana@lot.example"}, True),
        ({"email": "dana@lot.example"}, {"email": "dan@lot.example"}, False),
        (HOME, {"street": "12 NORTH OAK ST #4", "city": "tucson", "state": "Arizona"}, True),
        (HOME, {**HOME, "street": "12 N Oak St Apt 5"}, False),
        (HOME, {**HOME, "city": ""}, False),
        ({"first_name": "Dana", "last_name": "Lee"}, {"first_name": "Dana", "last_name": "Lee"}, False),
    ],
)
async def test_any_one_identity_is_enough(house: None, reported: Any, other: Any, found: bool) -> None:
    one, two = await seller(**reported), await seller(**other)
    made = await report(one)
    assert await put_away(one, two) == [True, found]
    assert made.listings == 1 + found
    stored = await DealershipReport.objects().get(DealershipReport.id == made.id)
    assert stored is not None
    assert stored.listings == made.listings


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ({"first_name": "DANA", "last_name": "O’Neil-Lée"}, True),
        ({"first_name": "Dana", "last_name": "Smith"}, False),
        ({"first_name": "", "last_name": "ONeil Lee"}, False),
    ],
)
async def test_the_name_counts_only_with_the_switch(house: None, name: dict[str, str], found: bool) -> None:
    one, two = await seller(first_name="Dana", last_name="ONeil Lee"), await seller(**name)
    await report(one, by_name=False)
    assert await put_away(one, two) == [True, False]
    await report(one, by_name=True)
    assert await put_away(two) == [found]


async def test_sellers_of_whom_nothing_is_known_have_nothing_in_common(house: None) -> None:
    one, two = await seller(state=""), await seller(state="")
    made = await report(one, by_name=True)
    assert await put_away(one, two) == [True, False]
    assert not made.by_name
    assert not await ReportedIdentity.exists()


async def test_what_the_others_share_among_themselves_is_not_followed(house: None) -> None:
    one = await seller(mobile=PHONE)
    two, three = await seller(mobile=PHONE, email="a@lot.example"), await seller(email="a@lot.example")
    await report(one)
    assert await put_away(two, three) == [True, False]


async def test_another_dealership_sees_nothing_of_it(house: None) -> None:
    one = await seller(mobile=PHONE)
    other = await make.account()
    foreign = await make.listing(other, seller={"mobile": PHONE})
    waiting = await make.message(foreign, state="queued")
    made = await report(one)
    [outcome] = await put(ad(phone=PHONE), account=other)
    assert not outcome.filtered
    assert await put_away(foreign) == [False]
    assert (await messages.by_id(other.id, waiting.id)).state == "queued"
    assert await dealerships.reported(other.id, [one.id, foreign.id]) == set()
    with pytest.raises(NotFound):
        await dealerships.of(other.id, made.id)
    assert await dealerships.undo(other.id, await make.user(other, role="manager"), made.id) is None
    assert await put_away(one) == [True]


# The preview


async def test_the_preview_says_what_the_report_then_does(house: None) -> None:
    one = await make.listing(seller={"mobile": PHONE, "first_name": "Dana", "last_name": "Lee"})
    two = await make.listing(seller={"phone": PHONE})
    three = await make.listing(seller={"first_name": "dana", "last_name": "LEE"})
    for listing in (one, two, three):
        await make.message(listing, state="queued", to_address=(await make.seller_of(listing)).mobile or PHONE)
    await make.message(two, state="sent")
    account = await make.dealership()

    narrow = await dealerships.preview(account.id, one, False)
    assert (narrow.count, narrow.pending, narrow.by_name, narrow.may_by_name) == (2, 2, False, True)
    assert narrow.name == "Dana Lee"
    assert narrow.identities == (Identity("phone", PHONE),)
    assert [row["id"] for row in narrow.listings] == [one.id, two.id]

    wide = await dealerships.preview(account.id, one, True)
    assert (wide.count, wide.pending) == (3, 3)
    assert Identity("name", "dana lee") in wide.identities
    assert await put_away(one, two, three) == [False] * 3

    made = await report(one, by_name=True)
    assert made.listings == wide.count
    assert await Message.count().where(Message.state == "cancelled") == wide.pending


async def test_a_preview_shows_fifty_and_counts_all(house: None) -> None:
    many = [await seller(mobile=PHONE) for _ in range(53)]
    preview = await dealerships.preview(many[0].account, many[0], False)
    assert (preview.count, len(preview.listings)) == (53, 50)
    assert preview.listings[0]["id"] == many[0].id


# What it does


async def test_what_waits_is_cancelled_with_the_reason_and_nothing_else(house: None) -> None:
    one, two, other = await seller(mobile=PHONE), await seller(phone=PHONE), await seller(mobile=OTHER_PHONE)
    waiting = [await make.message(listing, state=state) for listing in (one, two) for state in messages.WAITING]
    elsewhere = await make.message(other, state="queued", to_address=PHONE)  # it had that number before
    untouched = [await make.message(one, state="sent"), await make.message(other, state="queued")]
    await report(one)
    rows = {row["id"]: row for row in await Message.select()}
    for message in (*waiting, elsewhere):
        row = rows[message.id]
        assert (row["state"], row["code"]) == ("cancelled", "dealership_reported")
        assert row["reason"] == "The seller was reported as a dealership."
    assert [rows[message.id]["state"] for message in untouched] == ["sent", "queued"]


async def test_the_history_of_each_listing_and_the_audit_trail_tell_it(house: None) -> None:
    user = await make.user(name="Ben Buyer")
    one, two = await seller(mobile=PHONE), await make.listing(stage="appraised", seller={"mobile": PHONE})
    made = await report(one, user=user)
    events = {row["listing"]: row for row in await Event.select().output(load_json=True)}
    assert {(row["kind"], row["user"]) for row in events.values()} == {("dealership_reported", user.id)}
    assert events[two.id]["detail"] == {"old": "appraised", "new": "pass"}
    [entry] = await AuditEntry.select().output(load_json=True)
    assert (entry["action"], entry["subject"], entry["user"]) == ("dealership.reported", made.id, user.id)
    assert entry["detail"] == {"listings": 2, "known_by": ["phone"]}


async def test_hidden_listings_leave_every_view(house: None) -> None:
    one = await seller(mobile=PHONE)
    await report(one)
    for view in inventory.VIEWS:
        assert (await inventory.page(one.account, inventory.Wanted(view))).rows == []
    assert set((await inventory.counts(one.account)).values()) == {0}
    with pytest.raises(NotFound):
        await listings.of(one.account, one.id)
    assert (await dealerships.listing(one.account, one.id)).id == one.id


async def test_a_listing_hidden_for_another_reason_is_still_not_found(house: None) -> None:
    hidden = await make.listing(hidden=True)
    with pytest.raises(NotFound):
        await dealerships.listing(hidden.account, hidden.id)


async def test_somebody_who_only_reads_reports_nobody(house: None) -> None:
    one = await seller(mobile=PHONE)
    with pytest.raises(Refused) as refused:
        await report(one, user=await make.user(role="support"))
    assert refused.value.code == "no_permission"
    assert await put_away(one) == [False]


async def test_a_report_whose_history_cannot_be_written_changes_nothing(
    house: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise Refused("no")

    one = await seller(mobile=PHONE)
    waiting = await make.message(one, state="queued")
    monkeypatch.setattr("domain.audit.record", fails)
    with pytest.raises(Refused):
        await report(one)
    assert await put_away(one) == [False]
    assert not await DealershipReport.exists()
    assert not await Event.exists()
    assert (await messages.by_id(one.account, waiting.id)).state == "queued"


# Twice, and at once


async def test_reporting_again_answers_the_report_that_stands(house: None) -> None:
    one, two = await seller(mobile=PHONE), await seller(mobile=PHONE)
    first = await report(one)
    assert (await report(one)).id == first.id
    assert (await report(two)).id == first.id
    assert await DealershipReport.count() == 1
    assert await Event.count() == 2


async def test_of_people_who_report_at_once_one_does(house: None) -> None:
    one, two = await seller(mobile=PHONE), await seller(mobile=PHONE)
    people = [await make.user() for _ in range(6)]
    made = await asyncio.gather(
        *(dealerships.report(one.account, (one, two)[n % 2], user, False) for n, user in enumerate(people))
    )
    assert len({each.id for each in made}) == 1
    assert await put_away(one, two) == [True, True]
    assert await Event.count() == 2
    assert await ReportedListing.count() == 2


async def test_an_import_beside_a_report_leaves_no_ad_in_sight(house: None) -> None:
    one = await seller(mobile=PHONE)
    incoming = [[ad(f"{chunk}-{n}", phone=PHONE) for n in range(20)] for chunk in range(5)]
    await asyncio.gather(
        *(put(*chunk) for chunk in incoming[:3]), report(one), *(put(*chunk) for chunk in incoming[3:])
    )
    assert await Listing.count().where(Listing.hidden.eq(False)) == 0
    assert await ReportedListing.count() == 101
    [row] = await DealershipReport.select()
    assert row["listings"] == 101


async def test_no_attempt_begins_once_a_report_has_committed(house: None) -> None:
    await plans.seed()
    connection = await make.connection()
    user = await make.user()
    await make.sender_link(connection, user)
    one = await seller(mobile=PHONE)
    many = [
        await make.message(one, state="queued", user=user, connection=connection.id, not_before=clock.now())
        for _ in range(20)
    ]

    async def deliver() -> None:
        while claimed := await delivery.claim("worker", connection.id, 3):
            await delivery.start("worker", claimed)

    await asyncio.gather(deliver(), report(one))
    attempts = await Attempt.count()
    rows = await Message.select(Message.state)
    assert {row["state"] for row in rows} <= {"sending", "cancelled"}
    assert attempts == sum(row["state"] == "sending" for row in rows)
    assert await delivery.claim("worker", connection.id, 100) == []
    assert len(many) == len(rows)


async def test_a_stage_chosen_beside_a_report_does_not_hang(house: None) -> None:
    many = [await seller(mobile=PHONE) for _ in range(8)]
    user = await make.user()
    async with asyncio.timeout(20):
        await asyncio.gather(report(many[0]), *(stages.change(listing, "contacted", user) for listing in many[1:]))
    rows = await Listing.select(Listing.hidden)
    assert all(row["hidden"] for row in rows)


# Ads that come in later


@pytest.mark.parametrize(
    "values",
    [
        {"phone": PHONE},
        {"mobile": PHONE},
        {"email": "Dana@Lot.example"},
        {"street": "12 north oak st # 4", "city": "TUCSON", "state": "Arizona"},
        {"name": "Dána Lee"},
    ],
)
async def test_a_new_ad_of_a_reported_seller_is_kept_out_of_sight(house: None, values: dict[str, str]) -> None:
    one = await seller(phone=PHONE, email="dana@lot.example", first_name="Dana", last_name="Lee", **HOME)
    made = await report(one, by_name=True)
    created, other = await put(ad(**values), ad("private", phone=OTHER_PHONE, name="Dan Leeson"))
    assert (created.result, created.filtered) == ("created", True)
    assert (other.result, other.filtered) == ("created", False)
    row = await ReportedListing.select().where(ReportedListing.listing == created.listing_id).first()
    assert row is not None
    assert (row["report"], row["stage"], bool(row["hidden"])) == (made.id, "not_contacted", False)
    assert await dealerships.reported(one.account, [created.listing_id, other.listing_id]) == {created.listing_id}
    assert (await dealerships.of(one.account, made.id)).listings == 2


async def test_without_the_switch_a_namesakes_ad_comes_in(house: None) -> None:
    await report(await seller(phone=PHONE, first_name="Dana", last_name="Lee"))
    [outcome] = await put(ad(name="Dana Lee"))
    assert not outcome.filtered


async def test_an_ad_that_brings_a_reported_number_is_hidden_and_its_messages_cancelled(house: None) -> None:
    await report(await seller(phone=PHONE))
    [outcome] = await put(ad(phone=OTHER_PHONE))
    await Listing.update({Listing.stage: "contacted"}).where(Listing.id == outcome.listing_id)
    listing = await Listing.objects().get(Listing.id == outcome.listing_id)
    assert listing is not None
    waiting = await make.message(listing, state="queued", to_address=OTHER_PHONE)
    [outcome] = await put(ad(phone=PHONE))
    assert (outcome.result, outcome.filtered) == ("updated", True)
    assert await put_away(listing) == [True]
    assert (await messages.by_id(listing.account, waiting.id)).code == "dealership_reported"
    row = await ReportedListing.select().where(ReportedListing.listing == listing.id).first()
    assert row is not None
    assert row["stage"] == "contacted"


async def test_the_same_ad_every_day_is_told_once(house: None) -> None:
    await report(await seller(phone=PHONE))
    for price in ("1", "1", "2"):
        [outcome] = await put(ad(phone=PHONE, price=price))
        assert outcome.filtered
    assert await Event.count().where(Event.listing == outcome.listing_id) == 1
    assert await ReportedListing.count() == 2


async def test_an_ad_that_changes_its_number_stays_hidden(house: None) -> None:
    one = await seller(phone=PHONE)
    await report(one)
    await put(ad(phone=PHONE))
    [outcome] = await put(ad(phone=OTHER_PHONE))
    assert outcome.filtered


async def test_a_chunk_without_reported_sellers_costs_two_queries_more(house: None, count_queries: Any) -> None:
    await report(await seller(phone=PHONE))
    many = [ad(f"a{n}", phone=make.phone(), name=f"Dana Lee{n}", email=f"d{n}@x.example", **HOME) for n in range(200)]
    with count_queries() as queries:
        await put(*many)
    asked = [statement for statement in queries.statements if "reported_" in statement]
    assert len(asked) == 2


# Taken back


async def test_undoing_restores_stage_and_sight_of_each_exactly(house: None) -> None:
    shown = [
        await make.listing(stage=str(stage), seller={"mobile": PHONE})
        for stage in (*list(listings.Stage), listings.Stage.CONTACTED)
    ]
    hidden = await make.listing(stage="dnc", hidden=True, seller={"mobile": PHONE})
    before = [await seen(listing) for listing in (*shown, hidden)]
    made = await report(shown[0])
    [new] = await put(ad(phone=PHONE))
    assert all(await put_away(*shown, hidden))

    user = await make.user(role="manager")
    undone = await undo(made, user)
    assert undone == dealerships.Undone(restored=len(shown) + 2)
    assert [await seen(listing) for listing in (*shown, hidden)] == before
    imported = await Listing.select().where(Listing.id == new.listing_id).first()
    assert imported is not None
    assert (imported["stage"], bool(imported["hidden"])) == ("not_contacted", False)
    assert await dealerships.reported(made.account, [listing.id for listing in shown]) == set()

    events = Event.select().where((Event.kind == "dealership_undone") & (Event.listing == shown[1].id))
    [event] = await events.output(load_json=True)
    assert (event["user"], event["detail"]) == (user.id, {"old": "pass", "new": before[1][0]})
    row = await DealershipReport.select().where(DealershipReport.id == made.id).first()
    assert row is not None
    assert row["undone_by"] == user.id
    assert row["undone_at"]


async def test_identities_taken_back_filter_no_more(house: None) -> None:
    made = await report(await seller(phone=PHONE))
    await undo(made)
    [outcome] = await put(ad(phone=PHONE))
    assert not outcome.filtered


async def test_a_stage_that_somebody_set_meanwhile_stays(house: None) -> None:
    one, two = await seller(mobile=PHONE), await seller(mobile=PHONE)
    made = await report(one)
    await Listing.update({Listing.stage: "acquired"}).where(Listing.id == two.id)
    undone = await undo(made)
    assert undone == dealerships.Undone(restored=2, kept_stage=1)
    assert (await seen(one), await seen(two)) == (("not_contacted", False), ("acquired", False))


async def test_of_two_reports_the_last_one_taken_back_restores(house: None) -> None:
    shared = await make.listing(stage="contacted", seller={"mobile": PHONE, "email": "a@lot.example"})
    first = await report(await seller(mobile=PHONE))
    second = await report(await seller(email="a@lot.example"))
    [new] = await put(ad(phone=PHONE, email="a@lot.example"))
    for made, other in ((first, second), (second, None)):
        undone = await undo(made)
        assert undone is not None
        assert undone.still_hidden == (2 if other else 0)
        assert await put_away(shared) == [other is not None]
        assert (new.listing_id in await dealerships.reported(shared.account, [new.listing_id])) == (other is not None)
    assert await seen(shared) == ("contacted", False)
    row = await Listing.select().where(Listing.id == new.listing_id).first()
    assert row is not None
    assert (row["stage"], bool(row["hidden"])) == ("not_contacted", False)


async def test_cancelled_messages_stay_cancelled(house: None) -> None:
    one = await seller(mobile=PHONE)
    waiting = await make.message(one, state="queued")
    await undo(await report(one))
    assert (await messages.by_id(one.account, waiting.id)).state == "cancelled"


async def test_reported_taken_back_and_reported_again(house: None) -> None:
    one = await make.listing(stage="contacted", seller={"mobile": PHONE})
    await undo(await report(one))
    again = await report(one)
    assert await put_away(one) == [True]
    await undo(again)
    assert await seen(one) == ("contacted", False)


@pytest.mark.parametrize(("role", "may"), [("admin", True), ("manager", True), ("agent", False), ("support", False)])
async def test_managers_and_admins_take_back(house: None, role: str, may: bool) -> None:
    one = await seller(mobile=PHONE)
    made = await report(one)
    if may:
        assert await undo(made, await make.user(role=role)) is not None
    else:
        with pytest.raises(Refused):
            await undo(made, await make.user(role=role))
    assert await put_away(one) == [not may]


async def test_of_two_who_take_it_back_at_once_one_does(house: None) -> None:
    one = await seller(mobile=PHONE)
    made = await report(one)
    done = await asyncio.gather(*(undo(made) for _ in range(4)))
    assert sorted(each is None for each in done) == [False, True, True, True]
    assert await Event.count().where(Event.kind == "dealership_undone") == 1


async def test_an_undo_that_cannot_be_told_changes_nothing(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise Refused("no")

    one = await seller(mobile=PHONE)
    made = await report(one)
    monkeypatch.setattr("domain.audit.record", fails)
    with pytest.raises(Refused):
        await undo(made)
    assert await put_away(one) == [True]
    assert (await dealerships.of(one.account, made.id)).stands


# Looking at them


async def test_reports_come_in_pages_newest_first(house: None, clock: Any) -> None:
    clock.freeze()  # several at the same moment: the id decides
    made: list[UUID] = []
    for n in range(53):
        row = DealershipReport(account=(await make.dealership()).id, listing=(await _any()).id, name=f"Seller {n}")
        await DealershipReport.insert(row)
        made.append(row.id)
    seen_ids: list[UUID] = []
    cursor: Cursor | None = None
    while True:
        page = await dealerships.page((await make.dealership()).id, cursor)
        seen_ids += [each.id for each in page.reports]
        cursor = page.older
        if cursor is None:
            break
    assert seen_ids == sorted(made, reverse=True)


async def test_the_listings_of_a_report_come_in_pages(house: None) -> None:
    many = [await make.listing(stage="contacted", seller={"mobile": PHONE}) for _ in range(53)]
    made = await report(many[0])
    first, further = await dealerships.listings_of(made.id)
    rest, end = await dealerships.listings_of(made.id, further)
    assert (len(first), len(rest), end) == (50, 3, None)
    assert {row["id"] for row in (*first, *rest)} == {listing.id for listing in many}
    assert {(row["was"], row["stage"]) for row in first} == {("contacted", "pass")}


async def test_what_a_report_knows_its_seller_by(house: None) -> None:
    one = await seller(phone=PHONE, mobile=OTHER_PHONE, first_name="Dana", last_name="Lee", **HOME)
    made = await report(one, by_name=True)
    assert await dealerships.identities_of(made.id) == [
        Identity("phone", PHONE),
        Identity("phone", OTHER_PHONE),
        Identity("address", "12 n oak st 4|tucson|az"),
        Identity("name", "dana lee"),
    ]
    hidden_by = await dealerships.hidden_by(one.account, one.id)
    assert hidden_by is not None
    assert (hidden_by.id, hidden_by.name) == (made.id, "Dana Lee")


async def test_ten_thousand_are_asked_about_at_once(house: None, count_queries: Any) -> None:
    one = await seller(mobile=PHONE)
    await report(one)
    with count_queries() as queries:
        assert await dealerships.reported(one.account, [one.id, *(ids.new() for _ in range(9_999))]) == {one.id}
    assert queries.count == 1
    assert await dealerships.reported(one.account, []) == set()


async def test_matching_uses_the_indexes(house: None) -> None:
    known = [Identity("phone", PHONE), Identity("email", "a@x"), Identity("address", "a|b|c"), Identity("name", "d l")]
    sql, arguments = matching((await make.dealership()).id, ids.new(), known)
    people = [
        {"phone": make.phone(), "mobile": make.phone(), "email": f"d{n}@x.example", "name": f"Dana Lee{n}"}
        for n in range(400)
    ]
    await put(*(ad(f"a{n}", **each, **{**HOME, "street": f"{n} Oak St"}) for n, each in enumerate(people)))
    async with db.writing():
        if db.on_postgres():
            await Seller.raw("ANALYZE seller")
            await Seller.raw("SET LOCAL enable_seqscan = off")  # or it scans tables this small
        explain = "EXPLAIN" if db.on_postgres() else "EXPLAIN QUERY PLAN"
        plan = str(await Seller.raw(f"{explain} {sql}", *arguments))
    for index in ("phone", "mobile", "email", "address", "name"):
        assert f"seller_by_{index}" in plan


async def _any() -> Listing:
    return await Listing.objects().first() or await make.listing()
