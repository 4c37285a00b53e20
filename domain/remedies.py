"""What helps when a message did not arrive: the next step, and whether the same message may be tried again. Pure."""

import re
from typing import NamedTuple

from domain import gate
from domain.channels.base import SPAM
from domain.messages import State


class Remedy(NamedTuple):
    """A sentence, empty where the reason says it already, and whether another try can succeed."""

    step: str
    again: bool


LOOK = {  # where the truth of a message can be seen that may have been sent
    "email": "in the mailbox",
    "facebook": "in your Page's inbox",
    "kijiji": "in the mailbox",
    "form": "at the site",
    "text": "in Dialpad",
}
TRY = "Try again, or write another way."
NUMBER = "Correct the number, or write another way."
ADDRESS = "Correct the address, or write another way."

# Codes of which the same message to the same address would end in the same way; those of "" have the gate's step.
NO_USE = {
    "email_invalid": ADDRESS,
    "phone_invalid": "",
    "phone_untextable": NUMBER,
    "phone_landline": "",
    "invalid_destination": NUMBER,
    "no_contact": "",
    "thread_ended": "Write another way.",
    "by_hand": "Write another way.",
    "outside_window": "",
    "source_not_messageable": "",
    "facebook_without_phone": "",
    "duplicate_recipient": "",
    "too_long": "",
    "attachment_unsupported": "",
    SPAM: "Change the words, or write another way.",
}
# Codes that stand for what was on a list, or against the vehicle, at that time: whether it still does decides.
LISTED = {"opted_out", "phone_dnc", "phone_blocked", "stage_dnc", "stage_pass", "hidden", "dealership_reported"}
# Codes after which a try helps once something else is done.
FIRST = {
    "out_of_credit": "Top up the credit at the provider, then try again.",
    "missing_wildcard": "Fill in what is missing, then try again.",
    "no_connection": "Once it is connected, try again.",
    "sender": gate.refusal("sender_not_linked").next_step,
}
ADVICE = re.compile(
    r"(?:^|[.:] )(?:Add|Ask|Call|Change|Check|Choose|Correct|Look|Open|Send|Shorten|Try|Upgrade|Write)\b"
)


def after(state: str, code: str, channel: str, reason: str = "", barred: str = "", provider: str = "") -> Remedy:
    """Of a message that ended in this state with this code and reason. `barred` is the gate's code of what the lists
    say against its address now (`standing.against`); `provider` the name of one of texts by which all send as one."""
    name = barred or code.partition(":")[0]
    if state == State.UNKNOWN:
        return _unknown(f"in {provider}" if provider and channel == "text" else LOOK[channel], channel, reason, barred)
    if state not in (State.FAILED, State.UNDELIVERED):
        return Remedy("", False)
    if barred or name in NO_USE:
        return Remedy(_step(name, channel), False)
    if name == "address" and channel == "email":
        return Remedy(ADDRESS, False)
    if name == "sender_not_linked" and reason != gate.NO_DIALPAD_ACCOUNT:  # they do not work here any more
        return Remedy("Let a colleague send it.", False)
    if name not in LISTED and (name in FIRST or name in gate.CODES):
        return Remedy(_step(name, channel), True)
    return Remedy("" if _advises(reason) else TRY, True)


def _unknown(where: str, channel: str, reason: str, barred: str) -> Remedy:
    if barred:
        return Remedy(f"Look {where} whether it arrived. {_step(barred, channel)}", False)
    return Remedy("" if _advises(reason) else f"Look {where}, or ask the seller, before you send it again.", True)


def _step(code: str, channel: str) -> str:
    return NO_USE.get(code) or FIRST.get(code) or gate.refusal(code, channel=channel).next_step


def _advises(reason: str) -> bool:
    """Whether a sentence of ours says itself what to do."""
    return " says: " not in reason and bool(ADVICE.search(reason))
