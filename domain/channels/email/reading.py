"""A mail as it came, read into what is kept of it: who wrote, the new words, its files by name. Pure; never raises."""

import hashlib
import re
from collections.abc import Iterator
from email import policy
from email.message import Message
from email.parser import BytesParser
from typing import Any

from domain import email_bodies, email_html, opt_out_words
from domain.channels.email import bounces, decoding, parts, replies

LONGEST_TEXT = 100_000  # characters
LONGEST_NAME = 200
MOST_FILES = 20
SMALL_PICTURE = 20_000  # bytes in base64: of the logos that stand in signatures
UNREADABLE = "This email could not be read. Open it in the mailbox."
WORDLESS = "This email has no words that can be read here. Open it in the mailbox."
IN_THE_MAILBOX = "Open the email in the mailbox to see them."
NOBODY = "unknown-{}@sender.invalid"  # of each such mail another; RFC 2606: nothing leads there
TOO_LARGE = "This email is too large to be read here. Open it in the mailbox."
SIGNATURES = {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
ANSWERED_BY_MACHINE = re.compile(
    r"^(?:auto(?:matic|mated)? ?-?(?:reply|response|antwort)|auto:|out of (?:the )?office|away from|on vacation"
    r"|i am away"
    r"|réponse automatique|absence|absent du bureau|respuesta automática|fuera de la oficina|abwesend|abwesenheit)",
    re.IGNORECASE,
)
_ANSWER = re.compile(r"^(?:(?:re|fwd?|aw|sv|tr|rv)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_ID = re.compile(r"<[^\s<>]{1,250}>")
_TOKEN = re.compile(r"\+([0-9a-f]{24})@")
MOST_IDS = 50


def read(raw: bytes, ours: str, *, cut: bool = False) -> dict[str, Any]:
    """`ours` is the address of the mailbox. Of one that was `cut` only the beginning is here. Empty: it is ours."""
    message = parts.of(raw)
    from_name, from_address = _sender(message)
    if told := bounces.told(message):
        bounce = {"kind": told.kind, "rfc_id": told.rfc_id, "address": told.address, "reason": told.reason}
        return {"bounce": bounce}
    if _is_ours(from_address, ours):
        return {}
    text, html = _words(message)
    parted = replies.parted(text)
    subject = decoding.header(message, "Subject")[:500]
    new = parted.new[:LONGEST_TEXT] or _word_of(subject)
    if cut:
        new = f"{new}\n\n{TOO_LARGE}".strip()
    references, token = _references(message), _token(message, ours)
    answers = bool(token) or any(bounces.OURS.fullmatch(each) for each in references)
    if not html and parted.folded:
        html = email_bodies.as_html(text)
    files = list(_files(message))
    if not new and not text.strip() and not files:
        new = WORDLESS
    return {
        "from": from_address,
        "from_name": from_name,
        "to": ours,
        "subject": subject,
        "text": new,
        "html": html,
        "rfc_id": next(iter(_ids(message, "Message-ID")), ""),
        "references": references,
        "token": token,
        "automatic": _is_automatic(message, subject, answers=answers),
        "files": files,
        "mail": _fingerprint(message, from_address, new),
    }


def unread(raw: bytes, ours: str) -> dict[str, Any]:
    """What is kept of a mail that `read` fails on, for a fault of ours: who wrote, and where to read it. Empty where
    not even that can be told."""
    head = BytesParser(policy=policy.compat32).parsebytes(_head(raw), headersonly=True)
    from_name, from_address = _sender(head)
    if _is_ours(from_address, ours):
        return {}
    return {
        "from": from_address,
        "from_name": from_name,
        "to": ours,
        "subject": "",
        "text": UNREADABLE,
        "html": "",
        "rfc_id": "",
        "references": [],
        "token": "",
        "automatic": False,
        "files": [],
        "mail": key(raw, len(raw))[:40],
    }


def key(raw: bytes, size: int) -> str:
    """By which the same mail is known again, also when the mailbox has counted anew: no two have one head."""
    return hashlib.sha256(_head(raw) + b"\0%d" % size).hexdigest()


def _head(raw: bytes) -> bytes:
    return re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]


def _sender(message: Message) -> tuple[str, str]:
    """Name and address. Where From holds none, who handed it in is the next best; nobody's is kept, too."""
    named = decoding.addresses(message, "From", "Sender", "Reply-To", "Return-Path")
    if named:
        return named[0]
    which = hashlib.sha256(
        "\0".join(f"{name}:{value}" for name, value in message.raw_items()).encode("utf-8", "replace")
    )
    return "Unknown sender", NOBODY.format(which.hexdigest()[:16])


def _is_ours(sender: str, ours: str) -> bool:
    return ours.lower() in (sender, _without_tag(sender))


def _words(message: Message) -> tuple[str, str]:
    """Its text, from its HTML where it has no other, and its HTML as it came."""
    texts: list[str] = []
    pages: list[str] = []
    for _, part in parts.leaves(message):
        if not _is_words(part):
            continue
        found = decoding.text(decoding.body(part)[: LONGEST_TEXT * 4], decoding.charset(part))
        (pages if part.get_content_type() == "text/html" else texts).append(found)
    html = "\n".join(pages)[: email_html.LONGEST]
    text = "\n\n".join(each.strip("\n") for each in texts if each.strip())[:LONGEST_TEXT]
    if not text.strip() and html:
        text = email_html.as_text(html)[:LONGEST_TEXT]
    return text, html


def _is_words(part: Message) -> bool:
    return (
        part.get_content_type() in ("text/plain", "text/html")
        and part.get_content_disposition() != "attachment"
        and not _file_name(part)
    )


def _files(message: Message) -> Iterator[dict[str, str]]:
    taken = more = 0
    for path, part in parts.leaves(message):
        kind = part.get_content_type()
        if _is_words(part) or kind in SIGNATURES or part.get_content_maintype() == "multipart":
            continue
        packed = decoding.held_as_is(part)
        size = len(packed) if isinstance(packed, str) else 0
        if part["Content-ID"] and kind.startswith("image/") and size < SMALL_PICTURE:
            continue
        if not size and not isinstance(packed, list):
            continue
        if taken == MOST_FILES:
            more += 1
            continue
        taken += 1
        yield {"ref": path, "name": _file_name(part) or _name_of(part, taken), "type": kind}
    if more:
        name = "1 more file" if more == 1 else f"{more:,} more files"
        yield {"ref": "", "name": name, "type": "", "problem": IN_THE_MAILBOX}


def _file_name(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        name = ""
    name = decoding.words(str(name)).replace("\\", "/").rpartition("/")[2].strip(" .")
    return name[-LONGEST_NAME:]


def _name_of(part: Message, number: int) -> str:
    kind = part.get_content_type()
    inside = decoding.held_as_is(part)
    if kind == "message/rfc822" and isinstance(inside, list) and inside and isinstance(inside[0], Message):
        plain = re.sub(r"[^\w -]", "", decoding.header(inside[0], "Subject"))[:80].strip()
        return f"{plain or 'email'}.eml"
    endings = {"text/calendar": "ics", "image/jpeg": "jpg", "application/ms-tnef": "dat", "text/plain": "txt"}
    subtype = re.sub(r"\W", "", part.get_content_subtype())[:10]
    return f"file-{number}.{endings.get(kind, subtype) or 'bin'}"


def _word_of(subject: str) -> str:
    """A mail without words whose subject is one of those that a seller stops us by, or starts us again."""
    bare = _ANSWER.sub("", subject).strip()
    return bare if opt_out_words.read(bare) else ""


def _references(message: Message) -> list[str]:
    """What it answers, the newest last."""
    found = [*_ids(message, "References"), *_ids(message, "In-Reply-To")]
    return list(dict.fromkeys(found[::-1]))[:MOST_IDS][::-1]


def _ids(message: Message, name: str) -> list[str]:
    return [each for value in decoding.raw(message, name) for each in _ID.findall(value)]


def _token(message: Message, ours: str) -> str:
    """Of the address it came to; it may have gone through others on its way."""
    local, _, domain = ours.lower().partition("@")
    for _, address in decoding.addresses(
        message, "To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Forwarded-To", "Cc"
    ):
        found = _TOKEN.search(address)
        if found and address.startswith(f"{local}+") and address.endswith(f"@{domain}"):
            return found[1]
    return ""


def _is_automatic(message: Message, subject: str, *, answers: bool) -> bool:
    """A machine wrote it (RFC 3834, and what machines said before there was one). What `answers` a mail of ours is no
    machine's for the two headers alone that some servers put on people's mails as well."""
    submitted = decoding.header(message, "Auto-Submitted").lower()
    precedence = decoding.header(message, "Precedence").lower()
    return bool(
        (submitted and not submitted.startswith("no"))
        or precedence in ("bulk", "list", "junk", "auto_reply")
        or any(message[name] for name in ("X-Autoreply", "X-Autorespond"))
        or (not answers and any(message[name] for name in ("X-Auto-Response-Suppress", "List-Id")))
        or decoding.raw(message, "Return-Path")[:1] == ["<>"]
        or message.get_content_type() == "multipart/report"
        or ANSWERED_BY_MACHINE.match(subject)
    )


def _fingerprint(message: Message, sender: str, words: str) -> str:
    """The same for copies of one mail that came by two ways."""
    rfc_id = next(iter(_ids(message, "Message-ID")), "") or decoding.header(message, "Date")
    return hashlib.sha256(f"{rfc_id}\0{sender}\0{words}".encode("utf-8", "replace")).hexdigest()[:40]


def _without_tag(address: str) -> str:
    """sales+token@lots.example is sales@lots.example."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
