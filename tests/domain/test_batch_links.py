"""Files of a batch that cannot go along: the look counts and shows what leaves, each seller has links of their own."""

import re
from typing import Any

import pytest

from domain import attachments, text
from domain.attachments import FileLink, MessageAttachment
from domain.audit import AuditEntry
from domain.batches import expanding, reading, starting
from domain.channels.registry import CHANNELS
from domain.file_rules import TEXT_FILES
from domain.messages import Message
from tests import make
from tests.domain.test_batches import draft, leave, listings, look, sender, started
from tests.sending import Shop

LINE = "Reply STOP to opt out"
LINK = re.compile(r"https://cars\.example/files/[0-9a-f-]{36}/[\w-]{43}/[\w%.-]+", re.ASCII)


@pytest.fixture(autouse=True)
def _reachable(configure: Any) -> None:
    configure(LOTWIRE_PUBLIC_URL="https://cars.example")


async def papers(dealer: Shop) -> tuple[Any, ...]:
    """Two files no text takes."""
    names = ("Inspection 1.pdf", "Überblick.pdf")
    files = [await make.attachment(dealer.account, name=name, media_type="application/pdf") for name in names]
    return tuple(each.id for each in files)


async def test_the_look_counts_and_shows_the_links_that_leave_above_the_opt_out_line(house: None) -> None:
    dealer = await sender()
    batch = await draft(dealer, await listings(dealer, 3), files=await papers(dealer), file_choice="link")
    summary = await look(dealer, batch)
    assert summary.channels == {"text": 3}
    shown = await reading.sample(batch, dealer.account, dealer.user, summary, 1)
    assert shown
    assert await starting.start(batch, dealer.account, dealer.user, batch.revision, summary)
    await expanding.expand(batch.id)
    assert await leave(dealer) == 3
    rows = await Message.select(Message.body, Message.segments, Message.listing).where(Message.batch == batch.id)
    assert summary.segments == sum(text.measure(row["body"]).segments for row in rows) == 3 * rows[0]["segments"]
    for row in rows:
        words, one, other, last = row["body"].split("\n")
        assert (words, last) == ("Hi Dana, is your 2019 Subaru Outback still for sale?", LINE)
        assert all(LINK.fullmatch(each) for each in (one, other))
        assert one.endswith("/Inspection%201.pdf")
        for link in attachments.links_in(row["body"]):
            [found] = await FileLink.select(FileLink.listing).where(FileLink.id == link)
            assert found["listing"] == row["listing"]
    assert len({link for row in rows for link in attachments.links_in(row["body"])}) == 6
    assert [len(each) for each in shown.letter.body.split("\n")] == [len(each) for each in rows[0]["body"].split("\n")]


async def test_what_is_too_long_with_its_links_is_said_before_it_leaves(house: None) -> None:
    dealer = await sender()
    words: dict[str, Any] = {"files": await papers(dealer), "wording": "x" * 1460}
    batch = await draft(dealer, await listings(dealer, 1), file_choice="link", **words)
    assert (await look(dealer, batch)).codes == {"too_long": 1}
    without = await draft(dealer, await listings(dealer, 1), file_choice="without", **words)
    assert (await look(dealer, without)).codes == {}


async def test_files_that_can_go_along_do_and_are_no_links(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CHANNELS["simulator"], "files", TEXT_FILES)
    dealer = await sender()
    picture = await make.attachment(dealer.account)
    batch = await draft(dealer, await listings(dealer, 1), files=(picture.id,), file_choice="link")
    summary = await look(dealer, batch)
    shown = await reading.sample(batch, dealer.account, dealer.user, summary, 1)
    assert shown
    assert "/files/" not in shown.letter.body
    assert await starting.start(batch, dealer.account, dealer.user, batch.revision, summary)
    await expanding.expand(batch.id)
    [row] = await MessageAttachment.select()
    assert (row["attachment"], row["link"], await FileLink.count()) == (picture.id, None, 0)


async def test_links_of_many_sellers_cost_no_more_statements_than_those_of_one(house: None, count_queries: Any) -> None:
    dealer = await sender()
    files = await papers(dealer)
    counts = []
    for number in (1, 7):
        batch = await draft(dealer, await listings(dealer, number), files=files, file_choice="link")
        summary = await look(dealer, batch)
        assert await starting.start(batch, dealer.account, dealer.user, batch.revision, summary)
        with count_queries() as queries:
            await expanding.expand(batch.id)
        counts.append(queries.count)
    assert counts[0] == counts[1]
    assert await MessageAttachment.count().where(MessageAttachment.link.is_not_null()) == 16
    assert await AuditEntry.count().where(AuditEntry.action == "file.shared") == 16


async def test_of_a_batch_without_words_the_links_are_the_message(house: None) -> None:
    dealer = await sender()
    words: dict[str, Any] = {"wording": "", "files": await papers(dealer), "opt_out_line": False, "file_choice": "link"}
    batch = await started(dealer, await listings(dealer, 1), **words)
    assert await leave(dealer) == 1
    [row] = await Message.select(Message.body).where(Message.batch == batch.id)
    assert all(LINK.fullmatch(each) for each in row["body"].split("\n"))


async def test_the_stand_in_of_a_link_is_as_long_as_the_link_and_opens_nothing(house: None, configure: Any) -> None:
    file = await make.attachment(name="Überführung & 1.txt")
    link = await attachments.share(file, None, await make.user())
    real, counted = attachments.url(link, file), attachments.stand_in(file)
    assert (len(real), text.measure(real)) == (len(counted), text.measure(counted))
    assert real != counted
