"""What is kept of a mail: who wrote, the new words, what it answers, its files; and what a bounce tells."""

import base64
import json
import re
import time
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain import email_html
from domain.channels.base import Bounce, Incoming, NotUnderstood
from domain.channels.email import Email, parts, reading, replies

PAYLOADS = Path(__file__).parents[2] / "payloads" / "email"
US, DANA = "sales@lots.example", "dana.reed@mail.example"
OURS = "<0123456789abcdef0123456789abcdef@lots.example>"
TOKEN = "ab" * 12


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.eml").read_bytes()


def read(raw: bytes | str, **more: Any) -> dict[str, Any]:
    return reading.read(raw.encode() if isinstance(raw, str) else raw, US, **more)


def plain(body: str, head: str = "") -> dict[str, Any]:
    return read(f"From: {DANA}\nSubject: Re: Civic\n{head}\n{body}")


def channel() -> Email:
    return Email("", {"from_email": US, "smtp_host": "mail.lots.example", "password": "x"})


# Answers


def test_an_answer_is_its_new_words_with_what_it_answers_and_its_files_by_name() -> None:
    kept = read(payload("gmail_answer"))
    assert kept["text"] == "Yes, it’s still here. Come by on Saturday?\n\nDana"
    assert "Reply STOP" in kept["html"]
    assert (kept["from"], kept["from_name"], kept["token"]) == (DANA, "Dana Reed", TOKEN)
    assert (kept["rfc_id"], kept["references"]) == ("<CAF1@mail.gmail.com>", [OURS])
    assert kept["files"] == [{"ref": "2", "name": "front.jpg", "type": "image/jpeg"}]
    assert kept["automatic"] is False


def test_a_mail_of_html_alone_is_read_as_text_up_to_what_it_quotes() -> None:
    kept = read(payload("outlook_answer"))
    assert kept["text"] == "Please stop emailing me…"
    assert kept["from_name"] == "Reed, Dana"


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("Yes\n\n> Is it for sale?\n> Sam", "Yes"),
        ("> Is it for sale?\n\nYes\n\n> What price?\n\n9,000", "Yes\n\n9,000"),
        ("Yes\n\nOn Mon, 23 Nov 2026, Sam Lee wrote:\n\nIs it for sale?\nReply STOP", "Yes"),
        ("Yes\nOn Mon, 23 Nov 2026 at 9:00 AM\nSam Lee <sam@lots.example>\nwrote:\n> Reply STOP", "Yes"),
        ("Oui\n\nLe lun. 23 nov. 2026 à 09:00, Sam <s@l.example> a écrit :\n\n> Bonjour", "Oui"),
        ("Sí\n\nEl lun, 23 nov 2026 a las 9:00, Sam (<s@l.example>) escribió:\n\n> Hola", "Sí"),
        ("Yes\n\n-----Original Message-----\nFrom: Sam\nReply STOP", "Yes"),
        (
            "Yes\n\n________________________________\nFrom: Sam\nSent: Monday\nTo: Dana\nSubject: Civic\n\nReply STOP",
            "Yes",
        ),
        ("STOP\n\nSent from my iPhone", "STOP"),
        ("Call me\n-- \nDana Reed\n555 0101", "Call me"),
        ("> Reply STOP to opt out", ""),
        ("From: the price list I took 500 off", "From: the price list I took 500 off"),
        ("On Monday my wife wrote: call him", "On Monday my wife wrote: call him"),
        ("It is > 10,000 now", "It is > 10,000 now"),
    ],
)
def test_new_words_stand_without_what_they_answer(text: str, new: str) -> None:
    assert replies.parted(text).new == new
    assert plain(text)["text"] == new


@pytest.mark.parametrize(
    "line",
    ["-" * 100_000, "- " * 50_000, " " * 100_000 + "x", "on 1 wrote" + " " * 100_000 + "x", "on " + "a1@" * 30_000],
    ids=["dashes", "dashes and blanks", "blanks", "blanks behind wrote", "addresses"],
)
def test_a_long_line_of_one_mark_holds_nobody_up(line: str) -> None:
    began = time.process_time()
    replies.parted(f"Yes\n{line}\n{line}")
    assert time.process_time() - began < 0.5


def test_what_was_folded_away_can_still_be_read() -> None:
    assert "Reply STOP" in plain("Yes\n\n> Reply STOP")["html"]
    assert plain("Yes")["html"] == ""


def test_a_subject_stops_us_where_nothing_else_is_written() -> None:
    assert read(f"From: {DANA}\nSubject: Re: Unsubscribe\n\n\n")["text"] == "Unsubscribe"
    assert read(f"From: {DANA}\nSubject: Re: Civic\n\n\n")["text"] == reading.WORDLESS


# Words in any charset


@pytest.mark.parametrize(
    ("charset", "data"),
    [
        ("utf-8", "Très bien – 9 000 $".encode()),
        ("us-ascii", "Très bien – 9 000 $".encode()),
        ("iso-8859-1", "Très bien – 9 000 $".encode("cp1252")),
        ("utf-8", "Très bien – 9 000 $".encode("cp1252")),
        ("no-such-charset", "Très bien – 9 000 $".encode()),
        ("base64", "Très bien – 9 000 $".encode()),
        ("unicode_escape", "Très bien – 9 000 $".encode()),
        ("utf-7", "Très bien – 9 000 $".encode()),
        ("utf-16", "Très bien – 9 000 $".encode("utf-16")),
    ],
)
def test_a_charset_that_lies_does_not_spoil_the_words(charset: str, data: bytes) -> None:
    head = f"From: {DANA}\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: base64\n\n"
    assert read(head.encode() + base64.encodebytes(data))["text"] == "Très bien – 9 000 $"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("=?utf-8?q?Tr=C3=A8s?= =?utf-8?b?YmllbiE=?=", "Trèsbien!"),
        ("=?utf-8?q?Tr=C3", "=?utf-8?q?Tr=C3"),
        ("=?nothing?q?a=E9?=", "aé"),
        ("Tr\u00e8s bien", "Très bien"),
        ("two\n lines", "two lines"),
        ("=?utf-8?q?two=0Alines=00?=", "two lines"),
    ],
)
def test_a_subject_is_one_line_of_words(raw: str, shown: str) -> None:
    assert read(f"From: {DANA}\nSubject: {raw}\n\nYes")["subject"] == shown


def test_a_name_cannot_pass_for_the_address() -> None:
    kept = read(f'From: "=?utf-8?q?boss=40lots=2Eexample=3E?=" <{DANA}>\n\nYes')
    assert (kept["from"], kept["from_name"]) == (DANA, "boss@lots.example>")


# Trees


def test_a_mail_in_a_mail_is_a_file_and_not_its_words() -> None:
    inner = EmailMessage()
    inner["Subject"], inner["From"] = "STOP", "x@y.example"
    inner.set_content("STOP")
    outer = EmailMessage()
    outer["From"] = DANA
    outer.set_content("See this")
    outer.add_attachment(inner)
    outer.add_attachment(b"\x78\x9f", maintype="application", subtype="ms-tnef", filename="winmail.dat")
    outer.add_attachment("BEGIN:VCALENDAR", subtype="calendar", filename="invite.ics")
    kept = read(outer.as_bytes())
    assert kept["text"] == "See this"
    assert [each["name"] for each in kept["files"]] == ["STOP.eml", "winmail.dat", "invite.ics"]
    part = parts.at(parts.of(outer.as_bytes()), kept["files"][0]["ref"])
    assert part is not None
    assert b"Subject: STOP" in parts.content(part)


def test_a_logo_of_a_signature_is_no_file_and_a_photo_is() -> None:
    mail = EmailMessage()
    mail["From"] = DANA
    mail.set_content("Yes")
    for size in (300, 30_000):
        mail.add_attachment(b"x" * size, maintype="image", subtype="png", cid=f"<{size}@x>", filename=f"{size}.png")
    assert [each["name"] for each in read(mail.as_bytes())["files"]] == ["30000.png"]


def test_a_name_of_a_file_leads_nowhere() -> None:
    head = f"From: {DANA}\nContent-Type: application/pdf\nContent-Disposition: attachment; filename="
    [file] = read(head + '"../../etc/pass\x00wd.pdf"\n\nx')["files"]
    assert file["name"] == "passwd.pdf"
    [file] = read(head + '"..\\\\windows\\\\.."\n\nx')["files"]
    assert file["name"] == "file-1.pdf"


@pytest.mark.parametrize(
    "raw",
    [
        b"From: dana.reed@mail.example\n\n" + b"a" * 5_000_000,
        b"From: dana.reed@mail.example\nContent-Type: text/html\n\n" + b"<div>" * 400_000 + b"Yes",
        b"From: dana.reed@mail.example\n"
        + b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(2000)),
        b"From: dana.reed@mail.example\n" + b"Content-Type: message/rfc822\n\n" * 2000,
        b"From: dana.reed@mail.example\n" + b"References: <" + b"a@b> <" * 200_000 + b"\n\nYes",
        b"From: " + b"a," * 200_000 + b"dana.reed@mail.example\n\nYes",
        b"From: " + b"(" * 50_000 + b" dana.reed@mail.example\n\nYes",
    ],
    ids=["long", "html", "nested", "mails in mails", "references", "senders", "comments"],
)
def test_a_mail_that_is_made_to_be_too_much_is_bounded(raw: bytes) -> None:
    kept = read(raw)
    assert len(json.dumps(kept)) < 1_000_000


def test_of_a_mail_that_was_cut_the_reader_is_told() -> None:
    assert read(f"From: {DANA}\n\nYes", cut=True)["text"] == f"Yes\n\n{reading.TOO_LARGE}"


def test_the_same_mail_is_known_again_and_another_is_not() -> None:
    one, other = payload("gmail_answer"), payload("away")
    assert reading.key(one, len(one)) == reading.key(one, len(one))
    assert reading.key(one, len(one)) != reading.key(other, len(other))
    forwarded = b"Delivered-To: second@lots.example\n" + one
    assert read(one)["mail"] == read(forwarded)["mail"]


@pytest.mark.parametrize("charset", ["idna", "punycode", "undefined", "a\0b", "hex"])
@pytest.mark.parametrize("kind", ["text/plain", "text/html", "application/pdf", "message/rfc822", "multipart/mixed"])
def test_a_charset_that_is_none_keeps_no_mail_from_being_read(charset: str, kind: str) -> None:
    head = f'From: {DANA}\nContent-Type: {kind}; charset="{charset}"\nContent-Transfer-Encoding: 8bit\n\n'
    kept = read(head.encode() + b"h\xe9llo")
    assert kept["from"] == DANA
    if kind.startswith("text/"):
        assert kept["text"] == "héllo"


# Machines


def test_what_a_machine_answers_is_told_apart() -> None:
    assert read(payload("away"))["automatic"] is True


@pytest.mark.parametrize(
    "head",
    [
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "X-Auto-Response-Suppress: OOF",
        "List-Id: <offers.example>",
        "Return-Path: <>",
    ],
)
def test_each_mark_of_a_machine_counts(head: str) -> None:
    assert plain("Stop by", f"{head}\n")["automatic"] is True


@pytest.mark.parametrize("shown", [f"To: sales+{TOKEN}@lots.example", f"In-Reply-To: {OURS}"])
def test_who_answers_us_is_no_machine_for_the_headers_of_a_server(shown: str) -> None:
    heads = f"X-Auto-Response-Suppress: All\nList-Id: <family.example>\n{shown}\n"
    assert plain("Stop by", heads)["automatic"] is False
    assert plain("I am away", f"Auto-Submitted: auto-replied\n{heads}")["automatic"] is True


def test_a_person_is_no_machine() -> None:
    assert plain("Stop by", "Auto-Submitted: no\nPrecedence: normal\n")["automatic"] is False


def test_our_own_mail_in_our_mailbox_is_nobodys_message() -> None:
    assert read(f"From: Harbor <{US}>\n\nHi") == {}
    assert read(f"From: Harbor <sales+{TOKEN}@lots.example>\n\nHi") == {}


@pytest.mark.parametrize(
    "from_", ["", "From: \n", 'From: <<>>@@, "unclosed <x@\n', f"From: {'d' * 250}@mail.example\n"]
)
def test_a_mail_whose_sender_cannot_be_read_is_kept_all_the_same(from_: str) -> None:
    kept = read(f"{from_}To: sales+{TOKEN}@lots.example\n\nI still have it")
    assert re.fullmatch(r"unknown-[0-9a-f]{16}@sender\.invalid", kept["from"])
    assert kept["from_name"] == "Unknown sender"
    assert read(f"{from_}Date: another\n\nHi")["from"] != kept["from"]  # nobody knows whether it is the same person
    assert (kept["token"], kept["text"]) == (TOKEN, "I still have it")
    assert read(f"Return-Path: <{DANA}>\n{from_}\nHi")["from"] == DANA


@pytest.mark.parametrize(
    "mail",
    [
        "Content-Type: multipart/mixed\n\nno boundary",
        "Content-Type: text/html\n\n<html><body><img src=x></body></html>",
        "\n",
        "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(60)) + "\nHi\n",
    ],
)
def test_a_mail_without_words_or_files_says_where_to_look(mail: str) -> None:
    kept = read(f"From: {DANA}\n{mail}")
    assert (kept["text"], kept["files"]) == (reading.WORDLESS, [])


def test_an_answer_that_only_quotes_is_no_mail_without_words() -> None:
    kept = plain("> Is it still for sale?\n")
    assert kept["text"] == ""
    assert "still for sale" in kept["html"]


def test_of_a_great_many_files_some_come_and_the_others_are_counted() -> None:
    mail = EmailMessage()
    mail["From"] = DANA
    mail.set_content("All of them")
    for n in range(23):
        mail.add_attachment(b"a,b\n", maintype="text", subtype="csv", filename=f"{n}.csv")
    files = read(mail.as_bytes())["files"]
    assert [each["name"] for each in files] == [*(f"{n}.csv" for n in range(20)), "3 more files"]
    [said] = channel().parse(read(mail.as_bytes()) | {"at": "2026-11-24T16:00:00+00:00"})
    assert isinstance(said, Incoming)
    assert [each.problem for each in said.media] == [""] * 20 + [reading.IN_THE_MAILBOX]


def test_a_token_of_another_address_is_not_ours() -> None:
    kept = read(f"From: {DANA}\nTo: other+{TOKEN}@lots.example, sales+{TOKEN}@elsewhere.example\n\nYes")
    assert kept["token"] == ""


# Bounces


@pytest.mark.parametrize("name", ["postfix_bounce", "gmail_bounce", "exim_bounce"])
def test_a_bounce_tells_which_of_our_mails_reached_nobody(name: str) -> None:
    kept = read(payload(name)) | {"at": "2026-11-29T11:20:00+00:00"}
    [said] = channel().parse(kept)
    assert isinstance(said, Bounce)
    assert (said.rfc_id, said.address, said.for_good) == (OURS, DANA, True)
    assert said.reason.startswith("This email came back: ")


def test_a_refusal_of_one_mail_says_nothing_of_the_address() -> None:
    [said] = channel().parse(read(payload("exchange_bounce")) | {"at": "2026-11-29T11:20:00+00:00"})
    assert isinstance(said, Bounce)
    assert (said.rfc_id, said.for_good, said.address_good) == (OURS, True, True)
    assert "blocked by policy" in said.reason


def test_a_mail_that_is_late_is_only_noted() -> None:
    [said] = channel().parse(read(payload("delayed")) | {"at": "2026-11-29T11:20:00+00:00"})
    assert isinstance(said, Bounce)
    assert said.for_good is False


def test_a_mail_called_spam_is_a_stop_and_no_bounce() -> None:
    report = payload("exchange_bounce").replace(b"report-type=delivery-status", b"report-type=feedback-report")
    [said] = channel().parse(read(report) | {"at": "2026-11-29T11:20:00+00:00"})
    assert isinstance(said, Bounce)
    assert (said.rfc_id, said.for_good, said.spam) == (OURS, False, True)


def test_a_mail_that_was_tried_until_the_server_gave_up_did_not_arrive() -> None:
    given_up = payload("delayed").replace(b"Action: delayed", b"Action: failed").replace(b"4.4.1", b"4.4.7")
    [said] = channel().parse(read(given_up) | {"at": "2026-11-29T11:20:00+00:00"})
    assert isinstance(said, Bounce)
    assert (said.rfc_id, said.for_good, said.address_good) == (OURS, True, True)


def test_a_bounce_of_somebody_elses_mail_is_none_of_ours() -> None:
    kept = read(payload("postfix_bounce").replace(OURS.encode(), b"<theirs@elsewhere.example>"))
    assert "bounce" not in kept
    assert kept["automatic"] is True


def test_an_answer_that_quotes_our_id_is_no_bounce() -> None:
    kept = plain(f"My user name is unknown user. Message-ID: {OURS}\n550 5.1.1")
    assert "bounce" not in kept


# Nothing breaks it


def test_what_is_kept_is_understood_again_and_anything_else_is_refused() -> None:
    place = {"at": "2026-11-29T11:20:00+00:00"}
    [said] = channel().parse(json.loads(json.dumps(read(payload("gmail_answer")) | place)))
    assert isinstance(said, Incoming)
    assert (said.subject, said.media[0].name) == ("Re: Inquiry about your 2015 Honda Civic", "front.jpg")
    for broken in ({}, {"at": "now"}, {**place, "bounce": 1}, {**place, "mail": 1}):
        with pytest.raises(NotUnderstood):
            channel().parse(broken)


WORDS = some.text(alphabet=some.characters(codec="utf-8"), max_size=60)
HEADS = ("From", "To", "Subject", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "References")
VALUES = some.one_of(
    WORDS,
    some.sampled_from(
        [
            DANA,
            "multipart/mixed; boundary=b",
            "multipart/report; report-type=delivery-status; boundary=b",
            "message/rfc822",
            "message/delivery-status",
            "text/html; charset=utf-16",
            "text/plain; charset=idna",
            "text/plain; charset*=''%FF",
            "attachment; filename*0*=utf-8''%F0; filename*1=x",
            "base64",
            "quoted-printable",
            "x-uuencode",
            "=?utf-8?b?/////?= =?x?q??=",
            OURS,
        ]
    ),
)
PIECES = some.sampled_from([*(f"{name}: " for name in HEADS), "\n", "\n\n", "--b\n", "--b--\n", "> ", "begin 644 x\n"])
MAILS = some.lists(some.one_of(PIECES, VALUES), max_size=40).map(lambda each: "".join(each).encode())


@given(some.one_of(some.binary(max_size=400), MAILS, MAILS.map(lambda each: b"From: dana.reed@mail.example\n" + each)))
def test_no_mail_breaks_the_reader_and_what_it_keeps_can_be_stored(raw: bytes) -> None:
    kept = read(raw)
    stored = json.dumps(kept)
    stored.encode()
    assert "\\u0000" not in stored
    assert not any(0xD800 <= ord(char) <= 0xDFFF for char in json.loads(stored).get("text", ""))
    for each in kept.get("files", ()):
        part = parts.at(parts.of(raw), each["ref"])
        assert part is not None
        assert isinstance(parts.content(part), bytes)
    if kept:
        channel().parse(kept | {"at": "2026-11-29T11:20:00+00:00"})


@given(WORDS, some.sampled_from(["{}", "<div>{}", "<p onload={}>x", "<a href={}>", "<!--{}", "<![CDATA[{}", "<svg>{}"]))
def test_no_html_breaks_the_cleaning(words: str, wording: str) -> None:
    html = wording.replace("{}", words)
    assert email_html.cleaned(email_html.cleaned(html)) == email_html.cleaned(html)
    assert "\0" not in email_html.as_text(html)


@pytest.mark.parametrize("tag", ["<div>", "<div/>", "<b />", "<div class=x/>"])
def test_html_is_as_deep_as_people_write_however_its_elements_are_written(tag: str) -> None:
    html = tag * 10_000 + "Yes"
    assert email_html.cleaned(html).count("</") <= email_html.DEEPEST


def test_elements_that_hold_nothing_make_no_depth() -> None:
    assert "Yes" in email_html.cleaned("<br/><img src=x><hr>" * 1_000 + "Yes")


HOSTILE = (
    '<script>alert(1)</script><img src="https://spy.example/1.gif" onerror="x()"><style>body{display:none}</style>'
    '<a href="javascript:x()">one</a><form action="/sign-out"><input name="x"></form><iframe src="/"></iframe>'
    '<p style="position:fixed" class="btn" id="main">Hi</p><a href="https://ad.example/9">the ad</a>'
)


@pytest.mark.parametrize("bad", ["script", "img", "style", "javascript", "form", "iframe", "class=", "id=", "onerror"])
def test_html_of_strangers_runs_loads_and_imitates_nothing(bad: str) -> None:
    shown = email_html.cleaned(HOSTILE)
    assert bad not in shown
    assert "Hi" in shown
    assert '<a href="https://ad.example/9" rel="noopener noreferrer nofollow">the ad</a>' in shown
