"""The facts of one message, and what follows from them: refusals, warnings, or nothing. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from domain.gate.codes import ANSWER, BY_ANOTHER, BY_ITSELF, CODES, TEST, WAITS, Refusal, effect, refusal


class SenderState(StrEnum):
    LINKED = "linked"
    NO_NUMBER = "no_number"
    UNLINKED = "unlinked"
    UNCHECKED = "unchecked"  # the provider could not be asked just now; it is asked again before the call


class Facts(NamedTuple):
    """All the gate looks at: plain values, read by whoever asks, kept on the attempt row."""

    message_id: UUID | None
    channel: str
    kind: str
    to: str  # E.164, an email address, a thread; empty: none
    address_valid: bool
    opted_out: bool
    stage: str
    plan_has_messaging: bool
    connected: bool  # installed, in the plan and its key accepted
    sender: str  # the provider's id of the sender; empty: none
    sender_state: str
    missing: tuple[str, ...] = ()
    too_long: bool = False  # for the channel, with its blanks filled in
    files: tuple[str, ...] = ()  # what stands against the files, a sentence each
    may_send: bool = True
    agent: bool = False  # who sends it: somebody an admin may let send batches
    hidden: bool = False
    reported: bool = False  # as a dealership
    source_messageable: bool = True
    facebook_without_phone: bool = False
    landline: bool = False
    untextable: bool = False  # a carrier said so before
    bounced: bool = False  # mail to it came back for good
    blocked: bool = False
    dnc: bool = False  # our list, across listings: the address, or another of the seller's
    stopped: bool = False  # the seller said stop at a number, an email or in a thread, this one or another
    wrote_since: bool = False  # and wrote again after that
    by_another: tuple[str, ...] = ()  # codes that stand by another number or address of the seller than `to`
    duplicate: bool = False  # another recipient of the batch has the address
    window_open: bool = True  # the seller's thread may be answered: of Messenger within 24 hours
    recent_contact: str = ""  # who wrote to this person about another listing, in a sentence; for a first contact
    automatic_today: int = 0  # automated messages to this person within 24 hours
    unanswered: int = 0  # automated ones in a row that they did not answer
    review_open: bool = False
    over_quota: datetime | None = None  # the sender has used up this day's segments: when the next begins
    turn: datetime | None = (
        None  # the account made as many first contacts as it may in an hour: when this one may leave
    )
    not_before: datetime | None = None  # outside the allowed hours: when they begin
    late: bool = False  # more than an hour past its time; an answer: too late to be one
    confirms: bool = False  # the answer to this very opt-out, or the one answer to HELP of somebody who opted out
    provider: str = ""  # by its name, where all send as one by it
    without_postal_address: bool = False  # the dealership, of which an email to many has to show it
    evidence: Mapping[str, str] = {}  # the ad as seen, the basis, the seller's clock


LOOK_AGAIN = timedelta(minutes=10)  # at what waits for somebody to review an answer
MOST_AUTOMATIC = 3  # messages to one person within 24 hours
MOST_UNANSWERED = 3  # in a row
TOO_LATE = "It was too late for this answer."
CAME_BACK = "Mail to this address came back."


class Decision(NamedTuple):
    """Refusals in the order a person should mend them; none means yes. `warnings` a person may pass; `defer_until` is
    when a message that leaves by itself is looked at again, if only the hour, an open review, its sender's day or its
    turn stands against it."""

    facts: Facts
    at: datetime
    refusals: tuple[Refusal, ...]
    warnings: tuple[Refusal, ...] = ()

    @property
    def defer_until(self) -> datetime | None:
        codes = {each.code for each in self.refusals}
        if not codes or codes - WAITS or self.facts.kind not in BY_ITSELF:
            return None
        look = self.at + LOOK_AGAIN if "review_open" in codes else self.at
        return max(look, *(each or self.at for each in (self.facts.not_before, self.facts.over_quota, self.facts.turn)))

    @property
    def first(self) -> Refusal:
        """Of a refusal: what to say of it. What would only make it wait is not why it ends."""
        return next((each for each in self.refusals if each.code not in WAITS), self.refusals[0])

    @property
    def allowed(self) -> bool:
        return not self.refusals

    def record(self) -> dict[str, Any]:
        """What the attempt row keeps: the facts seen, when, and the codes given."""
        facts = {**self.facts._asdict(), "message_id": str(self.facts.message_id) if self.facts.message_id else None}
        for name in ("not_before", "over_quota", "turn"):
            if facts[name]:
                facts[name] = facts[name].isoformat()
        return {"at": self.at.isoformat(), "facts": facts, "codes": [refusal.code for refusal in self.refusals]}

    def written(self) -> str:
        """The record as JSON."""
        return msgspec.json.encode(self.record()).decode()


def decide(facts: Facts, at: datetime) -> Decision:
    """Yes, or every reason why not. Pure: the same facts give the same answer whoever asks."""
    codes = tuple(_codes(facts))
    return Decision(facts, at, tuple(_refusals(facts, codes)), tuple(_warnings(facts, codes)))


def _refusals(facts: Facts, codes: Iterable[str]) -> Iterable[Refusal]:
    said = {
        "recent_contact": facts.recent_contact,
        "expired": TOO_LATE if facts.kind == ANSWER else "",
        "email_invalid": CAME_BACK if facts.address_valid else "",
        **{code: sentence for code, sentence in BY_ANOTHER.items() if code in facts.by_another},
    }
    for code in codes:
        if facts.kind in CODES[code].kinds:
            yield refusal(code, said.get(code, ""), _words_for(code, facts), facts.provider)
    if facts.too_long:
        yield refusal("too_long", channel=facts.channel)
    for sentence in facts.files:
        yield refusal("attachment_unsupported", sentence)
    for token in facts.missing:
        yield refusal("missing_wildcard", token)


def _words_for(code: str, facts: Facts) -> str:
    if code == "over_quota" or (code == "no_permission" and facts.agent):
        return facts.kind
    if code == "opted_out" and (facts.kind, facts.channel) == ("batch", "text"):
        return facts.kind
    return facts.channel


def _warnings(facts: Facts, codes: Iterable[str]) -> Iterable[Refusal]:
    """What a person who looks at it may pass."""
    for code in codes:
        if effect(code, facts.kind) == "warns":
            yield refusal(code, channel=facts.channel)


def _codes(facts: Facts) -> Iterable[str]:
    yield from _about_the_listing(facts)
    yield from _about_the_address(facts)
    yield from _about_the_time(facts)
    if not facts.connected:
        yield "no_connection"
    elif facts.channel == "text":  # others do not leave from a person's own number
        if facts.sender_state == SenderState.UNLINKED:
            yield "sender_not_linked"
        elif facts.sender_state == SenderState.NO_NUMBER:
            yield "sender_without_number"
    if facts.over_quota:
        yield "over_quota"
    if facts.turn:
        yield "first_contacts"
    if facts.without_postal_address and facts.channel == "email":
        yield "no_postal_address"


def _about_the_listing(facts: Facts) -> Iterable[str]:
    for code, stands in (
        ("tier", not facts.plan_has_messaging),
        ("no_permission", not facts.may_send),
        ("dealership_reported", facts.reported),
        ("hidden", facts.hidden and not facts.reported),
        ("stage_dnc", facts.stage == "dnc"),
        ("stage_pass", facts.stage == "pass" and not facts.reported),
        ("source_not_messageable", not facts.source_messageable),
        ("facebook_without_phone", facts.facebook_without_phone),
    ):
        if stands:
            yield code


def _about_the_address(facts: Facts) -> Iterable[str]:
    if not facts.to:
        yield "no_contact"
        return
    if not facts.address_valid:
        yield "email_invalid" if facts.channel == "email" else "phone_invalid"
        return
    for code, stands in (
        ("email_invalid", facts.bounced and facts.channel == "email"),
        ("phone_landline", facts.landline and facts.channel == "text"),
        ("phone_untextable", facts.untextable and facts.channel == "text"),
        ("phone_blocked", facts.blocked),
        ("phone_dnc", facts.dnc),
        ("opted_out", _opted_out(facts)),
        ("duplicate_recipient", facts.duplicate),
        ("outside_window", not facts.window_open),
    ):
        if stands:
            yield code


def _opted_out(facts: Facts) -> bool:
    """Who said stop somewhere means everywhere. Once they wrote again a person may answer, at any other address than
    that one; what leaves by itself may not."""
    if facts.opted_out:
        return not (facts.confirms and facts.kind == ANSWER)
    if facts.kind in (ANSWER, TEST):
        return False
    return facts.stopped and (facts.kind in BY_ITSELF or not facts.wrote_since)


def _about_the_time(facts: Facts) -> Iterable[str]:
    for code, stands in (
        ("recent_contact", bool(facts.recent_contact)),
        ("frequency_cap", facts.automatic_today >= MOST_AUTOMATIC or facts.unanswered >= MOST_UNANSWERED),
        ("review_open", facts.review_open),
        ("quiet_hours", facts.not_before is not None),
        ("expired", facts.late),
    ):
        if stands:
            yield code
