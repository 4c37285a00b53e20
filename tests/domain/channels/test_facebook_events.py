"""What Messenger's calls say, and that nothing but Facebook's calls is believed."""

import hashlib
import hmac
import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.channels.base import (
    BadSignature,
    ChannelError,
    HookCall,
    HookEvent,
    Incoming,
    Kind,
    NotUnderstood,
    ReadUntil,
    Receipt,
    Said,
)
from domain.channels.facebook import Facebook
from domain.channels.facebook_events import NOT_SHOWN
from domain.channels.facebook_files import LARGEST_FILE

PAYLOADS = Path(__file__).parents[2] / "payloads" / "facebook"
PAGE, PERSON, SECRET = "102030405060708", "7020304050607081", "app-secret-77"
FACEBOOK = Facebook(
    "https://graph.facebook.com/v25.0", {"page_id": PAGE, "page_token": "t", "app_secret": SECRET}, "verify-me"
)
URL = "https://lots.example/hooks/facebook/1"


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def signed(body: bytes, secret: str = SECRET) -> HookCall:
    mac = hmac.digest(secret.encode(), body, hashlib.sha256).hex()
    return HookCall(URL, body, {"x-hub-signature-256": f"sha256={mac}"})


def events(body: bytes) -> list[HookEvent]:
    return FACEBOOK.verify(signed(body))


def said(body: bytes) -> list[Said]:
    return [each for event in events(body) for each in FACEBOOK.parse(event.payload)]


def call(message: Any, **item: Any) -> bytes:
    one = {"sender": {"id": PERSON}, "recipient": {"id": PAGE}, "timestamp": 1795950000100, "message": message, **item}
    return json.dumps({"object": "page", "entry": [{"id": PAGE, "time": 1, "messaging": [one]}]}).encode()


# Whose call it is


def test_a_question_with_our_verify_token_is_answered():
    url = f"{URL}?hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge=1158201444"
    assert FACEBOOK.challenge(HookCall(url, method="GET")) == "1158201444"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "hub.mode=subscribe&hub.challenge=1",
        "hub.mode=subscribe&hub.verify_token=guess&hub.challenge=1",
        "hub.mode=unsubscribe&hub.verify_token=verify-me&hub.challenge=1",
        "hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge=%3Cscript%3E",
    ],
)
def test_any_other_question_is_refused(query: str):
    assert FACEBOOK.challenge(HookCall(f"{URL}?{query}", method="GET")) is None


def test_without_a_verify_token_nobody_is_answered():
    facebook = Facebook("https://x.example", {"page_id": PAGE, "page_token": "t", "app_secret": SECRET})
    url = f"{URL}?hub.mode=subscribe&hub.verify_token=&hub.challenge=1"
    assert facebook.challenge(HookCall(url, method="GET")) is None


def test_the_signature_is_over_the_raw_bytes():
    body = payload("text")
    written_anew = json.dumps(json.loads(body)).encode()
    headers = signed(body).headers
    assert FACEBOOK.verify(HookCall(URL, body, headers))
    with pytest.raises(BadSignature):
        FACEBOOK.verify(HookCall(URL, written_anew, headers))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-hub-signature-256": ""},
        {"x-hub-signature-256": "sha256="},
        {"x-hub-signature-256": "sha256=" + "0" * 64},
        {"x-hub-signature-256": "sha256=ä"},
        {"x-hub-signature": "sha1=" + hmac.new(SECRET.encode(), b"{}", "sha1").hexdigest()},
        {"x-hub-signature-256": hmac.new(SECRET.encode(), b"{}", "sha256").hexdigest()},
    ],
)
def test_a_call_that_is_not_signed_so_is_refused(headers: dict[str, str]):
    with pytest.raises(BadSignature):
        FACEBOOK.verify(HookCall(URL, b"{}", headers))


def test_a_call_signed_with_another_secret_is_refused():
    with pytest.raises(BadSignature):
        FACEBOOK.verify(signed(payload("text"), "another"))


# What it says


def test_a_message_says_who_wrote_what_and_when():
    [incoming] = said(payload("text"))
    assert incoming == Incoming(
        "m_AG5Hz2Uq7tuwNEhXfYYKj8mJEM_QPpz5jdCK48PnKAjSdjfipqxqMvK8ma6AC8fplwlqLP_5cgXIbu7I3rBN0P",
        PERSON,
        PAGE,
        "Still there. Café Olé blue, 48k miles.",
        datetime(2026, 11, 29, 11, 0, 0, 100_000, UTC),
    )


def test_files_are_to_be_fetched_and_the_rest_is_told_in_words():
    [incoming] = said(payload("files"))
    assert isinstance(incoming, Incoming)
    assert [each.ref.partition("?")[0] for each in incoming.media] == [
        "https://scontent.xx.fbcdn.net/v/t1.15752-9/front.jpg",
        "https://cdn.fbsbx.com/v/t59.2708-21/title.pdf",
    ]
    assert incoming.body == "Location: 32.22, -110.97\n2019 Outback https://www.facebook.com/marketplace/item/123"
    assert incoming.about == "https://www.facebook.com/marketplace/item/123"


def test_every_item_of_a_call_is_heard_and_of_our_page_alone():
    at = datetime(2026, 11, 29, 11, 0, 1, 950_000, UTC)
    found = said(payload("mixed"))
    assert [type(each) for each in found] == [Receipt, Receipt, Receipt, ReadUntil, ReadUntil, Incoming, Incoming]
    echo, first, second, arrived, read, postback, standby = found
    assert echo == Receipt(
        "m_echo", "sent", "", at.replace(microsecond=900_000), to=PERSON, from_address=PAGE,
        body="Typed in Facebook's inbox",
    )  # fmt: skip
    assert (first.provider_id, first.state, second.provider_id) == ("m_echo", "delivered", "m_sent")
    assert (arrived.address, arrived.at) == (PERSON, at.replace(microsecond=940_000))
    assert (read.address, read.at) == (PERSON, at)
    assert (postback.provider_id, postback.body, postback.about) == (
        *("m_postback", "Is it still for sale?", "https://ads.example/9"),
    )
    assert (standby.provider_id, standby.from_address) == ("m_standby", "7020304050607082")


OURS = "0192d3a4-5b6c-7d8e-9f00-112233445566"
FROM_US = {"sender": {"id": PAGE}, "recipient": {"id": PERSON}}
FILE = {"mid": "m_f", "is_echo": True, "attachments": [{"type": "image", "payload": {}}]}


@pytest.mark.parametrize("message", [FILE, {"mid": "m_f", "is_echo": True, "text": "Still for sale?"}])
def test_an_echo_names_the_message_of_ours_that_it_is_of(message: dict[str, Any]):
    [echo] = said(call(message | {"metadata": f"lotwire:{OURS}"}, **FROM_US))
    assert isinstance(echo, Receipt)
    assert (echo.ours, echo.provider_id, echo.body) == (OURS.replace("-", ""), "m_f", message.get("text", ""))


@pytest.mark.parametrize("metadata", ["", "lotwire:", "lotwire:5a", OURS, 5, None])
def test_an_echo_that_names_no_message_of_ours_was_typed_elsewhere(metadata: Any):
    [typed] = said(call(FILE | {"metadata": metadata}, **FROM_US))
    assert isinstance(typed, Receipt)
    assert (typed.ours, typed.body) == ("", "(A file, sent in Messenger.)")


def test_what_another_page_says_names_no_message_of_ours():
    [event] = events(call(FILE | {"metadata": f"lotwire:{OURS}"}, **FROM_US))
    other = Facebook("https://graph.facebook.com/v25.0", {"page_id": "9", "page_token": "t", "app_secret": SECRET}, "v")
    [echo] = other.parse(event.payload)
    assert isinstance(echo, Receipt)
    assert echo.ours == ""


def test_what_facebook_does_not_hand_out_is_still_a_message():
    [incoming] = said(call({"mid": "m_1", "is_unsupported": True}))
    assert isinstance(incoming, Incoming)
    assert incoming.body == NOT_SHOWN


def test_a_message_taken_back_says_nothing():
    assert said(call({"mid": "m_1", "is_deleted": True})) == []


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"object": "instagram", "entry": []}', b"nonsense", b"[" * 100_000])
def test_what_is_not_about_a_page_is_not_understood(body: bytes):
    with pytest.raises(NotUnderstood):
        FACEBOOK.verify(signed(body))


# Replays


def test_a_message_is_known_by_its_mid_whatever_comes_around_it():
    plain, with_more = call({"mid": "m_1", "text": "Hi"}), call({"mid": "m_1", "text": "Hi", "nlp": {}}, timestamp=2)
    [one], [other] = events(plain), events(with_more)
    assert one.key == other.key
    assert len(one.key) == 64


def test_two_messages_are_two():
    assert events(call({"mid": "m_1", "text": "Hi"}))[0].key != events(call({"mid": "m_2", "text": "Hi"}))[0].key


def test_the_same_item_twice_in_a_call_is_one():
    twice = json.loads(call({"mid": "m_1", "text": "Hi"}))
    twice["entry"] *= 2
    assert len(events(json.dumps(twice).encode())) == 1


# Whatever comes

NAMES = """id time messaging standby sender recipient timestamp message mid text attachments type payload url
coordinates is_echo metadata delivery mids watermark read postback title referral ref lat long is_deleted"""
KEYS = st.sampled_from(NAMES.split())
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([PAGE, PERSON, "image", "m_1"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


def reads(stored: Any) -> bool:
    """Whether it is read as something we know, or refused in the way that a worker expects."""
    with suppress(NotUnderstood):
        return all(isinstance(each, Incoming | Receipt | ReadUntil) for each in FACEBOOK.parse(stored))
    return True


@given(VALUES, VALUES)
def test_any_item_is_read_or_refused(item: Any, entry: Any):
    entries = [entry, {"id": PAGE, "time": 1795950000100, "messaging": [item]}]
    for event in events(json.dumps({"object": "page", "entry": entries}).encode()):
        assert reads(json.loads(json.dumps(event.payload)))


@given(
    st.dictionaries(KEYS, VALUES, max_size=6),
    st.sampled_from(["message", "delivery", "read", "postback"]),
    st.dictionaries(KEYS, VALUES, max_size=8),
)
def test_any_message_is_read_or_refused(item: Any, name: str, inner: Any):
    whole = {"sender": {"id": PERSON}, "recipient": {"id": PAGE}, "timestamp": 1795950000100, **item, name: inner}
    call_ = {"object": "page", "entry": [{"id": PAGE, "time": 1, "messaging": [whole]}]}
    for event in events(json.dumps(call_).encode()):
        assert reads(event.payload)


@given(VALUES)
def test_any_stored_event_is_read_or_refused(stored: Any):
    assert reads(stored)


@given(st.binary())
def test_any_bytes_that_are_signed_are_read_or_refused(body: bytes):
    with suppress(NotUnderstood):
        assert FACEBOOK.verify(signed(body)) == []  # bytes that happen to be a call about our Page are none of these


# Files


@pytest.mark.parametrize(
    "ref",
    [
        "http://scontent.example/a.jpg",
        "https://127.0.0.1/a.jpg",
        "https://127.1/a.jpg",
        "https://2130706433/a.jpg",
        "https://127。0。0。1/a.jpg",
        "https://１２７.0.0.1/a.jpg",
        "https://[::ffff:10.0.0.1]/a.jpg",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/a.jpg",
        "file:///etc/passwd",
        "nonsense",
    ],
)
async def test_a_file_is_fetched_from_out_on_the_internet_alone(ref: str):
    with pytest.raises(ChannelError) as caught:
        await FACEBOOK.fetch(ref, {})
    assert caught.value.kind is Kind.PERMANENT


@pytest.mark.parametrize(
    ("status", "size", "kind"),
    [(403, 1, Kind.PERMANENT), (500, 1, Kind.NEVER_CONNECTED), (200, LARGEST_FILE + 1, Kind.PERMANENT)],
)
async def test_a_file_that_cannot_be_had_says_whether_to_ask_again(
    monkeypatch: Any, status: int, size: int, kind: Kind
):
    from domain.channels import http

    async def answer(*args: Any, **more: Any) -> http.Answer:
        assert more["largest"] == LARGEST_FILE + 1
        return http.Answer(status, {}, bytes(size))

    monkeypatch.setattr(http, "call", answer)
    with pytest.raises(ChannelError) as caught:
        await FACEBOOK.fetch("https://scontent.xx.fbcdn.net/a.jpg", {})
    assert caught.value.kind is kind


async def test_a_file_comes_with_its_name_and_type(monkeypatch: Any):
    from domain.channels import http

    async def answer(*args: Any, **more: Any) -> http.Answer:
        return http.Answer(200, {"Content-Type": "image/jpeg; x=1"}, b"jpeg")

    monkeypatch.setattr(http, "call", answer)
    media = await FACEBOOK.fetch("https://scontent.xx.fbcdn.net/v/front.jpg?oh=1", {})
    assert (media.name, media.media_type, media.data) == ("front.jpg", "image/jpeg", b"jpeg")
