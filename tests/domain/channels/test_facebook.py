"""What we ask of the Graph API, field by field, and what each of its errors means for a message."""

import hashlib
import hmac
import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from domain import clock, gate, ids
from domain.channels import facebook_errors, facebook_events
from domain.channels.base import Accepted, ChannelError, Kind, Media, Outgoing
from domain.channels.facebook import ANSWER_WITHIN, HEARD, LONGEST_TEXT, PERSON_WITHIN, Facebook
from domain.channels.facebook_files import LARGEST_FILE, RULES
from domain.channels.registry import CHANNELS
from domain.errors import Refused
from tests.domain.channels.local_servers import Permit, Scripted, TcpServer, WrongPermit

PAGE, PERSON = "102030405060708", "7020304050607081"
TOKEN, APP_SECRET = "page-token-4f9a8e", "app-secret-77"
CREDENTIALS = {"page_id": PAGE, "page_token": TOKEN, "app_secret": APP_SECRET, "human_agent": "false"}
TAKEN = {"recipient_id": PERSON, "message_id": "m_sent"}
PICTURE = Media("front.png", "image/png", b"\x89PNG\r\n\x1a\n and the rest")
PROOF = hmac.digest(APP_SECRET.encode(), TOKEN.encode(), hashlib.sha256).hex()


def outgoing(**changes: Any) -> Outgoing:
    given = {
        "message_id": ids.new(),
        "channel": "facebook",
        "to": PERSON,
        "body": "Hi Sam, can we see it?",
        "sender": "",
    }
    return Outgoing(**given | changes)


async def send(facebook: Facebook, message: Outgoing | None = None) -> Accepted:
    message = message or outgoing()
    return await facebook.send(message, Permit(message))


async def refusal(facebook: Facebook, message: Outgoing | None = None) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await send(facebook, message)
    return caught.value


def error(code: int, subcode: int = 0, message: str = "Graph says so", **more: Any) -> dict[str, Any]:
    said = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "Axy", **more}
    return {"error": said | ({"error_subcode": subcode} if subcode else {})}


@pytest.fixture
def facebook(provider: Scripted) -> Facebook:
    return Facebook(provider.url, CREDENTIALS, "verify-me")


@pytest.fixture
def with_human_agent(provider: Scripted) -> Facebook:
    return Facebook(provider.url, CREDENTIALS | {"human_agent": "true"}, "verify-me")


# What we ask: every field against the documented ones (developers.facebook.com, Send API; Meta's facebook_Page.json).

SENDS = {
    "recipient",
    "message",
    "messaging_type",
    "tag",
    "notification_type",
    "reply_to",
    "sender_action",
    "persona_id",
}
TYPES = {"RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"}
MESSAGE = {"text", "attachment", "quick_replies", "metadata"}
QUERY = {"access_token", "appsecret_proof"}


class StrictGraph:
    """The Graph API as described: it notes every word that the description does not have."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.sent: list[dict[str, Any]] = []
        self.uploads: list[tuple[str, bytes]] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        if query.pop("access_token", "") != TOKEN or query.pop("appsecret_proof", "") != PROOF:
            self.wrong.append(f"{request.path}: who calls")
        asked = f"{request.method} {request.path}"
        if asked == f"POST /v25.0/{PAGE}/messages":
            self._message(await request.json(), query)
            return web.json_response({"recipient_id": PERSON, "message_id": f"m_{len(self.sent)}"})
        if asked == f"POST /v25.0/{PAGE}/message_attachments":
            form = await request.post()
            about, file = json.loads(str(form["message"])), form["filedata"]
            assert isinstance(file, web.FileField)
            if set(form) != {"message", "filedata"} or about["attachment"]["payload"] != {"is_reusable": True}:
                self.wrong.append(f"upload: {about}")
            self.uploads.append(
                (f"{about['attachment']['type']} {file.filename} {file.content_type}", file.file.read())
            )
            return web.json_response({"attachment_id": "1857777774821032"})
        if asked == f"GET /v25.0/{PERSON}" and query == {"fields": "name"}:
            return web.json_response({"id": PERSON, "name": "Dana Quill"})
        if asked == "GET /v25.0/me" and query == {"fields": "id,name"}:
            return web.json_response({"id": PAGE, "name": "Harbor Motors"})
        if asked == f"POST /v25.0/{PAGE}/subscribed_apps" and query == {"subscribed_fields": HEARD}:
            return web.json_response({"success": True})
        if asked == f"DELETE /v25.0/{PAGE}/subscribed_apps" and not query:
            return web.json_response({"success": True})
        self.wrong.append(f"{asked} {query}")
        return web.json_response({}, status=400)

    def _message(self, body: dict[str, Any], query: dict[str, str]) -> None:
        message = body.get("message", {})
        tagged = body.get("messaging_type") == "MESSAGE_TAG"
        one_thing = ("text" in message) != ("attachment" in message)
        if (
            query
            or not body.keys() <= SENDS
            or body.get("messaging_type") not in TYPES
            or not message.keys() <= MESSAGE
        ):
            self.wrong.append(f"message: {body}")
        if set(body["recipient"]) != {"id"} or not one_thing or tagged != ("tag" in body):
            self.wrong.append(f"message: {body}")
        self.sent.append(body)


@pytest.fixture
async def graph() -> Any:
    strict = StrictGraph()
    app = web.Application(client_max_size=30_000_000)
    app.router.add_route("*", "/{path:.*}", strict.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    strict.url = "http://{}:{}/v25.0".format(*runner.addresses[0][:2])
    try:
        yield strict
    finally:
        await runner.cleanup()


async def test_everything_we_ask_is_described(graph: StrictGraph):
    facebook = Facebook(graph.url, CREDENTIALS | {"human_agent": "true"}, "verify-me")
    late = clock.now() - timedelta(hours=30)

    await facebook.check()
    assert await facebook.register_hook("https://lots.example/hooks/facebook/1", "verify-me") == PAGE
    accepted = await send(facebook, outgoing(media=(PICTURE, Media("title.pdf", "application/pdf", b"%PDF-1.4"))))
    await send(facebook, outgoing(heard_at=late))
    await facebook.remove_hook(PAGE)
    assert await facebook.name_of(PERSON) == "Dana Quill"

    assert graph.wrong == []
    assert accepted == Accepted("m_1", "sent", "", PAGE)  # known by its words
    assert graph.uploads == [
        ("image front.png image/png", PICTURE.data),
        ("file title.pdf application/pdf", b"%PDF-1.4"),
    ]
    assert [each["message"].get("text") for each in graph.sent] == [
        "Hi Sam, can we see it?",
        None,
        None,
        outgoing().body,
    ]
    assert graph.sent[1]["message"]["attachment"] == {"type": "image", "payload": {"attachment_id": "1857777774821032"}}


async def test_a_name_that_would_break_the_upload_is_made_harmless(graph: StrictGraph):
    file = Media('a"\r\nX-Evil: 1.png', "image/png", b"x")
    await send(Facebook(graph.url, CREDENTIALS), outgoing(body="", media=(file,)))
    assert graph.uploads == [("image a___X-Evil_ 1.png image/png", b"x")]


@pytest.mark.parametrize("said", [{}, {"name": None}, {"name": ["Dana"]}, {"id": PERSON, "name": ""}])
def test_whom_facebook_does_not_name_has_no_name(said: dict[str, Any]):
    assert facebook_events.name_in(said) == ""


def test_it_is_registered():
    assert CHANNELS["facebook"] is Facebook


# By which right it goes


@pytest.mark.parametrize(
    ("hours", "by_person", "expected"),
    [
        (23.9, True, ("RESPONSE", None)),
        (23.9, False, ("RESPONSE", None)),
        (24.1, True, ("MESSAGE_TAG", "HUMAN_AGENT")),
        (24 * 6.9, True, ("MESSAGE_TAG", "HUMAN_AGENT")),
    ],
)
async def test_only_a_persons_late_answer_is_tagged(
    with_human_agent: Facebook, provider: Scripted, hours: float, by_person: bool, expected: tuple[str, str | None]
):
    provider.answers(200, TAKEN)
    heard_at = clock.now() - timedelta(hours=hours)
    await send(with_human_agent, outgoing(heard_at=heard_at, by_person=by_person))
    [asked] = provider.asked
    assert (asked.body["messaging_type"], asked.body.get("tag")) == expected


async def test_a_machines_late_answer_never_reaches_facebook(with_human_agent: Facebook, provider: Scripted):
    late = outgoing(heard_at=clock.now() - timedelta(hours=25), by_person=False)
    assert (await refusal(with_human_agent, late)).code == "outside_window"
    assert provider.asked == []


async def test_without_the_permission_nobody_answers_late(facebook: Facebook, provider: Scripted):
    late = outgoing(heard_at=clock.now() - timedelta(hours=25))
    assert (await refusal(facebook, late)).code == "outside_window"
    assert provider.asked == []


def test_the_window_is_a_day_and_for_people_a_week_where_the_app_may():
    granted = {"human_agent": "true"}
    assert Facebook.window({}, by_person=True) == ANSWER_WITHIN == timedelta(hours=24)
    assert Facebook.window(granted, by_person=True) == PERSON_WITHIN == timedelta(days=7)
    assert Facebook.window(granted, by_person=False) == ANSWER_WITHIN


# What each error means

MAYBE = "Facebook had an error of its own before it confirmed this."
REGAIN = {facebook_errors.USAGE: json.dumps({"123": [{"type": "messenger", "estimated_time_to_regain_access": 7}]})}


@pytest.mark.parametrize(
    ("status", "code", "subcode", "kind", "ours", "tells", "sentence"),
    [
        (400, 10, 2018278, Kind.PERMANENT, "outside_window", "", facebook_errors.OUTSIDE),
        (400, 10, 1893063, Kind.RESTS, "10/1893063", "", facebook_errors.RESTRICTED),
        (403, 10, 0, Kind.PERMANENT, "10", "", facebook_errors.NOT_ALLOWED),
        (403, 200, 0, Kind.PERMANENT, "200", "", facebook_errors.NOT_ALLOWED),
        (403, 299, 0, Kind.PERMANENT, "299", "", facebook_errors.NOT_ALLOWED),
        (400, 100, 0, Kind.PERMANENT, "100", "", "Facebook says: Graph says so"),
        (400, 100, 2018001, Kind.PERMANENT, "100/2018001", "", facebook_errors.PAIRS[100, 2018001].sentence),
        (400, 100, 1893061, Kind.PERMANENT, "100/1893061", "", facebook_errors.PAIRS[100, 1893061].sentence),
        (401, 190, 463, Kind.CONNECTION_BROKEN, "190/463", "", facebook_errors.BROKEN),
        (400, 190, 0, Kind.CONNECTION_BROKEN, "190", "", facebook_errors.BROKEN),
        (400, 230, 0, Kind.PERMANENT, "230", "ended", facebook_errors.GONE),
        (400, 551, 1545041, Kind.PERMANENT, "551/1545041", "ended", facebook_errors.GONE),
        (400, 200, 2018108, Kind.PERMANENT, "200/2018108", "ended", facebook_errors.GONE),
        (400, 10904, 0, Kind.PERMANENT, "10904", "ended", facebook_errors.GONE),
        (400, 368, 0, Kind.RESTS, "368", "", facebook_errors.ABUSIVE),
        (400, 613, 0, Kind.THROTTLED, "613", "", facebook_errors.BUSY),
        (400, 4, 0, Kind.THROTTLED, "4", "", facebook_errors.BUSY),
        (400, 32, 0, Kind.THROTTLED, "32", "", facebook_errors.BUSY),
        (400, 80006, 0, Kind.THROTTLED, "80006", "", facebook_errors.BUSY),
        (400, 1, 0, Kind.NEVER_CONNECTED, "1", "", facebook_errors.TROUBLE),
        (400, 2, 0, Kind.NEVER_CONNECTED, "2", "", facebook_errors.TROUBLE),
        (500, 1, 0, Kind.UNKNOWN, "1", "", MAYBE),
        (500, 2, 0, Kind.UNKNOWN, "2", "", MAYBE),
        (503, 1200, 0, Kind.UNKNOWN, "1200", "", MAYBE),
        (500, 190, 0, Kind.CONNECTION_BROKEN, "190", "", facebook_errors.BROKEN),
        (400, 1200, 0, Kind.NEVER_CONNECTED, "1200", "", facebook_errors.TROUBLE),
        (400, 2022, 0, Kind.PERMANENT, "2022", "", facebook_errors.CODES[2022].sentence),
        (400, 4711, 0, Kind.PERMANENT, "4711", "", "Facebook says: Graph says so"),
        (429, 0, 0, Kind.THROTTLED, "429", "", facebook_errors.BUSY),
    ],
)
async def test_an_error_means_what_its_code_says(
    facebook: Facebook,
    provider: Scripted,
    status: int,
    code: int,
    subcode: int,
    kind: Kind,
    ours: str,
    tells: str,
    sentence: str,
):
    provider.answers(status, error(code, subcode))
    said = await refusal(facebook)
    assert (said.kind, said.code, said.tells, said.reason) == (kind, ours, tells, sentence)


async def test_an_error_in_a_200_is_an_error(facebook: Facebook, provider: Scripted):
    provider.answers(200, error(190))
    assert (await refusal(facebook)).kind is Kind.CONNECTION_BROKEN


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        (REGAIN, 420),
        ({}, 60),
        ({facebook_errors.USAGE: "nonsense"}, 60),
        ({facebook_errors.USAGE: '{"1": [{"estimated_time_to_regain_access": 99999}]}'}, 86_400),
        ({facebook_errors.USAGE: '{"1": [{"estimated_time_to_regain_access": true}, 3], "2": 4}'}, 60),
    ],
)
async def test_it_waits_as_long_as_facebook_says(
    facebook: Facebook, provider: Scripted, headers: dict[str, str], wait: float
):
    provider.answers(400, error(613), headers)
    assert (await refusal(facebook)).retry_after == wait


async def test_a_page_judged_abusive_is_silent_for_a_day(facebook: Facebook, provider: Scripted):
    provider.answers(400, error(368), REGAIN)
    assert (await refusal(facebook)).retry_after == 86_400


@pytest.mark.parametrize(("status", "body"), [(500, b"<html>"), (503, b""), (200, b"<html>"), (200, {"ok": True})])
async def test_an_answer_that_says_nothing_is_unknown(facebook: Facebook, provider: Scripted, status: int, body: Any):
    provider.answers(status, body)
    assert (await refusal(facebook)).kind is Kind.UNKNOWN


async def test_a_connection_that_breaks_after_the_words_left_is_unknown(tcp_server: TcpServer):
    async def talk(reader: Any, writer: Any) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with tcp_server(talk) as url:
        assert (await refusal(Facebook(url, CREDENTIALS))).kind is Kind.UNKNOWN


async def test_a_slow_answer_is_unknown(tcp_server: TcpServer):
    async def talk(reader: Any, writer: Any) -> None:
        await reader.read()
        writer.close()

    async with tcp_server(talk) as url:
        assert (await refusal(Facebook(url, CREDENTIALS, timeout=0.2))).kind is Kind.UNKNOWN


async def test_a_server_that_is_not_there_was_sent_nothing():
    assert (await refusal(Facebook("http://127.0.0.1:9", CREDENTIALS))).kind is Kind.NEVER_CONNECTED


async def test_the_secrets_stand_in_no_sentence(facebook: Facebook, provider: Scripted):
    provider.answers(400, error(4711, message=f"Bad {TOKEN} and {APP_SECRET} and {PROOF}"))
    said = (await refusal(facebook)).reason
    assert not any(secret in said for secret in (TOKEN, APP_SECRET, PROOF))


def test_our_words_for_the_window_are_the_gates():
    assert gate.refusal("outside_window", channel="facebook").message == facebook_errors.OUTSIDE


def test_every_sentence_ends_in_a_full_stop_and_no_code():
    rows = [*facebook_errors.PAIRS.values(), *facebook_errors.SUBCODES.values(), *facebook_errors.CODES.values()]
    for row in rows:
        assert re.fullmatch(r"[A-Z][^\d]*(24|[^\d])*\.", row.sentence), row.sentence


# Files


async def test_a_file_that_facebook_will_not_have_ends_in_nothing_sent(facebook: Facebook, provider: Scripted):
    provider.answers(400, error(100, message="Upload attachment failure"))
    said = await refusal(facebook, outgoing(media=(PICTURE,)))
    assert (said.kind, len(provider.asked)) == (Kind.PERMANENT, 1)
    assert provider.asked[0].path.endswith("/message_attachments")


async def test_an_upload_that_breaks_may_be_tried_again(facebook: Facebook, provider: Scripted):
    provider.answers(502, b"")
    assert (await refusal(facebook, outgoing(media=(PICTURE,)))).kind is Kind.NEVER_CONNECTED


async def test_words_that_left_without_their_file_say_so(facebook: Facebook, provider: Scripted):
    provider.answers(200, {"attachment_id": "9"}).answers(200, TAKEN).answers(400, error(4711))
    accepted = await send(facebook, outgoing(media=(PICTURE,)))
    assert accepted.provider_id == "m_sent"
    assert accepted.reason == "The message left, but not with it: front.png (Facebook says: Graph says so)"


async def test_a_file_of_unknown_fate_is_not_said_to_have_stayed_here(facebook: Facebook, provider: Scripted):
    provider.answers(200, {"attachment_id": "9"}).answers(200, {"attachment_id": "10"}).answers(200, TAKEN)
    provider.answers(500, error(2)).answers(400, error(4711))
    accepted = await send(facebook, outgoing(media=(PICTURE, replace(PICTURE, name="back.png"))))
    assert accepted.reason == (
        "The message left, but not with it: back.png (Facebook says: Graph says so). "
        f"This may not have arrived: front.png ({MAYBE})"
    )
    assert accepted.trouble is None


@pytest.mark.parametrize(("code", "kind"), [(190, Kind.CONNECTION_BROKEN), (368, Kind.RESTS), (613, Kind.THROTTLED)])
async def test_what_stops_the_connection_is_heard_after_the_words_left(
    facebook: Facebook, provider: Scripted, code: int, kind: Kind
):
    provider.answers(200, {"attachment_id": "9"}).answers(200, {"attachment_id": "10"}).answers(200, TAKEN)
    provider.answers(400, error(code))
    accepted = await send(facebook, outgoing(media=(PICTURE, replace(PICTURE, name="back.png"))))
    assert accepted.provider_id == "m_sent"
    assert accepted.trouble is not None
    assert accepted.trouble.kind is kind
    assert len(provider.asked) == 4  # the second file is not even tried
    assert accepted.reason.startswith("The message left, but not with it: front.png")
    assert "back.png" in accepted.reason


@pytest.mark.parametrize(
    "file",
    [Media("a.exe", "application/x-msdownload", b"MZ"), Media("big.pdf", "application/pdf", bytes(LARGEST_FILE + 1))],
)
async def test_a_file_it_does_not_take_is_not_even_uploaded(facebook: Facebook, provider: Scripted, file: Media):
    assert (await refusal(facebook, outgoing(media=(file,)))).code == "attachment_unsupported"
    assert provider.asked == []
    assert facebook.files is RULES


# Before anything leaves


async def test_words_too_long_are_refused_here(facebook: Facebook, provider: Scripted):
    assert (await refusal(facebook, outgoing(body="x" * (LONGEST_TEXT + 1)))).code == "too_long"
    assert provider.asked == []


@pytest.mark.parametrize("to", ["", "dana", "1 or 1=1", "../me", "+15205550101"])
async def test_only_a_persons_number_is_written_to(facebook: Facebook, provider: Scripted, to: str):
    assert (await refusal(facebook, outgoing(to=to))).kind is Kind.PERMANENT
    assert provider.asked == []


async def test_a_permit_is_for_one_message_once(facebook: Facebook, provider: Scripted):
    provider.answers(200, TAKEN)
    message = outgoing()
    permit = Permit(message)
    await facebook.send(message, permit)
    with pytest.raises(WrongPermit):
        await facebook.send(message, permit)
    with pytest.raises(WrongPermit):
        await facebook.send(outgoing(), Permit(outgoing()))
    assert len(provider.asked) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("page_id", "Harbor Motors"), ("page_id", ""), ("page_token", "two words"), ("app_secret", "")],
)
def test_what_cannot_be_right_is_refused_at_its_field(field: str, value: str):
    with pytest.raises(Refused) as caught:
        Facebook("https://graph.facebook.com/v25.0", CREDENTIALS | {field: value})
    assert caught.value.field == field


async def test_a_token_of_another_page_is_refused(facebook: Facebook, provider: Scripted):
    provider.answers(200, {"id": "1", "name": "Somebody else"})
    with pytest.raises(ChannelError) as caught:
        await facebook.check()
    assert caught.value.kind is Kind.CONNECTION_BROKEN
    assert "Somebody else" in caught.value.reason


async def test_a_wrong_app_secret_is_told_as_one(facebook: Facebook, provider: Scripted):
    provider.answers(400, error(100, message="Invalid appsecret_proof provided in the API argument"))
    with pytest.raises(ChannelError) as caught:
        await facebook.check()
    assert (caught.value.kind, caught.value.reason) == (Kind.CONNECTION_BROKEN, facebook_errors.WRONG_SECRET)
