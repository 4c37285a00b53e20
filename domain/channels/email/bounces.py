"""Mails that tell of a mail of ours: that it came back, is late, or was called spam. Pure; nothing here raises."""

import re
from dataclasses import dataclass
from email.message import Message

from domain.channels.email import decoding, parts, smtp
from domain.email_addresses import is_address

OURS = re.compile(r"<[0-9a-f]{32}@[^\s<>@]{1,200}>")  # domain.mails.rfc_id
MAILERS = re.compile(
    r"^(?:mailer-daemon|postmaster|mail-daemon|maildelivery|bounces?)\b|microsoftexchange", re.IGNORECASE
)
SUBJECTS = re.compile(
    r"undeliver|delivery (?:status notification|has failed|failure|failed|incomplete)|mail delivery|returned mail"
    r"|failure notice|non.?remis|unzustellbar|no se (?:ha )?entreg|delivery to the following recipient",
    re.IGNORECASE,
)
LATE = re.compile(r"delay|still (?:being )?(?:tried|trying)|will be retried|warning: could not send", re.IGNORECASE)
LOOKED_AT = 60_000  # characters of a plain bounce
GONE_STATUS = re.compile(r"5\.(?:1\.(?:0|1|2|3|6|10)|2\.1|4\.4|4\.1)")
CODED = re.compile(r"\b[45]\d\d[ -]|\b[45]\.\d+\.\d+\b")
HEADS = {"text/rfc822-headers", "message/rfc822-headers", "message/global-headers", "message/global"}
NOTIFIED = {"failed", "delayed"}


@dataclass(frozen=True)
class Told:
    """`kind`: gone (nobody has this address), refused (this mail did not arrive), late (it may yet), spam."""

    kind: str
    rfc_id: str
    address: str
    reason: str


def told(message: Message) -> Told | None:
    """What a mail tells of one of ours; None when it tells of none."""
    kind = message.get_content_type()
    report = str(message.get_param("report-type", "") or "").lower()
    if kind == "multipart/report" and report == "feedback-report":
        rfc_id = _returned(message)
        return Told("spam", rfc_id, "", "They marked this email as spam.") if rfc_id else None
    rfc_id = _returned(message) or _mentioned(message)
    if not rfc_id:
        return None
    return _status(message, rfc_id) or _plain(message, rfc_id)


def _status(message: Message, rfc_id: str) -> Told | None:
    """RFC 3464: a block for each recipient."""
    found: list[tuple[str, Message]] = []
    for _, part in parts.leaves(message):
        if part.get_content_type() != "message/delivery-status":
            continue
        blocks = decoding.held_as_is(part)
        for block in blocks if isinstance(blocks, list) else []:
            if not isinstance(block, Message):
                continue
            action = decoding.header(block, "Action").lower()
            if action in NOTIFIED:
                found.append((action, block))
    if not found:
        return None
    action, block = min(found, key=lambda each: each[0] != "failed")
    status = decoding.header(block, "Status")
    said = _value(decoding.header(block, "Diagnostic-Code")) or status
    # Who did not get it; the other is whom we wrote to, who may have it passed on to an address that is no more.
    recipients = (_bare(_value(decoding.header(block, f"{which}-Recipient"))) for which in ("Final", "Original"))
    address = next(filter(is_address, recipients), "")
    # One that its server tried until it gave up has a status of those that are late (4.4.7), and is not: it failed.
    return _made(action == "delayed", status, said, address, rfc_id)


def _plain(message: Message, rfc_id: str) -> Told | None:
    """Of those who tell it in their own words alone."""
    senders = decoding.addresses(message, "From")
    by_machine = any(MAILERS.search(address) for _, address in senders) or not senders
    subject = decoding.header(message, "Subject")
    failed = decoding.header(message, "X-Failed-Recipients")
    if not failed and not (by_machine and SUBJECTS.search(subject)):
        return None
    words = _words(message)
    above = words.split(rfc_id)[0]
    status = smtp.ENHANCED.search(above)
    line = next(
        (line.strip() for line in above.splitlines() if re.search(r"\b[45]\d\d[ -]|\b[45]\.\d+\.\d+\b", line)), ""
    )
    late = bool(LATE.search(subject)) and not failed
    if not status and smtp.NO_MAILBOX_WORDS.search(above):
        return _made(late, "5.1.1", line or subject, failed, rfc_id)
    code = status[0] if status else ""
    return _made(late or code.startswith(("4.", "2.")), code, line or subject, failed, rfc_id)


def _made(late: bool, status: str, said: str, address: str, rfc_id: str) -> Told:
    said = " ".join(said.split())[:500]
    address = _bare(address.split(",")[0])
    if late:
        return Told("late", rfc_id, address if is_address(address) else "", f"It is late: {said}")
    gone = bool(GONE_STATUS.fullmatch(status)) or (status in ("", "5.0.0") and smtp.bounced(said))
    return Told(
        "gone" if gone else "refused", rfc_id, address if is_address(address) else "", f"This email came back: {said}"
    )


def _returned(message: Message) -> str:
    """The Message-ID of ours in the mail, or the head of one, that came along."""
    for _, part in parts.leaves(message):
        kind = part.get_content_type()
        if kind == "message/rfc822":
            inside = decoding.held_as_is(part)
            for each in inside if isinstance(inside, list) else []:
                if isinstance(each, Message) and (ours := OURS.search(decoding.header(each, "Message-ID"))):
                    return ours[0]
        elif kind in HEADS and (found := _id_line(decoding.text(parts.content(part)[:LOOKED_AT], ""))):
            return found
    return ""


def _mentioned(message: Message) -> str:
    """The Message-ID of ours in what a plain bounce quotes, or in what it says it answers."""
    said = " ".join([decoding.header(message, "In-Reply-To"), decoding.header(message, "References")])
    if found := _id_line(_words(message)):
        return found
    answered = OURS.search(said)
    return answered[0] if answered else ""


def _id_line(text: str) -> str:
    found = re.search(rf"^\W{{0,3}}message-id:\s*({OURS.pattern})", text, re.IGNORECASE | re.MULTILINE)
    return found[1] if found else ""


def _words(message: Message) -> str:
    held = [
        decoding.text(decoding.body(part)[:LOOKED_AT], decoding.charset(part))
        for _, part in parts.leaves(message)
        if part.get_content_maintype() == "text"
    ]
    return "\n".join(held)[:LOOKED_AT]


def _value(field: str) -> str:
    """`rfc822;dana@mail.example` and `smtp; 550 No such user` without what kind they are of."""
    kind, semicolon, value = field.partition(";")
    return value.strip() if semicolon and " " not in kind.strip() else field.strip()


def _bare(address: str) -> str:
    return address.strip().strip("<>").lower()
