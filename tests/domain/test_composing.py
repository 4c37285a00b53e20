"""Composing: what a person sends is checked, written once, and is what the preview showed, byte for byte."""

import asyncio
import itertools
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from domain import (
    clock,
    composing,
    connections,
    delivery,
    enclosures,
    file_rules,
    gate,
    house_mail,
    judging,
    messages,
    plans,
    scenes,
    wordings,
)
from domain.channels.base import ChannelError, Kind, Sender
from domain.channels.registry import CHANNELS
from domain.composing import GateRefused
from domain.connections import ConnectionState, senders
from domain.errors import Refused
from domain.gate import SenderState
from domain.listings import Listing
from domain.messages import Message, State
from domain.newest import Overtaken
from domain.users import User
from tests import make, sending
from tests.sending import OWNER, Provider, draft, end, put, shop


async def test_a_text_leaves_after_the_undo_window_with_its_final_words(house):
    dealer = await shop()
    listing = await make.listing(dealer.account, seller={"first_name": "Dana"})
    sent = await composing.send(await dealer.scene(listing), draft("Hi {{seller.first_name}}, the {{vehicle.title}}?"))
    (stored,) = await Message.objects()
    assert stored.id == sent.id
    assert stored.body == "Hi Dana, the 2019 Subaru Outback?"
    assert (stored.state, stored.kind, stored.origin, stored.undoable) == (State.QUEUED, "one_to_one", "window", True)
    assert stored.not_before - stored.at == timedelta(seconds=dealer.user.undo_seconds)
    assert (stored.encoding, stored.segments, stored.to_field) == ("GSM-7", 1, "mobile")
    assert await dealer.claim() == []


async def test_a_text_is_undone_inside_the_window_and_not_after(house, clock):
    dealer = await shop()
    one, two = [await composing.send(await dealer.scene(await make.listing(dealer.account)), draft()) for _ in range(2)]
    assert await messages.undo(one)
    clock.advance(seconds=dealer.user.undo_seconds)
    assert not await messages.undo(two)
    assert await dealer.claim() == [two.id]


@pytest.mark.parametrize(("origin", "seconds"), [("api", 10), ("window", 0)])
async def test_what_has_no_undo_window_is_due_at_once(house, origin, seconds):
    dealer = await shop()
    await dealer.user.update_self({type(dealer.user).undo_seconds: seconds})
    dealer.user.undo_seconds = seconds
    sent = await composing.send(await dealer.scene(await make.listing(dealer.account)), draft(origin=origin))
    assert not sent.undoable
    assert await dealer.claim() == [sent.id]


async def test_two_hundred_sends_of_one_form_are_one_message(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    scene = await dealer.scene(listing)
    results = await asyncio.gather(*(composing.send(scene, draft(nonce="form:1")) for _ in range(200)))
    assert len({message.id for message in results}) == 1
    assert await Message.count() == 1


async def test_the_second_arrival_of_a_form_gets_the_first_answer_whatever_happened_since(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    first = await composing.send(await dealer.scene(listing), draft(nonce="form:1"))
    await make.opt_out(first.to_address, dealer.account)
    second = await composing.send(await dealer.scene(listing), draft("Other words", nonce="form:1"))
    assert (second.id, second.body) == (first.id, first.body)


async def test_another_dealerships_nonce_is_refused_and_never_shown(house):
    dealer, other = await shop(), await shop(account=await make.account())
    await composing.send(await dealer.scene(await make.listing(dealer.account)), draft(nonce="form:1"))
    with pytest.raises(Refused) as refused:
        await composing.send(await other.scene(await make.listing(other.account)), draft(nonce="form:1"))
    assert refused.value.field == "nonce"
    assert await Message.count() == 1


async def test_the_first_who_sends_becomes_the_main_user_however_many_do(house):
    dealer = await shop()
    people = [dealer.user] + [await make.user(dealer.account) for _ in range(5)]
    for person in people[1:]:
        await make.sender_link(dealer.connection, person)
    for _ in range(4):
        listing = await make.listing(dealer.account)
        looks = [await dealer.scene(listing, person) for person in people]
        tried = await asyncio.gather(*(composing.send(scene, draft()) for scene in looks), return_exceptions=True)
        [sent] = [each for each in tried if not isinstance(each, GateRefused)]
        main = (await Listing.objects().get(Listing.id == listing.id)).main_user
        assert main == sent.user
        await composing.send(await dealer.scene(listing, random.choice(people)), draft())
        assert (await Listing.objects().get(Listing.id == listing.id)).main_user == main


async def test_twenty_people_who_write_first_to_one_phone_at_once_send_one_message(house):
    dealer = await shop()
    phone = make.phone()
    looks = []
    for _ in range(20):
        person = await make.user(dealer.account)
        await make.sender_link(dealer.connection, person)
        listing = await make.listing(dealer.account, seller={"mobile": phone})
        looks.append(await dealer.scene(listing, person))
    tried = await asyncio.gather(*(composing.send(scene, draft()) for scene in looks), return_exceptions=True)
    refused = [each for each in tried if isinstance(each, GateRefused)]
    assert len(refused) == 19
    assert {each.code for each in refused} == {"recent_contact"}
    assert await Message.count() == 1


async def test_of_many_who_write_about_one_car_at_once_one_sends_and_the_others_are_told_first(house):
    dealer = await shop()
    people = [await make.user(dealer.account) for _ in range(8)]
    for person in people:
        await make.sender_link(dealer.connection, person)
    listing = await make.listing(dealer.account)
    await composing.send(await dealer.scene(listing), draft())
    looks = [await dealer.scene(listing, person) for person in people]
    tried = await asyncio.gather(*(composing.send(scene, draft()) for scene in looks), return_exceptions=True)
    assert [type(each) for each in tried if not isinstance(each, Message)] == [Overtaken] * 7
    assert await Message.count() == 2
    assert await composing.send(await dealer.scene(listing, people[-1]), draft())


async def test_what_a_program_sends_is_not_held_up_by_what_was_written_in_the_same_moment(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    await composing.send(await dealer.scene(listing), draft())
    looks = [await dealer.scene(listing) for _ in range(2)]
    for scene in looks:
        await composing.send(scene, draft(origin="api"))
    assert await Message.count() == 3


async def test_a_colleagues_first_contact_is_named_for_fourteen_days(house, clock):
    dealer = await shop()
    ben = await make.user(dealer.account, name="Ben Ortiz")
    await make.sender_link(dealer.connection, ben)
    phone = make.phone()
    civic = await make.listing(dealer.account, make="Honda", model="Civic", seller={"mobile": phone})
    other = await make.listing(dealer.account, seller={"phone": phone, "mobile": ""})
    await composing.send(await dealer.scene(civic, ben), draft())
    with pytest.raises(GateRefused) as refused:
        await composing.send(await dealer.scene(other), draft())
    assert refused.value.message.startswith("Ben Ortiz wrote to this seller about the Honda Civic on ")
    clock.advance(days=14, minutes=1)
    await connections.SenderLink.update({connections.SenderLink.checked_at: clock.now()}).where(
        connections.SenderLink.id == dealer.link.id
    )
    assert await composing.send(await dealer.scene(other), draft())


@pytest.mark.parametrize("then", ["the seller answered", "it was taken back"])
async def test_a_first_contact_that_was_answered_or_taken_back_stands_in_nobodys_way(house, then):
    dealer = await shop()
    phone = make.phone()
    one, two = [await make.listing(dealer.account, seller={"mobile": phone}) for _ in range(2)]
    first = await composing.send(await dealer.scene(one), draft())
    if then == "the seller answered":
        await make.message(one, direction="in", from_address=phone)
    else:
        assert await messages.undo(first)
    assert await composing.send(await dealer.scene(two), draft())


async def test_after_a_first_text_that_failed_the_next_one_is_a_first_contact_again(house):
    dealer = await shop()
    phone = make.phone()
    one, two = [await make.listing(dealer.account, seller={"mobile": phone}) for _ in range(2)]
    failed = await composing.send(await dealer.scene(one), draft())
    await put(failed, not_before=clock.now())
    await end(await dealer.start(), ChannelError("Refused", Kind.PERMANENT))
    assert await composing.send(await dealer.scene(two), draft())
    with pytest.raises(GateRefused) as refused:
        await composing.send(await dealer.scene(one), draft())
    assert refused.value.code == "recent_contact"
    judge = await judging.judge(dealer.account, dealer.user, "one_to_one")
    [[row]] = [some async for some in judging.rows(dealer.account, [one.id])]
    assert [each.code for each in judge.decide(row, "text", "mobile").refusals] == ["recent_contact"]


async def test_the_same_listing_may_be_written_about_again(house):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    await composing.send(await dealer.scene(listing), draft())
    assert await composing.send(await dealer.scene(listing), draft("One more thing."))


async def test_the_number_is_the_one_chosen_else_mobile_else_phone(house):
    dealer = await shop()
    both = await make.listing(dealer.account, seller={"mobile": "+15205550101", "phone": "+15205550102"})
    phone_only = await make.listing(dealer.account, seller={"mobile": "", "phone": "+15205550103"})
    cases = [(both, "", "+15205550101"), (both, "phone", "+15205550102"), (phone_only, "", "+15205550103")]
    for listing, to_field, number in cases:
        sent = await composing.send(await dealer.scene(listing), draft(to_field=to_field))
        assert sent.to_address == number
    with pytest.raises(GateRefused) as refused:
        await composing.send(await dealer.scene(phone_only), draft(to_field="mobile"))
    assert refused.value.code == "no_contact"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "Write a message first."),
        (" \n\r\n ", "Write a message first."),
        ("\0", "Write a message first."),
        ("\u200b\u2060", "Write a message first."),
        ("Hi {{seller.nme}}", "“{{seller.nme}}” at character 4 is not a wildcard. Did you mean {{seller.name}}?"),
        ("Hi {{vehicle.make", "The braces at character 4 are not closed. Write {{vehicle.make}}, two on each side."),
        ("x" * 1501, "A text holds 1,500 characters; this one has 1,501. Shorten it."),
    ],
)
async def test_what_cannot_be_a_text_is_refused_at_its_field_and_leaves_nothing(house, body, sentence):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    with pytest.raises(Refused) as refused:
        await composing.send(await dealer.scene(listing), draft(body))
    assert (refused.value.message, refused.value.field) == (sentence, "body")
    assert await Message.count() == 0
    assert (await Listing.objects().get(Listing.id == listing.id)).main_user is None


async def test_a_missing_value_blocks_a_single_send_and_a_fallback_fills_it(house):
    dealer = await shop()
    listing = await make.listing(dealer.account, trim="", seller={"first_name": "", "last_name": ""})
    scene = await dealer.scene(listing)
    with pytest.raises(GateRefused) as refused:
        await composing.send(scene, draft("Is the {{vehicle.trim}} clean?"))
    assert (refused.value.code, refused.value.field) == ("missing_wildcard:vehicle.trim", "body")
    assert refused.value.message.startswith("{{vehicle.trim}} has no value for this vehicle.")
    sent = await composing.send(scene, draft("Hi {{seller.first_name}}, is the {{vehicle.trim|base}} clean?"))
    assert sent.body == "Hi there, is the base clean?"


async def test_an_email_without_a_connection_is_refused_in_words_of_its_own(house):
    dealer = await shop()
    listing = await make.listing(dealer.account, seller={"email": "dana@mail.example"})
    with pytest.raises(Refused) as refused:
        await composing.send(await dealer.scene(listing), draft(channel="email"))
    assert refused.value.code == "no_connection"
    assert refused.value.message == "Email is not connected. Ask an administrator to connect it."


async def test_a_channel_that_is_not_offered_is_refused_at_its_field(house):
    dealer = await shop()
    with pytest.raises(Refused) as refused:
        await composing.send(await dealer.scene(await make.listing(dealer.account)), draft(channel="kijiji"))
    assert refused.value.field == "channel"


async def test_an_email_is_stored_as_it_was_previewed_signature_and_all(house, monkeypatch):
    monkeypatch.setitem(CHANNELS, "email", Mail)
    dealer = await shop()
    await make.connection(dealer.account, kind="email")
    await User.update({User.signature: "Robin Vale\nHarbor Auto"}).where(User.id == dealer.user.id)
    user = await User.objects().get(User.id == dealer.user.id)
    listing = await make.listing(
        dealer.account, make="Honda", model="Civic", year=2019, seller={"email": "d@mail.example"}
    )
    scene = await dealer.scene(listing, user)
    words = draft("Is the {{vehicle.title}} for sale?", channel="email")
    letter = composing.composed(scene, words)
    sent = await composing.send(scene, words)
    assert (sent.subject, sent.body, sent.to_address) == (letter.subject, letter.body, "d@mail.example")
    assert sent.subject == "Inquiry about your 2019 Honda Civic"
    assert sent.body == "Is the 2019 Honda Civic for sale?\n\n-- \nRobin Vale\nHarbor Auto"
    assert (sent.segments, sent.encoding, sent.to_field) == (0, "", "")
    assert "<p" in letter.html
    assert "Robin Vale" in letter.html


async def test_a_hole_in_the_subject_blocks_an_email(house, monkeypatch):
    monkeypatch.setitem(CHANNELS, "email", Mail)
    dealer = await shop()
    await make.connection(dealer.account, kind="email")
    listing = await make.listing(dealer.account, trim="", seller={"email": "d@mail.example"})
    scene = await dealer.scene(listing)
    with pytest.raises(Refused) as refused:
        await composing.send(scene, draft("Hello", channel="email", subject="Your {{vehicle.trim}}"))
    assert refused.value.code == "missing_wildcard:vehicle.trim"
    with pytest.raises(Refused) as refused:
        await composing.send(scene, draft("Hello", channel="email", subject="Your {{vehicle.colour}}"))
    assert (refused.value.field, refused.value.code) == ("subject", "unknown_wildcard")
    assert not await Message.exists()


async def test_a_text_needs_no_words_when_a_file_goes_along_and_keeps_it(house, monkeypatch):
    monkeypatch.setitem(CHANNELS, "simulator", Picturing)
    dealer = await shop()
    file = await make.attachment(dealer.account)
    scene = await dealer.scene(await make.listing(dealer.account))
    sent = await composing.send(scene, draft("", files=(file.id,)))
    assert await enclosures.of_message(sent.id) == (file.id,)
    with pytest.raises(Refused, match="Write a message first"):
        await composing.send(scene, draft(""))


async def test_a_number_that_gets_no_pictures_is_told_before_anything_is_sent(house, monkeypatch):
    monkeypatch.setitem(CHANNELS, "simulator", Picturing)
    dealer = await shop()
    file = await make.attachment(dealer.account, name="front.jpg")
    scene = await dealer.scene(await make.listing(dealer.account, seller={"mobile": "+4915123456789"}))
    with pytest.raises(Refused, match="A text to this number takes no files") as refused:
        await composing.send(scene, draft(files=(file.id,)))
    assert refused.value.code == "attachment_unsupported"
    assert await composing.send(scene, draft())


async def test_a_file_the_channel_cannot_take_blocks_and_a_file_that_is_gone_is_told(house):
    dealer = await shop()  # no MMS
    file = await make.attachment(dealer.account, name="front.jpg")
    foreign = await make.attachment(await make.account())
    scene = await dealer.scene(await make.listing(dealer.account))
    with pytest.raises(Refused) as refused:
        await composing.send(scene, draft(files=(file.id,)))
    assert refused.value.code == "attachment_unsupported"
    assert "front.jpg" in refused.value.message
    with pytest.raises(Refused, match="A file was removed meanwhile"):
        await composing.send(scene, draft(files=(foreign.id,)))
    assert not await Message.exists()


async def test_every_reason_is_kept_with_the_refusal_and_the_first_is_said(house):
    dealer = await shop()
    listing = await make.listing(dealer.account, stage="dnc", trim="")
    await make.opt_out((await make.seller_of(listing)).mobile, dealer.account)
    with pytest.raises(GateRefused) as refused:
        await composing.send(await dealer.scene(listing), draft("{{vehicle.trim}}"))
    assert [each.code for each in refused.value.refusals] == [
        "stage_dnc",
        "opted_out",
        "missing_wildcard:vehicle.trim",
    ]
    assert refused.value.code == "stage_dnc"
    assert await Message.count() == 0


async def test_the_switch_for_plain_texts_swaps_look_alikes_in_words_and_values(house):
    dealer = await shop()
    listing = await make.listing(dealer.account, model="Out–back", seller={"first_name": "D’Arcy"})
    wording = "“Hi” {{seller.first_name}} — the {{vehicle.model}}…"
    fancy = await composing.send(await dealer.scene(listing), draft(wording))
    dealer.account.plain_texts = True
    plain = await composing.send(await dealer.scene(listing), draft(wording))
    assert (fancy.body, fancy.encoding) == ("“Hi” D’Arcy — the Out–back…", "UCS-2")
    assert (plain.body, plain.encoding) == ('"Hi" D\'Arcy - the Out-back...', "GSM-7")


@pytest.mark.parametrize("body", ["Hi ｛｛seller.nme｝｝", "Hi ｛｛vehicle.make", "Hi }}", "Hi {｛vehicle.make｝}"])
async def test_no_raw_token_leaves_however_its_braces_were_typed(house, body):
    dealer = await shop()
    dealer.account.plain_texts = True
    listing = await make.listing(dealer.account)
    try:
        sent = await composing.send(await dealer.scene(listing), draft(body))
    except Refused:
        return
    assert "{{" not in sent.body
    assert "}}" not in sent.body


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize(
    "wording",
    [
        "Hi {{seller.first_name}}!\r\n\r\nIs the {{vehicle.title}} still here?  ",
        "Line one\rline two\n\n\nline five",
        "é vs e\u0301, ﬁ, 🚙🇺🇸👩‍👩‍👧, “quotes”, \u200bzero width, \ttab",
        "{ single } braces and $100 <b>bold</b> & %s {0} \\n",
    ],
)
async def test_previewed_stored_and_sent_are_the_same_bytes(house, wording, plain, clock):
    dealer = await shop()
    dealer.account.plain_texts = plain
    listing = await make.listing(dealer.account, seller={"first_name": "Zoë\u0301"})
    scene = await dealer.scene(listing)
    previewed = wordings.render(wording, scene.values(), plain=plain).body
    sent = await composing.send(scene, draft(wording))
    clock.advance(minutes=1)
    (started,) = await dealer.start()
    provider = Provider()
    await provider.send(started.outgoing, started.permit)
    (taken,) = provider.taken
    stored = (await sending.again(sent)).body
    assert previewed.encode() == stored.encode() == taken.body.encode()


# The surroundings


async def test_an_old_look_at_the_sender_is_made_again_and_a_fresh_one_is_not(house, monkeypatch, clock):
    dealer = await shop()
    asked: list[str] = []

    class Listening(Provider):
        async def find_sender(self, email: str) -> Sender | None:
            asked.append(email)
            return Sender("77", "Robin", ())

    monkeypatch.setattr(senders, "adapter", lambda _: Listening())
    listing = await make.listing(dealer.account)
    assert (await dealer.scene(listing)).sender_state == SenderState.LINKED
    clock.advance(minutes=6)
    assert (await dealer.scene(listing)).sender_state == SenderState.NO_NUMBER
    assert asked == [dealer.user.email]


async def test_a_provider_that_does_not_answer_leaves_the_sender_unchecked_and_the_window_open(
    house, monkeypatch, clock
):
    class Mute(Provider):
        async def find_sender(self, email: str) -> Sender | None:
            raise ChannelError("dialpad.com was not found.", Kind.NEVER_CONNECTED)

    dealer = await shop()
    monkeypatch.setattr(senders, "adapter", lambda _: Mute())
    clock.advance(minutes=6)
    scene = await dealer.scene(await make.listing(dealer.account))
    assert scene.sender_state == SenderState.UNCHECKED
    assert (await composing.send(scene, draft())).state == State.QUEUED


async def test_a_provider_that_hangs_keeps_the_window_waiting_for_a_moment_only(house, monkeypatch, clock):
    class Hanging(Provider):
        async def find_sender(self, email: str) -> Sender | None:
            await asyncio.sleep(60)
            return None

    dealer = await shop()
    monkeypatch.setattr(senders, "adapter", lambda _: Hanging())
    monkeypatch.setattr(scenes, "PATIENCE", 0.05)
    clock.advance(minutes=6)
    async with asyncio.timeout(5):
        scene = await dealer.scene(await make.listing(dealer.account))
    assert scene.sender_state == SenderState.UNCHECKED


async def test_a_key_refused_while_composing_pauses_the_connection_and_tells_the_admins(house, monkeypatch, clock):
    class Closed(Provider):
        async def find_sender(self, email: str) -> Sender | None:
            raise ChannelError("The key is not accepted.", Kind.CONNECTION_BROKEN)

    dealer = await shop()
    boss = await make.user(dealer.account, role="admin")
    monkeypatch.setattr(senders, "adapter", lambda _: Closed())
    clock.advance(minutes=6)
    listing = await make.listing(dealer.account)
    for _ in range(2):
        scene = await dealer.scene(listing)
        with pytest.raises(GateRefused) as refused:
            await composing.send(scene, draft())
        assert refused.value.code == "no_connection"
    assert (await connections.by_id(dealer.connection.id)).state == ConnectionState.BROKEN
    mails = await house_mail.Mail.select(house_mail.Mail.recipient)
    assert [mail["recipient"] for mail in mails] == [boss.email]


async def test_without_a_connection_the_known_sentence_is_said(house):
    await plans.seed()
    account = await make.account()
    user = await make.user(account)
    scene = await scenes.of(account, user, await make.listing(account))
    with pytest.raises(GateRefused) as refused:
        await composing.send(scene, draft())
    assert refused.value.message.startswith(gate.NO_DIALPAD_CONNECTION)


# The same gate for the window and the worker


SITUATIONS = list(
    itertools.product(
        ["not_contacted", "contacted", "pass", "dnc"],
        [False, True],
        ["+15205550117", "+15550000000", ""],
        ["linked", "unlinked", "no_number"],
        [{"messaging", "dialpad"}, {"messaging"}, {"dialpad"}, set()],
    )
)


@pytest.mark.parametrize("seed", range(2))
async def test_the_window_and_the_worker_say_the_same_of_the_same_facts(house, seed):
    for situation in random.Random(seed).sample(SITUATIONS, 25):
        window, worker = await _both(*situation)
        assert window == worker, situation


async def _both(stage, opted_out, number, link, features):
    dealer = await shop(kind="dialpad", account=await make.account())
    for feature in ("messaging", "dialpad"):
        await plans.PlanFeature.update({plans.PlanFeature.included: feature in features}).where(
            plans.PlanFeature.feature == feature
        )
    plans.forget()
    listing = await make.listing(dealer.account, stage=stage, seller={"mobile": number})
    if opted_out and number:
        await make.opt_out(number, dealer.account)
    await connections.SenderLink.update(
        {
            connections.SenderLink.provider_id: "" if link == "unlinked" else sending.SENDER,
            connections.SenderLink.numbers: "" if link == "no_number" else sending.OUR_NUMBER,
        }
    ).where(connections.SenderLink.id == dealer.link.id)
    window = await composing.judge(await dealer.scene(listing), "text")
    message = await dealer.text(listing, to_address=number)
    seen: list[gate.Facts] = []
    decide = gate.decide

    def noted(facts, at):
        seen.append(facts)
        return decide(facts, at)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "decide", noted)
        await delivery.start(OWNER, await dealer.claim())
    (facts,) = seen
    assert facts.message_id == message.id
    return (
        [each.code for each in window.refusals],
        [each.code for each in decide(facts, window.at).refusals],
    )


class Mail(Provider):
    kind, channel, name = "email", "email", "Email"


class Picturing(Provider):
    @property
    def files(self):
        return replace(file_rules.TEXT_FILES, countries=frozenset({"US", "CA"}))
