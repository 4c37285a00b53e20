"""May this message go to this address, now, this way? A Permit, or the reasons why not and what to do.

One pure function, `decide`, answers for the window, the API and the worker's last look alike: the same facts, the same
answer. Only this module can make a Permit, and no adapter sends without one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
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

CODES = {
    "tier": Code("Messaging is not part of this dealership's plan.", "Compare plans."),
    "stage_dnc": Code("This seller is marked Do not contact.", "Only a manager can lift that."),
    "stage_pass": Code("This listing was passed.", "Change its stage first."),
    "no_contact": Code("This seller has no phone number.", "Add a phone or mobile number."),
    "phone_invalid": Code("This phone number cannot exist.", "Correct the number."),
    "email_invalid": Code("This email address cannot exist.", "Correct the address."),
    "opted_out": Code("This number asked not to get texts.", "Only the seller's START lifts that."),
    "no_connection": Code(NO_DIALPAD_CONNECTION, "Connect Dialpad."),
    "sender_not_linked": Code(NO_DIALPAD_ACCOUNT, "Ask an administrator to add your email to Dialpad."),
    "sender_without_number": Code("Your Dialpad account has no phone number.", "Ask an administrator to assign one."),
    "missing_wildcard": Code("The message has a blank that is not filled.", "Fill it in or remove it."),
    "attachment_unsupported": Code("A file cannot go along.", "Send it as a link, or remove it."),
}

# The same codes where another channel needs other words: (code, channel) -> sentence and next step.
OTHER_WORDS = {
    ("no_contact", "email"): Code(WITHOUT_DATUM["email"], "Add an email address."),
    ("no_contact", "form"): Code(WITHOUT_DATUM["form"], "Choose another channel."),
    ("no_contact", "facebook"): Code(WITHOUT_DATUM["facebook"], "Answer there once they do."),
    ("no_contact", "kijiji"): Code(WITHOUT_DATUM["kijiji"], "Answer there once they do."),
    ("opted_out", "email"): Code("This address asked not to get email.", "Only the seller can lift that."),
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


@dataclass(frozen=True)
class Decision:
    """Refusals in the order a person should mend them; none means yes."""

    facts: Facts
    at: datetime
    refusals: tuple[Refusal, ...]

    @property
    def allowed(self) -> bool:
        return not self.refusals

    def record(self) -> dict[str, Any]:
        """What the attempt row keeps: the facts seen, when, and the codes given."""
        facts = {name: str(value) if isinstance(value, UUID) else value for name, value in vars(self.facts).items()}
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
    return Decision(facts, at, tuple(_refusals(facts)))


def permit(decision: Decision) -> Permit:
    """The permit of an allowed decision. Raises PermissionError for any other."""
    if not decision.allowed or decision.facts.message_id is None:
        raise PermissionError("The gate refused this message.")
    return Permit(_GATE, decision)


def refusal(code: str, detail: str = "", channel: str = "text") -> Refusal:
    """The sentence and next step of a code; `detail` is the token of a missing wildcard, or what a file lacks."""
    known = OTHER_WORDS.get((code, channel), CODES[code])
    if code == "missing_wildcard":
        return Refusal(
            f"{code}:{detail}", f"{{{{{detail}}}}} has no value for this vehicle.", "Type it in, or remove it."
        )
    return Refusal(code, detail or known.sentence, known.next_step)


def _refusals(facts: Facts) -> Iterable[Refusal]:
    for code in _codes(facts):
        if facts.kind in CODES[code].kinds:
            yield refusal(code, channel=facts.channel)
    for sentence in facts.files:
        yield refusal("attachment_unsupported", sentence)
    for token in facts.missing:
        yield refusal("missing_wildcard", token)


def _codes(facts: Facts) -> Iterable[str]:
    if not facts.plan_has_messaging:
        yield "tier"
    if facts.stage == "dnc":
        yield "stage_dnc"
    if facts.stage == "pass":
        yield "stage_pass"
    if not facts.to:
        yield "no_contact"
    elif not facts.address_valid:
        yield "email_invalid" if facts.channel == "email" else "phone_invalid"
    elif facts.opted_out:
        yield "opted_out"
    if not facts.connected:
        yield "no_connection"
    elif facts.channel != "text":
        return  # only texts leave from a person's own number
    elif facts.sender_state == SenderState.UNLINKED:
        yield "sender_not_linked"
    elif facts.sender_state == SenderState.NO_NUMBER:
        yield "sender_without_number"
