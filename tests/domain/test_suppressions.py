"""The seller's word, our own decision, a block: each kept once an address, for the whole dealership, until lifted."""

import asyncio
import json
from dataclasses import fields
from typing import Any

import pytest

from domain import clock, db, delivery, messages, plans, suppressions
from domain.attempts import Attempt
from domain.audit import AuditEntry
from domain.consents import Consent
from domain.errors import Refused
from domain.history import Event
from domain.messages import Message, State
from domain.standing import Standing
from domain.suppressions import Block, DoNotContact, OptOut
from tests import make
from tests.sending import standing_of


async def said_stop(account, phone: str, word: str = "STOP") -> bool:
    async with db.writing():
        return await suppressions.opt_out(account.id, phone, word, None)


async def said_start(account, phone: str) -> bool:
    async with db.writing():
        return await suppressions.opt_in(account.id, phone, "START", clock.now())


async def test_stop_is_news_once_until_start(house):
    account, phone = await make.account(), make.phone()
    assert [await said_stop(account, phone), await said_stop(account, phone)] == [True, False]
    assert [await said_start(account, phone), await said_start(account, phone)] == [True, False]
    assert await said_stop(account, phone)
    assert await OptOut.count() == 2
    assert await suppressions.opted_out(account.id, phone)


async def test_the_audit_log_tells_each_stop_and_start_of_a_seller_in_their_words(house):
    account, phone = await make.account(), make.phone()
    for _ in range(2):
        await said_stop(account, phone, "no more please")
    for _ in range(2):
        await said_start(account, phone)
    where = {"address": phone, "channel": "text"}
    assert await audited() == [
        ("opt_out.added", "no more please", {**where, "source": "seller"}),
        ("opt_out.lifted", "START", where),
    ]


async def test_stop_said_at_the_same_moment_is_kept_once(house):
    account, phone = await make.account(), make.phone()
    news = await asyncio.gather(*(said_stop(account, phone) for _ in range(10)))
    assert sorted(news) == [False] * 9 + [True]
    assert await OptOut.count() == 1


async def test_an_opt_out_is_for_that_dealership_channel_and_address_alone(house):
    account, other, phone = await make.account(), await make.account(), make.phone()
    await said_stop(account, phone)
    assert not await suppressions.opted_out(other.id, phone)
    assert not await suppressions.opted_out(account.id, make.phone())
    assert not await suppressions.opted_out(account.id, phone, "email")


async def test_an_opt_out_that_was_rolled_back_was_never_said(house):
    account, phone = await make.account(), make.phone()
    try:
        async with db.writing():
            assert await suppressions.opt_out(account.id, phone, "STOP", None)
            raise OSError("the disk is full")
    except OSError:
        pass
    assert not await suppressions.opted_out(account.id, phone)


async def test_starts_of_one_dealership_do_not_wait_for_each_other_nor_for_anothers_opt_out(house):
    account, other = await make.account(), await make.account()
    begun = asyncio.Event()

    async def start(account, others_too: bool) -> None:
        async with db.writing():
            await suppressions.announce_start(account.id)
            if others_too:
                begun.set()
                await asyncio.sleep(0.3)

    first = asyncio.create_task(start(account, True))
    await begun.wait()
    if db.on_postgres():  # on SQLite write transactions follow one another
        await asyncio.wait_for(start(account, False), 0.25)
        await asyncio.wait_for(said_stop(other, make.phone()), 0.25)
        assert not first.done()
    await first


async def audited() -> list[tuple[str, str, dict[str, Any]]]:
    """(action, reason, detail) of every line of the audit trail."""
    rows = await AuditEntry.select(AuditEntry.action, AuditEntry.reason, AuditEntry.detail).order_by(AuditEntry.at)
    return [(row["action"], row["reason"], json.loads(row["detail"])) for row in rows]


async def waiting(address: str, state: State = State.QUEUED) -> Message:
    """A message that waits to leave to this address."""
    return await make.message(to_address=address, state=state)


async def ending(message: Message) -> tuple[str, str]:
    row = await messages.by_id(message.account, message.id)
    return row.state, row.code


@pytest.mark.parametrize("yes", [1, True])  # as SQLite says it, and PostgreSQL
def test_each_column_of_an_address_says_its_own_thing(yes):
    nothing = {each.name: 0 for each in fields(Standing)}
    assert Standing.of(nothing) == Standing()
    for name in nothing:
        row = {f"mobile_{column}": yes * (column == name) for column in nothing}
        assert Standing.of(row, "mobile_") == Standing(**{name: yes})
        assert type(getattr(Standing.of(row, "mobile_"), name)) is type(getattr(Standing(), name))


async def test_do_not_contact_is_one_standing_row_an_address_however_many_say_it(house):
    user, phone = await make.user(), make.phone()
    addresses = [phone, "", "Dana@Example.com", "dana@example.com"]
    told = await asyncio.gather(
        *(suppressions.dnc(user.account, addresses, "Asked on the lot", user=user) for _ in range(8))
    )
    assert sorted(told) == [0] * 7 + [2]
    rows = await DoNotContact.select(DoNotContact.address, DoNotContact.reason, DoNotContact.source)
    assert sorted(row["address"] for row in rows) == sorted([phone, "dana@example.com"])
    assert {(row["reason"], row["source"]) for row in rows} == {("Asked on the lot", "manual")}
    assert [action for action, *_ in await audited()] == ["dnc.added"] * 2
    subjects = await AuditEntry.select(AuditEntry.subject)
    assert {row["subject"] for row in subjects} == {row["id"] for row in await DoNotContact.select(DoNotContact.id)}


async def test_do_not_contact_cancels_what_waits_on_every_listing_and_nothing_else(house):
    user, phone = await make.user(), make.phone()
    pending, queued, other = (
        await waiting(phone, State.PENDING),
        await waiting(phone),
        await waiting(make.phone()),
    )
    gone = await waiting(phone, State.DELIVERED)
    await suppressions.dnc(user.account, [phone], "", source="stage", listing=queued.listing, user=user)
    assert [await ending(each) for each in (pending, queued)] == [("cancelled", "phone_dnc")] * 2
    assert [await ending(each) for each in (other, gone)] == [("queued", ""), ("delivered", "")]
    assert (await DoNotContact.select(DoNotContact.listing))[0]["listing"] == queued.listing


async def test_only_a_manager_lifts_do_not_contact_and_says_why(house):
    agent, manager, phone = await make.user(), await make.user(role="manager"), make.phone()
    await suppressions.dnc(agent.account, [phone], "Angry", user=agent)
    with pytest.raises(Refused) as refused:
        await suppressions.lift_dnc(agent.account, agent, phone, "Calm again")
    assert refused.value.code == "no_permission"
    with pytest.raises(Refused) as refused:
        await suppressions.lift_dnc(agent.account, manager, phone, " ")
    assert refused.value.field == "reason"
    assert (await standing_of(agent.account, phone)).dnc
    lifts = await asyncio.gather(
        *(suppressions.lift_dnc(agent.account, manager, phone, "Came in to sell") for _ in range(5))
    )
    assert sorted(lifts) == [False] * 4 + [True]
    assert not (await standing_of(agent.account, phone)).dnc
    [row] = await DoNotContact.objects()
    assert (row.lifted_by, row.lift_reason) == (manager.id, "Came in to sell")
    assert (await audited())[-1] == ("dnc.lifted", "Came in to sell", {"address": phone})
    assert await suppressions.dnc(agent.account, [phone], "Angry again", user=agent) == 1


async def test_a_block_needs_a_reason_and_a_manager_to_lift_it(house):
    agent, manager, support = await make.user(), await make.user(role="manager"), await make.user(role="support")
    phone = make.phone()
    queued = await waiting(phone)
    for user, reason in ((support, "Threats"), (agent, "")):
        with pytest.raises(Refused):
            await suppressions.block(agent.account, user, phone, reason)
    assert not await suppressions.blocked(agent.account, phone)
    news = await asyncio.gather(*(suppressions.block(agent.account, agent, phone, "Threats") for _ in range(5)))
    assert (sorted(news), await Block.count()) == ([False] * 4 + [True], 1)
    assert await suppressions.blocked(agent.account, phone)
    assert await ending(queued) == ("cancelled", "phone_blocked")
    with pytest.raises(Refused):
        await suppressions.unblock(agent.account, agent, phone, "It was a mistake")
    assert await suppressions.unblock(agent.account, manager, phone, "It was a mistake")
    assert not await suppressions.blocked(agent.account, phone)
    assert [action for action, *_ in await audited()] == ["block.added", "block.lifted"]


async def test_what_an_agent_heard_is_an_opt_out_of_that_channel(house):
    agent, listing = await make.user(), await make.listing()
    phone = (await make.seller_of(listing)).mobile
    queued = await waiting(phone)
    beside = await make.message(listing, channel="email", to_address="dana@mail.example", state="queued")
    with pytest.raises(Refused) as refused:
        await suppressions.agent_opt_out(agent.account, agent, phone, "text", "")
    assert refused.value.field == "reason"
    news = await asyncio.gather(
        *(
            suppressions.agent_opt_out(agent.account, agent, phone, "text", "Said so on the phone", listing.id)
            for _ in range(5)
        )
    )
    assert sorted(news) == [False] * 4 + [True]
    [row] = await OptOut.objects()
    assert (row.source, row.note, row.added_by, row.channel) == ("agent", "Said so on the phone", agent.id, "text")
    assert await ending(queued) == await ending(beside) == ("cancelled", "opted_out")
    assert await suppressions.opted_out(agent.account, phone)
    assert [row["kind"] for row in await Event.select(Event.kind)] == ["opted_out"]
    with pytest.raises(Refused, match="Choose a channel"):
        await suppressions.agent_opt_out(agent.account, agent, phone, "fax", "Heard it")


async def test_only_start_or_a_recorded_consent_lifts_an_opt_out(house):
    agent, manager = await make.user(), await make.user(role="manager")
    phone, other = make.phone(), make.phone()
    for address in (phone, other):
        await said_stop(await make.dealership(), address)
    with pytest.raises(Refused):
        await suppressions.lift_opt_out(agent.account, agent, phone, "text", "Signed form, 20 Nov")
    with pytest.raises(Refused):
        await suppressions.lift_opt_out(agent.account, manager, phone, "text", "")
    assert await Consent.count() == 0
    lifts = await asyncio.gather(
        *(suppressions.lift_opt_out(agent.account, manager, phone, "text", "Signed form, 20 Nov") for _ in range(5))
    )
    assert sorted(lifts) == [False] * 4 + [True]
    [consent] = await Consent.objects()
    assert (consent.basis, consent.address, consent.note, consent.captured_by) == (
        *("express_written", phone, "Signed form, 20 Nov"),
        manager.id,
    )
    assert not await suppressions.opted_out(agent.account, phone)
    assert await suppressions.opted_out(agent.account, other)
    action, reason, detail = (await audited())[-1]
    assert (action, reason, detail["consent"]) == ("opt_out.lifted", "Signed form, 20 Nov", str(consent.id))


async def test_a_providers_list_flows_in_once_and_cancels_what_waits(house):
    account = await make.dealership()
    phones = [make.phone() for _ in range(3)]
    await said_stop(account, phones[0])
    queued = await waiting(phones[1])
    assert await suppressions.from_provider(account.id, "text", [*phones, ""], "Dialpad") == 2
    assert await suppressions.from_provider(account.id, "text", phones, "Dialpad") == 0
    assert await ending(queued) == ("cancelled", "opted_out")
    rows = await OptOut.select(OptOut.source, OptOut.note).where(OptOut.source == "provider")
    assert rows == [{"source": "provider", "note": "On Dialpad’s own list of opt-outs."}] * 2
    assert await said_start(account, phones[1])


async def test_a_verb_within_a_transaction_ends_with_it(house):
    user, phone = await make.user(role="manager"), make.phone()
    try:
        async with db.writing():
            assert await suppressions.dnc(user.account, [phone], "", user=user) == 1
            assert await suppressions.block(user.account, user, phone, "Threats")
            raise OSError("the disk is full")
    except OSError:
        pass
    assert await standing_of(user.account, phone) == Standing()
    assert await audited() == []


async def test_where_an_address_stands_is_read_by_account_channel_and_list(house):
    user, other = await make.user(), await make.account()
    free, stopped, dnc, blocked, all_three = (make.phone() for _ in range(5))
    async with db.writing():
        for address in (stopped, all_three):
            await suppressions.opt_out(user.account, address, "STOP", None)
        await suppressions.opt_out(user.account, "dana@example.com", "no more", None, "email")
        await suppressions.opt_out(other.id, free, "STOP", None)
    await suppressions.dnc(user.account, [dnc, all_three], "", user=user)
    await suppressions.dnc(other.id, [free], "")
    for address in (blocked, all_three):
        await suppressions.block(user.account, user, address, "Threats")
    assert await standing_of(user.account, free) == Standing()
    assert await standing_of(user.account, stopped) == Standing(opted_out=True)
    assert await standing_of(user.account, stopped, "email") == Standing()
    assert await standing_of(user.account, dnc) == Standing(dnc=True)
    assert await standing_of(user.account, blocked) == Standing(blocked=True)
    assert await standing_of(user.account, all_three) == Standing(opted_out=True, dnc=True, blocked=True)
    assert await standing_of(user.account, "dana@example.com", "email") == Standing(opted_out=True)
    assert await standing_of(user.account, "dana@example.com") == Standing()


async def test_no_attempt_row_appears_after_an_address_went_onto_a_list(house):
    """Whoever starts sending first commits first; whoever comes after the list sees the message cancelled."""
    await plans.seed()
    user, phone = await make.user(), make.phone()
    connection = await make.connection()
    await make.sender_link(connection, user)
    queued = [
        await make.message(
            to_address=phone,
            state=State.CLAIMED,
            user=user,
            owner="me",
            connection=connection.id,
            lease_until=clock.now(),
        )
        for _ in range(5)
    ]
    started: list[Any] = []

    async def start(message: Message) -> None:
        begun, _ = await delivery.start("me", [message.id])
        started.extend(begun)

    await asyncio.gather(
        *(start(message) for message in queued), suppressions.dnc(user.account, [phone], "", user=user)
    )
    begun = {each.outgoing.message_id for each in started}
    assert {row["message"] for row in await Attempt.select(Attempt.message)} == begun
    for message in queued:
        state, _ = await ending(message)
        assert state == ("sending" if message.id in begun else "cancelled")
