"""Why a message may not go: stable codes, each with a sentence, a next step and the kinds of message it applies to."""

from dataclasses import dataclass

from domain.offers import WITHOUT_DATUM

ANSWER = "answer"  # to STOP, START or HELP, which nobody here wrote: the seller just asked for it
TEST = "test"  # to whoever tries a connection, never to a seller
EVERY_KIND = frozenset({"one_to_one", "batch", "scheduled", "automated", ANSWER, TEST})
ABOUT_A_VEHICLE = EVERY_KIND - {ANSWER, TEST}  # what stands against one vehicle alone keeps no answer back


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
    "hidden": Code("This listing is hidden.", "Show it again first.", ABOUT_A_VEHICLE),
    "dealership_reported": Code("This seller was reported as a dealership.", "A manager can take the report back."),
    "stage_dnc": Code("This seller is marked Do not contact.", "Only a manager can lift that."),
    "stage_pass": Code("This listing was passed.", "Change its stage first.", ABOUT_A_VEHICLE),
    "source_not_messageable": Code("Sellers of this site cannot be written to.", "Call them instead.", ABOUT_A_VEHICLE),
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
    "over_quota": Code(
        "This sender has used up today's texts.",
        "The rest goes tomorrow, or from another sender.",
        EVERY_KIND - {ANSWER},
    ),
    "first_contacts": Code(
        "Your dealership writes first to only so many sellers an hour.", "It leaves in its turn.", BATCH
    ),
    "no_postal_address": Code(
        "An email to many has to show your dealership's postal address, and it is not complete.",
        "Complete it under Your dealership.",
        frozenset({"batch", "automated"}),
    ),
    "missing_wildcard": Code("The message has a blank that is not filled.", "Fill it in or remove it."),
    "too_long": Code("With its blanks filled in the message is too long.", "Shorten the wording."),
    "attachment_unsupported": Code("A file cannot go along.", "Send it as a link, or remove it."),
    "quiet_hours": Code(
        "It is outside the hours in which this seller may be texted.", "It waits until then.", BY_ITSELF
    ),
    "expired": Code("Its time is more than an hour past.", "Send it now, or let it go.", BY_ITSELF | {ANSWER}),
}

WAITS = frozenset(
    {"quiet_hours", "review_open", "over_quota", "first_contacts"}
)  # alone they make what leaves by itself wait
WARNS = frozenset({"phone_landline", "phone_untextable", "quiet_hours"})  # of these a person who looks is only told

# The same codes where another channel, or kind of message, needs other words: (code, which) -> sentence and next step.
OTHER_WORDS = {
    ("no_permission", "batch"): Code(
        "An agent may send batches once an administrator allows it under People.", "Ask an administrator."
    ),
    ("over_quota", "one_to_one"): Code(
        "This sender has used up today's texts.", "Schedule it for tomorrow, or let a colleague send it."
    ),
    ("no_contact", "email"): Code(WITHOUT_DATUM["email"], "Add an email address."),
    ("no_contact", "form"): Code(WITHOUT_DATUM["form"], "Choose another channel."),
    ("no_contact", "facebook"): Code(WITHOUT_DATUM["facebook"], "Answer there once they do."),
    ("no_contact", "kijiji"): Code(WITHOUT_DATUM["kijiji"], "Answer there once they do."),
    ("opted_out", "batch"): Code(
        "Unsubscribed from Text: this number asked not to get texts.", "Only the seller's START lifts that."
    ),
    ("opted_out", "email"): Code("This address asked not to get email.", "Only the seller can lift that."),
    ("phone_invalid", "form"): Code("The form of this ad cannot be reached.", "Choose another channel."),
    ("phone_invalid", "facebook"): Code("This conversation cannot be reached.", "Choose another channel."),
    ("phone_invalid", "kijiji"): Code("This conversation cannot be reached.", "Choose another channel."),
    ("outside_window", "facebook"): Code(
        "Outside Facebook's 24-hour window.", "Write to them on Facebook yourself, or answer once they write again."
    ),
    ("outside_window", "kijiji"): Code(
        "This conversation on Kijiji is over.", "Write to them on Kijiji yourself, or choose another channel."
    ),
    **{
        (code, channel): Code(sentence, next_step)
        for channel in ("form", "facebook", "kijiji")
        for code, sentence, next_step in (
            ("opted_out", "This seller asked not to get messages here.", "Only the seller can lift that."),
            ("phone_blocked", "This seller is blocked here.", "A manager can lift that."),
            ("phone_dnc", "This seller is on your do-not-contact list.", "Only a manager can lift that."),
        )
    },
    ("phone_blocked", "email"): Code("This address is blocked.", "A manager can lift that."),
    ("phone_dnc", "email"): Code("This address is on your do-not-contact list.", "Only a manager can lift that."),
    ("no_connection", "email"): Code("Email is not connected.", CONNECT),
    ("no_connection", "form"): Code("Contact forms are not connected.", CONNECT),
    ("no_connection", "facebook"): Code("Facebook is not connected.", CONNECT),
    ("no_connection", "kijiji"): Code("Kijiji is not connected.", CONNECT),
}

# The same where it stands by another number or address of the seller than the one that is written to.
BY_ANOTHER = {
    "phone_dnc": "This seller is on your do-not-contact list.",
    "phone_blocked": "This seller is blocked.",
    "opted_out": "This seller asked not to get messages.",
    "duplicate_recipient": "Another listing of this batch is of the same seller.",
}

# The same of a text by a provider from whose number all send, {} being its name: Dialpad's words are of accounts.
BY_NAME = {
    "no_connection": Code("{} is not connected.", CONNECT),
    "sender_not_linked": Code("Who sends this does not work here any more.", "Let a colleague send it."),
}

# A batch goes to one field of the seller, and only the other one is filled: (code, the empty field).
ONLY_THE_OTHER = {
    ("no_contact", "mobile"): Code(
        "No mobile number. This seller has a phone number: choose Phone.", "Choose Phone as To number."
    ),
    ("no_contact", "phone"): Code(
        "No phone number. This seller has a mobile number: choose Mobile.", "Choose Mobile as To number."
    ),
}


@dataclass(frozen=True)
class Refusal:
    """One reason. `code` is stable; missing wildcards are `missing_wildcard:<token>`, and where only the other number
    is known it is `no_contact:<the empty field>`."""

    code: str
    message: str
    next_step: str


def effect(code: str, kind: str) -> str:
    """What a code does to a message of that kind: refuses, waits, warns; empty: nothing."""
    if kind in CODES[code].kinds:
        return "waits" if code in WAITS and kind in BY_ITSELF else "refuses"
    return "warns" if code in WARNS else ""


def refusal(code: str, detail: str = "", channel: str = "text", provider: str = "") -> Refusal:
    """The sentence and next step of a code, in the words for a channel or a kind (see OTHER_WORDS); `detail` is the
    token of a missing wildcard, or a sentence that says more; `provider` the name of one by which all send as one."""
    known = OTHER_WORDS.get((code, channel), CODES[code])
    if provider and channel == "text" and code in BY_NAME:
        return Refusal(code, BY_NAME[code].sentence.format(provider), BY_NAME[code].next_step)
    if (code, detail) in ONLY_THE_OTHER:
        known = ONLY_THE_OTHER[code, detail]
        return Refusal(f"{code}:{detail}", known.sentence, known.next_step)
    if code == "missing_wildcard":
        return Refusal(
            f"{code}:{detail}", f"{{{{{detail}}}}} has no value for this vehicle.", "Type it in, or remove it."
        )
    return Refusal(code, detail or known.sentence, known.next_step)
