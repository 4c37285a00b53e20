"""One render: the page's preview, the API's preview, what is stored and what leaves agree byte for byte."""

import re
from collections.abc import AsyncIterator
from html import escape, unescape
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import delivery, email_bodies
from domain.accounts import Account
from domain.channels.registry import CHANNELS
from domain.listings import Listing
from domain.messages import Message
from domain.sessions import SCOPES
from domain.users import User
from domain.wildcards import WILDCARDS
from tests import make
from tests.client import Client
from tests.sending import OWNER, Provider, shop
from tests.web.api.conftest import Api

# What wordings are made of: letters of one and two septets, what looks like them, what makes a text UCS-2, clusters
# that may not be cut, blanks and line ends, slots with and without a value, and braces that are none.
PIECES = (
    *("Hi", " ", "  ", "\n", "\r\n", "\n\n", "\t", "é", "€", "{", "}", "{{", "}}", "[]", "^", "@", "_", "ñ", "x" * 70),
    *(
        "“",
        "”",
        "’",
        "–",
        "…",
        "\u00a0",
        "\u2028",
        "ｕ",
        "｛｛",
        "ç",
        "e\u0301",
        "👋🏽",
        "👩‍👩‍👧",
        "🇨🇦",
        "\u200b",
        "\ufeff",
    ),
    *("<b>", "&amp;", '"', "'", "https://harbor.example/a?b=1&c=2", "dana@example.com", "www.example.com.", "-- "),
    *(f"{{{{{token}}}}}" for token in ("vehicle.title", "seller.first_name", "listing.price", "agent.name", "today")),
    *("{{vehicle.vin|the number on the glass}}", "{{seller.postal_code}}", "{{seller.nickname}}", "{{ vehicle.make }}"),
)
WORDINGS = st.lists(
    st.sampled_from(PIECES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6), max_size=12
)
SIGNATURE = "Robin “Rob” Reyes\n<b>Harbor</b> Motors"
GENERATED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class PostOffice(Provider):
    """Takes emails."""

    kind = channel = "email"


class Desk:
    """A person with the window open, a program with a token of theirs, and a worker, all of one dealership."""

    def __init__(self, client: Client, api: Api, listing: Listing, connections: dict[str, Any]) -> None:
        self.client, self.api, self.listing, self.connections = client, api, listing, connections

    async def page(self, **typed: str) -> str:
        data = {"nonce": "n", "to": "mobile", "template_id": "", **typed}
        answer = await self.client.submit(f"/listings/{self.listing.id}/sends/preview", data, htmx=True)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def previewed(self, **said: str) -> dict[str, Any]:
        answer = await self.api.post("/previews", {"listing_id": str(self.listing.id), **said})
        assert answer.status_code == 200, answer.text
        previewed: dict[str, Any] = answer.json()
        return previewed

    async def stored(self, **said: str) -> Message | None:
        """What sending made of it; None when it was refused."""
        answer = await self.api.send(self.listing, **said)
        if answer.status_code == 422:
            return None
        assert answer.status_code == 202, answer.text
        return await Message.objects().get(Message.id == answer.json()["id"])

    async def leaving(self, message: Message) -> Any:
        """What a worker would hand to the provider."""
        started, _ = await delivery.start(OWNER, await delivery.claim(OWNER, self.connections[message.channel].id, 10))
        [outgoing] = [each.outgoing for each in started if each.outgoing.message_id == message.id]
        return outgoing


@pytest.fixture
async def desk(client: Client, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setitem(CHANNELS, "email", PostOffice)
    dealer = await shop()
    post_office = await make.connection(dealer.account, kind="email")
    await User.update({User.signature: SIGNATURE}).where(User.id == dealer.user.id)
    listing = await make.listing(dealer.account, vin="", seller={"first_name": "Dána", "email": "dana@example.com"})
    api = Api(client, dealer.user, await make.api_token(dealer.user, " ".join(SCOPES)))
    async with await client.signed_in(dealer.user) as person:
        yield Desk(person, api, listing, {"text": dealer.connection, "email": post_office})


def shown_text(page: str) -> str:
    """What the phone in the preview shows; empty when it waits for a text."""
    found = re.search(r'<p class="bub">(.*?)</p>', page, re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", "", found[1])) if found else ""


def shown_numbers(page: str) -> tuple[int, int, str]:
    """(characters, segments, encoding)"""
    found = re.search(r"([\d,]+) characters? · (\d+) segments? · ([A-Z0-9-]+)", unescape(page))
    assert found, page
    return int(found[1].replace(",", "")), int(found[2]), found[3]


@pytest.mark.parametrize("plain", [False, True])
@GENERATED
@given(pieces=WORDINGS)
async def test_a_text_is_the_same_wherever_it_is_shown_stored_or_sent(
    desk: Desk, plain: bool, pieces: list[str]
) -> None:
    await Account.update({Account.plain_texts: plain}).where(Account.id == desk.listing.account)
    body = "".join(pieces)
    said = await desk.previewed(channel="text", body=body)
    page = await desk.page(channel="text", body=body)
    assert shown_text(page) == said["body"]
    if said["body"]:
        assert shown_numbers(page) == (said["characters"], said["segments"], said["encoding"])
    message = await desk.stored(channel="text", body=body)
    assert (message is None) == bool(said["refusals"])
    if message is not None:
        assert (message.body, message.encoding, message.segments) == (said["body"], said["encoding"], said["segments"])
        assert not any(each in said["body"] for each in map("{{{{{}}}}}".format, WILDCARDS))
        assert (await desk.leaving(message)).body == said["body"]


@GENERATED
@given(pieces=WORDINGS, subject=WORDINGS)
async def test_an_email_is_the_same_wherever_it_is_shown_stored_or_sent(
    desk: Desk, pieces: list[str], subject: list[str]
) -> None:
    words = {"channel": "email", "body": "".join(pieces), "subject": "".join(subject)}
    said = await desk.previewed(**words)
    page = re.sub(r'<a class="hole" href="#body">(.*?)</a>', r"\1", await desk.page(**words))  # blanks are marked
    assert f"<b>{escape(said['subject'])}</b>" in page.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")
    assert said["html"] == email_bodies.as_html(said["body"])
    nothing_typed = said["body"] == email_bodies.render("", SIGNATURE).text
    assert nothing_typed or f"<div>{said['html']}</div>" in page
    message = await desk.stored(**words)
    assert (message is None) == bool(said["refusals"])
    if message is not None:
        assert (message.body, message.subject) == (said["body"], said["subject"])
        outgoing = await desk.leaving(message)
        assert (outgoing.body, outgoing.subject) == (said["body"], said["subject"])
