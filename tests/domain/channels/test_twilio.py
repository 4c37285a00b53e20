"""What we ask of Twilio, field by field, and what each of its answers means for a text."""

import base64
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import web

from domain import ids
from domain.channels.base import Accepted, ChannelError, Kind, Media, Outgoing
from domain.channels.registry import CHANNELS
from domain.channels.twilio import LONGEST_TEXT, Twilio
from domain.channels.twilio_errors import MEANINGS, NO_KEY
from domain.errors import Refused
from tests.domain.channels.local_servers import Permit, Scripted, TcpServer, WrongPermit

PAYLOADS = Path(__file__).parents[2] / "payloads" / "twilio"
ACCOUNT = "AC00112233445566778899aabbccddeeff"
SERVICE = "MG00112233445566778899aabbccddeeff"
PHONE = "PN00112233445566778899aabbccddeeff"
SID = "SM00112233445566778899aabbccddeeff"
TOKEN = "token-4f9a8e"
OURS, THEIRS = "+16195550142", "+16195550101"
CREDENTIALS = {"account_sid": ACCOUNT, "auth_token": TOKEN, "from_number": OURS}
HOOK = "https://lots.example/hooks/twilio/6f9619ff-8b86-d011-b42d-00c04fc964ff"
PICTURE = Media("front.jpg", "image/jpeg", b"\xff\xd8\xff and the rest", "https://lots.example/files/1/x/front.jpg")
API = f"/2010-04-01/Accounts/{ACCOUNT}"


def payload(name: str) -> dict[str, Any]:
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def outgoing(**changes: Any) -> Outgoing:
    given = {
        "message_id": ids.new(),
        "channel": "text",
        "to": THEIRS,
        "body": "Hi Sam, is the Civic still for sale?",
        "sender": "",
    }
    return Outgoing(**given | changes)


def made(url: str, hook: str = HOOK, options: dict[str, Any] | None = None, **credentials: str) -> Twilio:
    twilio = Twilio(url, {**CREDENTIALS, **credentials}, **(options or {}))
    twilio.hook_url = hook
    return twilio


async def send(twilio: Twilio, message: Outgoing | None = None) -> Accepted:
    message = message or outgoing()
    return await twilio.send(message, Permit(message))


async def refusal(twilio: Twilio, message: Outgoing | None = None) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await send(twilio, message)
    return caught.value


@pytest.fixture
def twilio(provider: Scripted) -> Twilio:
    return made(provider.url)


# What we ask: every field of every request against the API description.

NUMBER = re.compile(r"\+[1-9]\d{6,14}")
URL = re.compile(r"https?://\S+")
FORMS: dict[str, dict[str, re.Pattern[str]]] = {
    f"POST {API}/Messages.json": {
        "To": NUMBER,
        "From": NUMBER,
        "MessagingServiceSid": re.compile(r"MG[0-9a-f]{32}"),
        "Body": re.compile(r"(?s).{1,1600}"),
        "MediaUrl": URL,
        "StatusCallback": URL,
        "ValidityPeriod": re.compile(r"[1-9]\d{0,3}|[12]\d{4}|3[0-5]\d{3}|36000"),
        "SmartEncoded": re.compile(r"false"),
    },
    f"POST {API}/IncomingPhoneNumbers/{PHONE}.json": {
        "SmsUrl": re.compile(r"|https?://\S+"),
        "SmsMethod": re.compile(r"POST"),
        "SmsApplicationSid": re.compile(r""),
    },
    f"POST /v1/Services/{SERVICE}": {
        "InboundRequestUrl": re.compile(r"|https?://\S+"),
        "InboundMethod": re.compile(r"POST"),
        "UseInboundWebhookOnNumber": re.compile(r"false"),
    },
}
QUERIES = {
    f"GET {API}/Messages.json": {"To", "From", "DateSent", "DateSent>", "DateSent<", "PageSize"},
    f"GET {API}/IncomingPhoneNumbers.json": {"PhoneNumber", "FriendlyName", "Beta", "Origin", "PageSize"},
    f"GET /v2/PhoneNumbers/{THEIRS}": {"Fields", "CountryCode", "LastVerifiedDate"},
}
ANSWERS: dict[str, Any] = {
    f"GET {API}.json": {"sid": ACCOUNT, "status": "active"},
    f"POST {API}/Messages.json": payload("send_accepted"),
    f"GET {API}/Messages.json": {"messages": [payload("send_accepted")]},
    f"GET {API}/IncomingPhoneNumbers.json": {"incoming_phone_numbers": [{"sid": PHONE, "phone_number": OURS}]},
    f"POST {API}/IncomingPhoneNumbers/{PHONE}.json": {"sid": PHONE},
    f"GET /v1/Services/{SERVICE}": {"sid": SERVICE},
    f"POST /v1/Services/{SERVICE}": {"sid": SERVICE},
    f"GET /v2/PhoneNumbers/{THEIRS}": {
        "valid": True,
        "line_type_intelligence": {"type": "landline", "carrier_name": "Copper Co"},
    },
}


class StrictTwilio:
    """Twilio as described: it notes every word that the description does not have."""

    def __init__(self) -> None:
        self.url = ""
        self.key = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        self.faults: list[str] = []
        self.calls: list[str] = []
        self.forms: list[list[tuple[str, str]]] = []

    async def handle(self, request: web.Request) -> web.Response:
        call = f"{request.method} {request.path}"
        self.calls.append(call)
        if request.headers.get("Authorization") != f"Basic {self.key}":
            self.faults.append(f"{call}: not let in")
        if unknown := set(request.query) - QUERIES.get(call, set()):
            self.faults.append(f"{call}: undocumented {unknown} in the query")
        if request.method == "POST":
            self.check_form(call, request, await request.text())
        if call not in ANSWERS:
            self.faults.append(f"{call}: no such call")
        return web.json_response(ANSWERS.get(call, {}), status=201 if request.method == "POST" else 200)

    def check_form(self, call: str, request: web.Request, body: str) -> None:
        form = parse_qsl(body, keep_blank_values=True, strict_parsing=True)
        self.forms.append(form)
        if request.content_type != "application/x-www-form-urlencoded":
            self.faults.append(f"{call}: {request.content_type}")
        for name, value in form:
            pattern = FORMS.get(call, {}).get(name)
            if pattern is None or not pattern.fullmatch(value):
                self.faults.append(f"{call}: {name}={value!r}")
        names = [name for name, _ in form if name != "MediaUrl"]
        if len(names) != len(set(names)) or (call.endswith("/Messages.json") and names.count("To") != 1):
            self.faults.append(f"{call}: {names}")


@pytest.fixture
async def strict() -> AsyncIterator[StrictTwilio]:
    server = StrictTwilio()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = "http://{}:{}".format(*runner.addresses[0][:2])
    yield server
    await runner.cleanup()
    assert not server.faults


async def test_every_request_has_only_documented_fields(strict: StrictTwilio):
    twilio = made(strict.url)
    await twilio.check()
    await send(twilio)
    await send(twilio, outgoing(media=(PICTURE,), body="Ünïcode 🚗\nand a second line & more=less"))
    await twilio.took(outgoing(), datetime(2026, 11, 29, tzinfo=UTC))
    await twilio.line_of(THEIRS)
    hook = await twilio.register_hook(HOOK, "secret")
    await twilio.remove_hook(hook)
    service = made(strict.url, from_number="", messaging_service_sid=SERVICE)
    await service.check()
    await send(service)
    await service.remove_hook(await service.register_hook(HOOK, "secret"))
    assert set(strict.calls) == set(ANSWERS)


async def test_an_api_key_lets_in_and_the_auth_token_stays_at_home(strict: StrictTwilio):
    key = "SK00112233445566778899aabbccddeeff"
    strict.key = base64.b64encode(f"{key}:of the key".replace(" ", "-").encode()).decode()

    await send(made(strict.url, api_key_sid=key, api_key_secret="of-the-key"))

    assert strict.calls


async def test_a_text_goes_to_one_number_in_the_very_words(provider: Scripted, twilio: Twilio):
    provider.answers(201, payload("send_accepted"))
    message = outgoing(body="It’s “still” there? – 100 € \n")

    accepted = await send(twilio, message)

    assert accepted == Accepted(SID, "accepted", from_address=OURS)
    assert dict(provider.asked[0].body) == {
        "To": THEIRS,
        "From": OURS,
        "Body": "It’s “still” there? – 100 € \n",
        "SmartEncoded": "false",
        "ValidityPeriod": "14400",
        "StatusCallback": f"{HOOK}/status?message={message.message_id.hex}",
    }


async def test_without_a_public_address_nothing_is_called_back_and_no_file_goes_along(provider: Scripted):
    provider.answers(201, payload("send_accepted"))
    twilio = made(provider.url, hook="")

    await send(twilio)
    error = await refusal(twilio, outgoing(media=(Media("front.jpg", "image/jpeg", b"x"),)))

    assert twilio.files is None
    assert "StatusCallback" not in dict(provider.asked[0].body)
    assert len(provider.asked) == 1
    assert error.code == "attachment_unsupported"
    assert "front.jpg" in error.reason


async def test_files_go_along_as_addresses(provider: Scripted, twilio: Twilio):
    provider.answers(201, payload("send_accepted"))

    await send(twilio, outgoing(media=(PICTURE, PICTURE), body=""))

    names = [name for name, _ in provider.asked[0].body]
    assert names.count("MediaUrl") == 2
    assert "Body" not in names
    assert twilio.files
    assert twilio.files.most == 10


async def test_an_answer_leaves_from_the_number_that_was_written_to(provider: Scripted):
    provider.answers(201, payload("send_accepted"))

    await send(made(provider.url, from_number="", messaging_service_sid=SERVICE), outgoing(from_address="+16195550143"))

    form = dict(provider.asked[0].body)
    assert (form["From"], form["MessagingServiceSid"]) == ("+16195550143", SERVICE)


async def test_no_call_without_a_permit_and_none_twice(provider: Scripted, twilio: Twilio):
    provider.answers(201, payload("send_accepted"))
    message = outgoing()
    permit = Permit(message)
    await twilio.send(message, permit)

    with pytest.raises(WrongPermit):
        await twilio.send(message, permit)
    with pytest.raises(WrongPermit):
        await twilio.send(message, Permit(outgoing()))

    assert len(provider.asked) == 1


@pytest.mark.parametrize(
    "message", [outgoing(body="x" * (LONGEST_TEXT + 1)), outgoing(to="5205550117")], ids=["long", "to"]
)
async def test_what_cannot_go_is_not_tried(provider: Scripted, twilio: Twilio, message: Outgoing):
    assert (await refusal(twilio, message)).kind is Kind.PERMANENT
    assert not provider.asked


# What its answers mean


@pytest.mark.parametrize("code", sorted(MEANINGS))
async def test_every_code_of_a_refusal_means_what_the_table_says(provider: Scripted, twilio: Twilio, code: int):
    provider.answers(400, {"code": code, "message": "In Twilio's words", "more_info": "…", "status": 400})

    error = await refusal(twilio)

    meaning = MEANINGS[code]
    assert (error.reason, error.kind, error.tells) == (meaning.words, meaning.kind, meaning.tells)
    assert not re.search(r"\d{4}", error.reason)


def test_the_table_holds_every_code_that_is_known_to_matter():
    assert MEANINGS.keys() >= {
        *(
            20003,
            20429,
            21211,
            21217,
            21265,
            21266,
            21614,
            21635,
            21610,
            21408,
            21602,
            21603,
            21604,
            21617,
            21620,
            21623,
        ),
        *(
            21606,
            14108,
            21659,
            21660,
            21661,
            21611,
            30001,
            30002,
            30003,
            30017,
            30008,
            30410,
            30004,
            30005,
            30006,
            30007,
        ),
        *(30019, 30022, 30023, 30027, 30032, 30033, 30034, 30035, 35111, 35114, 35118),
    }
    assert [code for code, each in MEANINGS.items() if each.tells == "opted_out"] == [21610]
    assert {30005, 30006, 21614, 21635} <= {code for code, each in MEANINGS.items() if each.tells == "untextable"}


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason"),
    [
        (401, {"code": 20003, "message": "Authenticate"}, Kind.CONNECTION_BROKEN, NO_KEY),
        (401, b"", Kind.CONNECTION_BROKEN, NO_KEY),
        (402, {"message": "Pay first."}, Kind.OUT_OF_CREDIT, "Twilio says: Pay first."),
        (403, {"code": 20005, "message": "Account not active"}, Kind.OUT_OF_CREDIT, MEANINGS[20005].words),
        (400, {"code": 99999, "message": "Something new."}, Kind.PERMANENT, "Twilio says: Something new."),
        (404, b"<html>Not <b>found</b></html>", Kind.PERMANENT, "Twilio says: Not found"),
        (409, b"", Kind.PERMANENT, "Twilio refused this with status 409."),
        (413, {"message": "Too large."}, Kind.PERMANENT, "Twilio says: Too large."),
        (302, b"", Kind.PERMANENT, "Twilio's address has moved. Ask an admin to check it."),
        (408, b"", Kind.UNKNOWN, None),
        (500, {"code": 20500, "message": "Internal"}, Kind.UNKNOWN, None),
        (503, {"code": 21211, "message": "Bad To"}, Kind.UNKNOWN, None),
        (200, b"[1]", Kind.UNKNOWN, None),
        (201, b"<html>Welcome</html>", Kind.UNKNOWN, None),
        (201, b"", Kind.UNKNOWN, None),
        (201, {"status": "queued"}, Kind.UNKNOWN, None),
        (201, {"sid": "nonsense", "status": "queued"}, Kind.UNKNOWN, None),
    ],
)  # fmt: skip
async def test_every_other_answer_has_one_meaning(
    provider: Scripted, twilio: Twilio, status: int, body: Any, kind: Kind, reason: str | None
):
    provider.answers(status, body)

    error = await refusal(twilio)

    assert error.kind is kind
    assert error.reason == reason or (reason is None and "Twilio" in error.reason)


@pytest.mark.parametrize(("header", "wait"), [({"Retry-After": "7"}, 7.0), ({}, None)])
@pytest.mark.parametrize(("status", "code"), [(429, 20429), (400, 21611)])
async def test_too_many_waits_as_long_as_twilio_says(
    provider: Scripted, twilio: Twilio, status: int, code: int, header: dict[str, str], wait: float | None
):
    provider.answers(status, {"code": code, "message": "Too many"}, header)

    error = await refusal(twilio)

    assert (error.kind, error.retry_after) == (Kind.THROTTLED, wait)


async def test_taken_but_failed_is_refused(provider: Scripted, twilio: Twilio):
    provider.answers(201, payload("send_accepted") | {"status": "failed", "error_code": 30006, "error_message": "…"})

    error = await refusal(twilio)

    assert (error.kind, error.tells, error.reason) == (Kind.PERMANENT, "untextable", MEANINGS[30006].words)


@pytest.mark.parametrize("status", ["accepted", "scheduled", "queued", "sending", "something new"])
async def test_an_accepted_text_is_accepted(provider: Scripted, twilio: Twilio, status: str):
    provider.answers(201, payload("send_accepted") | {"status": status, "num_segments": "0"})

    assert (await send(twilio)).state == "accepted"


async def test_a_connection_that_breaks_leaves_the_fate_unknown(tcp_server: TcpServer):
    async def talk(reader: Any, writer: Any) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with tcp_server(talk) as url:
        assert (await refusal(made(url))).kind is Kind.UNKNOWN


async def test_what_never_connected_may_be_tried_again():
    assert (await refusal(made("http://127.0.0.1:9"))).kind is Kind.NEVER_CONNECTED


async def test_no_secret_is_ever_shown(provider: Scripted, twilio: Twilio):
    provider.answers(400, {"message": f"wrong: {TOKEN}"})

    assert TOKEN not in (await refusal(twilio)).reason


# The account


async def test_an_account_without_the_number_is_not_connected(provider: Scripted, twilio: Twilio):
    provider.answers(200, {"status": "active"}).answers(200, {"incoming_phone_numbers": []})

    with pytest.raises(ChannelError, match="not a number of this Twilio account"):
        await twilio.check()


async def test_a_suspended_account_is_not_connected(provider: Scripted, twilio: Twilio):
    provider.answers(200, {"status": "suspended"})

    with pytest.raises(ChannelError, match="not active"):
        await twilio.check()


async def test_a_look_that_broke_may_be_made_again(provider: Scripted, twilio: Twilio):
    provider.answers(500)

    with pytest.raises(ChannelError) as caught:
        await twilio.check()

    assert caught.value.kind is Kind.NEVER_CONNECTED


async def test_a_hook_that_is_gone_is_no_error(provider: Scripted, twilio: Twilio):
    provider.answers(404, {"code": 20404, "message": "Not found"})

    await twilio.remove_hook(PHONE)

    assert dict(provider.asked[0].body)["SmsUrl"] == ""


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"account_sid": "AC1"}, "account_sid"),
        ({"account_sid": ""}, "account_sid"),
        ({"auth_token": "two words"}, "auth_token"),
        ({"auth_token": ""}, "auth_token"),
        ({"from_number": "12"}, "from_number"),
        ({"from_number": ""}, "from_number"),
        ({"messaging_service_sid": "PN00112233445566778899aabbccddeeff"}, "messaging_service_sid"),
        ({"api_key_sid": "SK00112233445566778899aabbccddeeff"}, "api_key_sid"),
        ({"api_key_secret": "alone"}, "api_key_sid"),
    ],
)
def test_what_cannot_be_right_is_refused_at_its_field(given: dict[str, str], field: str):
    with pytest.raises(Refused) as caught:
        made("https://api.twilio.com", **given)

    assert caught.value.field == field


def test_a_number_may_be_typed_as_people_write_it(provider: Scripted):
    assert made("https://api.twilio.com", from_number="(619) 555-0142").files
    with pytest.raises(TypeError):
        made("https://api.twilio.com", options={"colour": "red"})
    with pytest.raises(Refused):
        made("https://api.twilio.com", options={"validity": "36001"})


def test_it_is_read_even_when_it_was_disconnected():
    assert CHANNELS["twilio"]("https://api.twilio.com", {**CREDENTIALS, "auth_token": "disconnected"})


@pytest.mark.parametrize(
    ("base", "lookups"),
    [
        ("https://api.twilio.com", "https://lookups.twilio.com/v2/PhoneNumbers/+1"),
        ("http://127.0.0.1:8010", "http://127.0.0.1:8010/v2/PhoneNumbers/+1"),
    ],
)
def test_twilios_other_products_stand_beside_its_live_address_alone(base: str, lookups: str):
    assert made(base)._api.looked_up("+1") == lookups


# What it took


async def test_it_tells_what_it_took_of_this_very_text_alone(provider: Scripted, twilio: Twilio):
    mine = payload("send_accepted") | {"status": "delivered"}
    others = [
        mine | {"body": "Other words"},
        mine | {"to": "+15205550117"},
        mine | {"direction": "inbound"},
        mine | {"date_created": "Sun, 29 Nov 2026 15:00:00 +0000"},
        mine | {"date_created": "yesterday"},
        "nonsense",
    ]
    provider.answers(200, {"messages": [*others, mine]})
    since = datetime(2026, 11, 29, 15, 59, tzinfo=UTC)

    [event] = await twilio.took(outgoing(), since)

    assert provider.asked[0].query == {"To": THEIRS, "DateSent>": "2026-11-29", "PageSize": "50"}
    [receipt] = twilio.parse(event.payload)
    assert (receipt.provider_id, receipt.state, receipt.body) == (SID, "delivered", outgoing().body)
    assert event.at - since == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (
            {"valid": True, "line_type_intelligence": {"type": "mobile", "carrier_name": "Cell Co"}},
            ("mobile", "Cell Co"),
        ),
        ({"valid": False, "validation_errors": ["TOO_SHORT"]}, ("invalid", "")),
        ({"valid": True, "line_type_intelligence": None}, ("", "")),
        ({"valid": True, "line_type_intelligence": {"type": None, "error_code": 60601}}, ("", "")),
    ],
)
async def test_the_kind_of_line_is_in_twilios_word(
    provider: Scripted, twilio: Twilio, said: Any, line: tuple[str, str]
):
    provider.answers(200, said)

    assert await twilio.line_of(THEIRS) == line


def test_lookups_are_off_unless_switched_on():
    assert not made("https://api.twilio.com").looks_up()
    assert made("https://api.twilio.com", lookups="on").looks_up()


# Files that come in


async def test_a_file_is_fetched_with_our_credentials_and_sent_on_without_them(provider: Scripted, twilio: Twilio):
    provider.answers(307, b"", {"Location": "/where/it/lies"}).answers(200, b"bytes", {"Content-Type": "image/jpeg"})

    file = await twilio.fetch(f"{provider.url}{API}/Messages/{SID}/Media/ME1", {})

    assert (file.data, file.media_type) == (b"bytes", "image/jpeg")
    assert "authorization" in provider.asked[0].headers
    assert "authorization" not in provider.asked[1].headers


def test_credentials_go_to_twilio_alone():
    api = made("https://api.twilio.com")._api

    assert api._keeps_files("https://s3.amazonaws.com/media")
    assert not api._is_at_home("https://s3.amazonaws.com/media")
    assert api._is_at_home("https://api.twilio.com/2010-04-01/file")
    assert not api._is_at_home("https://api.twilio.com.evil.example/file")


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest", "https://nottwilio.com/x", "file:///etc/passwd", "http://api.twilio.com/x", ""],
)
async def test_a_file_anywhere_else_is_not_fetched(provider: Scripted, twilio: Twilio, url: str):
    with pytest.raises(ChannelError) as caught:
        await twilio.fetch(url, {})
    provider.answers(302, b"", {"Location": "http://169.254.169.254/"})
    with pytest.raises(ChannelError):
        await twilio.fetch(f"{provider.url}/file", {})

    assert caught.value.kind is Kind.PERMANENT
    assert len(provider.asked) == 1


async def test_a_file_that_is_gone_is_not_asked_for_again(provider: Scripted, twilio: Twilio):
    provider.answers(404).answers(503)

    with pytest.raises(ChannelError) as gone:
        await twilio.fetch(f"{provider.url}/file", {})
    with pytest.raises(ChannelError) as away:
        await twilio.fetch(f"{provider.url}/file", {})

    assert (gone.value.kind, away.value.kind) == (Kind.PERMANENT, Kind.NEVER_CONNECTED)
