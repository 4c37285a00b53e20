"""Why each message could leave: kept once, with the ad as it was seen; and what is left of the erased."""

import asyncio
import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from domain import clock, consents, db, ids, installations, suppressions
from domain.consents import Consent, Entry, Seen, Tombstone
from domain.installations import Installation
from domain.listings import Listing
from domain.settings import ROOT
from domain.standing import Standing
from tests import make

ADDRESS = "+14805550117"  # of an area that `make.phone` does not use


def seen(listing: Listing, address: str = ADDRESS, **values: Any) -> Seen:
    words = hashlib.sha256(listing.description.encode()).hexdigest()
    known = Seen(listing.account, listing.id, "text", address, listing.url, words, None)
    return known._replace(**values)


async def capture(*rows: Seen) -> int:
    async with db.writing():
        return await consents.captured(rows, clock.now())


async def bases() -> list[str]:
    return [row["basis"] for row in await Consent.select(Consent.basis).order_by(Consent.captured_at, Consent.id)]


# Reasons


async def test_a_first_message_rests_on_what_the_seller_published_as_it_was_seen(house: None) -> None:
    listing = await make.listing(description="Runs great, call me.", url="https://ads.example/7")
    user = await make.user()
    assert await capture(seen(listing, user=user.id)) == 1
    kept = await Consent.objects().first()
    assert kept is not None
    assert (kept.basis, kept.channel, kept.address) == ("published_in_listing", "text", ADDRESS)
    assert (kept.source_url, kept.captured_by, kept.message) == ("https://ads.example/7", user.id, None)
    assert kept.text_hash == hashlib.sha256(b"Runs great, call me.").hexdigest()
    assert kept.listing == listing.id
    assert abs(kept.captured_at - clock.now()) < timedelta(seconds=10)


async def test_an_answer_rests_on_the_sellers_newest_message(house: None) -> None:
    listing = await make.listing()
    await make.message(listing, direction="in", from_address=ADDRESS, at=clock.now() - timedelta(days=3))
    newest = await make.message(listing, direction="in", from_address=ADDRESS)
    await make.message(listing, direction="in", from_address=make.phone())
    await make.message(listing, to_address=ADDRESS)
    assert await capture(seen(listing)) == 1
    kept = await Consent.objects().first()
    assert kept is not None
    assert (kept.basis, kept.message) == ("inquiry", newest.id)


async def test_what_somebody_wrote_to_another_dealership_is_no_inquiry_here(house: None) -> None:
    elsewhere = await make.listing(await make.account())
    await make.message(elsewhere, direction="in", from_address=ADDRESS)
    await capture(seen(await make.listing(await make.account())))
    assert await bases() == ["published_in_listing"]


async def test_the_same_reason_is_kept_once_and_another_one_beside_it(house: None) -> None:
    listing = await make.listing()
    assert await capture(seen(listing), seen(listing)) == 1
    assert await capture(seen(listing)) == 0
    assert await capture(seen(listing, text_hash="ab" * 32)) == 1  # the ad says something else by now
    assert await capture(seen(await make.listing())) == 1
    await make.message(listing, direction="in", from_address=ADDRESS)
    assert await capture(seen(listing), seen(listing)) == 1
    assert await capture(seen(listing)) == 0
    assert await bases() == ["published_in_listing"] * 3 + ["inquiry"]


async def test_a_message_without_an_address_has_no_reason(house: None) -> None:
    assert await capture(seen(await make.listing(), "")) == 0


async def test_two_hundred_messages_take_one_statement(house: None, count_queries: Any) -> None:
    listing = await make.listing()
    await make.message(listing, direction="in", from_address="+15205550007")
    rows = [seen(listing, f"+1520555{n:04}") for n in range(200)]
    with count_queries() as queries:
        assert await capture(*rows) == 200
    assert queries.count == 1
    assert await Consent.count().where(Consent.basis == "inquiry") == 1
    with count_queries() as queries:
        assert await capture(*rows, seen(listing, "+16025550100")) == 1
    assert queries.count == 2


def test_nothing_but_an_erasure_changes_what_was_kept() -> None:
    changes = re.compile(r"Consent\.(update|delete|alter)|(update|delete\s+from)\s+\"?consent\b", re.IGNORECASE)
    changing = {
        str(path.relative_to(ROOT))
        for room in ("domain", "web", "workers", "migrations")
        for path in (ROOT / room).rglob("*.py")
        if changes.search(path.read_text())
    }
    assert changing == {"domain/erasures/beside.py"}


# What is left of the erased


async def erased(*entries: Entry, account: Any = None) -> Any:
    account = account or await make.account()
    async with db.writing():
        await consents.bury(account.id, await installations.salt(), entries)
    return account


async def test_an_erased_address_is_known_by_its_lists_and_cannot_be_read(house: None) -> None:
    account = await erased(
        Entry("opt_out", "text", ADDRESS), Entry("dnc", "email", "dana@lot.example"), Entry("block", "text", ADDRESS)
    )
    found = await consents.tombstoned(account.id, [ADDRESS, "Dana@Lot.Example", make.phone(), ""])
    assert found == {
        ADDRESS: {("opt_out", "text"), ("block", "text")},
        "Dana@Lot.Example": {("dnc", "email")},
    }
    kept = " ".join(str(row) for row in await Tombstone.select())
    assert ADDRESS[2:] not in kept
    assert "dana" not in kept
    assert await consents.tombstoned((await make.account()).id, [ADDRESS]) == {}


async def test_the_same_address_has_another_digest_at_another_installation(house: None) -> None:
    salt = await installations.salt()
    assert consents.digest(salt, ADDRESS) != consents.digest("another", ADDRESS)
    assert re.fullmatch("[0-9a-f]{64}", consents.digest(salt, ADDRESS))


async def test_an_address_is_buried_once(house: None) -> None:
    account = await erased(Entry("dnc", "text", ADDRESS))
    await erased(Entry("dnc", "text", ADDRESS), account=account)
    assert await Tombstone.count() == 1


async def test_an_account_that_erased_nobody_pays_one_small_query(house: None, count_queries: Any) -> None:
    account = await make.account()
    await erased(Entry("dnc", "text", ADDRESS))
    with count_queries() as queries:
        assert await consents.tombstoned(account.id, [ADDRESS] * 300) == {}
    assert queries.count == 1
    with count_queries() as queries:
        assert await consents.tombstoned_among(None, [(account.id, ADDRESS)]) == {}
    assert queries.count == 0


async def test_two_hundred_addresses_of_several_accounts_are_looked_up_in_one_query(
    house: None, count_queries: Any
) -> None:
    one = await erased(*(Entry("dnc", "text", f"+1520555{n:04}") for n in range(50)))
    other = await erased(Entry("opt_out", "text", "+15205550000"))
    asked = [(account.id, f"+1520555{n:04}") for account in (one, other) for n in range(100)]
    salt = await installations.salt()
    with count_queries() as queries:
        found = await consents.tombstoned_among(salt, asked)
    assert queries.count == 1
    assert len(found) == 51
    assert found[other.id, "+15205550000"] == {("opt_out", "text")}
    assert found[one.id, "+15205550000"] == {("dnc", "text")}


async def test_the_salt_comes_with_whatever_is_read_where_somebody_was_erased(house: None) -> None:
    account, other = await erased(Entry("dnc", "text", ADDRESS)), await make.account()
    listings = [await make.listing(account), await make.listing(other)]
    rows = await Listing.raw(
        f"SELECT l.id, {consents.salt_where_erased('l.account')} AS salt FROM listing l ORDER BY l.id"
    )
    assert [(row["id"], row["salt"]) for row in rows] == [
        (listings[0].id, await installations.salt()),
        (listings[1].id, None),
    ]


def test_each_list_stops_what_it_stopped_before() -> None:
    nothing = Standing(landline=True)
    assert consents.with_erased(nothing, frozenset(), "text") is nothing
    opt_out = frozenset({("opt_out", "text")})
    assert consents.with_erased(nothing, opt_out, "text") == Standing(landline=True, opted_out=True)
    assert consents.with_erased(nothing, opt_out, "email") == nothing
    assert consents.with_erased(nothing, frozenset({("dnc", "email")}), "text").dnc
    assert consents.with_erased(nothing, frozenset({("block", "text")}), "text").blocked
    assert consents.with_erased(Standing(dnc=True), opt_out, "text") == Standing(dnc=True, opted_out=True)


async def test_a_start_lifts_the_opt_out_of_an_erased_address_and_nothing_else(house: None) -> None:
    account = await erased(Entry("opt_out", "text", ADDRESS), Entry("dnc", "text", ADDRESS))
    assert await suppressions.opted_out(account.id, ADDRESS)
    assert not await suppressions.opted_out(account.id, ADDRESS, "email")
    said_at = clock.now() + timedelta(seconds=1)
    async with db.writing():
        assert await suppressions.opt_in(account.id, ADDRESS, "START", said_at)
        assert not await suppressions.opt_in(account.id, ADDRESS, "START", said_at)
    assert not await suppressions.opted_out(account.id, ADDRESS)
    assert await consents.tombstoned(account.id, [ADDRESS]) == {ADDRESS: {("dnc", "text")}}


async def test_a_start_that_was_said_before_the_erasure_lifts_nothing(house: None) -> None:
    account = await erased(Entry("opt_out", "text", ADDRESS))
    async with db.writing():
        assert not await suppressions.opt_in(account.id, ADDRESS, "START", datetime(2026, 11, 1, tzinfo=UTC))
    assert await suppressions.opted_out(account.id, ADDRESS)


async def test_what_a_blocked_address_writes_stays_silent_after_it_was_erased(house: None) -> None:
    account = await erased(Entry("block", "text", ADDRESS))
    assert await suppressions.blocked(account.id, ADDRESS)
    assert not await suppressions.blocked(account.id, make.phone())


# The installation


async def test_an_installation_has_one_salt_however_many_ask_first(house: None) -> None:
    salts = await asyncio.gather(*(installations.salt() for _ in range(8)))
    assert len(set(salts)) == 1
    assert len(salts[0]) == 64
    assert await Installation.count() == 1
    assert (await installations.here()).id.version == ids.new().version
