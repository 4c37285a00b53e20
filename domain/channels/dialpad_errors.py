"""What Dialpad's refusals and delivery results mean for a text (developers.dialpad.com)."""

import re
from typing import Any

from domain.channels import http, read
from domain.channels.base import SPAM, ChannelError, Kind, State, Tells

OUT_OF_CREDIT = r"credit|balance|insufficient funds|payment"  # no sample of the real answer is public
OPTED_OUT = r"\bopted[ -]?out\b|\bunsubscribed\b|\bblocked by (?:the )?recipient\b"  # nor of this one
THROTTLED = re.compile(r"rate.?limit|too many|throttl", re.IGNORECASE)
MAYBE_THROTTLED = re.compile(r"\brate\b|\blimit", re.IGNORECASE)
NO_ACCOUNT = "No Dialpad account found"
# No sample of this answer is public either; that somebody may not text for a user is another thing.
WITHOUT_ACCOUNT = re.compile(
    r"\bno (?:such |active )?user\b|\b(?:unknown|invalid|inactive|deactivated|deleted|suspended|disabled) user\b"
    r"|\buser\b.{0,40}\b(?:deactivated|inactive|not active|deleted|suspended|disabled|cancel+ed|removed|not found"
    r"|not exist|pending)\b",
    re.IGNORECASE,
)

# message_delivery_result of the API description, except `accepted`, and what to tell the person who wrote.
FAILURES = {
    "internal_error": "Dialpad had an internal error and did not deliver this text. Try again.",
    "invalid_destination": "This number cannot get texts. Try another number or email.",
    "invalid_source": "Dialpad cannot send texts from your number. Ask your Dialpad admin.",
    "no_route": "No carrier could reach this number. Try another number or email.",
    "not_supported": "This number cannot get this kind of text. Try another number or email.",
    "rejected": "The carrier rejected this text. The seller may have opted out.",
    "rejected_spam": "The carrier took this text for spam. Change the words before you try again.",
    "time_out": "The carrier did not confirm this text in time.",
}
FAILED = "Dialpad could not deliver this text."
UNTEXTABLE = {"invalid_destination", "no_route", "not_supported"}  # of those, what concerns the number itself


def refusal(
    answer: http.Answer, api_key: str, out_of_credit: re.Pattern[str], opted_out: re.Pattern[str]
) -> ChannelError:
    """What an answer that is no 2xx means. The patterns are those of an answer that asks for money, and of a refusal
    because the recipient said stop to Dialpad."""
    status = answer.status
    words = read.words(answer, hidden=api_key)
    kind, plain = Kind.PERMANENT, f"Dialpad refused this with status {status}."
    if status == 401:
        kind, words = Kind.CONNECTION_BROKEN, ""
        plain = "Dialpad no longer accepts the API key. Ask an admin to connect Dialpad again."
    elif status == 429 or (status in (402, 403) and THROTTLED.search(words)):
        kind, plain = Kind.THROTTLED, "Dialpad is taking no more texts just now."
    elif status in (402, 403) and out_of_credit.search(words):
        kind = Kind.OUT_OF_CREDIT
    elif status in (402, 403) and MAYBE_THROTTLED.search(words):
        kind = Kind.THROTTLED
    elif status in (402, 403):
        plain = "Dialpad does not allow this. Ask your Dialpad admin."
    elif status == 413:
        plain, words = "Dialpad took this for too large. Send the picture as a link, or shorten the text.", ""
    elif status >= 500 or status == 408:
        kind, plain = Kind.UNKNOWN, "Dialpad had an error of its own before it confirmed this."
    elif 300 <= status < 400:
        plain, words = "Dialpad's address has moved. Ask an admin to check it.", ""
    if kind is Kind.PERMANENT and opted_out.search(words):
        return ChannelError(read.said("Dialpad", words), kind, code="opted_out", tells="opted_out")
    retry_after = read.retry_after(answer.headers.get("retry-after", "")) if kind is Kind.THROTTLED else None
    return ChannelError(read.said("Dialpad", words) or plain, kind, retry_after=retry_after, code=str(status))


def state(said: dict[str, Any]) -> tuple[State, str]:
    """How far a message got, and the sentence when it got nowhere."""
    status, result = said.get("message_status"), said.get("message_delivery_result")
    if isinstance(result, str) and result in FAILURES:
        return "undelivered", FAILURES[result]
    if status == "failed":
        return "undelivered", FAILED
    if status == "success":
        return ("delivered" if result == "accepted" else "sent"), ""
    return "accepted", ""


def tells(said: dict[str, Any], picture: bool) -> Tells:
    """What a failing result tells of the number. That it gets no pictures is not that it gets no texts."""
    result = said.get("message_delivery_result")
    known = isinstance(result, str) and result in UNTEXTABLE
    return "untextable" if known and not (result == "not_supported" and picture) else ""


def code_of(said: dict[str, Any]) -> str:
    return SPAM if said.get("message_delivery_result") == "rejected_spam" else ""
