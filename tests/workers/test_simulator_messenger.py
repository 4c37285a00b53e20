"""The simulator's Messenger and its form as Lotwire meets them: the real adapters, over HTTP, with errors to choose."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from html import unescape
from http import client
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from aiohttp import web

from domain import ids
from domain.channels import form_posts, http
from domain.channels.base import (
    ChannelError,
    Form,
    HookCall,
    Incoming,
    Kind,
    Media,
    Outgoing,
    PermitLike,
    ReadUntil,
    Receipt,
    Said,
)
from domain.channels.facebook import Facebook
from domain.channels.form import ContactForm
from tests.simulator import RunningSimulator, running_simulator
from workers.simulator.messenger import ANSWERS, APP_SECRET, PAGE, TOKEN

AD = "https://ads.example/9"


class Once(PermitLike):
    def spend(self, outgoing: Outgoing) -> None:
        assert outgoing.to


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as running:
        yield running


@pytest.fixture
async def facebook(simulator: RunningSimulator) -> AsyncIterator[Facebook]:
    credentials = {"page_id": PAGE, "page_token": TOKEN, "app_secret": APP_SECRET}
    yield Facebook(f"{simulator.url}/graph/v25.0", credentials, timeout=2)
    post(simulator, "/messenger/settings", answer="")
    await http.close()


class Hook:
    """Lotwire's side: each call is verified and read."""

    def __init__(self, facebook: Facebook) -> None:
        self.facebook = facebook
        self.url = ""
        self.said: list[Said] = []

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        for event in self.facebook.verify(HookCall(self.url, await request.read(), headers)):
            self.said += self.facebook.parse(json.loads(json.dumps(event.payload)))
        return web.Response(text="ok")

    async def of(self, kind: type[Said]) -> Any:
        """The first of this kind, soon."""
        until = time.monotonic() + 5
        while time.monotonic() < until:
            for each in self.said:
                if isinstance(each, kind):
                    return each
            await asyncio.sleep(0.02)
        raise AssertionError(f"no {kind.__name__} among {self.said}")


@pytest.fixture
async def hook(facebook: Facebook, simulator: RunningSimulator) -> AsyncIterator[Hook]:
    listening = Hook(facebook)
    app = web.Application()
    app.router.add_post("/hook", listening.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listening.url = "http://{}:{}/hook".format(*runner.addresses[0][:2])
    post(simulator, "/messenger/settings", hook=listening.url)
    try:
        yield listening
    finally:
        await runner.cleanup()


def ask(simulator: RunningSimulator, method: str, path: str, body: str = "") -> tuple[int, str, str]:
    """Status, where it leads, and the page."""
    parts = urlsplit(simulator.url)
    asking = client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": simulator.url}
    asking.request(method, path, body, headers)
    answer = asking.getresponse()
    page = answer.read().decode()
    asking.close()
    return answer.status, answer.headers.get("Location", ""), page


def post(simulator: RunningSimulator, path: str, **fields: str) -> tuple[int, str, str]:
    return ask(simulator, "POST", path, urlencode(fields))


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def opened(simulator: RunningSimulator, text: str = "Still for sale", **fields: str) -> str:
    """A seller who wrote to the Page; their number."""
    status, where, _ = post(simulator, "/messenger", name="Dana", text=text, **fields)
    assert status == 303
    return where.rpartition("/")[2]


def outgoing(person: str, **changes: Any) -> Outgoing:
    given = {"message_id": ids.new(), "channel": "facebook", "to": person, "body": "When can we come?", "sender": ""}
    return Outgoing(**given | changes)


async def test_a_seller_who_writes_is_heard_and_answered(
    simulator: RunningSimulator, facebook: Facebook, hook: Hook
) -> None:
    await facebook.check()
    assert await facebook.register_hook(hook.url, "") == PAGE
    person = opened(simulator, "Still for sale, Café", about=AD)
    incoming = await hook.of(Incoming)
    assert (incoming.from_address, incoming.body, incoming.about) == (person, "Still for sale, Café", AD)
    accepted = await facebook.send(outgoing(person, media=(Media("a.png", "image/png", b"png"),)), Once())
    receipt = await hook.of(Receipt)
    assert (receipt.provider_id, receipt.to, receipt.body) == (accepted.provider_id, person, "When can we come?")
    assert (await hook.of(ReadUntil)).address == person
    assert await facebook.name_of(person) == "Dana"
    page = text_of(ask(simulator, "GET", f"/messenger/{person}")[2])
    assert "When can we come?" in page
    assert "(A file)" in page
    post(simulator, f"/messenger/{person}", text="At five, from my phone", inbox="1")
    assert "by Facebook’s inbox" in text_of(ask(simulator, "GET", f"/messenger/{person}")[2])


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("window", Kind.PERMANENT),
        ("restricted", Kind.RESTS),
        ("permission", Kind.PERMANENT),
        ("parameter", Kind.PERMANENT),
        ("token", Kind.CONNECTION_BROKEN),
        ("gone", Kind.PERMANENT),
        ("abusive", Kind.RESTS),
        ("busy", Kind.THROTTLED),
        ("moment", Kind.UNKNOWN),
        ("broken", Kind.UNKNOWN),
        ("hang", Kind.UNKNOWN),
    ],
)
async def test_each_error_can_be_chosen(
    simulator: RunningSimulator, facebook: Facebook, answer: str, kind: Kind
) -> None:
    person = opened(simulator)
    post(simulator, "/messenger/settings", answer=answer)
    with pytest.raises(ChannelError) as caught:
        await facebook.send(outgoing(person), Once())
    assert caught.value.kind is kind
    assert caught.value.retry_after == (60 if answer == "busy" else caught.value.retry_after)


def test_no_error_is_left_out_of_the_tests() -> None:
    marks = test_each_error_can_be_chosen.pytestmark  # type: ignore[attr-defined]
    assert {"", *(row[0] for row in marks[0].args[1])} == set(ANSWERS)


async def test_nobody_is_written_to_who_did_not_write_first(simulator: RunningSimulator, facebook: Facebook) -> None:
    with pytest.raises(ChannelError) as caught:
        await facebook.send(outgoing("7000000000000001"), Once())
    assert caught.value.code == "100/2018001"


async def test_a_wrong_token_or_secret_is_told(simulator: RunningSimulator, facebook: Facebook) -> None:
    for wrong in ({"page_token": "guess"}, {"app_secret": "guess"}):
        credentials = {"page_id": PAGE, "page_token": TOKEN, "app_secret": APP_SECRET} | wrong
        with pytest.raises(ChannelError) as caught:
            await Facebook(f"{simulator.url}/graph/v25.0", credentials).check()
        assert caught.value.kind is Kind.CONNECTION_BROKEN


def test_its_pages_say_what_is_wrong(simulator: RunningSimulator) -> None:
    assert post(simulator, "/messenger", text=" ")[0] == 422
    assert post(simulator, "/messenger/settings", hook="nonsense")[0] == 422
    assert ask(simulator, "GET", "/messenger/1")[0] == 404
    person = opened(simulator)
    assert post(simulator, f"/messenger/{person}", text="")[0] == 422


@pytest.mark.parametrize(("answer", "kind"), [("", None), ("unlike", "unknown"), ("refuses", "permanent")])
async def test_a_form_that_is_filled_in_shows_there(
    simulator: RunningSimulator, configure: Callable[..., Any], answer: str, kind: str | None, monkeypatch: Any
) -> None:
    configure(LOTWIRE_FORM_NETWORKS="127.0.0.0/8")
    monkeypatch.setattr(form_posts, "BETWEEN", 0.0)
    post(simulator, "/forms/settings", answer=answer)
    words = f"Is it still for sale? {ids.new()}"
    form = Form("http_form", f"{simulator.url}/forms/contact", {"text": "{{message}}"}, {"body": "Thank you"}, {})
    message = Outgoing(ids.new(), "form", AD, words, "", form=form)
    if kind is None:
        assert (await ContactForm("", {}).send(message, Once())).state == "sent"
        assert words in text_of(ask(simulator, "GET", "/forms")[2])
    else:
        with pytest.raises(ChannelError) as caught:
            await ContactForm("", {}).send(message, Once())
        assert caught.value.kind == kind
