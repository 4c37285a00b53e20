"""Messenger over the web: its hook, the thread it opens, and what each end of an answer says in the history."""

import hashlib
import hmac
import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from domain import clock, connections, delivery, house_mail, inbox, plans, resting, threads
from domain.accounts import Account
from domain.channels import facebook_errors, http
from domain.channels.base import Accepted
from domain.channels.facebook import Facebook
from domain.connections import Connection
from domain.inbox import ProviderEvent
from domain.listings import Listing
from domain.messages import Message, State
from tests import make
from tests.client import Client
from tests.sending import again, leave

PAGE, PERSON, SECRET = "102030405060708", "7020304050607081", "app-secret-77"
SECRETS = json.dumps({"page_token": "page-token", "app_secret": SECRET})
AD = "https://www.facebook.com/marketplace/item/123"


@pytest.fixture
async def connection(house: None, client: Client) -> Connection:
    await plans.seed()
    account = await make.account(facebook=True)
    options = json.dumps({"page_id": PAGE, "human_agent": "false"})
    return await make.connection(account, kind="facebook", secret=SECRETS, hook_secret="verify-me", options=options)


@pytest.fixture
async def listing(connection: Connection) -> Listing:
    """Known by Facebook alone: neither a number nor an email."""
    seller = {"first_name": "Dana", "mobile": "", "phone": "", "email": ""}
    return await make.listing(connection.account, url=AD, source="facebook", seller=seller)


def written(text: str = "Still there.", mid: str = "m_1", **message: Any) -> bytes:
    at = int(clock.now().timestamp() * 1000)
    item = {"sender": {"id": PERSON}, "recipient": {"id": PAGE}, "timestamp": at}
    item["message"] = {"mid": mid, "text": text, **message}
    return json.dumps({"object": "page", "entry": [{"id": PAGE, "time": at, "messaging": [item]}]}).encode()


async def tell(client: Client, connection: Connection, body: bytes, secret: str = SECRET) -> int:
    mac = hmac.digest(secret.encode(), body, hashlib.sha256).hex()
    headers = {"X-Hub-Signature-256": f"sha256={mac}", "Content-Type": "application/json"}
    answer = await client.post(f"/hooks/facebook/{connection.id}", content=body, headers=headers)
    for event in await inbox.due():
        await inbox.handle(event)
    return answer.status_code


async def opened(connection: Connection, listing: Listing, hours_ago: float = 1.0) -> None:
    at = clock.now() - timedelta(hours=hours_ago)
    await threads.heard(connection.account, connection.id, "facebook", PERSON, at, listing=listing.id)


def graph(monkeypatch: pytest.MonkeyPatch, status: int, said: Any, headers: dict[str, str] | None = None) -> list[Any]:
    """The Graph API answers every call like that; what it was asked."""
    asked: list[Any] = []

    async def call(method: str, url: str, **more: Any) -> http.Answer:
        asked.append((method, url, more))
        return http.Answer(status, headers or {}, json.dumps(said).encode())

    monkeypatch.setattr(http, "call", call)
    return asked


async def answered(connection: Connection, listing: Listing, user: Any, **values: Any) -> Message:
    """An answer of the user's that the worker has tried."""
    message = await make.message(
        listing,
        **{"channel": "facebook", "to_address": PERSON, "connection": connection.id, "user": user, **values},
        state=State.QUEUED,
        not_before=clock.now() - timedelta(seconds=1),
    )
    await leave(connection)
    return await again(message)


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


async def person_of(client: Client, connection: Connection, role: str = "agent") -> Client:
    return await client.signed_in(await make.user(connection.account, role=role))


async def page_of(browser: Client, listing: Listing) -> str:
    return text_of((await browser.get(f"/listings/{listing.id}")).text)


# The hook


async def test_facebook_is_answered_its_question(client: Client, connection: Connection) -> None:
    asked = "hub.mode=subscribe&hub.verify_token={}&hub.challenge=1158201444"
    url = f"/hooks/facebook/{connection.id}?{asked}"
    right = await client.get(url.format("verify-me"))
    assert (right.status_code, right.text) == (200, "1158201444")
    assert (await client.get(url.format("guess"))).status_code == 401


async def test_a_hundred_replays_are_one_message(client: Client, connection: Connection, listing: Listing) -> None:
    body = written()
    for _ in range(99):
        assert await tell(client, connection, body) == 200
    assert await tell(client, connection, written(nlp={})) == 200  # the same message in another wrapping
    assert await Message.count() == 1
    assert await ProviderEvent.count() == 1


async def test_an_event_with_half_a_character_in_its_names_is_kept_and_handled_once(
    client: Client, connection: Connection, listing: Listing
) -> None:
    assert await tell(client, connection, written(mid="m_\udfff")) == 200
    assert await Message.count() == 1
    assert await ProviderEvent.count().where(ProviderEvent.handled_at.is_null()) == 0


async def test_a_call_not_signed_by_the_app_is_refused_and_counted(client: Client, connection: Connection) -> None:
    assert await tell(client, connection, written(), "another secret") == 401
    assert (await client.post(f"/hooks/facebook/{connection.id}", content=written())).status_code == 401
    row = await Connection.objects().get(Connection.id == connection.id)
    assert row is not None
    assert row.refused_hooks == 2
    assert await ProviderEvent.count() == 0


async def test_a_message_about_an_ad_opens_its_thread_and_can_be_answered(
    client: Client, connection: Connection, listing: Listing, monkeypatch: Any
) -> None:
    share = {"type": "fallback", "payload": {"url": AD, "title": "2019 Outback"}}
    await tell(client, connection, written("Still there.", attachments=[share]))
    browser = await person_of(client, connection)
    assert "Still there." in await page_of(browser, listing)
    window = text_of((await browser.get(f"/listings/{listing.id}/sends/new")).text)
    assert "Send Facebook message to Dana" in window
    asked = graph(monkeypatch, 200, {"recipient_id": PERSON, "message_id": "m_sent"})
    message = await answered(connection, listing, browser.user, body="When can we see it?")
    assert (message.state, message.provider_id) == (State.SENT, "m_sent")
    [(method, url, more)] = asked
    assert (method, url) == ("POST", f"http://127.0.0.1:9/{PAGE}/messages")
    assert more["json"]["recipient"] == {"id": PERSON}
    assert (more["json"]["messaging_type"], more["json"]["message"]["text"]) == ("RESPONSE", "When can we see it?")


async def test_receipts_climb_and_an_echo_of_ours_is_no_second_message(
    client: Client, connection: Connection, listing: Listing, monkeypatch: Any
) -> None:
    await opened(connection, listing)
    graph(monkeypatch, 200, {"recipient_id": PERSON, "message_id": "m_sent"})
    message = await answered(connection, listing, (await person_of(client, connection)).user)
    ours = {"is_echo": True, "metadata": f"lotwire:{message.id}"}
    echo = json.loads(written(message.body, "m_sent", **ours))
    item = echo["entry"][0]["messaging"][0]
    item["sender"], item["recipient"] = item["recipient"], item["sender"]
    await tell(client, connection, json.dumps(echo).encode())
    assert await Message.count() == 1
    del item["message"]
    item |= {"sender": {"id": PERSON}, "recipient": {"id": PAGE}, "delivery": {"mids": ["m_sent"], "watermark": 1}}
    await tell(client, connection, json.dumps(echo).encode())
    assert (await again(message)).state == State.DELIVERED


async def test_what_is_typed_in_facebooks_inbox_joins_the_history(
    client: Client, connection: Connection, listing: Listing
) -> None:
    await opened(connection, listing)
    echo = json.loads(written("We come at five.", "m_app", is_echo=True))
    item = echo["entry"][0]["messaging"][0]
    item["sender"], item["recipient"] = item["recipient"], item["sender"]
    await tell(client, connection, json.dumps(echo).encode())
    [message] = await Message.objects()
    assert (message.direction, message.origin, message.listing) == ("out", "app", listing.id)
    assert "We come at five." in await page_of(await person_of(client, connection), listing)


async def test_an_unknown_answer_is_resolved_by_its_echo(
    client: Client, connection: Connection, listing: Listing, monkeypatch: Any
) -> None:
    await opened(connection, listing)
    graph(monkeypatch, 500, "nothing readable")
    message = await answered(connection, listing, (await person_of(client, connection)).user)
    assert message.state == State.UNKNOWN
    echo = json.loads(written(message.body, "m_late", is_echo=True, metadata=f"lotwire:{message.id}"))
    item = echo["entry"][0]["messaging"][0]
    item["sender"], item["recipient"] = item["recipient"], item["sender"]
    await tell(client, connection, json.dumps(echo).encode())
    message = await again(message)
    assert (message.state, message.provider_id) == (State.SENT, "m_late")


async def test_of_two_alike_the_one_that_its_echo_names_is_settled(
    client: Client, connection: Connection, listing: Listing, monkeypatch: Any
) -> None:
    await opened(connection, listing)
    graph(monkeypatch, 500, "nothing readable")
    user = (await person_of(client, connection)).user
    first, second = [await answered(connection, listing, user, body="Still there?") for _ in range(2)]
    file = {"attachments": [{"type": "image", "payload": {}}]}  # of the second only a file was heard of
    echo = json.loads(written("", "m_second", is_echo=True, metadata=f"lotwire:{second.id}", **file))
    item = echo["entry"][0]["messaging"][0]
    item["sender"], item["recipient"] = item["recipient"], item["sender"]
    await tell(client, connection, json.dumps(echo).encode())
    first, second = await again(first), await again(second)
    assert (first.state, second.state, second.provider_id) == (State.UNKNOWN, State.SENT, "m_second")
    item["message"] |= {"mid": "m_first", "text": "Still there?", "metadata": f"lotwire:{first.id}"}
    await tell(client, connection, json.dumps(echo).encode())
    first = await again(first)
    assert (first.state, first.provider_id) == (State.SENT, "m_first")
    assert await Message.count() == 2  # neither was taken for one typed in Facebook


# How each error ends


def error(code: int, subcode: int = 0) -> dict[str, Any]:
    return {"error": {"message": "Graph says so", "code": code, **({"error_subcode": subcode} if subcode else {})}}


@pytest.mark.parametrize(
    ("code", "subcode", "state", "ours", "words"),
    [
        (10, 2018278, State.FAILED, "outside_window", "Outside Facebook's 24-hour window."),
        (10, 0, State.FAILED, "10", facebook_errors.NOT_ALLOWED),
        (200, 0, State.FAILED, "200", facebook_errors.NOT_ALLOWED),
        (100, 0, State.FAILED, "100", "Graph says so"),
        (100, 1893061, State.FAILED, "100/1893061", "Facebook takes no message with this tag any more."),
        (2022, 0, State.FAILED, "2022", "Facebook has switched such messages off for this app."),
        (230, 0, State.FAILED, "thread_ended", facebook_errors.GONE),
        (551, 0, State.FAILED, "thread_ended", facebook_errors.GONE),
        (200, 2018108, State.FAILED, "thread_ended", facebook_errors.GONE),
        (10904, 0, State.FAILED, "thread_ended", facebook_errors.GONE),
        (190, 0, State.QUEUED, "190", facebook_errors.BROKEN),
        (613, 0, State.QUEUED, "613", facebook_errors.BUSY),
        (4, 0, State.QUEUED, "4", facebook_errors.BUSY),
        (1, 0, State.QUEUED, "1", facebook_errors.TROUBLE),
        (2, 0, State.QUEUED, "2", facebook_errors.TROUBLE),
        (368, 0, State.QUEUED, "368", facebook_errors.ABUSIVE),
        (10, 1893063, State.QUEUED, "10/1893063", facebook_errors.RESTRICTED),
    ],
)
async def test_each_error_ends_in_its_state_and_its_words(
    client: Client, connection: Connection, listing: Listing, monkeypatch: Any, code: int, subcode: int, state: State,
    ours: str, words: str,
) -> None:  # fmt: skip
    await opened(connection, listing)
    graph(monkeypatch, 400, error(code, subcode))
    browser = await person_of(client, connection)
    message = await answered(connection, listing, browser.user)
    assert (message.state, message.code) == (state, ours)
    assert words in await page_of(browser, listing)
    row = await Connection.objects().get(Connection.id == connection.id)
    assert row is not None
    assert row.state == ("broken" if code == 190 else "connected")
    assert bool(resting.until(row)) == (code == 368 or subcode == 1893063)
    thread = await threads.SellerThread.objects().first()
    assert thread is not None
    assert bool(thread.ended_at) == (ours == "thread_ended")


@pytest.mark.parametrize(("code", "state", "rests"), [(190, "broken", False), (368, "connected", True)])
async def test_what_is_said_of_the_page_after_the_words_left_is_heeded(
    client: Client, connection: Connection, listing: Listing, monkeypatch: Any, code: int, state: str, rests: bool
) -> None:
    await opened(connection, listing)
    trouble = facebook_errors.refusal(400, error(code), {})

    async def send(self: Any, outgoing: Any, permit: Any) -> Accepted:
        permit.spend(outgoing)
        return Accepted("m_sent", "sent", "The message left, but not with it: front.png", PAGE, trouble)

    monkeypatch.setattr(Facebook, "send", send)
    message = await answered(connection, listing, (await person_of(client, connection)).user)
    assert (message.state, message.reason) == (State.SENT, "The message left, but not with it: front.png")
    row = await Connection.objects().get(Connection.id == connection.id)
    assert row is not None
    assert (row.state, bool(resting.until(row))) == (state, rests)


async def test_nothing_leaves_to_a_person_who_is_gone_until_they_write_again(
    client: Client, connection: Connection, listing: Listing, monkeypatch: Any, clock: Any
) -> None:
    await opened(connection, listing)
    graph(monkeypatch, 400, error(551))
    browser = await person_of(client, connection)
    await answered(connection, listing, browser.user)
    window = f"/listings/{listing.id}/sends/new"
    assert "Write it yourself on Facebook" in text_of((await browser.get(window)).text)
    clock.advance(seconds=60)
    await tell(client, connection, written("Here I am again."))
    assert "Write it yourself on Facebook" not in text_of((await browser.get(window)).text)


async def test_a_page_that_rests_sends_nothing_tells_its_admins_once_and_goes_on_by_itself(
    client: Client, connection: Connection, listing: Listing, monkeypatch: Any, clock: Any
) -> None:
    told: list[str] = []

    async def mail(to: str, subject: str, body: str) -> None:
        told.append(f"{subject}: {body}")

    monkeypatch.setattr(house_mail, "send", mail)
    await opened(connection, listing)
    browser = await person_of(client, connection, "admin")
    graph(monkeypatch, 400, error(368))
    for _ in range(2):
        await answered(connection, listing, browser.user)
    assert len(told) == 1
    assert facebook_errors.ABUSIVE in told[0]
    just_written = {"channel": "facebook", "to_address": PERSON, "connection": connection.id, "state": State.QUEUED}
    await make.message(listing, not_before=clock.now(), **just_written)
    assert await delivery.due_connections(10) == {}
    page = text_of((await browser.get("/apps/facebook")).text)
    assert facebook_errors.ABUSIVE in page
    assert "asked for a pause" in page
    clock.advance(days=1, seconds=1)
    assert await delivery.due_connections(10) == {connection.id: 3}
    assert "asked for a pause" not in text_of((await browser.get("/apps/facebook")).text)


async def test_an_admin_who_checks_the_connection_ends_its_rest(
    client: Client, connection: Connection, monkeypatch: Any
) -> None:
    await resting.rest(connection.id, 3600, facebook_errors.RESTRICTED)
    graph(monkeypatch, 200, {"id": PAGE, "name": "Harbor Motors"})
    browser = await person_of(client, connection, "admin")
    assert (await browser.submit("/apps/facebook/tests")).status_code == 200
    row = await Connection.objects().get(Connection.id == connection.id)
    assert row is not None
    assert resting.until(row) is None


async def test_the_window_says_when_a_page_that_rests_goes_on(
    client: Client, connection: Connection, listing: Listing
) -> None:
    await opened(connection, listing)
    browser = await person_of(client, connection)
    typed = {"nonce": "n-1", "channel": "facebook", "body": "Still there?"}
    url = f"/listings/{listing.id}/sends/preview"
    assert "asked for a pause" not in (await browser.submit(url, typed, htmx=True)).text
    await resting.rest(connection.id, 3600, facebook_errors.RESTRICTED)
    page = text_of((await browser.submit(url, typed, htmx=True)).text)
    assert "Its provider asked for a pause. It leaves after" in page
    assert "Dana may be written to" in page


# Late answers


@pytest.mark.parametrize(
    ("hours", "granted", "kind", "state", "said"),
    [
        (23, "false", "one_to_one", State.SENT, {"messaging_type": "RESPONSE"}),
        (30, "true", "one_to_one", State.SENT, {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}),
        (30, "false", "one_to_one", State.FAILED, None),
        (30, "true", "scheduled", State.FAILED, None),
        (30, "true", "automated", State.FAILED, None),
        (24 * 7 + 1, "true", "one_to_one", State.FAILED, None),
    ],
)
async def test_the_worker_tags_a_persons_late_answer_and_nothing_else(
    client: Client, connection: Connection, listing: Listing, monkeypatch: Any, hours: float, granted: str, kind: str,
    state: State, said: dict[str, str] | None,
) -> None:  # fmt: skip
    options = json.dumps({"page_id": PAGE, "human_agent": granted})
    await connection.update_self({Connection.options: options})
    await opened(connection, listing, hours)
    asked = graph(monkeypatch, 200, {"recipient_id": PERSON, "message_id": "m_sent"})
    browser = await person_of(client, connection)
    plan = {"scheduled_at": clock.now()} if kind == "scheduled" else {}
    message = await answered(connection, listing, browser.user, kind=kind, **plan)
    assert message.state == state
    sent = [each[2]["json"] for each in asked]
    assert [{name: each[name] for name in ("messaging_type", "tag") if name in each} for each in sent] == (
        [said] if said else []
    )
    if state == State.FAILED:
        assert message.code == "outside_window"
        page = await page_of(browser, listing)
        assert "Outside Facebook's 24-hour window." in page
        assert "Write to them on Facebook yourself, or answer once they write again." in page


async def admin_of(client: Client, connection: Connection) -> Client:
    return await person_of(client, connection, "admin")


async def test_a_test_goes_to_a_conversation_in_which_somebody_wrote_test_and_to_no_other(
    client: Client, connection: Connection, listing: Listing, monkeypatch: Any, count_queries: Any
) -> None:
    admin = await admin_of(client, connection)
    assert "write the one word TEST to your Page" in text_of((await admin.get("/apps/facebook")).text)
    assert (await admin.submit("/apps/facebook/trials")).status_code == 422
    await tell(client, connection, written("Is anybody there?", "m_0"))
    assert "write the one word TEST" in text_of((await admin.get("/apps/facebook")).text)
    await tell(client, connection, written(" Test ", "m_1"))
    with count_queries() as queries:
        page = text_of((await admin.get("/apps/facebook")).text)
    assert queries.count <= 8
    assert "who wrote TEST" in page
    asked = graph(monkeypatch, 200, {"recipient_id": PERSON, "message_id": "m_9"})
    assert (await admin.submit("/apps/facebook/trials", {"to": "7020304050607099"})).status_code == 422
    answer = await admin.submit("/apps/facebook/trials", {"to": PERSON})
    assert answer.status_code == 200
    assert "Facebook Messenger took the test" in text_of(answer.text)
    [(_, _, call)] = asked
    assert call["json"]["recipient"] == {"id": PERSON}
    assert call["json"]["messaging_type"] == "RESPONSE"
    assert call["json"]["message"]["text"].startswith("TEST from Lotwire")
    assert (await Message.objects().get(Message.kind == "test")).state == State.SENT


async def test_a_sellers_conversation_and_one_of_yesterday_take_no_test(
    client: Client, connection: Connection, listing: Listing, clock: Any
) -> None:
    admin = await admin_of(client, connection)
    await tell(client, connection, written("TEST"))
    await threads.belongs(connection.account, "facebook", PERSON, listing.id)
    assert (await admin.submit("/apps/facebook/trials", {"to": PERSON})).status_code == 422
    await threads.SellerThread.update({threads.SellerThread.listing: None}).where(
        threads.SellerThread.address == PERSON
    )
    clock.advance(hours=25)
    answer = await admin.submit("/apps/facebook/trials", {"to": PERSON})
    assert answer.status_code == 422
    assert not await Message.exists().where(Message.kind == "test")


async def test_who_connects_facebook_can_answer_by_it_and_a_switch_that_is_off_is_told(
    client: Client, house: None, monkeypatch: Any
) -> None:
    graph(monkeypatch, 200, {"id": PAGE, "name": "Harbor Motors", "success": True})
    account = await make.account(facebook=False)
    await plans.seed()
    browser = await client.signed_in(await make.user(account, role="admin"))
    given = {"page_id": PAGE, "page_token": "page-token", "app_secret": SECRET}
    await connections.connect(account.id, None, "facebook", given)
    listing = await make.listing(account, url=AD, source="facebook")
    window = f"/listings/{listing.id}/sends/new"
    assert "Facebook" in text_of((await browser.get(window)).text)
    assert "switched off for your dealership" not in (await browser.get("/apps/facebook")).text
    await Account.update({Account.facebook: False}).where(Account.id == account.id)
    assert "switched off for your dealership" in (await browser.get("/apps/facebook")).text
    assert "Connected, switched off" in (await browser.get("/apps")).text


async def test_the_apps_say_that_a_connection_rests_and_how_many_messages_one_that_is_gone_holds(
    client: Client, connection: Connection, listing: Listing, monkeypatch: Any
) -> None:
    browser = await person_of(client, connection, "admin")
    await resting.rest(connection.id, 3600, facebook_errors.RESTRICTED)
    assert "Paused until 24 Nov 2026, 12:00 PM" in (await browser.get("/apps")).text
    await make.message(
        listing, channel="facebook", to_address=PERSON, connection=connection.id, state=State.QUEUED, user=browser.user
    )
    graph(monkeypatch, 200, {"success": True})
    assert (await browser.submit("/apps/facebook/connections/deletion")).status_code == 303
    assert "1 message waits and leaves once Facebook Messenger is connected again." in text_of(
        (await browser.get("/apps/facebook")).text
    )


async def test_a_stop_on_messenger_cancels_what_waits_by_every_other_way_and_lets_none_begin(
    client: Client, connection: Connection
) -> None:
    listing = await make.listing(connection.account, url=AD, source="facebook", seller={"email": "dana@mail.example"})
    await opened(connection, listing)
    waiting = [
        await make.message(listing, state=State.QUEUED),
        await make.message(
            listing, state=State.PENDING, kind="scheduled", channel="email", stays_on_reply=True, wording="Hi"
        ),
    ]
    await tell(client, connection, written("Please stop writing to me", "m_7"))
    for each in waiting:
        ended = await again(each)
        assert (ended.state, ended.code) == (State.CANCELLED, "opted_out")
    agent = await person_of(client, connection)
    page = text_of((await agent.get(f"/listings/{listing.id}/permissions")).text)
    assert "Text to their mobile" in page
    assert page.count("This seller asked not to get messages.") >= 2  # by text and by email
