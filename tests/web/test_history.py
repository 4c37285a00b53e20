"""The Communication History over HTTP: what an open page fetches to stay fresh."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from domain import address_marks, clock, email_bodies, history, plans
from domain.attachments import Attachment, FileLink, MessageAttachment
from domain.batches.tables import Batch
from domain.inbox import IncomingFile, ProviderEvent
from domain.messages import Message
from tests import make
from tests.client import Client
from tests.conftest import MORNING


@pytest.fixture(autouse=True)
async def _plans(house: None) -> None:
    await plans.seed()


def refresh_url(html: str) -> str:
    """Where the log of this page asks for what is new."""
    found = re.search(r'<ol class="log"[^>]*hx-get="([^"]+)"', html)
    assert found, html
    return unescape(found[1])


async def test_what_a_provider_tells_late_appears_on_an_open_page(agent_client: Client) -> None:
    listing = await make.listing(agent_client.user.account)
    await make.message(listing, body="Is it still there?", user=agent_client.user)
    page = await agent_client.get(f"/listings/{listing.id}")
    await make.message(listing, direction="in", body="Yes it is", at=clock.now() - timedelta(hours=1))
    answer = await agent_client.get_fragment(refresh_url(page.text))
    assert "Yes it is" in answer.text
    assert answer.text.index("Yes it is") < answer.text.index("Is it still there?")


async def test_an_open_page_with_earlier_entries_left_out_refreshes_only_what_it_shows(agent_client: Client) -> None:
    listing = await make.listing(agent_client.user.account)
    for n in range(history.PAGE + 1):
        at = clock.now() - timedelta(minutes=history.PAGE - n)
        await make.message(listing, body=f"Number {n}.", at=at, user=agent_client.user)
    page = await agent_client.get(f"/listings/{listing.id}")
    await make.message(listing, direction="in", body="Newest", at=clock.now())
    answer = await agent_client.get_fragment(refresh_url(page.text))
    assert "Newest" in answer.text
    assert "Number 1." in answer.text
    assert "Number 0." not in answer.text


async def test_a_plan_without_messaging_is_refused_the_history_at_every_address(agent_client: Client) -> None:
    account = await make.account(tier="standard")
    listing = await make.listing(account)
    await make.message(listing, direction="in", body="Yes it is")
    async with await agent_client.signed_in(await make.user(account)) as standard:
        for place in ("history", "history/latest", "stream"):
            answer = await standard.get(f"/listings/{listing.id}/{place}")
            assert answer.status_code == 422, place
            assert "Compare plans" in answer.text
            assert "Yes it is" not in answer.text
        assert (await standard.submit(f"/listings/{listing.id}/responses", {})).status_code == 422
        assert (await standard.get("/unmatched")).status_code == 422


# Files and emails


def entry(html: str, message: Message) -> str:
    """What the history shows of one message."""
    found = re.search(rf'<li class="msg[^>]*id="message-{message.id}">.*?</article>', html, re.DOTALL)
    assert found, html
    return found[0]


async def went_along(message: Message, *files: Attachment, link: FileLink | None = None) -> None:
    for position, file in enumerate(files):
        row = MessageAttachment(message=message.id, attachment=file.id, link=link.id if link else None)
        row.position = position
        await MessageAttachment.insert(row)


async def shared(file: Attachment, **values: object) -> FileLink:
    link = FileLink(account=file.account, attachment=file.id, **values)
    link.expires_at = values.get("expires_at") or clock.now() + timedelta(days=30)
    await FileLink.insert(link)
    return link


async def test_a_message_shows_its_files_in_order_with_picture_name_and_size(agent_client: Client) -> None:
    message = await make.message(user=agent_client.user)
    picture = await make.attachment(name="front <1>.jpg", thumb=True, size=1_230_000)
    report = await make.attachment(name="report.pdf", media_type="application/pdf", size=64_000)
    await went_along(message, picture, report)
    shown = entry((await agent_client.get(f"/listings/{message.listing}")).text, message)
    assert f'<a href="/attachments/{picture.id}"><img src="/attachments/{picture.id}?size=thumb"' in shown
    assert f'<a href="/attachments/{report.id}">' in shown
    assert shown.index("front &lt;1&gt;.jpg") < shown.index("1.2 MB") < shown.index("report.pdf") < shown.index("64 KB")
    assert "Revoke" not in shown


async def test_a_file_whose_bytes_were_taken_away_keeps_its_name(agent_client: Client) -> None:
    message = await make.message(user=agent_client.user)
    file = await make.attachment(name="front.jpg", thumb=True, removed_at=clock.now())
    await went_along(message, file)
    shown = entry((await agent_client.get(f"/listings/{message.listing}")).text, message)
    assert "front.jpg" in shown
    assert "no longer stored" in shown
    assert f"/attachments/{file.id}" not in shown


@pytest.mark.parametrize(
    ("values", "told", "revocable"),
    [
        ({}, "Link not opened yet, works until", True),
        ({"opened": 1}, "Link opened once, works until", True),
        ({"opened": 4}, "Link opened 4 times, works until", True),
        ({"opened": 4, "revoked_at": MORNING}, "Link opened 4 times, revoked", False),
        ({"expires_at": MORNING - timedelta(days=1)}, "Link not opened yet, expired", False),
    ],
)
async def test_a_file_sent_as_a_link_tells_what_became_of_it(
    agent_client: Client, values: dict[str, object], told: str, revocable: bool
) -> None:
    message = await make.message(user=agent_client.user)
    file = await make.attachment()
    link = await shared(file, **values)
    await went_along(message, file, link=link)
    shown = entry((await agent_client.get(f"/listings/{message.listing}")).text, message)
    assert told in shown
    assert (f'action="/links/{link.id}/revocation"' in shown) == revocable


async def test_a_link_is_revoked_from_the_history(agent_client: Client) -> None:
    message = await make.message(user=agent_client.user)
    file = await make.attachment()
    link = await shared(file, listing=message.listing)
    await went_along(message, file, link=link)
    answer = await agent_client.submit(f"/links/{link.id}/revocation", {}, htmx=True)
    assert "history-changed" in answer.headers["hx-trigger"]
    shown = entry((await agent_client.get(f"/listings/{message.listing}")).text, message)
    assert "revoked" in shown
    assert "Revoke" not in shown


async def test_support_sees_the_files_and_cannot_revoke(agent_client: Client) -> None:
    message = await make.message(user=agent_client.user)
    file = await make.attachment()
    await went_along(message, file, link=await shared(file))
    async with await agent_client.signed_in(await make.user(role="support")) as support:
        shown = entry((await support.get(f"/listings/{message.listing}")).text, message)
    assert "front.jpg" in shown
    assert "Revoke" not in shown


async def test_files_cost_a_history_one_query_and_none_where_there_are_none(
    agent_client: Client, count_queries: Any
) -> None:
    plain, listing = await make.listing(), await make.listing()
    for _ in range(20):
        await make.message(plain, user=agent_client.user)
        await went_along(await make.message(listing, user=agent_client.user), await make.attachment())
    counts = []
    for each in (plain, listing):
        await agent_client.get(f"/listings/{each.id}/history/latest")
        with count_queries() as queries:
            answer = await agent_client.get(f"/listings/{each.id}/history/latest")
        assert answer.text.count('class="msg out"') == 20
        counts.append(queries.count)
    assert counts[1] == counts[0] + 1
    with count_queries() as queries:
        await agent_client.get(f"/listings/{listing.id}")
    assert queries.count <= 8, queries.statements


async def test_it_may_be_tried_again_where_that_can_succeed(agent_client: Client) -> None:
    listing = await make.listing(agent_client.user.account)
    said = {"user": agent_client.user, "state": "failed", "reason": "Dialpad says: Not found.", "code": "404"}
    known = await make.message(listing, **said)
    gone = await make.message(listing, channel="email", to_address="dana@gone.example", **said)
    await address_marks.bounced(listing.account, "dana@gone.example", "550 No such user")
    lost = await make.message(listing, **{**said, "state": "unknown"})
    page = (await agent_client.get(f"/listings/{listing.id}")).text
    assert "Try again, or write another way." in entry(page, known)
    assert "deeds" in entry(page, known)
    assert "deeds" not in entry(page, gone)
    assert "Correct the address, or write another way." in entry(page, gone)
    assert "Send again" in entry(page, lost)

    await make.opt_out(known.to_address, listing.account)
    page = (await agent_client.get(f"/listings/{listing.id}")).text
    assert "Only the seller&#39;s START lifts that." in entry(page, known)
    assert "Mark as sent" in entry(page, lost)
    assert "deeds" not in entry(page, known)
    assert "Send again" not in entry(page, lost)


@pytest.mark.parametrize(("kind", "name"), [("twilio", "Twilio"), ("dialpad", "Dialpad")])
async def test_a_text_of_unknown_fate_says_where_to_look_for_it(agent_client: Client, kind: str, name: str) -> None:
    connection = await make.connection(agent_client.user.account, kind=kind)
    said = {"state": "unknown", "reason": "It broke.", "connection": connection.id}
    message = await make.message(await make.listing(agent_client.user.account), **said, user=agent_client.user)
    page = (await agent_client.get(f"/listings/{message.listing}")).text
    assert f"Look in {name}, or ask the seller" in entry(page, message)


async def test_an_email_is_a_card_with_its_subject_and_the_links_of_its_text(agent_client: Client) -> None:
    body = "Hi Dana,\n\nsee https://harbor.example/a?b=1&c=2 <b>now</b>.\n\n-- \nRobin"
    message = await make.message(user=agent_client.user, channel="email", subject="Your <Outback>", body=body)
    shown = entry((await agent_client.get(f"/listings/{message.listing}")).text, message)
    assert "<h4>Your &lt;Outback&gt;</h4>" in shown
    assert email_bodies.as_html(body) in shown
    assert '<a href="https://harbor.example/a?b=1&amp;c=2"' in shown
    assert "<b>now</b>" not in shown


async def test_an_answer_by_itself_is_marked_system_and_offers_nothing(agent_client: Client) -> None:
    listing = await make.listing(agent_client.user.account)
    for state in ("queued", "expired", "failed", "unknown"):
        values = {"kind": "answer", "author_kind": "system", "state": state, "user": agent_client.user}
        await make.message(listing, body=f"You will get no more texts: {state}.", reason="It was too late.", **values)
    page = (await agent_client.get(f"/listings/{listing.id}/history")).text
    log = page[page.index('<ol class="log"') :]
    assert log.count("<b>System</b>") == 4
    assert agent_client.user.name not in log
    for words in ("Try again", "Send again", "Mark as sent"):
        assert words not in log
    assert "Not sent: its time was over" in log
    assert "It was too late." in log


# What waits, and what will not leave

WORDING = "Hi {{seller.first_name}}, is your {{vehicle.title}} still for sale?"
AS_IT_READS = "Hi Dana, is your 2019 Subaru Outback still for sale?"


async def of_batch(client: Client, listing: Any, **values: Any) -> Message:
    """One recipient of a batch that has not left: its wording, and no words yet."""
    said = {"kind": "batch", "body": "", "wording": WORDING, "user": client.user, "at": clock.now() - timedelta(days=2)}
    return await make.message(listing, **{**said, **values})


async def test_what_it_waits_for_now_is_not_told_as_of_before(agent_client: Client) -> None:
    listing = await make.listing()
    said = {"reason": "Held, because leads leave by Email.", "state": "queued", "attempts": 1}
    waits = await make.message(listing, code="no_connection", **said)
    failed = await make.message(listing, code="broken", **said)
    page = (await agent_client.get(f"/listings/{listing.id}")).text
    assert "Held, because" in entry(page, waits)
    assert "Tried before" not in entry(page, waits)
    assert "Tried before: Held, because" in entry(page, failed)


async def test_what_its_batch_holds_stands_at_the_end_as_it_would_read(agent_client: Client) -> None:
    listing = await make.listing()
    held = await of_batch(agent_client, listing, state="pending")
    plan = await of_batch(agent_client, listing, state="pending", scheduled_at=clock.now() + timedelta(days=1))
    put_off = await of_batch(agent_client, listing, state="queued", not_before=clock.now() + timedelta(hours=3))
    await Message.update({Message.reason: "It is night there."}).where(Message.id == put_off.id)
    newest = await make.message(listing, direction="in", body="Newest answer")
    page = (await agent_client.get(f"/listings/{listing.id}")).text
    order = [page.index(f'id="message-{each.id}"') for each in (newest, put_off, plan, held)]
    assert order == sorted(order)
    assert "{{" not in entry(page, held)
    for each, said in (
        (held, "Waits for its batch"),
        (plan, "Scheduled for Wed 25 Nov"),
        (put_off, "Leaves Tue 24 Nov"),
    ):
        assert AS_IT_READS in entry(page, each)
        assert said in entry(page, each)
    assert "It is night there." in entry(page, put_off)
    assert "Tried before" not in entry(page, put_off)
    assert "<time" not in entry(page, held), "when it leaves its batch alone knows"
    assert "<h3>Later</h3>" in page
    assert AS_IT_READS in (await agent_client.get(f"/listings/{listing.id}/history")).text
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


async def test_what_was_cancelled_does_not_look_like_what_was_sent(agent_client: Client) -> None:
    listing = await make.listing()
    cancelled = await of_batch(agent_client, listing, state="cancelled", reason="The batch was stopped.")
    sent = await make.message(listing, user=agent_client.user)
    page = (await agent_client.get(f"/listings/{listing.id}")).text
    assert f'class="msg out later" id="message-{cancelled.id}"' in page
    assert f'class="msg out" id="message-{sent.id}"' in page
    assert f"<del>{AS_IT_READS}</del>" in entry(page, cancelled)
    assert "<del>" not in entry(page, sent)


async def test_the_batch_mark_leads_to_the_batch_for_those_who_may_see_it(
    client: Client, agent_client: Client, manager_client: Client
) -> None:
    batch = Batch(account=manager_client.user.account, user=manager_client.user, wording=WORDING)
    await Batch.insert(batch)
    message = await of_batch(manager_client, await make.listing(), state="pending", batch=batch.id)
    where = f"/listings/{message.listing}"
    assert f'href="/batches/{batch.id}"' in entry((await manager_client.get(where)).text, message)
    seen = entry((await agent_client.get(where)).text, message)
    assert "Batch" in seen
    assert "/batches/" not in seen


async def test_with_files_and_what_waits_the_page_asks_the_database_at_most_eight_times(
    manager_client: Client, count_queries: Any
) -> None:
    listing = await make.listing()
    colleague = await make.user(role="manager")
    await went_along(await make.message(listing, user=manager_client.user), await make.attachment())
    for person in (manager_client.user, colleague):
        await of_batch(manager_client, listing, state="pending", user=person)
    for path in (f"/listings/{listing.id}", f"/listings/{listing.id}/history/latest"):
        await manager_client.get(path)
        with count_queries() as queries:
            assert AS_IT_READS in (await manager_client.get(path)).text
        assert queries.count <= 8, queries.statements


async def test_a_file_that_did_not_arrive_is_named_with_what_became_of_it(
    agent_client: Client, count_queries: Any
) -> None:
    listing = await make.listing(agent_client.user.account)
    message = await make.message(listing, direction="in", body="")
    event = ProviderEvent(connection=(await make.connection(agent_client.user.account)).id, event_key="e", payload="{}")
    await ProviderEvent.insert(event)
    for n, (name, state, problem) in enumerate(
        [
            ("front.jpg", "waiting", ""),
            ("winmail.dat", "refused", "Lotwire does not take such files."),
            ("", "refused", ""),
        ]
    ):
        values = {"position": n, "origin": "1", "name": name, "state": state, "problem": problem}
        await IncomingFile.insert(IncomingFile(message=message.id, event=event.id, **values))
    await agent_client.get(f"/listings/{listing.id}")
    with count_queries() as queries:
        answer = await agent_client.get(f"/listings/{listing.id}")
    assert queries.count <= 8, queries.statements
    page = " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())
    assert "front.jpg on its way." in page
    assert "winmail.dat Lotwire does not take such files." in page
    assert "A file It could not be fetched." in page


@pytest.mark.parametrize(
    ("connection", "says"),
    [
        ({"state": "disconnected"}, "Held, because Dialpad is not connected. It leaves once it is connected again"),
        ({"state": "broken"}, "Held, because Dialpad refused your dealership&#39;s key. It leaves once that is mended"),
        (
            {"rests_until": MORNING + timedelta(hours=2)},
            "Dialpad asked for a pause. It leaves after 24 Nov 2026, 1:00 PM.",
        ),
        ({"rests_until": MORNING - timedelta(hours=2)}, ""),
        ({}, ""),
    ],
    ids=["gone", "broken", "rests", "rested", "well"],
)
async def test_what_waits_for_its_connection_says_so(
    agent_client: Client, connection: dict[str, Any], says: str
) -> None:
    listing = await make.listing(agent_client.user.account)
    by = await make.connection(agent_client.user.account, **connection)
    message = await make.message(listing, state="queued", connection=by.id, user=agent_client.user)
    await make.message(listing, state="delivered", connection=by.id, user=agent_client.user)
    page = (await agent_client.get(f"/listings/{listing.id}")).text
    shown = entry(page, message)
    assert says in shown
    assert ("Held" in shown or "a pause" in shown) == bool(says)
    assert page.count("Held, because") + page.count("asked for a pause") == (1 if says else 0)
