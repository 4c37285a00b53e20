"""What is answered by itself: one confirmation to STOP, soon or not at all, one to START, a few words to HELP."""

import asyncio
import json
from datetime import timedelta

import pytest

from domain import answers, clock, delivery, inbox, messages, suppressions, text
from domain.accounts import Account
from domain.answers import wordings
from domain.attempts import Attempt
from domain.channels.base import Accepted, ChannelError, Kind
from domain.connections import Connection, ConnectionState, SenderLink
from domain.listings import Listing, Stage
from domain.messages import FollowUp, Message, State
from domain.opt_out_words import Tongue
from domain.suppressions import OptOut
from domain.users import User
from tests import make
from tests.sending import OUR_NUMBER, OWNER, SENDER, Shop, again, attempts, end, put, shop, without

PHRASE = "take me off your list"


async def written(phone: str = "") -> list[Message]:
    """The answers there are, in the order they were written."""
    query = Message.objects().where(Message.kind == "answer").order_by(Message.id)
    return await (query.where(Message.to_address == phone) if phone else query)


async def harbor(**values) -> tuple[Shop, str]:
    """A dealership with a seller who was written to; the seller's number."""
    account = await make.account(name="Harbor Motors", phone="+15205550100", **values)
    dealer = await shop(account=account)
    listing = await make.listing(account)
    return dealer, (await make.seller_of(listing)).mobile


async def says(dealer: Shop, phone: str, words: str, **values) -> None:
    await dealer.hook(**dealer.inbound(phone, words, **values))


# To STOP


async def test_whoever_says_stop_in_their_own_words_gets_one_confirmation(house):
    dealer, phone = await harbor()
    await says(dealer, phone, PHRASE)
    [answer] = await written()
    assert answer.body == "You will get no more texts from Harbor Motors. Reply START to get them again."
    assert (answer.state, answer.author_kind, answer.kind) == (State.QUEUED, "system", "answer")
    assert (answer.to_address, answer.from_address) == (phone, OUR_NUMBER)
    assert (answer.connection, answer.user) == (dealer.connection.id, dealer.user.id)
    assert (answer.encoding, answer.segments, answer.undoable) == ("GSM-7", 1, False)
    assert answer.not_before <= clock.now()
    question = await Message.objects().get(Message.direction == "in")
    assert (answer.listing, answer.at) == (question.listing, question.at)


async def test_it_leaves_at_once_from_the_number_that_was_written_to(house):
    dealer, phone = await harbor()
    await SenderLink.update({SenderLink.numbers: f"+16195550140 {OUR_NUMBER}"}).where(SenderLink.id == dealer.link.id)
    await says(dealer, phone, PHRASE)
    [started] = await dealer.start()
    assert (started.outgoing.to, started.outgoing.from_address) == (phone, OUR_NUMBER)
    assert started.outgoing.sender == SENDER
    await end([started], Accepted("p-1", from_address=OUR_NUMBER))
    [answer] = await written()
    assert answer.state == State.ACCEPTED
    [attempt] = await attempts(answer)
    assert json.loads(attempt.decision)["facts"]["confirms"] is True


@pytest.mark.parametrize("words", ["STOP", "stop", "Stop"])
async def test_what_the_provider_answers_itself_is_not_answered_twice(house, words):
    dealer, phone = await harbor()
    await says(dealer, phone, words)
    assert await suppressions.opted_out(dealer.account.id, phone)
    assert await written() == []


@pytest.mark.parametrize("words", ["STOP ", "stop. thanks", "“STOP”", "UNSUBSCRIBE", "cancel", "wrong number"])
async def test_any_other_words_for_it_are(house, words):
    dealer, phone = await harbor()
    await says(dealer, phone, words)
    assert len(await written()) == 1


async def test_saying_it_again_brings_no_second_one_and_keeps_the_first(house):
    dealer, phone = await harbor()
    await says(dealer, phone, PHRASE)
    await says(dealer, phone, "I said stop texting me!")
    await says(dealer, phone, "STOP")
    [answer] = await written()
    assert answer.state == State.QUEUED


async def test_fifty_at_once_bring_one(house):
    dealer, phone = await harbor()
    events = [await dealer.stored(**dealer.inbound(phone, f"{PHRASE}, {n} times now")) for n in range(50)]
    await asyncio.gather(*(inbox.handle(event) for event in events))
    assert await Message.count().where(Message.direction == "in") == 50
    assert (await OptOut.count(), len(await written())) == (1, 1)


async def test_a_number_that_was_opted_out_before_gets_none(house):
    dealer, phone = await harbor()
    await make.opt_out(phone, dealer.account)
    await says(dealer, phone, PHRASE)
    assert await written() == []


async def test_who_is_blocked_or_not_to_be_contacted_gets_none(house):
    dealer, phone = await harbor()
    other = (await make.seller_of(await make.listing(dealer.account))).mobile
    await suppressions.block(dealer.account.id, dealer.user, phone, "Threats")
    await suppressions.dnc(dealer.account.id, [other], "Our decision")
    for each in (phone, other):
        for words in (PHRASE, "help!"):
            await says(dealer, each, words)
    assert await written() == []


async def test_where_nobody_owns_the_number_any_more_there_is_none(house):
    dealer, phone = await harbor()
    await says(dealer, phone, PHRASE, target={"type": "user", "phone_number": "+16195550149"}, to_number=[])
    assert await written() == []


@pytest.mark.parametrize("numbers", ["", "+16195550143", f"+1{OUR_NUMBER[1:]}9", f"{OUR_NUMBER}0"])
async def test_a_number_that_only_looks_like_it_is_not_it(house, numbers):
    dealer, phone = await harbor()
    await SenderLink.update({SenderLink.numbers: numbers}).where(SenderLink.id == dealer.link.id)
    await says(dealer, phone, PHRASE)
    assert await written() == []


async def test_who_left_the_dealership_sends_none(house):
    dealer, phone = await harbor()
    await User.update({User.active: False}).where(User.id == dealer.user.id)
    await says(dealer, phone, PHRASE)
    assert await written() == []


async def test_the_owner_is_looked_for_at_this_connection_alone(house):
    dealer, phone = await harbor()
    other = await shop(account=await make.account())
    await SenderLink.update({SenderLink.numbers: ""}).where(SenderLink.id == dealer.link.id)
    assert other.link.numbers == OUR_NUMBER
    await says(dealer, phone, PHRASE)
    assert await written() == []


async def test_a_stranger_gets_none(house):
    dealer, _ = await harbor()
    await says(dealer, make.phone(), PHRASE)
    assert await OptOut.count() == 1
    assert await written() == []


async def test_what_comes_in_late_is_not_answered(house, clock):
    dealer, phone = await harbor()
    late = dealer.inbound(phone, PHRASE)
    clock.advance(minutes=5, seconds=1)
    await dealer.hook(**late)
    assert await suppressions.opted_out(dealer.account.id, phone)
    assert await written() == []


# In time, or not at all


async def test_five_minutes_after_the_stop_it_leaves_no_more(house, clock):
    dealer, phone = await harbor()
    await says(dealer, phone, PHRASE)
    clock.advance(minutes=5, seconds=1)
    assert await dealer.start() == []
    [answer] = await written()
    assert (answer.state, answer.code, answer.reason) == (State.EXPIRED, "expired", "It was too late for this answer.")
    assert await attempts(answer) == []


async def test_within_five_minutes_it_does(house, clock):
    dealer, phone = await harbor()
    await says(dealer, phone, PHRASE)
    clock.advance(minutes=4, seconds=58)
    assert len(await dealer.start()) == 1


async def test_one_that_waits_at_a_broken_connection_ends_by_itself(house, clock):
    dealer, phone = await harbor()
    await Connection.update({Connection.state: ConnectionState.BROKEN}).where(Connection.id == dealer.connection.id)
    await says(dealer, phone, PHRASE)
    ordinary = await dealer.text()
    clock.advance(minutes=4, seconds=58)
    assert await answers.expire() == set()
    clock.advance(seconds=3)
    [answer] = await written()
    assert await answers.expire() == {answer.listing}
    assert [(each.state, each.reason) for each in await written()] == [
        (State.EXPIRED, "It was too late for this answer.")
    ]
    assert (await again(ordinary)).state == State.QUEUED
    assert await answers.expire() == set()


async def test_one_that_has_to_be_tried_again_is_tried_within_its_time_alone(house, clock):
    dealer, phone = await harbor()
    await says(dealer, phone, PHRASE)
    await end(await dealer.start(), ChannelError("Nobody there.", Kind.NEVER_CONNECTED))
    clock.advance(minutes=1)
    await end(await dealer.start(), ChannelError("Too many.", Kind.THROTTLED, retry_after=600))
    clock.advance(minutes=10)
    assert await dealer.start() == []
    [answer] = await written()
    assert (answer.state, answer.attempts) == (State.EXPIRED, 2)


async def test_after_a_start_nobody_is_told_of_the_stop(house):
    dealer, phone = await harbor()
    await says(dealer, phone, PHRASE)
    await says(dealer, phone, "UNSTOP")
    assert await dealer.start() == []
    [answer] = await written()
    assert (answer.state, answer.reason) == (State.EXPIRED, "It was too late for this answer.")


async def test_the_confirmation_of_one_stop_is_not_that_of_the_next(house):
    dealer, phone = await harbor()
    await says(dealer, phone, PHRASE)
    await says(dealer, phone, "UNSTOP")
    await says(dealer, phone, PHRASE + " already")
    first, second = await written()
    [started] = await dealer.start()
    assert ((await again(first)).state, (await again(first)).code) == (State.FAILED, "opted_out")
    assert started.outgoing.message_id == second.id


@pytest.mark.parametrize(
    ("what", "code"),
    [("block", "phone_blocked"), ("dnc", "phone_dnc")],
)
async def test_a_block_or_do_not_contact_meanwhile_cancels_it(house, what, code):
    dealer, phone = await harbor()
    await says(dealer, phone, PHRASE)
    if what == "block":
        await suppressions.block(dealer.account.id, dealer.user, phone, "Threats")
    else:
        await suppressions.dnc(dealer.account.id, [phone], "Our decision")
    assert await dealer.start() == []
    [answer] = await written()
    assert (answer.state, answer.code) == (State.CANCELLED, code)


async def test_an_agents_opt_out_or_the_providers_list_leaves_it_alone(house):
    dealer, phone = await harbor()
    await says(dealer, phone, PHRASE)
    await suppressions.agent_opt_out(dealer.account.id, dealer.user, phone, "text", "Said so on the phone.")
    await suppressions.from_provider(dealer.account.id, "text", [phone], "Dialpad")
    assert [each.state for each in await written()] == [State.QUEUED]


async def test_a_plan_without_messaging_keeps_it_back(house):
    dealer, phone = await harbor()
    await says(dealer, phone, PHRASE)
    await without("messaging")
    assert await dealer.start() == []
    assert [(each.state, each.code) for each in await written()] == [(State.FAILED, "tier")]


@pytest.mark.parametrize("stage", [Stage.PASS, Stage.ACQUIRED])
async def test_a_vehicle_that_was_passed_or_bought_does_not(house, stage):
    dealer, phone = await harbor()
    await Listing.update({Listing.stage: stage, Listing.hidden: True}).where(Listing.account == dealer.account.id)
    await says(dealer, phone, PHRASE)
    assert len(await dealer.start()) == 1


async def test_nobody_sends_it_a_second_time(house):
    dealer, phone = await harbor()
    await says(dealer, phone, PHRASE)
    await end(await dealer.start(), ChannelError("It broke.", Kind.UNKNOWN))
    [answer] = await written()
    assert answer.state == State.UNKNOWN
    assert not await messages.retry(answer, dealer.user, answer.attempts)
    assert await dealer.start() == []


async def test_after_an_opt_out_no_attempt_to_that_number_begins_but_the_one_of_its_own_answer(house):
    """Whatever waits, is claimed or comes later: one attempt, of the message that bears this opt-out's id."""
    dealer, phone = await harbor()
    waiting = [await dealer.text(to_address=phone) for _ in range(20)]
    claimed = await dealer.claim(limit=10)
    event = await dealer.stored(**dealer.inbound(phone, PHRASE))
    begun, _ = (await asyncio.gather(delivery.start(OWNER, claimed), inbox.handle(event)))[0]
    before = {each.outgoing.message_id for each in begun}
    await dealer.text(to_address=phone)
    await says(dealer, phone, "help me, take me off")
    await dealer.start()
    [opt_out] = await OptOut.objects()
    rows = await Attempt.select(Attempt.message)
    assert before <= {each.id for each in waiting}
    [only] = {row["message"] for row in rows} - before
    message = await messages.by_id(dealer.account.id, only)
    assert (message.kind, message.nonce) == ("answer", f"stop:{opt_out.id}")
    assert len(rows) == len(before) + 1


async def test_somebody_elses_name_for_a_message_opens_no_way_past_an_opt_out(house):
    dealer, phone = await harbor()
    made = await make.opt_out(phone, dealer.account)
    forged = await dealer.text(to_address=phone, nonce=f"stop:{made.id}")
    assert await dealer.start() == []
    assert (await again(forged)).code == "opted_out"


# What it says


FRENCH = "Vous ne recevrez plus de textos de Harbor Motors. Répondez START pour en recevoir de nouveau."
SPANISH = "Ya no le enviaremos mensajes de Harbor Motors. Responda START para recibirlos otra vez."


@pytest.mark.parametrize(
    ("words", "said"),
    [("arrêtez de me texter", FRENCH), ("Arrêt", FRENCH), ("quíteme de la lista", SPANISH)],
)
async def test_it_is_in_the_language_of_who_asked(house, words, said):
    dealer, phone = await harbor()
    await says(dealer, phone, words)
    assert [(each.body, each.segments) for each in await written()] == [(said, 1)]


@pytest.mark.parametrize("tongue", Tongue)
@pytest.mark.parametrize("name", ["Harbor Motors", "Côté & Fils “Autos” — Québec", "Ó Briain’s Añejo Motors", "x" * 70])
def test_a_confirmation_is_one_segment_of_plain_letters(tongue, name):
    for words in (wordings.stopped(tongue, name), wordings.started(tongue, name)):
        cost = text.measure(words)
        assert (cost.encoding, cost.segments) == ("GSM-7", 1), words


@pytest.mark.parametrize("tongue", [Tongue.ENGLISH, Tongue.FRENCH])
def test_so_are_the_words_to_help(tongue):
    words = wordings.helped(tongue, "Côté Autos", "+1 520 555 0100")
    cost = text.measure(words)
    assert (cost.encoding, cost.segments) == ("GSM-7", 1)
    assert words.startswith("Coté Autos: text")


def test_a_name_in_another_script_stays_as_it_is():
    assert wordings.sendable("東京 Motors") == "東京 Motors"
    assert wordings.sendable("Garage Été à Orléans") == "Garage Été à Orléans"


# To HELP


@pytest.mark.parametrize("words", ["help!", "INFO", "“Info”"])
async def test_a_call_for_help_is_answered(house, words):
    dealer, phone = await harbor()
    await says(dealer, phone, words)
    [answer] = await written()
    assert answer.body == (
        "Harbor Motors: texts about the vehicle you advertise. Contact: +1 520 555 0100. "
        "Msg & data rates may apply. Reply STOP to opt out."
    )
    assert len(await dealer.start()) == 1


async def test_in_french_too(house):
    dealer, phone = await harbor()
    await says(dealer, phone, "AIDE")
    [answer] = await written()
    assert answer.body == (
        "Harbor Motors: textos sur votre véhicule à vendre. Contact: +1 520 555 0100. "
        "Des frais de messagerie peuvent s'appliquer. Répondez STOP pour cesser."
    )


@pytest.mark.parametrize(
    ("known", "contact"),
    [
        ({"email": "hi@harbor.example", "website": "harbor.example"}, " Contact: hi@harbor.example."),
        ({"website": "harbor.example"}, " Contact: harbor.example."),
        ({}, ""),
    ],
)
async def test_it_says_how_to_reach_the_dealership_as_far_as_that_is_known(house, known, contact):
    dealer, phone = await harbor()
    await Account.update({"phone": "", **known}).where(Account.id == dealer.account.id)
    await says(dealer, phone, "info")
    [answer] = await written()
    assert f"you advertise.{contact} Msg & data" in answer.body


async def test_the_providers_own_help_is_not_answered_twice(house):
    dealer, phone = await harbor()
    await says(dealer, phone, "HELP")
    assert await written() == []


async def test_one_number_gets_help_once_in_ten_minutes(house, clock):
    dealer, phone = await harbor()
    other = (await make.seller_of(await make.listing(dealer.account))).mobile
    for _ in range(3):
        await says(dealer, phone, "info")
        clock.advance(minutes=3)
    await says(dealer, other, "info")
    assert (len(await written(phone)), len(await written(other))) == (1, 1)
    clock.advance(minutes=2)
    await says(dealer, phone, "info")
    assert len(await written(phone)) == 2


async def test_fifty_calls_for_help_at_once_are_answered_once(house):
    dealer, phone = await harbor()
    events = [await dealer.stored(**dealer.inbound(phone, "info")) for _ in range(50)]
    await asyncio.gather(*(inbox.handle(event) for event in events))
    assert len(await written()) == 1


async def test_who_opted_out_gets_help_once(house, clock):
    dealer, phone = await harbor()
    await says(dealer, phone, "STOP")
    await says(dealer, phone, "info")
    [started] = await dealer.start()
    assert started.outgoing.body.startswith("Harbor Motors: texts about")
    await end([started], Accepted("p-1"))
    clock.advance(hours=1)
    await says(dealer, phone, "info")
    assert len(await written()) == 1


async def test_help_that_still_waits_when_stop_comes_does_not_leave(house):
    dealer, phone = await harbor()
    await says(dealer, phone, "info")
    await says(dealer, phone, "STOP")
    assert await dealer.start() == []
    [answer] = await written()
    assert (answer.state, answer.code) == (State.FAILED, "opted_out")


# To START


async def test_a_start_that_lifts_an_opt_out_is_confirmed_in_the_language_of_the_stop(house):
    dealer, phone = await harbor()
    await says(dealer, phone, "arrêtez de me texter")
    await end(await dealer.start(), Accepted("p-1"))
    await says(dealer, phone, "START")
    _, answer = await written()
    assert (
        answer.body == "Vous recevrez de nouveau des textos de Harbor Motors. Répondez STOP pour ne plus en recevoir."
    )
    [started] = await dealer.start()
    assert started.outgoing.message_id == answer.id


async def test_a_yes_is_not_nor_what_the_provider_confirms_itself(house):
    dealer, phone = await harbor()
    for words in ("YES", "UNSTOP"):
        await make.opt_out(phone, dealer.account)
        await says(dealer, phone, words)
        assert not await suppressions.opted_out(dealer.account.id, phone)
    assert await written() == []


async def test_a_start_that_lifts_nothing_is_not_confirmed(house):
    dealer, phone = await harbor()
    await says(dealer, phone, "START")
    assert await written() == []


# What it is not


async def test_an_answer_answers_no_question_of_the_sellers(house):
    dealer, phone = await harbor()
    await says(dealer, phone, "Is the offer still good?")
    await says(dealer, phone, "info")
    await end(await dealer.start(), Accepted("p-1"))
    await delivery.follow_up()
    rows = await Message.select(Message.responded_at).where(Message.direction == "in")
    assert [row["responded_at"] for row in rows] == [None, None]
    [answer] = await written()
    assert answer.state == State.ACCEPTED
    assert not await FollowUp.exists()


async def test_answers_do_not_count_as_automatic_messages(house):
    dealer, _ = await harbor()
    listing = await Listing.objects().get(Listing.account == dealer.account.id)
    for n in range(3):
        answer = await make.message(listing, kind="answer", state=State.DELIVERED, nonce=f"help:{n}")
        await put(answer, at=clock.now() - timedelta(hours=n + 1))
    automated = await dealer.text(listing, kind="automated")
    started = await dealer.start()
    assert [each.outgoing.message_id for each in started] == [automated.id]
