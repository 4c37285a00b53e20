"""Drafts: one a person and listing, the same on every device, and nothing that was typed is lost."""

import asyncio

import pytest

from domain import clock, composing, drafts, newest
from domain.drafts import Conflict, Draft, DraftAttachment, Writing
from domain.errors import Refused
from tests import make
from tests.sending import draft, shop

HELLO = Writing(channel="text", to_field="mobile", body="Hello Dana")


async def test_what_was_typed_is_there_again(house: None) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account)
    file, template = await make.attachment(dealer.account), await make.template(dealer.account)
    typed = Writing("email", "phone", "Your Civic", "Hello", template.id, files=(file.id,))
    saved = await drafts.save(dealer.user, listing, typed, 0)
    assert saved is not None
    found = await drafts.of(dealer.user.id, listing.id)
    assert found is not None
    assert (found.writing, found.revision) == (typed, saved.revision)


async def test_each_person_and_listing_has_a_draft_of_its_own(house: None) -> None:
    dealer = await shop()
    one, two = await make.listing(dealer.account), await make.listing(dealer.account)
    ben = await make.user(dealer.account)
    await drafts.save(dealer.user, one, HELLO, 0)
    assert await drafts.of(ben.id, one.id) is None
    assert await drafts.of(dealer.user.id, two.id) is None


async def test_saving_again_is_another_revision_of_one_row(house: None) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account)
    revisions = [0]
    for n in range(5):
        saved = await drafts.save(dealer.user, listing, Writing(body=f"Hello {n}"), revisions[-1])
        assert saved is not None
        revisions.append(saved.revision)
    assert len(set(revisions)) == 6
    assert await Draft.count() == 1


async def test_an_old_window_does_not_take_a_new_draft_for_the_one_it_knew(house: None) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account)
    old = await drafts.save(dealer.user, listing, HELLO, 0)
    assert old is not None
    await drafts.discard(dealer.user.id, listing.id)
    await drafts.save(dealer.user, listing, Writing(body="Another text"), 0)
    with pytest.raises(Conflict) as conflict:
        await drafts.save(dealer.user, listing, Writing(body="Hello Dana, again"), old.revision)
    assert conflict.value.saved is not None
    assert conflict.value.saved.writing.body == "Another text"


async def test_what_was_sent_elsewhere_is_told_and_kept_only_when_the_person_says_so(house: None) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account)
    saved = await drafts.save(dealer.user, listing, HELLO, 0)
    assert saved is not None
    await composing.send(await dealer.scene(listing), draft("Hello Dana", revision=saved.revision))
    with pytest.raises(Conflict) as conflict:
        await drafts.save(dealer.user, listing, HELLO, saved.revision)
    assert conflict.value.saved is None
    assert await drafts.save(dealer.user, listing, HELLO, saved.revision, anyway=True) is not None


async def test_a_draft_that_grew_elsewhere_outlives_the_send_of_an_older_one(house: None) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account)
    first = await drafts.save(dealer.user, listing, HELLO, 0)
    assert first is not None
    await drafts.save(dealer.user, listing, Writing(body="Something quite different"), first.revision)
    await composing.send(await dealer.scene(listing), draft("Hello Dana", revision=first.revision))
    kept = await drafts.of(dealer.user.id, listing.id)
    assert kept is not None
    assert kept.writing.body == "Something quite different"


async def test_an_earlier_moment_of_the_same_words_goes_with_them(house: None) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account)
    await drafts.save(dealer.user, listing, Writing(body="Hello Da"), 0)  # its answer has not come back yet
    await composing.send(await dealer.scene(listing), draft("Hello Dana, still for sale?", revision=0))
    assert await drafts.of(dealer.user.id, listing.id) is None


async def test_a_change_made_elsewhere_is_told_and_not_written_over(house: None) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account)
    first = await drafts.save(dealer.user, listing, HELLO, 0)
    assert first is not None
    phone = await drafts.save(dealer.user, listing, Writing(body="From the phone"), first.revision)
    with pytest.raises(Conflict) as conflict:
        await drafts.save(dealer.user, listing, Writing(body="From the desk"), first.revision)
    assert conflict.value.saved.writing.body == "From the phone"
    kept = await drafts.of(dealer.user.id, listing.id)
    assert kept is not None
    assert phone is not None
    assert (kept.writing.body, kept.revision) == ("From the phone", phone.revision)


async def test_the_same_words_from_two_places_are_no_conflict(house: None) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account)
    first = await drafts.save(dealer.user, listing, HELLO, 0)
    again = await drafts.save(dealer.user, listing, HELLO, 0)
    assert again == await drafts.of(dealer.user.id, listing.id)
    assert first is not None
    assert again is not None
    assert again.revision == first.revision


async def test_an_empty_window_keeps_nothing(house: None) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account)
    assert await drafts.save(dealer.user, listing, Writing(channel="text", body="  \n"), 0) is None
    saved = await drafts.save(dealer.user, listing, HELLO, 0)
    assert saved is not None
    assert await drafts.save(dealer.user, listing, Writing(channel="text"), saved.revision) is None
    assert await drafts.of(dealer.user.id, listing.id) is None


async def test_sending_ends_the_draft_and_a_late_save_does_not_bring_it_back(house: None) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account)
    file = await make.attachment(dealer.account)
    saved = await drafts.save(dealer.user, listing, Writing(body="Hello", files=(file.id,)), 0)
    assert saved is not None
    await composing.send(await dealer.scene(listing), draft("Hello", nonce="form:1", revision=saved.revision))
    assert await drafts.of(dealer.user.id, listing.id) is None
    assert await DraftAttachment.count() == 0
    assert await drafts.save(dealer.user, listing, HELLO, saved.revision, nonce="form:1") is None
    assert await drafts.of(dealer.user.id, listing.id) is None


async def test_a_message_of_the_api_leaves_the_draft_alone(house: None) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account)
    await drafts.save(dealer.user, listing, HELLO, 0)
    await composing.send(await dealer.scene(listing), draft(origin="api"))
    assert await drafts.of(dealer.user.id, listing.id) is not None


async def test_files_of_others_and_files_that_are_gone_are_left_out(house: None) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account)
    mine, foreign = await make.attachment(dealer.account), await make.attachment(await make.account())
    await drafts.save(dealer.user, listing, Writing(body="Hello", files=(foreign.id, mine.id)), 0)
    found = await drafts.of(dealer.user.id, listing.id)
    assert found is not None
    assert found.writing.files == (mine.id,)


async def test_what_no_message_could_hold_is_refused_with_a_sentence(house: None) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account)
    with pytest.raises(Refused, match="100,000 characters at most"):
        await drafts.save(dealer.user, listing, Writing(body="x" * 2_000_000), 0)


async def test_twenty_first_saves_at_once_keep_one_draft(house: None) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account)
    tries = [drafts.save(dealer.user, listing, Writing(body=f"Hello {n}"), 0) for n in range(20)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    [saved] = [result for result in results if isinstance(result, drafts.Saved)]
    assert all(result is saved or isinstance(result, Conflict) for result in results)
    assert await drafts.of(dealer.user.id, listing.id) == saved


async def test_a_colleague_who_is_writing_is_named_for_two_minutes(house: None) -> None:
    dealer = await shop()
    listing = await make.listing(dealer.account)
    ben = await make.user(dealer.account, name="Ben Ortiz")
    await make.draft(listing, ben, body="Hi")
    await make.draft(listing, dealer.user, body="Mine")
    assert (await newest.of(listing, dealer.user.id)).writers == ("Ben Ortiz",)
    await Draft.update({Draft.updated_at: clock.now() - newest.WRITING}).where(Draft.user == ben.id)
    assert (await newest.of(listing, dealer.user.id)).writers == ()
