"""Tables that grow are never scanned: the database explains every statement of sending, receiving and showing."""

import re
from datetime import timedelta
from typing import Any

import pytest

from domain import (
    answers,
    attachments,
    clock,
    connections,
    db,
    delivery,
    history,
    inbox,
    messages,
    number_facts,
    provider_lists,
    quotas,
    receipts,
    schedules,
    standing,
    suppressions,
    thread_names,
    vitals,
)
from domain.attachments import Attachment, AttachmentVariant, MessageAttachment
from domain.batches import canaries, ending, spam, starting
from domain.batches.tables import Batch
from domain.channels.base import Accepted, ChannelError
from domain.channels.base import Kind as Fault
from domain.messages import Message, State
from domain.suppressions import Kind, by_hand, paging
from tests import make
from tests.domain.test_batches import sender, started
from tests.sending import OWNER, Shop, again, end, put, shop, standing_of, unknown

GROWING = (
    "message",
    "message_attachment",
    "attachment",
    "attachment_variant",
    "draft_attachment",
    "template_attachment",
    "file_link",
    "attempt",
    "receipt",
    "event",
    "provider_event",
    "seller",
    "listing",
    "opt_out",
    "number_fact",
    "do_not_contact",
    "block",
    "house_mail",
)
SMALL = {
    "c",
    "connection",
    "plan_feature",
    "account",
    "installation",
    "few",
    "z",
    "due",
    "first",
    "wrote",
    "known",
    "k",
    "given",
    "CONSTANT",
    "json_each",
}  # and what a statement makes itself
# Indexes that hold only what is open now: to read one whole is what it is for.
OPEN = {
    "attachment_removed",
    "message_leased",
    "sqlite_autoindex_follow_up_1",
    "provider_event_open",
    "receipt_early",
}
SCAN = re.compile(r"SCAN (\S+)(?: USING (?:COVERING )?INDEX (\S+))?")


@pytest.fixture
def explained(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Every statement from now on, as the database gets it, with its arguments."""
    seen: dict[str, list[Any]] = {}
    kind = type(db.DB)
    run = kind.run_querystring

    async def noted(self: Any, querystring: Any, in_pool: bool = True) -> Any:
        query, arguments = querystring.compile_string(engine_type=self.engine_type)
        seen.setdefault(query, arguments)
        return await run(self, querystring, in_pool)

    monkeypatch.setattr(kind, "run_querystring", noted)
    return seen


async def a_day(dealer: Shop) -> None:
    """All that happens to messages between the window and the history."""
    listing = await make.listing(dealer.account)
    message = await dealer.text(listing)
    await delivery.due_connections(5)
    await delivery.next_due()
    file, pictured = await make.attachment(dealer.account), await dealer.text(listing)
    await MessageAttachment.insert(MessageAttachment(message=pictured.id, attachment=file.id))
    claimed = await dealer.claim()
    await delivery.look_up_senders(OWNER, claimed)
    await delivery.renew(OWNER, claimed)
    started, news = await delivery.start(OWNER, claimed)
    packed, _ = await delivery.pack(OWNER, news.with_files, connections.adapter(dealer.connection))
    await delivery.start(OWNER, list(packed), packed)
    await end(started, unknown())
    await dealer.hook(**dealer.outbound(message.to_address, message.body, id=1004))
    await dealer.hook(**dealer.outbound(message.to_address, message.body, id=1004, message_status="success"))
    await put(message, state=State.UNKNOWN)
    await messages.retry(await again(message), dealer.user, 1)
    await end(await dealer.start(), ChannelError("…", Fault.PERMANENT))
    await dealer.text(listing)
    await end(await dealer.start(), Accepted("1005"))
    await delivery.follow_up()
    await receipts.match_early()
    await delivery.sweep()
    await delivery.end_dead_leases(lambda _: True)
    await dealer.claim()
    await delivery.give_back(OWNER)
    await inbox.due()
    waits = await dealer.stored(**dealer.inbound(make.phone(), "Please stop"))
    assert await inbox.Hurry().stops() == [waits]
    await inbox.handle(waits)
    await dealer.hook(**dealer.inbound(message.to_address, "Yes"))
    await dealer.hook(**dealer.inbound(make.phone(), "Who is this?"))
    await dealer.hook(**dealer.inbound(message.to_address, "STOP"))
    await dealer.hook(**dealer.inbound(message.to_address, "START"))
    await answered(dealer, message)
    await messages.mark_responded(listing.id)
    await thread_names.due()
    await spam.look([listing.id])  # as good a name of a batch as any
    page = await history.page(listing.id)
    await history.page(listing.id, page.first)
    await history.since(listing.id, page.first)
    await history.stamp(listing.id)
    await files_that_go(dealer, file)
    await limited(dealer)
    await lists(dealer)
    await plans(dealer)
    await changed_provider(dealer)


async def answered(dealer: Shop, message: Message) -> None:
    """A stop in the seller's own words and a call for help, what a provider tells of a number, and its own list."""
    await dealer.hook(**dealer.inbound(message.to_address, "info"))
    await dealer.hook(**dealer.inbound(message.to_address, "take me off your list"))
    await dealer.hook(**dealer.inbound(message.to_address, "info"))
    to_them = (Message.account == dealer.account.id) & (Message.to_address == message.to_address)
    assert await Message.count().where(to_them & (Message.kind == "answer")) == 4
    await end(await dealer.start(), Accepted("1006"))
    await answers.expire()
    dead = await dealer.text()
    await end(await dealer.start(), ChannelError("…", Fault.PERMANENT, tells="untextable"))
    refused = await dealer.text()
    await end(await dealer.start(), ChannelError("…", Fault.PERMANENT, tells="opted_out"))
    await delivery.follow_up()
    assert await suppressions.opted_out(dealer.account.id, refused.to_address)
    assert await number_facts.clear(dealer.account.id, dead.to_address)
    await provider_lists.due()
    await provider_lists.last(dealer.connection)


async def lists(dealer: Shop) -> None:
    """Addresses go onto the lists and off them, and are looked up, listed and handed out."""
    manager, account = await make.user(dealer.account, role="manager"), dealer.account
    for kind in Kind:
        entry, _ = await by_hand.add(kind, account, manager, make.phone(), "Angry")
        await standing_of(account.id, entry.address)
        await suppressions.blocked(account.id, entry.address)
        await paging.page(kind, account.id, "US", entry.address)
        await paging.page(kind, account.id, "US", before=entry.cursor)
        await paging.page(kind, account.id, "US", lifted=True)
        assert [part async for part in paging.export(kind, account.id)]
        assert await by_hand.lift(account.id, manager, entry, "Calm again")
    await suppressions.from_provider(account.id, "text", [make.phone()], "Dialpad")
    await paging.counts(account.id)


async def plans(dealer: Shop) -> None:
    """What leaves later is listed, released, found too late, and cancelled where it is not allowed any more."""
    now = clock.now()
    for moment in (now, now - timedelta(hours=2), now + timedelta(days=1)):
        await dealer.text(state=State.PENDING, kind="scheduled", wording="Hi", scheduled_at=moment)
    filters = schedules.Filters(words="dana", first=now - timedelta(days=1), end=now + timedelta(days=2))
    for viewer in (dealer.user, await make.user(dealer.account, role="manager")):
        found = await schedules.page(viewer, filters, limit=1)
        await schedules.page(viewer, filters, found.next)
        assert (await schedules.month(viewer, filters, [now.date()], "UTC")).counts
        await schedules.counts(viewer)
    assert (await schedules.release())[1] == 1
    await dealer.account.update_self({type(dealer.account).scheduled_messages: False})
    assert len(await schedules.end_without()) == 1


async def changed_provider(dealer: Shop) -> None:
    """What waits on a connection that is gone is handed to the one that works."""
    await dealer.text()
    await dealer.connection.update_self({type(dealer.connection).state: "disconnected"})
    await make.connection(dealer.account, kind="twilio")
    assert await messages.carry_over()


async def limited(dealer: Shop) -> None:
    """Each sender may text so much a day: the worker and the window look at what left."""
    await connections.change_options(dealer.connection, dealer.user.id, segments_a_day=500)
    await dealer.text()
    assert await dealer.start()
    assert await quotas.of(await connections.by_id(dealer.connection.id), dealer.account.timezone)


async def files_that_go(dealer: Shop, file: Attachment) -> None:
    """Files nobody needs and one that is needed, looked through as every hour and as every day."""
    week_old = clock.now() - attachments.tidying.KEPT - timedelta(hours=1)
    for removed_at in (None, week_old):
        orphan = await make.attachment(dealer.account, created_at=week_old, removed_at=removed_at)
        variant = AttachmentVariant(attachment=orphan.id, most_bytes=1, sha256="0" * 64, media_type="", size=1)
        await AttachmentVariant.insert(variant)
    assert await attachments.discard(await make.attachment(dealer.account))
    assert not await attachments.discard(file)
    assert await attachments.tidy() == 3
    assert await attachments.tidy(whole=True) == 0


async def test_no_statement_of_sending_receiving_or_showing_scans_a_table_that_grows(house, explained):
    dealer = await shop()
    await Message.select(Message.id).where(Message.reason == "a word")  # does, so that the test is known to see one
    await a_day(dealer)
    statements = {query: arguments for query, arguments in explained.items() if not query.startswith("INSERT")}
    scanned = [query for query, arguments in statements.items() if await _scans(query, arguments)]
    assert [query for query in scanned if "reason" in query and "WHERE" in query] == scanned[:1]
    assert scanned[1:] == []
    assert len(statements) > 40


@pytest.mark.parametrize("state", ["stopped", "cancelled"])
async def test_what_did_not_leave_is_paged_by_an_index_in_its_order(house, explained, state):
    dealer = await shop()
    for _ in range(3):
        moment = clock.now() - timedelta(days=1)
        await dealer.text(state=State.CANCELLED, kind="scheduled", wording="Hi", scheduled_at=moment)
    manager = await make.user(dealer.account, role="manager")
    explained.clear()
    first = await schedules.page(manager, schedules.Filters(state), limit=1)
    assert len((await schedules.page(manager, schedules.Filters(state), first.next)).rows) == 2
    for query, arguments in explained.items():
        plan = await _plan(query, arguments)
        assert "message_not_left" in plan
        assert not re.search("TEMP B-TREE|Sort", plan)


@pytest.mark.parametrize("role", ["agent", "manager"])
async def test_what_waits_for_its_time_is_read_without_what_ever_was_planned(house, explained, role):
    dealer = await shop()
    batch = Batch(account=dealer.account, user=dealer.user)
    await Batch.insert(batch)
    now = clock.now()
    of_batch = {"kind": "batch", "schedule_zone": "America/Chicago", "batch": batch.id, "wording": "Hi"}
    for n in range(3):
        await dealer.text(state=State.PENDING, not_before=now + timedelta(hours=n), **of_batch)
    viewer = dealer.user if role == "agent" else await make.user(dealer.account, role=role)
    explained.clear()
    first = await schedules.page(viewer, schedules.Filters(), limit=1)
    assert len((await schedules.page(viewer, schedules.Filters(), first.next)).rows) == 2
    listed = [query for query in explained if "ORDER BY COALESCE" in query]
    assert (await schedules.month(viewer, schedules.Filters(), [now.date()], "UTC")).counts
    assert (await schedules.counts(viewer))["pending"] == 3
    assert (await vitals.of_connection(dealer.connection))["planned"] == 3
    [counted] = [query for query in explained if "GROUP BY given" in query]
    assert "listing" not in counted
    reads = {query: arguments for query, arguments in explained.items() if "schedule_zone <> ''" in query}
    assert len(reads) == 6
    for query, arguments in reads.items():
        plan = await _plan(query, arguments)
        assert "message_waits" in plan
        assert not (query in listed and re.search("TEMP B-TREE|Sort", plan))


async def test_the_last_word_of_a_long_thread_is_read_alone_and_what_was_spam_without_its_batch(house, explained):
    dealer = await shop()
    listing = await make.listing(dealer.account)
    explained.clear()
    known = standing.of_seller("l.account", "l.id")
    of_seller = f"SELECT {known} FROM listing l JOIN seller p ON p.listing = l.id WHERE l.id = {{}}"
    assert len(await Message.raw(of_seller, standing.a_day_before(clock.now()), listing.id)) == 1
    await spam.look([listing.id])  # as good a name of a batch as any
    [last_word] = [query for query in explained if "seller_unanswered" in query]
    plan = await _plan(last_word, explained[last_word])
    assert "message_by_author" in plan
    assert not re.search("ORDER BY|Sort", plan)
    [looked] = [query for query in explained if "'spam'" in query]
    plan = await _plan(looked, explained[looked])
    assert "message_spam" in plan
    assert "message_of_batch" not in plan


async def test_of_batches_under_way_what_has_to_be_done_is_read_from_indexes(house, explained, monkeypatch):
    monkeypatch.setattr(starting, "CANARY_ABOVE", 1)
    dealer = await sender()
    batch = await started(dealer, [await make.listing(dealer.account) for _ in range(9)])
    explained.clear()
    assert await ending.over() == []
    [due] = await canaries.due(clock.now())
    assert not await canaries.look(due, clock.now())
    asked = {query: arguments for query, arguments in explained.items() if "message" in query}
    assert (due.id, len(asked)) == (batch.id, 4)
    for query, arguments in asked.items():
        plan = await _plan(query, arguments)
        assert "message_of_batch_state" in plan
        assert "FROM batch b" not in query or "batch_open" in plan
        assert not re.search(r"SCAN (m|h|p|message)\b|Seq Scan|message_of_batch\b", plan)


async def _plan(query: str, arguments: list[Any]) -> str:
    if db.on_postgres():
        async with db.writing():
            connection = db.DB.current_transaction.get().connection
            for other in (
                "seqscan",
                "bitmapscan",
                "sort",
                "hashjoin",
                "mergejoin",
            ):  # what small tables are best read by
                await connection.execute(f"SET LOCAL enable_{other} = off")
            return "\n".join(row[0] for row in await connection.fetch("EXPLAIN " + query, *arguments))
    return "\n".join(
        row["detail"] for row in await db.DB._run_in_new_connection("EXPLAIN QUERY PLAN " + query, arguments)
    )


async def _scans(query: str, arguments: list[Any]) -> bool:
    if db.on_postgres():
        async with db.writing():
            # Small tables are read whole; forbidden to, it does so only where no index helps.
            connection = db.DB.current_transaction.get().connection
            await connection.execute("SET LOCAL enable_seqscan = off")
            rows = await connection.fetch("EXPLAIN " + query, *arguments)
        plan = "\n".join(row[0] for row in rows)
        return bool(re.search(rf"Seq Scan on ({'|'.join(GROWING)})\b", plan))
    rows = await db.DB._run_in_new_connection("EXPLAIN QUERY PLAN " + query, arguments)
    scans = [found.groups() for row in rows if (found := SCAN.match(row["detail"]))]
    return any(table not in SMALL and index not in OPEN for table, index in scans)
