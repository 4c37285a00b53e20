"""What Twilio's hook calls say, and that nothing but Twilio's calls are believed."""

import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import clock, ids
from domain.channels.base import (
    BadSignature,
    HookCall,
    HookEvent,
    Incoming,
    IncomingFile,
    NotUnderstood,
    Receipt,
    Said,
    Stopped,
)
from domain.channels.twilio import Twilio
from domain.channels.twilio_errors import MEANINGS
from domain.channels.twilio_hooks import STATES, is_signed, signature

PAYLOADS = Path(__file__).parents[2] / "payloads" / "twilio"
ACCOUNT = "AC00112233445566778899aabbccddeeff"
TOKEN = "token-4f9a8e"
URL = "https://lots.example/hooks/twilio/6f9619ff-8b86-d011-b42d-00c04fc964ff"
TWILIO = Twilio("https://api.twilio.com", {"account_sid": ACCOUNT, "auth_token": TOKEN, "from_number": "+16195550142"})
MESSAGE = ids.new()


def payload(name: str, **changes: str) -> dict[str, str]:
    return json.loads((PAYLOADS / f"{name}.json").read_text()) | changes


def call(fields: Any, url: str = URL, token: str = TOKEN, told: str = "") -> HookCall:
    """A call of Twilio's to `url`, signed for what it was `told`."""
    pairs = list(fields.items() if isinstance(fields, dict) else fields)
    headers = {"x-twilio-signature": signature(token, told or url, pairs)}
    return HookCall(url, urlencode(pairs).encode(), headers)


def event(fields: Any, url: str = URL) -> HookEvent:
    [found] = TWILIO.verify(call(fields, url))
    return found


def read(fields: Any, url: str = URL) -> list[Said]:
    return TWILIO.parse(json.loads(json.dumps(event(fields, url).payload)))


# Signatures: the vectors of Twilio's own libraries first


CALL = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
DOUBLED = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")]


@pytest.mark.parametrize(
    ("pairs", "signed"),
    [(list(CALL.items()), "RSOYDt4T1cUTdK1PDd93/VVr8B8="), (DOUBLED, "IK+Dwps556ElfBT0I3Rgjkr1wJU=")],
)
def test_a_call_is_signed_as_twilio_signs_it(pairs: list[tuple[str, str]], signed: str):
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"

    assert signature("12345", url, pairs) == signed
    assert is_signed(HookCall(url, urlencode(pairs).encode(), {"x-twilio-signature": signed}), "12345")


@pytest.mark.parametrize(
    "told",
    [URL, URL.replace("lots.example", "lots.example:443")],
)
def test_the_port_may_be_said_or_not(told: str):
    assert TWILIO.verify(call(payload("inbound"), told=told))


def test_a_port_of_its_own_has_to_be_said():
    assert TWILIO.verify(call(payload("inbound"), url=URL.replace("lots.example", "lots.example:8443")))
    with pytest.raises(BadSignature):
        TWILIO.verify(call(payload("inbound"), url=URL.replace("lots.example", "lots.example:8443"), told=URL))


def test_a_json_body_is_held_to_its_hash():
    body = b'{"a": 1}'
    url = f"{URL}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    headers = {"x-twilio-signature": signature(TOKEN, url, [])}

    assert is_signed(HookCall(url, body, headers), TOKEN)
    assert not is_signed(HookCall(url, body + b" ", headers), TOKEN)


@pytest.mark.parametrize(
    "wrong",
    [
        call(payload("inbound"), token="another token"),
        call(payload("inbound"), told="https://elsewhere.example/hooks"),
        call(payload("inbound"), told=URL.replace("https", "http")),
        call(payload("inbound"), told=f"{URL}?message={MESSAGE.hex}"),
        HookCall(URL, urlencode(payload("inbound")).encode()),
        HookCall(URL, urlencode(payload("inbound")).encode(), {"x-twilio-signature": ""}),
        HookCall(URL, b"", call(payload("inbound")).headers),
        HookCall(URL, urlencode(payload("inbound", Body="STOP")).encode(), call(payload("inbound")).headers),
    ],
    ids=["token", "host", "scheme", "query", "none", "empty", "no body", "other words"],
)
def test_any_other_call_is_refused(wrong: HookCall):
    with pytest.raises(BadSignature):
        TWILIO.verify(wrong)


def test_a_body_that_is_no_form_is_refused():
    with pytest.raises(BadSignature):
        TWILIO.verify(HookCall(URL, b"\xff\xfe", {"x-twilio-signature": "x"}))


# What they say


def test_a_text_of_a_sellers_is_read():
    [message] = read(payload("inbound"))

    assert isinstance(message, Incoming)
    assert (message.from_address, message.to_address, message.body, message.media, message.answered) == (
        "+15205550117",
        "+16195550142",
        "Yes, it is still for sale.",
        (),
        False,
    )
    assert abs((clock.now() - message.at).total_seconds()) < 5


def test_pictures_come_as_addresses():
    [message] = read(
        payload(
            "inbound",
            NumMedia="2",
            MediaUrl0="https://api.twilio.com/a",
            MediaContentType0="image/jpeg",
            MediaUrl1="https://api.twilio.com/b",
        )
    )

    assert isinstance(message, Incoming)
    assert list(message.media) == [
        IncomingFile("https://api.twilio.com/a", media_type="image/jpeg"),
        IncomingFile("https://api.twilio.com/b"),
    ]


@pytest.mark.parametrize("count", ["", "-1", "many", "9999", "2"])
def test_a_wrong_count_of_pictures_harms_nothing(count: str):
    [message] = read(payload("inbound", NumMedia=count))

    assert isinstance(message, Incoming)
    assert message.media == ()


@pytest.mark.parametrize("sender", ["whatsapp:+15205550117", "messenger:123", "72345", "Harbor", "rcs:brand"])
def test_what_no_phone_wrote_is_nobodys(sender: str):
    assert read(payload("inbound", From=sender)) == []


def test_another_account_is_nobodys():
    assert read(payload("inbound", AccountSid="AC" + "f" * 32)) == []


@pytest.mark.parametrize(("opt", "again"), [("STOP", False), ("START", True)])
def test_a_stop_that_twilio_heard_is_a_stop_whatever_the_word(opt: str, again: bool):
    message, stopped = read(payload("inbound", Body="PARAR", OptOutType=opt))

    assert isinstance(message, Incoming)
    assert message.answered
    assert isinstance(stopped, Stopped)
    assert (stopped.address, stopped.word, stopped.again) == ("+15205550117", "PARAR", again)


def test_a_help_that_twilio_answered_is_not_answered_again():
    [message] = read(payload("inbound", Body="AYUDA", OptOutType="HELP"))

    assert isinstance(message, Incoming)
    assert message.answered


@pytest.mark.parametrize("word", ["stop", "STOP", " Stop ", "StopAll", "unstop", "HELP", "info", "yes"])
def test_the_words_that_twilio_answers_are_known(word: str):
    assert TWILIO.answers(word)
    assert not TWILIO.answers(f"{word} please")


@pytest.mark.parametrize(("status", "state"), STATES.items())
def test_every_state_has_its_place_on_the_ladder(status: str, state: str):
    [receipt] = read(payload("status", MessageStatus=status), f"{URL}?message={MESSAGE.hex}")

    assert isinstance(receipt, Receipt)
    assert (receipt.state, receipt.ours, receipt.to) == (state, MESSAGE.hex, "+16195550101")
    assert bool(receipt.reason) is (state == "undelivered")


@pytest.mark.parametrize("code", sorted(MEANINGS))
def test_every_code_of_a_receipt_has_words(code: int):
    [receipt] = read(payload("status", MessageStatus="undelivered", ErrorCode=str(code)))

    assert isinstance(receipt, Receipt)
    assert (receipt.reason, receipt.tells) == (MEANINGS[code].words, MEANINGS[code].tells)
    assert receipt.out_of_credit is (code in (10001, 20005, 30002, 90010))
    assert receipt.code == {30007: "spam", 30022: "sender_full", 30023: "sender_full", 30027: "sender_full"}.get(
        code, ""
    )
    assert (receipt.rests_until is None) is (receipt.code != "sender_full")


def test_a_state_of_another_programs_text_names_nobody():
    [receipt] = read(payload("status"))

    assert isinstance(receipt, Receipt)
    assert (receipt.to, receipt.ours) == ("", "")


@pytest.mark.parametrize("reference", ["", "x", "g" * 32, "1" * 33, "%00", "../../etc"])
def test_a_reference_that_is_none_is_not_believed(reference: str):
    [receipt] = read(payload("status"), f"{URL}?message={reference}")

    assert isinstance(receipt, Receipt)
    assert receipt.ours == ""


def test_each_state_is_an_event_of_its_own_and_the_same_call_the_same():
    first, again = event(payload("status")), event(payload("status"))
    other = event(payload("status", MessageStatus="sent"))

    assert first.key == again.key != other.key
    assert len(first.key) <= 64


@pytest.mark.parametrize("wrong", [{"MessageSid": "", "SmsSid": ""}, {"MessageSid": "no"}, {"MessageStatus": "odd"}])
def test_what_cannot_be_read_is_not_kept(wrong: dict[str, str]):
    with pytest.raises(NotUnderstood):
        TWILIO.verify(call(payload("status", **wrong)))


@pytest.mark.parametrize("wrong", [{"From": "+1"}, {"To": ""}, {"From": "+abc"}])
def test_a_text_from_or_to_nobody_is_not_kept(wrong: dict[str, str]):
    with pytest.raises(NotUnderstood):
        TWILIO.verify(call(payload("inbound", **wrong)))


# Whatever comes


NAMES = st.sampled_from([*payload("inbound"), *payload("status"), "NumMedia", "MediaUrl0", "OptOutType", "ErrorCode"])
FORM = st.lists(st.tuples(NAMES | st.text(max_size=10), st.text(max_size=60)), max_size=12)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(base=st.sampled_from(["inbound", "status"]), changes=FORM, query=TEXTS)
def test_the_parser_refuses_or_reads_and_never_breaks(base: str, changes: list[tuple[str, str]], query: str):
    fields = payload(base) | {name: value for name, value in changes if _speakable(name + value)}
    url = f"{URL}?{urlencode({'message': query})}"
    try:
        [found] = TWILIO.verify(call(fields, url))
    except NotUnderstood:
        return
    for said in TWILIO.parse(json.loads(json.dumps(found.payload))):
        assert isinstance(said, Incoming | Receipt | Stopped)
        if isinstance(said, Incoming):
            assert said.from_address.startswith("+")
            assert said.to_address.startswith("+")
        if isinstance(said, Receipt):
            assert said.state in {"accepted", "sent", "delivered", "undelivered"}


@given(body=st.binary(max_size=200), header=st.text(max_size=40), query=TEXTS)
def test_no_bytes_that_are_not_twilios_are_taken(body: bytes, header: str, query: str):
    with pytest.raises(BadSignature):
        TWILIO.verify(HookCall(f"{URL}?{urlencode({'bodySHA256': query})}", body, {"x-twilio-signature": header}))


@given(kept=st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner)))
def test_what_was_kept_by_something_else_is_not_understood(kept: Any):
    with pytest.raises(NotUnderstood):
        TWILIO.parse(kept if isinstance(kept, dict) else {"fields": kept})


def _speakable(text: str) -> bool:
    try:
        return bool(text.encode())
    except UnicodeEncodeError:
        return False
