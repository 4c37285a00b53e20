"""What we ask of Dialpad, field by field, and what each of its answers means for a text."""

import base64
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from domain import ids
from domain.channels.base import Accepted, ChannelError, Kind, Media, Outgoing, Sender
from domain.channels.dialpad import LARGEST_FILE, LONGEST_TEXT, Dialpad
from domain.channels.dialpad_errors import FAILED, FAILURES
from domain.channels.registry import CHANNELS
from domain.errors import Refused
from tests.domain.channels.local_servers import Permit, Scripted, WrongPermit

PAYLOADS = Path(__file__).parents[2] / "payloads" / "dialpad"
KEY = "k-4f9a8e"
CREDENTIALS = {"api_key": KEY}
INT64 = 2**63
LARGEST_REQUEST = 1_000_000  # bytes: developers.dialpad.com/docs/sms-api
PICTURE = Media("scratch.png", "image/png", b"\x89PNG\r\n\x1a\n and the rest")


def payload(name: str) -> dict[str, Any]:
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def outgoing(**changes: Any) -> Outgoing:
    given = {
        "message_id": ids.new(),
        "channel": "text",
        "to": "+16195550101",
        "body": "Hi Sam, is the Civic still for sale?",
        "sender": "4693435745845248",
    }
    return Outgoing(**given | changes)


async def send(dialpad: Dialpad, message: Outgoing | None = None) -> Accepted:
    message = message or outgoing()
    return await dialpad.send(message, Permit(message))


async def refusal(dialpad: Dialpad, message: Outgoing | None = None) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await send(dialpad, message)
    return caught.value


@pytest.fixture
def dialpad(provider: Scripted) -> Dialpad:
    return Dialpad(provider.url, CREDENTIALS, "secret")


# What we ask: every field of every request against the API description.


def is_int64(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < INT64


def is_text(value: object) -> bool:
    return isinstance(value, str)


def is_bool(value: object) -> bool:
    return isinstance(value, bool)


def is_one_number(value: object) -> bool:
    return isinstance(value, list) and len(value) == 1 and bool(re.fullmatch(r"\+[1-9]\d{6,14}", value[0]))


def is_base64(value: object) -> bool:
    return isinstance(value, str) and bool(base64.b64decode(value, validate=True))


OPTIONAL = {"media", "from_number"}
BODIES = {
    "POST /api/v2/sms": {
        "user_id": is_int64,
        "to_numbers": is_one_number,
        "text": is_text,
        "infer_country_code": lambda value: value is False,
        "media": is_base64,
        "from_number": is_text,
    },
    "POST /api/v2/webhooks": {"hook_url": is_text, "secret": is_text},
    "POST /api/v2/subscriptions/sms": {
        "direction": lambda value: value in ("all", "inbound", "outbound"),
        "endpoint_id": is_int64,
        "status": is_bool,
        "enabled": is_bool,
        "include_internal": is_bool,
    },
}
QUERIES = {
    "GET /api/v2/users": {"cursor", "state", "company_admin", "email", "number"},  # never the deprecated `limit`
    "GET /api/v2/company/5000000000000001/smsoptout": {"opt_out_state", "a2p_campaign_id", "cursor"},
}
ANSWERS = {
    "POST /api/v2/sms": payload("send_accepted"),
    "POST /api/v2/webhooks": {"id": "5100000000000001", "hook_url": "…", "signature": {}},
    "POST /api/v2/subscriptions/sms": {"id": 5200000000000001, "enabled": True},
    "GET /api/v2/users": payload("users"),
    "GET /api/v2/company/5000000000000001/smsoptout": payload("opt_outs"),
    "DELETE /api/v2/webhooks/5100000000000001": {},
    "DELETE /api/v2/subscriptions/sms/5200000000000001": {},
}


class StrictDialpad:
    """Dialpad as described: it notes every word that the description does not have."""

    def __init__(self) -> None:
        self.url = ""
        self.faults: list[str] = []
        self.calls: list[str] = []
        self.bodies: list[Any] = []

    async def handle(self, request: web.Request) -> web.Response:
        call = f"{request.method} {request.path}"
        self.calls.append(call)
        if request.headers.get("Authorization") != f"Bearer {KEY}" or "apikey" in request.query:
            self.faults.append(f"{call}: the key belongs in the Authorization header alone")
        if unknown := set(request.query) - QUERIES.get(call, set()):
            self.faults.append(f"{call}: undocumented {unknown} in the query")
        if request.method == "POST":
            self.check_body(call, request, await request.json())
        if call not in ANSWERS:
            self.faults.append(f"{call}: no such call")
        return web.json_response(ANSWERS.get(call, {}))

    def check_body(self, call: str, request: web.Request, body: Any) -> None:
        self.bodies.append(body)
        if request.content_type != "application/json":
            self.faults.append(f"{call}: {request.content_type} is not JSON")
        for name, value in body.items():
            fits = BODIES[call].get(name)
            if fits is None or not fits(value):
                self.faults.append(f"{call}: {name}={value!r} is not as described")
        if missing := BODIES[call].keys() - body.keys() - OPTIONAL:
            self.faults.append(f"{call}: {missing} missing")


@pytest.fixture
async def strict() -> AsyncIterator[StrictDialpad]:
    strict = StrictDialpad()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", strict.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    strict.url = "http://{}:{}".format(*runner.addresses[0][:2])
    yield strict
    await runner.cleanup()


async def test_every_call_we_make_is_one_that_dialpad_describes(strict: StrictDialpad):
    dialpad = Dialpad(strict.url + "/", {"api_key": f" {KEY}\n"}, "secret")

    await send(dialpad)
    await dialpad.find_sender("dana@example.com")
    await dialpad.check()
    assert [len(page) async for page in dialpad.opt_outs()] == [2]
    await dialpad.remove_hook(await dialpad.register_hook("https://lotwire.example/hooks/dialpad/1", "secret"))

    assert strict.faults == []
    assert set(strict.calls) == set(ANSWERS)


async def test_a_text_goes_out_byte_for_byte(strict: StrictDialpad):
    body = "Olá “Sam” 👋🏽\nLine two\ttab \\ {{x}} \u2028 end "

    await send(Dialpad(strict.url, CREDENTIALS), outgoing(body=body))

    assert strict.bodies[0]["text"] == body
    assert strict.faults == []


async def test_the_hook_asks_for_every_text_and_its_receipts(provider: Scripted, dialpad: Dialpad):
    provider.answers(200, {"id": "51"}).answers(200, {"id": 52})

    assert await dialpad.register_hook("https://lotwire.example/h", "s") == "51/52"

    assert provider.asked[0].body == {"hook_url": "https://lotwire.example/h", "secret": "s"}
    assert provider.asked[1].body == {
        "direction": "all",
        "endpoint_id": 51,
        "status": True,
        "enabled": True,
        "include_internal": False,
    }


async def test_a_hook_whose_subscription_is_refused_leaves_no_webhook_behind(provider: Scripted, dialpad: Dialpad):
    provider.answers(200, {"id": "51"}).answers(403, {"message": "No scope"}).answers(204)

    with pytest.raises(ChannelError, match="No scope"):
        await dialpad.register_hook("https://lotwire.example/h", "s")

    assert (provider.asked[2].method, provider.asked[2].path) == ("DELETE", "/api/v2/webhooks/51")


async def test_removing_a_hook_that_is_gone_is_no_error(provider: Scripted, dialpad: Dialpad):
    provider.answers(404).answers(204)

    await dialpad.remove_hook("51/52")

    assert [asked.path for asked in provider.asked] == ["/api/v2/subscriptions/sms/52", "/api/v2/webhooks/51"]


async def test_removing_a_hook_that_dialpad_will_not_remove_is_an_error(provider: Scripted, dialpad: Dialpad):
    provider.answers(403, {"message": "Not yours"})

    with pytest.raises(ChannelError, match="Not yours"):
        await dialpad.remove_hook("51/52")


# Pictures


async def test_a_picture_goes_along_byte_for_byte(strict: StrictDialpad):
    await send(Dialpad(strict.url, CREDENTIALS, mms=True), outgoing(body="", media=(PICTURE,)))

    assert base64.b64decode(strict.bodies[0]["media"]) == PICTURE.data
    assert strict.bodies[0]["text"] == ""
    assert strict.faults == []


async def test_a_text_alone_says_nothing_of_media(strict: StrictDialpad):
    await send(Dialpad(strict.url, CREDENTIALS, mms=True))

    assert "media" not in strict.bodies[0]


async def test_the_largest_picture_with_the_longest_text_fits_a_request(provider: Scripted):
    provider.answers(200, payload("send_with_picture"))
    largest = Media("front.jpg", "image/jpeg", b"\xff" * LARGEST_FILE)

    await send(Dialpad(provider.url, CREDENTIALS, mms=True), outgoing(body="😀" * LONGEST_TEXT, media=(largest,)))

    assert len(json.dumps(provider.asked[0].body)) < LARGEST_REQUEST


async def test_the_answer_to_a_picture_is_read_like_any(provider: Scripted):
    provider.answers(200, payload("send_with_picture"))

    taken = await send(Dialpad(provider.url, CREDENTIALS, mms=True), outgoing(media=(PICTURE,)))

    assert taken == Accepted("6007364921425924", "accepted", "", "+16195550142")


def test_files_go_along_only_where_the_connection_says_so():
    assert Dialpad("https://dialpad.com", CREDENTIALS).files is None
    assert Dialpad("https://dialpad.com", CREDENTIALS, mms="false").files is None
    rules = Dialpad("https://dialpad.com", CREDENTIALS, mms="true").files
    assert rules is not None
    assert rules.types == {"image/jpeg", "image/png", "image/gif"}
    assert (rules.picture_bytes, rules.most) == (512_000, 1)


@pytest.mark.parametrize("said", ["yes", "", "1", "MMS"])
def test_the_switch_for_pictures_is_true_or_false(said: str):
    with pytest.raises(Refused, match="mms is true or false"):
        Dialpad("https://dialpad.com", CREDENTIALS, mms=said)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"media": (PICTURE, PICTURE)}, "Dialpad takes one picture a text."),
        ({"media": (Media("a.pdf", "application/pdf", b"%PDF"),)}, "Dialpad takes JPEG, PNG and GIF pictures alone."),
        (
            {"media": (Media("big.jpg", "image/jpeg", b"x" * (LARGEST_FILE + 1)),)},
            "Dialpad takes pictures of up to 500 KB.",
        ),
        (
            {"media": (PICTURE,), "to": "+442079460018"},
            "Dialpad sends pictures to numbers in the US and Canada alone.",
        ),
    ],
)
async def test_a_file_dialpad_does_not_take_stops_the_text_before_any_call(
    provider: Scripted, changes: dict[str, Any], sentence: str
):
    error = await refusal(Dialpad(provider.url, CREDENTIALS, mms=True), outgoing(**changes))

    assert (error.kind, error.code) == (Kind.PERMANENT, "attachment_unsupported")
    assert error.reason.startswith(sentence)
    assert re.search(r"Send [\w.]+ as a link\.$", error.reason)
    assert provider.asked == []


async def test_a_picture_that_was_switched_off_meanwhile_is_not_dropped_in_silence(provider: Scripted):
    error = await refusal(Dialpad(provider.url, CREDENTIALS), outgoing(media=(PICTURE,)))

    assert error.reason == "Pictures are not switched on for Dialpad. Send scratch.png as a link."
    assert provider.asked == []


async def test_a_request_that_is_too_large_says_what_to_do(provider: Scripted):
    provider.answers(413, b"<html>Request Entity Too Large</html>")

    error = await refusal(Dialpad(provider.url, CREDENTIALS, mms=True), outgoing(media=(PICTURE,)))

    assert error.kind is Kind.PERMANENT
    assert error.reason == "Dialpad took this for too large. Send the picture as a link, or shorten the text."


# The permit


async def test_a_permit_for_another_message_stops_the_text_before_any_call(provider: Scripted, dialpad: Dialpad):
    provider.answers(200, payload("send_accepted"))

    with pytest.raises(WrongPermit):
        await dialpad.send(outgoing(), Permit(outgoing()))

    assert provider.asked == []


async def test_a_permit_lets_one_text_out_and_no_second(provider: Scripted, dialpad: Dialpad):
    provider.answers(200, payload("send_accepted"))
    message = outgoing()
    permit = Permit(message)
    await dialpad.send(message, permit)

    with pytest.raises(WrongPermit):
        await dialpad.send(message, permit)

    assert len(provider.asked) == 1


# What each answer means


async def test_an_accepted_text_has_dialpads_id_as_text(provider: Scripted, dialpad: Dialpad):
    provider.answers(200, payload("send_accepted"))

    assert await send(dialpad) == Accepted("6007364921425920", "accepted", "", "+16195550142")


@pytest.mark.parametrize("raw", [6007364921425920, "6007364921425920"])
async def test_ids_may_come_as_numbers_or_as_strings(provider: Scripted, dialpad: Dialpad, raw: int | str):
    provider.answers(200, {"id": raw})

    assert (await send(dialpad)).provider_id == "6007364921425920"


@pytest.mark.parametrize(
    ("status", "result", "state"),
    [
        (None, None, "accepted"),
        ("pending", None, "accepted"),
        ("something new", "something new", "accepted"),
        ("success", None, "sent"),
        ("success", "accepted", "delivered"),
    ],
)
async def test_the_answer_says_how_far_a_text_got(
    provider: Scripted, dialpad: Dialpad, status: str | None, result: str | None, state: str
):
    provider.answers(200, {"id": 7, "message_status": status, "message_delivery_result": result})

    assert (await send(dialpad)).state == state


@pytest.mark.parametrize(("result", "sentence"), [*FAILURES.items(), (None, FAILED), ("something new", FAILED)])
async def test_a_failed_text_is_refused_for_good_in_a_plain_sentence(
    provider: Scripted, dialpad: Dialpad, result: str | None, sentence: str
):
    provider.answers(200, {"id": 7, "message_status": "failed", "message_delivery_result": result})

    error = await refusal(dialpad)

    assert (error.kind, error.reason) == (Kind.PERMANENT, sentence)


async def test_a_pending_text_with_a_failing_result_has_failed(provider: Scripted, dialpad: Dialpad):
    provider.answers(200, {"id": 7, "message_status": "pending", "message_delivery_result": "rejected_spam"})

    error = await refusal(dialpad)

    assert (error.kind, error.code) == (Kind.PERMANENT, "spam")


@pytest.mark.parametrize(
    "body", [b"", b"<html>OK</html>", b"null", [], {}, {"id": None}, {"id": True}, {"id": ""}, {"id": -1}, {"id": 1.5}]
)
async def test_a_200_that_names_no_text_leaves_its_fate_unknown(provider: Scripted, dialpad: Dialpad, body: Any):
    provider.answers(200, body)

    error = await refusal(dialpad)

    assert (error.kind, error.reason) == (Kind.UNKNOWN, "Dialpad's answer could not be read.")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Kind.PERMANENT),
        (400, Kind.PERMANENT),
        (401, Kind.CONNECTION_BROKEN),
        (402, Kind.PERMANENT),
        (403, Kind.PERMANENT),
        (404, Kind.PERMANENT),
        (408, Kind.UNKNOWN),
        (409, Kind.PERMANENT),
        (413, Kind.PERMANENT),
        (418, Kind.PERMANENT),
        (422, Kind.PERMANENT),
        (429, Kind.THROTTLED),
        (500, Kind.UNKNOWN),
        (502, Kind.UNKNOWN),
        (503, Kind.UNKNOWN),
        (504, Kind.UNKNOWN),
    ],
)
async def test_each_status_has_its_meaning_even_with_nothing_said(
    provider: Scripted, dialpad: Dialpad, status: int, kind: Kind
):
    provider.answers(status)

    error = await refusal(dialpad)

    assert error.kind is kind
    assert error.code == str(status)
    assert re.fullmatch(r"[A-Z].{15,}\.", error.reason)
    assert len(provider.asked) == 1


@pytest.mark.parametrize("status", [402, 403])
@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("You may not send on behalf of this user", Kind.PERMANENT),
        ("Rate limit exceeded", Kind.THROTTLED),
        ("SMS limit for this minute reached", Kind.THROTTLED),
        ("Too many requests; upgrade your payment plan", Kind.THROTTLED),
        ("Company is out of credits", Kind.OUT_OF_CREDIT),
        ("Your balance is too low", Kind.OUT_OF_CREDIT),
        ("Credit limit reached", Kind.OUT_OF_CREDIT),
        ("Insufficient Funds", Kind.OUT_OF_CREDIT),
        ("Payment required", Kind.OUT_OF_CREDIT),
        ("This feature is unlimited and corporate only", Kind.PERMANENT),
    ],
)
async def test_a_403_is_told_apart_by_its_words(
    provider: Scripted, dialpad: Dialpad, status: int, words: str, kind: Kind
):
    provider.answers(status, {"error": {"message": words}})

    error = await refusal(dialpad)

    assert (error.kind, error.reason) == (kind, f"Dialpad says: {words}")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "The user is deactivated."),
        (403, "User 5155 is not active"),
        (403, "User suspended"),
        (404, "There is no user with this user_id."),
        (404, "User not found"),
    ],
)
async def test_a_user_who_is_gone_or_deactivated_is_told_in_the_known_words(
    provider: Scripted, dialpad: Dialpad, status: int, words: str
):
    provider.answers(status, {"error": {"message": words}})

    error = await refusal(dialpad)

    assert (error.kind, error.reason, error.code) == (Kind.PERMANENT, "No Dialpad account found", "sender")


async def test_what_out_of_credit_looks_like_is_an_option(provider: Scripted):
    provider.answers(403, {"message": "Wallet empty"})
    dialpad = Dialpad(provider.url, CREDENTIALS, out_of_credit="wallet")

    assert (await refusal(dialpad)).kind is Kind.OUT_OF_CREDIT


@pytest.mark.parametrize("value", ["7", " 7.0 "])
async def test_a_429_says_how_long_to_wait(provider: Scripted, dialpad: Dialpad, value: str):
    provider.answers(429, b"", {"Retry-After": value})

    assert (await refusal(dialpad)).retry_after == 7


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("-5", 0),
        ("inf", 3600),
        ("999999", 3600),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 2115 07:28:00 GMT", 3600),
        ("Wed, 21 Oct 2015 07:28:00", None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ],
)
async def test_an_odd_retry_after_is_bounded_or_ignored(
    provider: Scripted, dialpad: Dialpad, value: str | None, seconds: float | None
):
    provider.answers(429, b"", {} if value is None else {"Retry-After": value})

    assert (await refusal(dialpad)).retry_after == seconds


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"code": 400, "message": "to_numbers is invalid"}}, "to_numbers is invalid"),
        ({"error": "bad request"}, "bad request"),
        ({"message": "no such user"}, "no such user"),
        ({"error": {"message": 7}, "message": "fallback"}, "fallback"),
        ({"detail": "odd"}, '{"detail": "odd"}'),
        (b"plain words\n", "plain words"),
        (
            b"<html><head><style>p{}</style><script>alert(1)</script></head><p>Not &lt;here&gt;</p> now",
            "Not <here> now",
        ),
        (b"a\x00b\xffc", "a b\ufffdc"),
        (b"x" * 5000, "x" * 300),
        (b"<script" * 100_000, ("<script" * 50)[:300]),
    ],
)
async def test_a_refusal_is_shown_in_dialpads_words(provider: Scripted, dialpad: Dialpad, body: Any, words: str):
    provider.answers(400, body)

    assert (await refusal(dialpad)).reason == f"Dialpad says: {words}"


async def test_an_echoed_api_key_is_never_shown(provider: Scripted, dialpad: Dialpad):
    provider.answers(400, {"message": f"Bearer {KEY} may not"})

    assert (await refusal(dialpad)).reason == "Dialpad says: Bearer … may not"


@pytest.mark.parametrize("body", [b"", b"402", {"message": "17"}])
async def test_a_refusal_without_words_is_told_in_ours(provider: Scripted, dialpad: Dialpad, body: Any):
    provider.answers(400, body)

    assert (await refusal(dialpad)).reason == "Dialpad refused this with status 400."


# Refused before any call


async def test_the_longest_text_goes_and_one_more_character_is_refused_before_the_call(
    provider: Scripted, dialpad: Dialpad
):
    provider.answers(200, payload("send_accepted"))
    await send(dialpad, outgoing(body="x" * 1500))

    error = await refusal(dialpad, outgoing(body="x" * 1501))

    assert error.kind is Kind.PERMANENT
    assert error.reason == "This text has 1,501 characters. Dialpad takes 1,500: shorten it."
    assert len(provider.asked) == 1


@pytest.mark.parametrize("sender", ["", "dana@example.com", "-4", "12 34", "٣", "9" * 30])
async def test_a_sender_that_is_no_user_id_is_refused_before_the_call(
    dialpad: Dialpad, provider: Scripted, sender: str
):
    error = await refusal(dialpad, outgoing(sender=sender))

    assert (error.kind, error.reason) == (Kind.PERMANENT, "No Dialpad account found")
    assert provider.asked == []


@pytest.mark.parametrize("to", ["6195550101", "+1 619 555 0101", "", "+0123456789"])
async def test_a_number_that_is_not_e164_is_refused_before_the_call(dialpad: Dialpad, provider: Scripted, to: str):
    assert (await refusal(dialpad, outgoing(to=to))).kind is Kind.PERMANENT
    assert provider.asked == []


# Who sends


async def test_a_sender_is_found_by_email_whatever_its_case(provider: Scripted, dialpad: Dialpad):
    provider.answers(200, payload("users"))

    sender = await dialpad.find_sender(" dana@EXAMPLE.com ")

    assert sender == Sender("4693435745845248", "Dana Reyes", ("+16195550142", "+16195550144"))
    assert provider.asked[0].query == {"email": "dana@EXAMPLE.com", "state": "active"}


async def test_a_filter_that_answers_with_someone_else_finds_no_sender(provider: Scripted, dialpad: Dialpad):
    provider.answers(200, payload("users"))

    assert await dialpad.find_sender("nobody@example.com") is None


@pytest.mark.parametrize("state", ["suspended", "deleted", "cancelled", "pending", None])
async def test_a_user_who_is_not_active_is_no_sender(provider: Scripted, dialpad: Dialpad, state: str | None):
    provider.answers(200, {"items": [{"id": 1, "emails": ["dana@example.com"], "state": state}]})

    assert await dialpad.find_sender("dana@example.com") is None


@pytest.mark.parametrize("numbers", [[], None, ["not a number"]])
async def test_an_active_user_without_a_number_is_found_with_none(provider: Scripted, dialpad: Dialpad, numbers: Any):
    user = {"id": 1, "first_name": "Dana", "emails": ["dana@example.com"], "state": "active", "phone_numbers": numbers}
    provider.answers(200, {"items": [user]})

    assert await dialpad.find_sender("dana@example.com") == Sender("1", "Dana", ())


async def test_a_sender_on_a_later_page_is_found(provider: Scripted, dialpad: Dialpad):
    provider.answers(200, {"items": [], "cursor": "next"}).answers(200, payload("users"))

    assert (await dialpad.find_sender("dana@example.com")).provider_id == "4693435745845248"
    assert provider.asked[1].query["cursor"] == "next"


async def test_a_search_without_end_ends(provider: Scripted, dialpad: Dialpad):
    for page in range(30):
        provider.answers(200, {"items": [], "cursor": str(page)})

    assert await dialpad.find_sender("dana@example.com") is None
    assert len(provider.asked) == 20


async def test_a_cursor_that_repeats_ends_the_search(provider: Scripted, dialpad: Dialpad):
    provider.answers(200, {"items": [], "cursor": "same"})

    assert await dialpad.find_sender("dana@example.com") is None
    assert len(provider.asked) == 2


@pytest.mark.parametrize("items", [[7, None, "x"], [{"id": 1}], [{"emails": ["dana@example.com"], "state": "active"}]])
async def test_users_that_make_no_sense_are_passed_over(provider: Scripted, dialpad: Dialpad, items: list[Any]):
    provider.answers(200, {"items": items})

    assert await dialpad.find_sender("dana@example.com") is None


async def test_a_look_up_that_broke_may_be_made_again(provider: Scripted, dialpad: Dialpad):
    provider.answers(503)

    with pytest.raises(ChannelError) as caught:
        await dialpad.find_sender("dana@example.com")

    assert caught.value.kind is Kind.NEVER_CONNECTED


async def test_a_good_key_passes_the_check(provider: Scripted, dialpad: Dialpad):
    provider.answers(200, {"items": []})

    await dialpad.check()

    assert provider.asked[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(("status", "kind"), [(401, Kind.CONNECTION_BROKEN), (429, Kind.THROTTLED)])
async def test_the_check_says_what_is_wrong(provider: Scripted, dialpad: Dialpad, status: int, kind: Kind):
    provider.answers(status)

    with pytest.raises(ChannelError) as caught:
        await dialpad.check()

    assert caught.value.kind is kind


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", [], {"items": "many"}])
async def test_an_address_that_is_not_dialpads_fails_the_check(provider: Scripted, dialpad: Dialpad, body: Any):
    provider.answers(200, body)

    with pytest.raises(ChannelError, match="does not answer like Dialpad"):
        await dialpad.check()


# Made from settings


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("base_url", {"base_url": "dialpad.com"}),
        ("base_url", {"base_url": "ftp://dialpad.com"}),
        ("base_url", {"base_url": ""}),
        ("api_key", {"credentials": {"api_key": ""}}),
        ("api_key", {"credentials": {"api_key": "a\nb"}}),
        ("api_key", {"credentials": {"api_key": "kéy"}}),
        ("out_of_credit", {"out_of_credit": "("}),
        ("max_event_age_days", {"max_event_age_days": "week"}),
        ("timeout", {"timeout": 0}),
        ("per_minute", {"per_minute": "x"}),
        ("per_second", {"per_second": -1}),
        ("hears", {"hears": "pigeon"}),
        ("company_id", {"credentials": CREDENTIALS | {"company_id": "Harbor\nX-Evil: 1"}}),
    ],
)
def test_a_setting_that_cannot_be_right_is_refused_by_name(field: str, options: dict[str, Any]):
    with pytest.raises(Refused) as caught:
        Dialpad(**{"base_url": "https://dialpad.com", "credentials": CREDENTIALS} | options)

    assert caught.value.field == field


async def test_a_key_of_several_companies_says_which_one_is_meant(provider: Scripted):
    provider.answers(200, payload("users"))
    await Dialpad(provider.url, CREDENTIALS, "secret").check()
    await Dialpad(provider.url, CREDENTIALS | {"company_id": "5000000000000001"}, "secret").check()
    said = [{name.lower(): value for name, value in asked.headers.items()} for asked in provider.asked]
    assert [headers.get("dp-company-id") for headers in said] == [None, "5000000000000001"]


def test_the_options_of_the_pace_are_left_alone_and_a_mistyped_one_is_not():
    assert Dialpad("https://dialpad.com", CREDENTIALS, timeout="3", per_minute="90", per_second="15").channel == "text"
    with pytest.raises(TypeError, match=r"there is no option per_minut$"):
        Dialpad("https://dialpad.com", CREDENTIALS, per_minut="90")


def test_every_kind_is_registered_under_its_own_name():
    assert {kind: channel.kind for kind, channel in CHANNELS.items()} == {kind: kind for kind in CHANNELS}


@pytest.mark.parametrize("kind", ["dialpad", "simulator"])
def test_every_kind_of_dialpads_can_be_made_with_its_own_address_and_has_a_name(kind: str):
    channel = CHANNELS[kind](CHANNELS[kind].default_base_url, CREDENTIALS, "secret")

    assert channel.name
    assert channel.channel == "text"
