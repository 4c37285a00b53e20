"""Which mails are a seller's, passed on by Kijiji, and that nothing else opens a conversation."""

import time
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.channels.email import parts
from domain.channels.kijiji_mail import SUBJECT, Relayed, is_signed, is_unvouched, relayed

PAYLOADS = Path(__file__).parents[2] / "payloads" / "kijiji"
OURS = "mx.lots.example"
RELAY = "s.2k9x7c4d1@rts.kijiji.ca"
AD = "https://www.kijiji.ca/v-cars-trucks/city-of-toronto/2019-subaru-outback/1700000001"


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.eml").read_bytes()


def read(raw: bytes, authority: str = OURS) -> Relayed | None:
    return relayed(parts.of(raw), authority)


def vouched(results: str, sender: str = f"Dana <{RELAY}>", **headers: str) -> Message:
    lines = {"Authentication-Results": results, "From": sender, "Subject": "Re: the car", **headers}
    text = "\r\n".join(f"{name.replace('_', '-')}: {value}" for name, value in lines.items())
    return message_from_bytes(f"{text}\r\n\r\nHello".encode())


def test_a_notice_names_the_seller_the_ad_and_where_an_answer_goes():
    found = read(payload("first"))
    assert found == Relayed(RELAY, "Dana", "2019 Subaru Outback Premium", "1700000001", AD)
    assert found.about == AD


def test_an_answer_in_a_conversation_comes_from_its_relay():
    found = read(payload("answer"))
    assert found == Relayed(RELAY, "", "2019 Subaru Outback Premium")
    assert found.about == "2019 Subaru Outback Premium"


@pytest.mark.parametrize("words", ["a" + " " * 9_000, "a about" + " " * 9_000, "a(" * 4_000], ids=["a", "about", "("])
def test_a_long_subject_holds_nobody_up(words: str) -> None:
    began = time.process_time()
    assert SUBJECT.search(f"New message from {words}") is None
    assert time.process_time() - began < 0.5


def test_what_kijiji_mails_of_its_own_accord_is_nobodys_message():
    assert read(payload("promotion")) is None


def test_a_mail_that_nobody_vouches_for_is_nobodys_message():
    assert read(payload("forged")) is None
    assert read(payload("first"), "another.example") is None
    assert read(payload("first"), "") is None


@pytest.mark.parametrize(
    "subject",
    [
        'New message from Dana(dana@mail.example) about "2019 Outback"',
        "New message from Dana (d@m.example) regarding “2019 Outback”",
        "Nouveau message de Dana(d@m.example) au sujet de « 2019 Outback »",
        "new MESSAGE from Dana about '2019 Outback' \"2019 Outback\"",
    ],
)
def test_a_notice_is_known_by_the_shape_of_its_subject(subject: str):
    raw = (
        payload("first")
        .decode()
        .replace('New message from Dana(dana@mail.example) about "2019 Subaru Outback Premium"', subject)
    )
    found = read(raw.encode())
    if "'" in subject:
        assert found is None
    else:
        assert found is not None
        assert (found.name, found.title) == ("Dana", "2019 Outback")


@pytest.mark.parametrize(
    ("results", "signed"),
    [
        (f"{OURS}; dkim=pass header.d=rts.kijiji.ca", True),
        (f"{OURS} 1; spf=fail; dkim=pass (ok) header.i=@kijiji.ca", True),
        (f"{OURS.upper()}; DKIM=PASS HEADER.D=KIJIJI.CA", True),
        (f"{OURS}; dkim=pass header.d=forwarder.example; dkim=pass header.d=rts.kijiji.ca", True),
        (f"{OURS}; dkim=fail header.d=rts.kijiji.ca", False),
        (f"{OURS}; dkim=pass header.d=evil.example", False),
        (f"{OURS}; dkim=pass header.d=rts.kijiji.ca.evil.example", False),
        (f"{OURS}; dkim=pass header.d=evil.example header.i=@rts.kijiji.ca", False),
        (f"{OURS}; dkim=pass", False),
        (f"{OURS}; spf=pass smtp.mailfrom=rts.kijiji.ca", False),  # forwarded mail keeps a signature, not its sender
        (f"{OURS}; none (dkim=pass header.d=rts.kijiji.ca)", False),
        (f"{OURS}.evil.example; dkim=pass header.d=rts.kijiji.ca", False),
        (f"evil.example; dkim=pass header.d=rts.kijiji.ca; {OURS}", False),
        (f'{OURS}; spf=pass smtp.mailfrom="a; dkim=pass header.d=kijiji.ca "@evil.example', False),
        (f'{OURS}; spf=pass smtp.mailfrom="a\\"; dkim=pass header.d=kijiji.ca "@evil.example', False),
        (f'{OURS}; spf=pass (of "a); dkim=pass header.d=kijiji.ca; ("@evil.example) smtp.helo=x', False),
        (f'{OURS}; dkim=pass header.d=kijiji.ca; spf=pass smtp.mailfrom="a', False),
        (f"{OURS}; dkim=pass header.d=kijiji.ca; spf=pass (of a", False),
        (f'{OURS}; spf=pass smtp.mailfrom="a; b"@evil.example; dkim=pass (a (b) c) header.d=kijiji.ca', True),
        ("", False),
    ],
)
def test_only_the_word_of_our_own_server_about_the_signature_counts(results: str, signed: bool):
    assert is_signed(vouched(results), OURS) is signed


@pytest.mark.parametrize(
    ("lines", "signed"),
    [
        ([f"{OURS}; dmarc=pass header.from=rts.kijiji.ca", f"{OURS}; dkim=pass header.d=kijiji.ca"], True),
        ([f"{OURS}; dmarc=fail header.from=rts.kijiji.ca", f"{OURS}; dkim=pass header.d=kijiji.ca"], False),
        ([f"{OURS}; spf=pass", "evil.example; none", f"{OURS}; dkim=pass header.d=kijiji.ca"], False),
        ([f"{OURS}; spf=pass", "", f"{OURS}; dkim=pass header.d=kijiji.ca"], False),
    ],
    ids=["two filters", "one doubts", "below another server's", "below the next hop"],
)
def test_each_filter_of_our_server_has_its_word(lines: list[str], signed: bool):
    mail = message_from_bytes(b"Received: from here by there\r\n\r\nHello")
    for line in lines:
        mail["Authentication-Results" if line else "Received"] = line or "from evil by evil"
    assert is_signed(mail, OURS) is signed


def test_what_says_that_it_is_the_relays_and_is_not_vouched_for_is_known():
    assert is_unvouched(parts.of(payload("forged")), OURS)
    assert is_unvouched(parts.of(payload("first")), "slip.example")
    assert not is_unvouched(parts.of(payload("first")), OURS)
    assert not is_unvouched(vouched("", "Dana <dana@mail.example>"), OURS)


def test_only_the_newest_word_counts():
    mail = vouched(f"{OURS}; dkim=fail header.d=rts.kijiji.ca")
    mail["Authentication-Results"] = f"{OURS}; dkim=pass header.d=rts.kijiji.ca"  # came with the mail
    assert not is_signed(mail, OURS)


@pytest.mark.parametrize(
    "sender",
    ["Dana <dana@mail.example>", "Dana <s.1234@rts.kijiji.ca.evil.example>", "x", "Kijiji <help@kijiji.ca>"],
)
def test_only_the_relay_passes_messages_on(sender: str):
    assert relayed(vouched(f"{OURS}; dkim=pass header.d=rts.kijiji.ca", sender), OURS) is None


def test_an_answer_never_goes_anywhere_but_to_the_relay():
    mail = vouched(f"{OURS}; dkim=pass header.d=rts.kijiji.ca", Reply_To="evil@evil.example")
    found = relayed(mail, OURS)
    assert found is not None
    assert found.relay == RELAY


@given(st.binary(max_size=400), st.text(max_size=80), st.text(max_size=80))
def test_any_mail_is_read_or_passed_by(raw: bytes, results: str, subject: str):
    head = f"Authentication-Results: {OURS}; dkim=pass header.d=kijiji.ca; {results}\r\nSubject: {subject}\r\n"
    sender = f"From: {RELAY}\r\n".encode()
    for mail in (raw, sender + raw, head.encode("utf-8", "replace") + sender + raw):
        found = read(mail)
        assert found is None or found.relay.endswith("@rts.kijiji.ca")
