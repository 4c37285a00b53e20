"""What Dialpad's events say, and that nothing but Dialpad's events is believed."""

import base64
import hashlib
import hmac
import json
import string
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from domain import clock
from domain.channels.base import (
    BadSignature,
    HookCall,
    HookEvent,
    Incoming,
    IncomingFile,
    NotUnderstood,
    Receipt,
    TooOld,
)
from domain.channels.dialpad import Dialpad
from domain.channels.dialpad_errors import FAILED, FAILURES

PAYLOADS = Path(__file__).parents[2] / "payloads" / "dialpad"
SECRET = "a webhook secret that is long enough"
DIALPAD = Dialpad("https://dialpad.com", {"api_key": "key"}, SECRET)


def payload(name: str, **changes: Any) -> dict[str, Any]:
    return json.loads((PAYLOADS / f"{name}.json").read_text()) | changes


def fresh(name: str = "inbound", **changes: Any) -> dict[str, Any]:
    """A payload that happened just now."""
    return payload(name, event_timestamp=int(clock.now().timestamp() * 1000)) | changes


def signed(claims: Any, secret: str = SECRET, **header: Any) -> bytes:
    """A JWT made by hand, so that what PyJWT would not write can be tried too."""
    parts = [json.dumps({"alg": "HS256", "typ": "JWT"} | header).encode(), json.dumps(claims).encode()]
    body = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    mac = hmac.digest(secret.encode(), body, hashlib.sha256)
    return body + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")


def verify(body: bytes, dialpad: Dialpad = DIALPAD) -> HookEvent:
    [event] = dialpad.verify(HookCall("https://lots.example/hooks/dialpad/1", body))
    return event


def read(said: dict[str, Any]) -> Incoming | Receipt | None:
    """The one thing an event says, or None."""
    found = DIALPAD.parse(said)
    assert len(found) <= 1
    return found[0] if found else None


# Signatures


@pytest.mark.parametrize("wrapped", [lambda token: token, lambda token: b' "' + token + b'"\n', lambda t: t + b"\r\n"])
def test_an_event_signed_with_our_secret_is_taken_bare_or_as_a_json_string(wrapped):
    event = verify(wrapped(signed(fresh())))

    assert event.payload["text"] == "sTOp"
    assert clock.now() - event.at < timedelta(seconds=5)


def test_what_a_jwt_library_signs_is_taken():
    assert verify(jwt.encode(fresh(), SECRET, algorithm="HS256").encode()).payload["id"] == 5594630430703616


@pytest.mark.parametrize("secret", ["x", "short"])
def test_a_short_secret_works_too(secret: str):
    assert verify(signed(fresh(), secret), Dialpad("https://dialpad.com", {"api_key": "key"}, secret)).key


def test_claims_of_other_jwt_users_do_not_matter():
    assert verify(signed(fresh(aud="someone", sub=7, jti=7, iat=2**40))).key


def swapped(token: bytes, claims: dict[str, Any]) -> bytes:
    head, _, mac = token.split(b".")
    return head + b"." + base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=") + b"." + mac


def nested() -> bytes:
    deep = b'{"alg":"HS256"}', b"[" * 100_000
    body = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in deep)
    return body + b"." + base64.urlsafe_b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256)).rstrip(b"=")


def own_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return jwt.encode(
        fresh(), key, algorithm="RS256", headers={"jwk": {"kty": "RSA"}, "x5c": [public.decode()]}
    ).encode()


ATTACKS = {
    "another secret": lambda: signed(fresh(), "another webhook secret of good length"),
    "an empty secret": lambda: signed(fresh(), ""),
    "no signature": lambda: signed(fresh()).rsplit(b".", 1)[0] + b".",
    "no third part": lambda: signed(fresh()).rsplit(b".", 1)[0],
    "alg none": lambda: jwt.encode(fresh(), None, algorithm="none").encode(),
    "alg None, signed": lambda: signed(fresh(), alg="None"),
    "no alg": lambda: signed(fresh(), alg=None),
    "HS512": lambda: jwt.encode(fresh(), SECRET * 2, algorithm="HS512").encode(),
    "HS256 said, RS256 meant": lambda: signed(fresh(), alg="RS256"),
    "changed payload": lambda: swapped(signed(fresh()), fresh(text="send me money")),
    "unknown critical header": lambda: signed(fresh(), crit=["b64"], b64=False),
    "plain JSON": lambda: json.dumps(fresh()).encode(),
    "nothing": lambda: b"",
    "words": lambda: b"hello",
    "not ASCII": "é.é.é".encode,
    "a JSON string of nothing": lambda: b'""',
    "half a JSON string": lambda: b'"abc',
    "a JSON string and more": lambda: b'"' + signed(fresh()) + b'" x',
    "a payload that is a list": lambda: signed([1, 2]),
    "a payload that is a number": lambda: signed(7),
    "a payload nested beyond reason": nested,
    "expired": lambda: signed(fresh(exp=1)),
    "an own key in the header": own_key,
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_no_event_is_believed_that_was_not_signed_for_us(attack):
    with pytest.raises(BadSignature):
        verify(attack())


@pytest.mark.parametrize("secret", ["", "   "])
def test_without_a_webhook_secret_no_event_is_taken(secret: str):
    with pytest.raises(BadSignature, match="no webhook secret"):
        verify(signed(fresh(), secret), Dialpad("https://dialpad.com", {"api_key": "key"}, secret))


# Names and ages of events


def test_a_replay_has_the_same_key_and_each_step_of_a_text_another():
    steps = [payload(name, event_timestamp=fresh()["event_timestamp"]) for name in (
        "inbound", "outbound_pending", "outbound_sent", "outbound_delivered", "outbound_rejected"
    )]  # fmt: skip
    keys = [verify(signed(step)).key for step in steps]

    assert len(set(keys)) == 5
    assert [verify(signed(step | {"event_timestamp": step["event_timestamp"] - 60_000})).key for step in steps] == keys


def test_a_key_is_the_same_whether_the_id_came_as_a_number_or_as_text():
    assert verify(signed(fresh(id="55"))).key == verify(signed(fresh(id=55))).key


def test_an_event_is_taken_for_seven_days_and_not_longer():
    def ago(**age: float) -> bytes:
        return signed(fresh(event_timestamp=int((clock.now() - timedelta(**age)).timestamp() * 1000)))

    assert verify(ago(days=6, hours=23)).key
    with pytest.raises(TooOld, match="too long ago"):
        verify(ago(days=7, hours=1))
    assert verify(ago(days=8), Dialpad("https://dialpad.com", {"api_key": "key"}, SECRET, max_event_age_days="9")).key


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": True},
        {"id": 1.5},
        {"id": {}},
        {"id": "<b>"},
        {"event_timestamp": None, "created_date": None},
        {"event_timestamp": "soon", "created_date": []},
        {"event_timestamp": 10**30, "created_date": 10**400},
        {"event_timestamp": float("nan"), "created_date": float("inf")},
    ],
)
def test_a_signed_event_without_an_id_or_a_time_is_not_understood(changes: dict[str, Any]):
    with pytest.raises(NotUnderstood):
        verify(signed(fresh(**changes)))


# What comes in


def test_an_inbound_text_is_read_though_it_says_pending():
    assert read(payload("inbound")) == Incoming(
        "5594630430703616",
        "+16195550101",
        "+16195550142",
        "sTOp",
        datetime(2025, 2, 6, 2, 25, 41, 123000, UTC),
        (),
    )


def test_a_text_without_the_export_scope_comes_in_empty():
    assert read(payload("inbound_without_export_scope")).body == ""


def test_a_picture_comes_with_its_address():
    incoming = read(payload("inbound_mms"))

    assert (incoming.body, incoming.media) == ("", (IncomingFile("https://dialpad.com/mms/5594630430703618.jpg"),))


def test_of_several_numbers_ours_is_the_targets_though_it_is_written_in_national_format():
    assert read(payload("inbound_group_target")).to_address == "+16195550100"


@pytest.mark.parametrize(
    "to",
    [
        {"to_number": ["+16195550142"]},
        {"to_number": "+16195550142"},
        {"to_number": None, "to_numbers": ["+16195550142"]},
        {"to_number": ["619-555-0142"]},
        {"to_number": []},
    ],
)
def test_our_number_is_found_however_it_is_written(to: dict[str, Any]):
    assert read(payload("inbound", **to)).to_address == "+16195550142"


def test_talk_inside_the_company_concerns_nobody_here():
    assert read(payload("internal")) is None


@pytest.mark.parametrize("machine", ["22395", "729725", "AMAZON", "My Bank"])
def test_a_machine_is_no_seller(machine: str):
    assert read(payload("inbound", from_number=machine)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"direction": None},
        {"direction": "sideways"},
        {"direction": ["inbound"]},
        {"id": None},
        {"from_number": None},
        {"from_number": ""},
        {"from_number": "+1"},
        {"from_number": 16195550101},
        {"to_number": [7, None, {}], "target": None},
        {"created_date": None, "event_timestamp": None},
    ],
)
def test_an_inbound_text_that_says_too_little_is_not_understood(changes: dict[str, Any]):
    with pytest.raises(NotUnderstood):
        read(payload("inbound", **changes))


@pytest.mark.parametrize("odd", [[], "x", None, 7])
def test_a_payload_that_is_no_object_is_not_understood(odd: Any):
    with pytest.raises(NotUnderstood):
        read(odd)


# What becomes of what went out


def test_a_receipt_has_enough_to_recognise_a_text_whose_answer_never_came():
    assert read(payload("outbound_pending")) == Receipt(
        "6007364921425920",
        "accepted",
        "",
        datetime(2025, 2, 6, 2, 26, 41, 240000, UTC),
        to="+16195550101",
        sender="4693435745845248",
        from_address="+16195550142",
        body="Hi Sam, is the Civic still for sale?",
    )


@pytest.mark.parametrize(
    ("name", "state", "reason"),
    [
        ("outbound_pending", "accepted", ""),
        ("outbound_sent", "sent", ""),
        ("outbound_delivered", "delivered", ""),
        ("outbound_rejected", "undelivered", FAILURES["rejected"]),
    ],
)
def test_each_receipt_says_how_far_a_text_got(name: str, state: str, reason: str):
    receipt = read(payload(name))

    assert (receipt.state, receipt.reason) == (state, reason)


@pytest.mark.parametrize(("result", "sentence"), [*FAILURES.items(), (None, FAILED), ("new", FAILED), (["x"], FAILED)])
def test_every_failure_has_a_sentence_that_a_person_can_act_on(result: Any, sentence: str):
    receipt = read(payload("outbound_rejected", message_delivery_result=result))

    assert (receipt.state, receipt.reason) == ("undelivered", sentence)


def test_a_receipt_without_the_export_scope_has_no_body_rather_than_an_empty_one():
    bare = payload("outbound_sent")
    del bare["text"], bare["text_content"]

    assert read(bare).body is None


@pytest.mark.parametrize(
    "target", [None, 7, {"type": "user"}, {"type": "department", "id": 7}, {"type": "user", "id": []}]
)
def test_only_a_user_target_names_the_sender(target: Any):
    assert read(payload("outbound_sent", target=target)).sender == ""


def test_a_receipt_without_a_time_is_not_understood():
    with pytest.raises(NotUnderstood):
        read(payload("outbound_sent", created_date=None, event_timestamp=None))


# Anything at all

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["inbound", "outbound", "user", "failed", "success", "accepted", "+16195550101", 1738808741123]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted(json.loads((PAYLOADS / "inbound.json").read_text()))
MANGLED = st.builds(
    lambda name, changes: payload(name) | changes,
    st.sampled_from(["inbound", "outbound_rejected"]),
    st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=5),
)


@given(MANGLED | st.dictionaries(st.sampled_from([*FIELDS, "to_numbers"]), ANYTHING) | ANYTHING)
def test_whatever_an_event_holds_it_is_read_or_refused(odd: Any):
    try:
        found = read(odd)
    except NotUnderstood:
        return
    assert found is None or isinstance(found, Incoming | Receipt)
    assert found is None or found.provider_id


@given(MANGLED | st.dictionaries(st.sampled_from(FIELDS), ANYTHING))
def test_whatever_a_signed_event_holds_it_is_named_or_refused(odd: dict[str, Any]):
    try:
        event = verify(signed(odd))
    except (BadSignature, NotUnderstood):
        return
    assert len(event.key) == 64
    assert event.at.tzinfo is not None


@given(st.binary(max_size=200) | st.text(string.printable, max_size=200).map(str.encode))
def test_whatever_bytes_come_they_are_no_event(body: bytes):
    with pytest.raises(BadSignature):
        verify(body)


@given(st.dictionaries(st.sampled_from(["alg", "typ", "kid", "jku", "crit", "b64", "zip"]), ANYTHING))
def test_whatever_a_header_says_only_hs256_is_read(header: dict[str, Any]):
    try:
        event = verify(signed(fresh(), **header))
    except BadSignature:
        return
    assert event.payload["text"] == "sTOp"
    assert header.get("alg", "HS256") == "HS256"
