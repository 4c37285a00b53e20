"""Why recipients did not get it, in sentences: every code that can stand on a message of a batch has one."""

from domain import gate

REFUSED = "The provider refused it."
OF_ITS_PROVIDER = ("no_connection", "sender_not_linked", "opted_out")  # in the words that the messages bear
# By the messages themselves, where they all say the same.
BETTER_SAID = ("cancelled", "no_permission", "unknown", "tier")
# Beside the gate's.
SENTENCES = {
    "stopped": "The batch was stopped.",
    "out_of_credit": "The provider is out of credit.",
    "spam": "The carrier took it for spam.",
    "sender_full": "Carriers took no more texts from your number that day.",
    "cancelled": "It was cancelled before it left.",
    "undone": "It was taken back before it left.",
    "seller_wrote": "The seller wrote meanwhile.",
    "scheduling_off": "Scheduled messages were switched off.",
    "unknown": "The provider did not say whether it left.",
    "timeout": "The provider took too long to answer.",
    "broken": "The connection to the provider broke.",
    "dns": "The provider could not be reached.",
    "unreachable": "The provider could not be reached.",
    "certificate": "The provider could not prove who it is.",
    "sender": gate.NO_DIALPAD_ACCOUNT,
    "invalid_destination": "This number cannot get texts.",
    "attachment_unsupported": "A file cannot go along.",
    "unreadable": "The provider’s answer could not be read.",
}


def sentence(code: str, said: str = "") -> str:
    """A code as a sentence; `said` is the reason that its messages bear, if they all bear the same."""
    known, _, detail = code.partition(":")
    if said and known in OF_ITS_PROVIDER:
        return said
    said = f"{said}." if said and said[-1].isalnum() else said
    if said and code in BETTER_SAID:
        return said
    if known in gate.CODES:
        return gate.refusal(known, detail).message
    return SENTENCES.get(code) or said or REFUSED


def alike(least: str | None, most: str | None) -> str:
    """The reason of messages of which these are the first and the last in order; empty where there are several."""
    return (least or "") if least == most else ""
