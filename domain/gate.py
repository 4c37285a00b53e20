"""May this message go to this address, now, this way? A Permit, or the reasons why not and what to do.

One pure function, `decide`, answers for the window, the API and the worker's last look alike: the same facts, the same
answer. Only this module can make a Permit, and no adapter sends without one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.channels.base import Outgoing, PermitLike
from domain.offers import WITHOUT_DATUM


class SenderState(StrEnum):
    LINKED = "linked"
    NO_NUMBER = "no_number"
    UNLINKED = "unlinked"
    UNCHECKED = "unchecked"  # the provider could not be asked just now; it is asked again before the call


EVERY_KIND = frozenset({"one_to_one", "batch", "scheduled", "automated"})


@dataclass(frozen=True)
class Code:
    """A reason to refuse: the sentence, the next step, and the kinds of message it applies to."""

    sentence: str
    next_step: str
    kinds: frozenset[str] = EVERY_KIND


CONNECT = "Ask an administrator to connect it."
NO_DIALPAD_ACCOUNT = "No Dialpad account found"
NO_DIALPAD_CONNECTION = "You need an active DialPad connection to use this feature. Click here to connect."
TEXT_UNSUBSCRIBED = "Text Unsubscribed"  # how an automation calls an opt-out

BATCH = frozenset({"batch"})
BY_ITSELF = frozenset({"batch", "scheduled", "automated"})  # nobody looks at it the moment it leaves

CODES = {
    "tier": Code("Messaging is not part of this dealership's plan.", "Compare plans."),
    "no_permission": Code("Your role does not send messages.", "Ask an administrator of your dealership."),
    "hidden": Code("This listing is hidden.", "Show it again first."),
    "dealership_reported": Code("This seller was reported as a dealership.", "A manager can take the report back."),
    "stage_dnc": Code("This seller is marked Do not contact.", "Only a manager can lift that."),
    "stage_pass": Code("This listing was passed.", "Change its stage first."),
    "source_not_messageable": Code("Sellers of this site cannot be written to.", "Call them instead."),
    "facebook_without_phone": Code(
        "A Facebook listing without a phone number cannot be in a batch.", "Add a number.", BATCH
    ),
    "no_contact": Code("This seller has no phone number.", "Add a phone or mobile number."),
    "phone_invalid": Code("This phone number cannot exist.", "Correct the number."),
    "email_invalid": Code("This email address cannot exist.", "Correct the address."),
    "phone_landline": Code("This number is a landline.", "Call it, or use another number.", BY_ITSELF),
    "phone_untextable": Code("This number could not get texts before.", "Call it, or use another number.", BY_ITSELF),
    "phone_blocked": Code("This number is blocked.", "A manager can lift that."),
    "phone_dnc": Code("This number is on your do-not-contact list.", "Only a manager can lift that."),
    "opted_out": Code("This number asked not to get texts.", "Only the seller's START lifts that."),
    "duplicate_recipient": Code("Another listing of this batch has the same number.", "They get one message.", BATCH),
    "outside_window": Code("The seller has not written within 24 hours.", "Answer once they write again."),
    "recent_contact": Code("Somebody wrote to this seller about another listing just now.", "Continue there."),
    "frequency_cap": Code("This seller got enough automatic messages for now.", "Write to them yourself.", BY_ITSELF),
    "review_open": Code("What this seller wrote has to be looked at first.", "Look at it under Reviews.", BY_ITSELF),
    "no_connection": Code(NO_DIALPAD_CONNECTION, "Connect Dialpad."),
    "sender_not_linked": Code(NO_DIALPAD_ACCOUNT, "Ask an administrator to add your email to Dialpad."),
    "sender_without_number": Code("Your Dialpad account has no phone number.", "Ask an administrator to assign one."),
    "over_quota": Code("This sender has used up today's texts.", "The rest goes tomorrow, or from another sender."),
    "missing_wildcard": Code("The message has a blank that is not filled.", "Fill it in or remove it."),
    "attachment_unsupported": Code("A file cannot go along.", "Send it as a link, or remove it."),
    "quiet_hours": Code(
        "It is outside the hours in which this seller may be texted.", "It waits until then.", BY_ITSELF
    ),
    "expired": Code("Its time is more than an hour past.", "Send it now, or let it go.", BY_ITSELF),
}

# The same codes where another channel needs other words: (code, channel) -> sentence and next step.
OTHER_WORDS = {
    ("no_contact", "email"): Code(WITHOUT_DATUM["email"], "Add an email address."),
    ("no_contact", "form"): Code(WITHOUT_DATUM["form"], "Choose another channel."),
    ("no_contact", "facebook"): Code(WITHOUT_DATUM["facebook"], "Answer there once they do."),
    ("no_contact", "kijiji"): Code(WITHOUT_DATUM["kijiji"], "Answer there once they do."),
    ("opted_out", "email"): Code("This address asked not to get email.", "Only the seller can lift that."),
    ("phone_blocked", "email"): Code("This address is blocked.", "A manager can lift that."),
    ("phone_dnc", "email"): Code("This address is on your do-not-contact list.", "Only a manager can lift that."),
    ("no_connection", "email"): Code("Email is not connected.", CONNECT),
    ("no_connection", "form"): Code("Contact forms are not connected.", CONNECT),
    ("no_connection", "facebook"): Code("Facebook is not connected.", CONNECT),
    ("no_connection", "kijiji"): Code("Kijiji is not connected.", CONNECT),
}


@dataclass(frozen=True)
class Refusal:
    """One reason. `code` is stable; missing wildcards are `missing_wildcard:<token>`."""

    code: str
    message: str
    next_step: str


@dataclass(frozen=True)
class Facts:
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
    files: tuple[str, ...] = ()  # what stands against the files, a sentence each
    may_send: bool = True
    hidden: bool = False
    reported: bool = False  # as a dealership
    source_messageable: bool = True
    facebook_without_phone: bool = False
    landline: bool = False
    untextable: bool = False  # a carrier said so before
    blocked: bool = False
    dnc: bool = False  # our list, across listings
    duplicate: bool = False  # another recipient of the batch has the address
    window_open: bool = True  # of Messenger's 24 hours
    recent_contact: str = ""  # who wrote to this person about another listing, in a sentence; for a first contact
    automatic_today: int = 0  # automated messages to this person within 24 hours
    unanswered: int = 0  # automated ones in a row that they did not answer
    review_open: bool = False
    over_quota: bool = False
    not_before: datetime | None = None  # outside the allowed hours: when they begin
    late: bool = False  # more than an hour past its time
    evidence: Mapping[str, str] = field(default_factory=dict)  # the ad as seen, the basis, the seller's clock


WAITS = frozenset({"quiet_hours", "review_open"})  # alone they make a message wait
LOOK_AGAIN = timedelta(minutes=10)  # at what waits for somebody to review an answer
MOST_AUTOMATIC = 3  # messages to one person within 24 hours
MOST_UNANSWERED = 3  # in a row


@dataclass(frozen=True)
class Decision:
    """Refusals in the order a person should mend them; none means yes. `warnings` a person may pass; `defer_until` is
    when a message that leaves by itself is looked at again, if only the hour or an open review stands against it."""

    facts: Facts
    at: datetime
    refusals: tuple[Refusal, ...]
    warnings: tuple[Refusal, ...] = ()

    @property
    def defer_until(self) -> datetime | None:
        codes = {each.code for each in self.refusals}
        if not codes or codes - WAITS:
            return None
        look = self.at + LOOK_AGAIN if "review_open" in codes else self.at
        return max(look, self.facts.not_before or self.at)

    @property
    def first(self) -> Refusal:
        """Of a refusal: what to say of it. What would only make it wait is not why it ends."""
        return next((each for each in self.refusals if each.code not in WAITS), self.refusals[0])

    @property
    def allowed(self) -> bool:
        return not self.refusals

    def record(self) -> dict[str, Any]:
        """What the attempt row keeps: the facts seen, when, and the codes given."""
        facts = {name: _kept(value) for name, value in vars(self.facts).items()}
        return {"at": self.at.isoformat(), "facts": facts, "codes": [refusal.code for refusal in self.refusals]}


_GATE = object()  # nobody else has it, so nobody else makes a Permit


class Permit(PermitLike):
    """The right to hand one message to one address once. In memory only; made by `permit`, used up by `spend`."""

    __slots__ = ("channel", "decided_at", "message_id", "sender", "spent", "to")

    def __init__(self, maker: object, decision: Decision) -> None:
        if maker is not _GATE:
            raise TypeError("Only the gate makes permits.")
        facts = decision.facts
        self.message_id = facts.message_id
        self.to = facts.to
        self.channel = facts.channel
        self.sender = facts.sender
        self.decided_at = decision.at
        self.spent = False

    def spend(self, outgoing: Outgoing) -> None:
        """Raises PermissionError for another message, address, channel or sender, or a second time."""
        if self.spent:
            raise PermissionError("This permit was already used.")
        if (outgoing.message_id, outgoing.to, outgoing.channel, outgoing.sender) != (
            self.message_id,
            self.to,
            self.channel,
            self.sender,
        ):
            raise PermissionError("This permit is for another message.")
        self.spent = True


def decide(facts: Facts, at: datetime) -> Decision:
    """Yes, or every reason why not. Pure: the same facts give the same answer whoever asks."""
    return Decision(facts, at, tuple(_refusals(facts)), tuple(_warnings(facts)))


def permit(decision: Decision) -> Permit:
    """The permit of an allowed decision. Raises PermissionError for any other."""
    if not decision.allowed or decision.facts.message_id is None:
        raise PermissionError("The gate refused this message.")
    return Permit(_GATE, decision)


def refusal(code: str, detail: str = "", channel: str = "text") -> Refusal:
    """The sentence and next step of a code; `detail` is the token of a missing wildcard, or a sentence that says
    more."""
    known = OTHER_WORDS.get((code, channel), CODES[code])
    if code == "missing_wildcard":
        return Refusal(
            f"{code}:{detail}", f"{{{{{detail}}}}} has no value for this vehicle.", "Type it in, or remove it."
        )
    return Refusal(code, detail or known.sentence, known.next_step)


def _refusals(facts: Facts) -> Iterable[Refusal]:
    for code in _codes(facts):
        if facts.kind in CODES[code].kinds:
            yield refusal(code, facts.recent_contact if code == "recent_contact" else "", facts.channel)
    for sentence in facts.files:
        yield refusal("attachment_unsupported", sentence)
    for token in facts.missing:
        yield refusal("missing_wildcard", token)


def _warnings(facts: Facts) -> Iterable[Refusal]:
    """What a person who looks at it may pass."""
    for code, stands in (
        ("phone_landline", facts.landline),
        ("phone_untextable", facts.untextable),
        ("quiet_hours", facts.not_before is not None),
    ):
        if stands and facts.kind not in CODES[code].kinds:
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
        ("phone_landline", facts.landline and facts.channel == "text"),
        ("phone_untextable", facts.untextable and facts.channel == "text"),
        ("phone_blocked", facts.blocked),
        ("phone_dnc", facts.dnc),
        ("opted_out", facts.opted_out),
        ("duplicate_recipient", facts.duplicate),
        ("outside_window", not facts.window_open),
    ):
        if stands:
            yield code


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


def _kept(value: Any) -> Any:
    """As JSON can hold it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
