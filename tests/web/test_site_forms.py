"""How an administrator says by what way each site's form is reached, and what a message by it becomes."""

import asyncio
import json
import re
from html import unescape
from typing import Any

import pytest

from domain import clock, connections, plans, site_forms
from domain.audit import AuditEntry
from domain.channels import form_posts, http
from domain.connections import Connection
from domain.form_transports import FormTransport
from domain.listings import Listing
from domain.messages import Message, State
from domain.sources import Source
from tests import make
from tests.client import Client
from tests.sending import again, leave

FIELDS = "name = {{agent.name}}\r\ncar = {{vehicle.title}}\r\n\r\ntext = {{message}}"
FORM = {
    "kind": "http_form",
    "endpoint": "https://site.example/contact",
    "permission": "Our own site",
    "fields": FIELDS,
    "body": "Thank you",
}


@pytest.fixture
async def admin(house: None, client: Client) -> Client:
    await plans.seed()
    return await client.signed_in(await make.user(await make.account(), role="admin"))


@pytest.fixture
async def source(admin: Client) -> Source:
    assert admin.user
    return await make.source(admin.user.account, "autotrader")


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


async def save(admin: Client, source: Source, **values: str) -> Any:
    return await admin.submit(f"/site-forms/{source.id}", {**FORM, **values})


async def test_an_administrator_says_how_a_form_is_reached(admin: Client, source: Source) -> None:
    assert "AutoTrader No form" in text_of((await admin.get("/site-forms")).text)
    answer = await save(admin, source)
    assert (answer.status_code, answer.headers["location"]) == (303, "/site-forms")
    [row] = await FormTransport.select().output(load_json=True)
    assert (row["kind"], row["endpoint"], row["permission"]) == ("http_form", FORM["endpoint"], "Our own site")
    assert row["fields"] == {"name": "{{agent.name}}", "car": "{{vehicle.title}}", "text": "{{message}}"}
    assert row["success"] == {"body": "Thank you"}
    kept = await Source.objects().get(Source.id == source.id)
    assert kept is not None
    assert kept.form_transport == "http_form"
    page = (await admin.get(f"/site-forms/{source.id}")).text
    assert "text = {{message}}" in unescape(page)
    assert await AuditEntry.exists().where(AuditEntry.action == "form.changed")
    assert "https://site.example/contact" in text_of((await admin.get("/site-forms")).text)


async def test_without_a_form_nothing_is_kept(admin: Client, source: Source) -> None:
    await save(admin, source)
    await save(admin, source, kind="")
    assert await FormTransport.count() == 0
    kept = await Source.objects().get(Source.id == source.id)
    assert kept is not None
    assert kept.form_transport == ""


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"endpoint": "http://site.example/"}, "endpoint", form_posts.NOT_WEB),
        ({"endpoint": "https://169.254.169.254/"}, "endpoint", form_posts.PRIVATE),
        ({"endpoint": "https://[::1"}, "endpoint", form_posts.NOT_WEB),
        ({"permission": " "}, "permission", "Say who allowed it"),
        ({"fields": "name = {{agent.name}}"}, "fields", "One field has to hold the words"),
        ({"fields": "text {{message}}"}, "fields", "Line 1 is not a field."),
        ({"fields": "a = {{message}}\na = 2"}, "fields", "Line 2 names a a second time."),
        ({"fields": "a = {{message}}\nb = {{vehicle.colour}}"}, "fields", "b: "),
        ({"body": "", "redirect": ""}, "body", "Say how the site shows that it took the form"),
        ({"status": "500"}, "status", "A status is a number from 200 to 399"),
        ({"kind": "carrier-pigeon"}, "kind", "Choose how this form is reached."),
        ({"kind": "adf_email", "endpoint": "nobody"}, "endpoint", "Give the email address that takes the leads."),
    ],
)
async def test_what_cannot_be_right_is_refused_at_its_field(
    admin: Client, source: Source, typed: dict[str, str], field: str, sentence: str
) -> None:
    answer = await save(admin, source, **typed)
    assert answer.status_code == 422
    shown = re.search(rf'id="f-{field}-err">(.*?)</p>', answer.text, re.DOTALL)
    assert shown
    assert sentence in text_of(shown[1])
    assert await FormTransport.count() == 0


async def test_a_look_shows_what_would_be_sent_and_sends_nothing(
    admin: Client, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def call(*args: Any, **more: Any) -> None:
        raise AssertionError("nothing is called")

    monkeypatch.setattr(http, "call", call)
    assert "no vehicle yet" in text_of((await save(admin, source, do="preview")).text)
    assert admin.user
    await make.listing(admin.user.account, source=source)
    page = text_of((await save(admin, source, do="preview")).text)
    assert "To https://site.example/contact" in page
    assert "car 2019 Subaru Outback text Is your 2019 Subaru Outback still for sale?" in page
    lead = unescape((await save(admin, source, do="preview", kind="adf_email", endpoint="leads@site.example")).text)
    assert "<make>Subaru</make>" in lead
    assert await FormTransport.count() == 0


async def test_another_dealerships_site_is_not_found(admin: Client) -> None:
    other = await make.source(await make.account(), "autotrader")
    assert (await admin.get(f"/site-forms/{other.id}")).status_code == 404
    assert (await admin.get("/site-forms/nonsense")).status_code == 404
    assert (await save(admin, other)).status_code == 404


async def test_only_who_connects_apps_changes_forms(admin: Client, source: Source) -> None:
    assert admin.user
    agent = await admin.signed_in(await make.user(admin.user.account))
    assert (await agent.get("/site-forms")).status_code == 403
    assert (await save(agent, source)).status_code == 403


async def test_many_sites_come_a_page_at_a_time(admin: Client, monkeypatch: Any, count_queries: Any) -> None:
    assert admin.user
    monkeypatch.setattr(site_forms, "PAGE", 2)
    for name in ("a", "b", "c"):
        await make.source(admin.user.account, f"site-{name}")
    with count_queries() as queries:
        first = (await admin.get("/site-forms")).text
    assert queries.count <= 8
    assert ("Site-B" in first, "Site-C" in first) == (True, False)
    more = unescape(re.search(r'href="([^"]*after=[^"]*)"', first)[1])  # type: ignore[index]
    assert "Site-C" in (await admin.get(more)).text


# By it


async def sent(admin: Client, source: Source, monkeypatch: Any, status: int, body: bytes) -> tuple[Message, Listing]:
    """A message to the seller of a vehicle of this site, tried while the site answers like that."""
    posted: list[Any] = []

    async def call(method: str, url: str, **more: Any) -> http.Answer:
        posted.append((method, url, more.get("form")))
        return http.Answer(status, {}, body)

    monkeypatch.setattr(http, "call", call)
    await save(admin, source)
    assert admin.user
    connection, _ = await connections.connect(admin.user.account, None, "form", {})
    listing = await make.listing(admin.user.account, source=source, seller={"first_name": "Dana", "mobile": ""})
    typed = {"nonce": "n-1", "channel": "form", "body": "Is it <b>still</b> for sale?"}
    window = await admin.submit(f"/listings/{listing.id}/sends", typed)
    assert window.status_code == 303, text_of(window.text)
    [message] = await Message.objects()
    await Message.update({Message.not_before: clock.now()}).where(Message.id == message.id)
    await leave(connection)
    assert posted[0][:2] == ("POST", FORM["endpoint"])
    assert dict(posted[0][2])["text"] == "Is it <b>still</b> for sale?"
    assert dict(posted[0][2])["car"] == "2019 Subaru Outback"
    return await again(message), listing


async def test_a_form_that_was_taken_is_submitted_and_never_delivered(
    admin: Client, source: Source, monkeypatch: Any
) -> None:
    message, listing = await sent(admin, source, monkeypatch, 200, b"Thank you!")
    assert message.state == State.SENT
    page = text_of((await admin.get(f"/listings/{listing.id}")).text)
    assert f"Submitted It went to {source.name}. Nobody reports whether the seller reads it." in page
    assert "site.example" not in page
    assert "Delivered" not in page


async def test_nobody_posts_a_form_again_that_may_have_arrived(admin: Client, source: Source, monkeypatch: Any) -> None:
    message, listing = await sent(admin, source, monkeypatch, 200, b"Please fill in your name")
    assert message.state == State.UNKNOWN
    page = text_of((await admin.get(f"/listings/{listing.id}")).text)
    assert f"{source.name} answered, but not as it does when it takes a form. Look there before you send" in page
    assert page.count("before you send it again") == 1


async def test_connecting_forms_asks_for_nothing(admin: Client) -> None:
    answer = await admin.submit("/apps/form/connections", {})
    assert answer.status_code == 200
    assert "How each site’s form is reached" in text_of(answer.text)
    [connection] = await Connection.objects()
    assert (connection.kind, json.loads(connection.options)) == ("form", {})


def posting(monkeypatch: Any) -> list[dict[str, str]]:
    """What was posted, field by field."""
    posted: list[dict[str, str]] = []

    async def call(method: str, url: str, **more: Any) -> http.Answer:
        posted.append(dict(more["form"]))
        return http.Answer(200, {}, b"Thank you")

    monkeypatch.setattr(http, "call", call)
    monkeypatch.setattr(form_posts, "BETWEEN", 0.0)
    return posted


async def test_a_test_posts_the_form_once_with_ones_own_name_and_only_for_whoever_knows(
    admin: Client, source: Source, monkeypatch: Any
) -> None:
    assert admin.user
    await make.listing(admin.user.account, source=source, seller={"first_name": "Dana"})
    await save(admin, source, fields=f"{FIELDS}\r\nto = {{{{seller.name}}}}")
    assert "Send a test" not in (await admin.get(f"/site-forms/{source.id}")).text
    await make.connection(admin.user.account, kind="form")
    posted = posting(monkeypatch)
    assert "It posts the form as it is saved" in text_of((await admin.get(f"/site-forms/{source.id}")).text)
    refused = await admin.submit(f"/site-forms/{source.id}/trials")
    assert (refused.status_code, posted) == (422, [])
    assert "Tick the box to post it" in refused.text
    answer = await admin.submit(f"/site-forms/{source.id}/trials", {"aware": "1"})
    assert answer.status_code == 200
    assert "The test went to https://site.example/contact" in text_of(answer.text)
    [fields] = posted
    assert fields["text"].startswith("TEST from Lotwire")
    assert (fields["to"], fields["name"]) == (admin.user.name, admin.user.name)
    kept = await Message.objects().get(Message.kind == "test")
    assert kept is not None
    assert (kept.state, kept.channel, kept.to_address) == (State.SENT, "form", FORM["endpoint"])


async def test_a_test_that_is_pressed_twice_is_posted_once_and_the_second_hears_of_the_first(
    admin: Client, source: Source, monkeypatch: Any
) -> None:
    assert admin.user
    await make.listing(admin.user.account, source=source)
    await save(admin, source)
    await make.connection(admin.user.account, kind="form")
    posted, here = posting(monkeypatch), f"/site-forms/{source.id}"

    async def nonce() -> str:
        found = re.search(r'name="nonce" value="([^"]+)"', (await admin.get(here)).text)
        assert found
        return found[1]

    pressed = {"aware": "1", "nonce": await nonce()}
    both = await asyncio.gather(*(admin.submit(f"{here}/trials", pressed) for _ in range(2)))
    assert [each.status_code for each in both] == [200, 200]
    assert len(posted) == await Message.count().where(Message.kind == "test") == 1
    assert "The test went to https://site.example/contact" in text_of(
        (await admin.submit(f"{here}/trials", pressed)).text
    )
    await Message.update({Message.state: State.SENDING}).where(Message.kind == "test")
    assert "The test is on its way already, once." in text_of((await admin.submit(f"{here}/trials", pressed)).text)
    lost = {Message.state: State.UNKNOWN, Message.reason: "Nobody knows whether it arrived."}
    await Message.update(lost).where(Message.kind == "test")
    assert "Nobody knows whether it arrived." in text_of((await admin.submit(f"{here}/trials", pressed)).text)
    assert len(posted) == 1
    await admin.submit(f"{here}/trials", {"aware": "1", "nonce": await nonce()})
    assert len(posted) == 2


async def test_a_test_of_a_lead_goes_to_oneself_by_the_dealerships_email(
    admin: Client, source: Source, monkeypatch: Any
) -> None:
    assert admin.user
    await make.listing(admin.user.account, source=source)
    await save(admin, source, kind="adf_email", endpoint="leads@site.example", fields="")
    await make.connection(admin.user.account, kind="form")
    answer = await admin.submit(f"/site-forms/{source.id}/trials")
    assert answer.status_code == 422
    assert "Leads leave by your dealership’s email" in unescape(answer.text).replace("'", "’")
    options = {"from_email": "sales@lots.example", "smtp_host": "mail.lots.example"}
    await make.connection(admin.user.account, kind="email", secret='{"password": "x"}', options=json.dumps(options))
    mails: list[tuple[str, bytes]] = []

    async def submit(self: Any, to: str, mail: bytes) -> None:
        mails.append((to, mail))

    monkeypatch.setattr("domain.channels.email.channel.Email.submit", submit)
    answer = await admin.submit(f"/site-forms/{source.id}/trials")
    assert answer.status_code == 200
    [(to, mail)] = mails
    assert to == admin.user.email
    assert b"TEST from Lotwire" in mail


async def test_a_form_that_a_person_fills_in_has_nothing_to_try(admin: Client, source: Source) -> None:
    assert admin.user
    await make.connection(admin.user.account, kind="form")
    await save(admin, source, kind="assisted", endpoint="", fields="")
    assert "Send a test" not in (await admin.get(f"/site-forms/{source.id}")).text
    assert (await admin.submit(f"/site-forms/{source.id}/trials", {"aware": "1"})).status_code == 422
    assert "A test goes out from the page of each site" in text_of((await admin.get("/apps/form")).text)


async def test_only_who_connects_apps_tries_forms(admin: Client, source: Source) -> None:
    assert admin.user
    async with await admin.signed_in(await make.user(admin.user.account, role="manager")) as manager:
        assert (await manager.submit(f"/site-forms/{source.id}/trials", {"aware": "1"})).status_code == 403
