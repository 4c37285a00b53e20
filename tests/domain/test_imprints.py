"""What an email to many ends with: the same in every preview, in the history and as it leaves, or it does not leave."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain import clock, composing, delivery, email_bodies, imprints, judging, renderings
from domain.accounts import Account
from domain.batches import looking, reading
from domain.batches.drafts import Words
from domain.batches.tables import Batch, BatchListing
from domain.listings import Listing
from domain.messages import Message, State
from domain.users import User
from tests import make
from tests.sending import OWNER, Shop, again, shop

DANA = "dana@mail.example"
WORDS = Words("Hi {{seller.first_name}}, is it still for sale?", channel="email")
WHERE = "4820 E Speedway Blvd, Tucson AZ 85712"


@pytest.fixture
async def dealer(house: None, configure: Any) -> Shop:
    configure(LOTWIRE_PUBLIC_URL="https://lots.example")
    made = await shop()
    made.user.role = "manager"
    await User.update({User.role: "manager"}).where(User.id == made.user.id)
    await make.connection(made.account, kind="email", options={"from_email": "sales@lots.example"})
    return made


async def ad(dealer: Shop) -> Listing:
    return await make.listing(dealer.account, seller={"email": DANA, "first_name": "Dana"})


async def looked(dealer: Shop, listing: Listing, words: Words = WORDS) -> looking.Verdict:
    [[verdict]] = [some async for some in looking.verdicts(dealer.account, dealer.user, words, [listing.id])]
    return verdict


async def queued(dealer: Shop, listing: Listing, kind: str = "batch", **values: Any) -> Message:
    connections = await judging.judge(dealer.account, dealer.user, kind)
    said = {"wording": WORDS.wording, "body": "", "subject": "", **values}
    return await make.message(
        listing,
        channel="email",
        kind=kind,
        to_address=DANA,
        user=dealer.user,
        connection=connections.carriers["email"].id,
        state=State.QUEUED,
        not_before=clock.now() - timedelta(seconds=1),
        **said,
    )


async def leaving(dealer: Shop, message: Message) -> Any:
    started, _ = await delivery.start(OWNER, await delivery.claim(OWNER, message.connection, 10))
    [call] = started
    return call.outgoing


async def test_it_reads_the_same_in_the_look_the_plan_the_history_and_as_it_leaves(dealer: Shop) -> None:
    listing = await ad(dealer)
    batch = Batch(account=dealer.account.id, user=dealer.user.id, size=1, wording=WORDS.wording, channel="email")
    await Batch.insert(batch)
    await BatchListing.insert(BatchListing(batch=batch.id, listing=listing.id, n=0))
    summary = await looking.look(batch, dealer.account, dealer.user)
    sample = await reading.sample(batch, dealer.account, dealer.user, summary, 1)
    verdict = await looked(dealer, listing)
    assert sample is not None
    assert verdict.letter is not None
    message = await queued(dealer, listing, batch=batch.id)
    planned = (await renderings.of_messages([message.id], clock.now()))[message.id]
    left = await leaving(dealer, message)
    stored = await again(message)
    said = {sample.letter.body, verdict.letter.body, planned.body, left.body, stored.body}
    assert len(said) == 1
    assert {sample.letter.html, planned.html, left.mail.html} == {email_bodies.as_html(stored.body)}
    link = imprints.link(listing.id, DANA)
    assert stored.body.endswith(f"{dealer.account.name}, {WHERE}\n{imprints.BY_LINK}{link}")


async def test_the_signature_is_not_what_mail_programs_fold_the_last_lines_away_with(dealer: Shop) -> None:
    await User.update({User.signature: "Robin Reyes"}).where(User.id == dealer.user.id)
    left = await leaving(dealer, await queued(dealer, await ad(dealer)))
    assert "\n\nRobin Reyes\n\n" in left.body
    assert email_bodies.SIGNATURE_LINE not in left.body.split("\n")


async def test_an_email_of_nothing_but_files_says_who_sends_it_too(dealer: Shop) -> None:
    left = await leaving(dealer, await queued(dealer, await ad(dealer), wording=""))
    assert left.body.startswith(dealer.account.name)


async def test_without_a_link_the_last_line_says_to_answer_stop(dealer: Shop, configure: Any) -> None:
    configure(LOTWIRE_PUBLIC_URL="http://lots.example")
    left = await leaving(dealer, await queued(dealer, await ad(dealer)))
    assert left.body.endswith(f"{WHERE}\n{imprints.BY_ANSWER}")


@pytest.mark.parametrize("part", imprints.POSTAL)
async def test_without_a_complete_postal_address_no_email_to_many_leaves_and_everybody_says_so(
    dealer: Shop, part: str
) -> None:
    listing = await ad(dealer)
    setattr(dealer.account, part, " ")
    await dealer.account.save()
    refused = (await looked(dealer, listing)).refusal
    assert refused is not None
    assert (refused.code, refused.next_step) == ("no_postal_address", "Complete it under Your dealership.")
    scene = await dealer.scene(listing)
    for kind in imprints.KINDS:
        assert [each.code for each in (await composing.judge(scene, "email", kind=kind)).refusals] == [refused.code]
    message = await queued(dealer, listing)
    started, _ = await delivery.start(OWNER, await delivery.claim(OWNER, message.connection, 10))
    assert started == []
    ended = await again(message)
    assert (ended.state, json.loads(ended.decision)["codes"]) == (State.SKIPPED, [refused.code])


async def test_one_email_by_hand_and_every_text_leave_without_an_address(dealer: Shop) -> None:
    await Account.update({Account.street: ""}).where(Account.id == dealer.account.id)
    dealer.account.street = ""
    listing = await ad(dealer)
    assert (await looked(dealer, listing, replace(WORDS, channel="auto"))).channel == "text"
    for kind in ("one_to_one", "scheduled"):
        message = await queued(dealer, await ad(dealer), kind=kind)
        assert dealer.account.name not in (await leaving(dealer, message)).body
