"""What an error of the Graph API means for a message: its code and subcode looked up in a table."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.channels import read
from domain.channels.base import ChannelError, Kind, Tells

HOUR = 3600.0
LONGEST_WAIT = 24 * HOUR
SOON = 60.0  # seconds after which to try again, where Facebook says nothing of it
OUTSIDE = "Outside Facebook's 24-hour window."
NOT_ALLOWED = (
    "Facebook does not let this Page send it. Ask an administrator to check the permissions of the Page's app."
)
GONE = "This person cannot get messages from your Page any more."
BROKEN = "Facebook no longer accepts the Page's token. Ask an administrator to connect Facebook again."
WRONG_SECRET = "The app secret does not fit the Page's token. Copy both from the same Facebook app."  # noqa: S105
BUSY = "Facebook is taking no more messages just now."
RESTRICTED = "Facebook has restricted your Page for a while. What waits leaves after that."
ABUSIVE = "Facebook took what your Page wrote for abuse, so Lotwire is silent there for a day."
TROUBLE = "Facebook had an error for a moment. Nothing was sent."
USAGE = "x-business-use-case-usage"


@dataclass(frozen=True)
class Meaning:
    """What becomes of the message; an empty sentence is Facebook's own."""

    kind: Kind
    sentence: str = ""
    tells: Tells = ""
    code: str = ""  # of ours; empty: Facebook's
    rest: float = 0.0  # seconds the whole connection is silent


# Of code and subcode together first, then of either alone (developers.facebook.com, Messenger Platform, Error Codes).
_WINDOW = Meaning(Kind.PERMANENT, OUTSIDE, code="outside_window")
_ENDED = Meaning(Kind.PERMANENT, GONE, "ended")
_TOKEN = Meaning(Kind.CONNECTION_BROKEN, BROKEN)
_BUSY = Meaning(Kind.THROTTLED, BUSY)
_AGAIN = Meaning(Kind.NEVER_CONNECTED, TROUBLE)
_CONFIG = Meaning(Kind.PERMANENT, NOT_ALLOWED)
PAIRS: Mapping[tuple[int, int], Meaning] = {
    (10, 2018278): _WINDOW,
    (10, 1893063): Meaning(Kind.RESTS, RESTRICTED, rest=24 * HOUR),
    (100, 2018001): Meaning(Kind.PERMANENT, "Facebook does not know this person. Answer once they write again."),
    (100, 1893061): Meaning(Kind.PERMANENT, "Facebook takes no message with this tag any more. Write to them there."),
}
SUBCODES: Mapping[int, Meaning] = {
    2018278: _WINDOW,
    2018108: _ENDED,
    1893063: PAIRS[10, 1893063],
}
CODES: Mapping[int, Meaning] = {
    1: _AGAIN,
    2: _AGAIN,
    4: _BUSY,
    10: _CONFIG,
    32: _BUSY,
    102: _TOKEN,
    190: _TOKEN,
    230: _ENDED,
    368: Meaning(Kind.RESTS, ABUSIVE, rest=24 * HOUR),
    551: _ENDED,
    613: _BUSY,
    1200: _AGAIN,
    2022: Meaning(Kind.PERMANENT, "Facebook has switched such messages off for this app. Ask an administrator."),
    10904: _ENDED,
    80006: _BUSY,
}
PERMISSIONS = range(200, 300)


def meaning(code: int, subcode: int) -> Meaning | None:
    """None for an error that is in no table."""
    found = PAIRS.get((code, subcode)) or SUBCODES.get(subcode) or CODES.get(code)
    return found or (_CONFIG if code in PERMISSIONS else None)


def refusal(status: int, said: Any, headers: Mapping[str, str], hidden: tuple[str, ...] = ()) -> ChannelError:
    """The ChannelError of an answer that is no success. `hidden` are secrets that never stand in a sentence."""
    error = said.get("error") if isinstance(said, dict) else None
    error = error if isinstance(error, dict) else {}
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    words = _words(error, hidden)
    name = f"{code}/{subcode}" if subcode else str(code or status)
    if code == 100 and "appsecret_proof" in words:
        return ChannelError(WRONG_SECRET, Kind.CONNECTION_BROKEN, code=name)
    found = meaning(code, subcode)
    if found is None or (found is _AGAIN and status >= 500):  # it failed on the way: some of these did arrive
        found = _by_status(status, bool(code))
    wait = None
    if found.kind is Kind.THROTTLED:
        wait = regained(headers) or SOON
    elif found.kind is Kind.RESTS:
        wait = max(found.rest, regained(headers))
    sentence = found.sentence or read.said("Facebook", words) or f"Facebook refused this with status {status}."
    return ChannelError(sentence, found.kind, retry_after=wait, code=found.code or name, tells=found.tells)


def _by_status(status: int, coded: bool) -> Meaning:
    """Of an error that no table has. One without a code may come from anything between us and Facebook."""
    if status == 401:
        return _TOKEN
    if status == 429:
        return _BUSY
    if status >= 500 or status == 408:
        return Meaning(Kind.UNKNOWN, "Facebook had an error of its own before it confirmed this.")
    if 300 <= status < 400 and not coded:
        return Meaning(Kind.PERMANENT, "Facebook's address has moved. Ask an administrator to check it.")
    return Meaning(Kind.PERMANENT)


def regained(headers: Mapping[str, str]) -> float:
    """Seconds until Facebook takes messages again, as its header says; 0 when it says nothing of it."""
    try:
        usage = json.loads(headers.get(USAGE, ""))
    except (ValueError, RecursionError):
        return 0.0
    minutes = [0.0]
    for each in usage.values() if isinstance(usage, dict) else ():
        for one in each if isinstance(each, list) else ():
            said = one.get("estimated_time_to_regain_access") if isinstance(one, dict) else None
            if isinstance(said, int | float) and not isinstance(said, bool) and said > 0:
                minutes.append(float(said))
    return min(max(minutes) * 60, LONGEST_WAIT)


def _words(error: Mapping[str, Any], hidden: tuple[str, ...]) -> str:
    """Facebook's own sentence: the one it means for people first."""
    for name in ("error_user_msg", "message"):
        said = error.get(name)
        if isinstance(said, str) and said.strip():
            words = " ".join(said.split())[:300]
            for secret in hidden:
                words = words.replace(secret, "…") if secret else words
            return words
    return ""


def _number(raw: object) -> int:
    return raw if isinstance(raw, int) and not isinstance(raw, bool) and 0 < raw < 10**9 else 0
