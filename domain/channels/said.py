"""What providers tell us, in the same words whoever says it: a message, a receipt, a bounce, a stop."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

State = Literal["accepted", "sent", "delivered", "undelivered"]

# What a refusal for good tells of the address itself, whatever was sent to it. Empty: nothing.
Tells = Literal[
    "",
    "opted_out",  # its owner said stop to the provider
    "untextable",  # no text can reach this number
    "bounced",  # no mail can reach this address
    "ended",  # nothing reaches them in this thread any more
]


SPAM = "spam"  # a carrier took the words for spam
FULL = "sender_full"  # the sender's day is full


@dataclass(frozen=True)
class IncomingFile:
    """A file that came with a message, not read yet: `Channel.fetch` gets it by `ref`, a URL at the provider or the
    name of a part of the stored event. One with a `problem` is never fetched: the history says why instead."""

    ref: str
    name: str = ""
    media_type: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Incoming:
    """A message from a seller. `from_address` is where an answer goes: a number (E.164), an email address in lower
    case, or the provider's name for the person."""

    provider_id: str
    from_address: str
    to_address: str  # ours: the number, mailbox or page
    body: str
    at: datetime
    media: Sequence[IncomingFile] = ()
    subject: str = ""
    html: str = ""  # as it came: cleaned by whoever shows it
    from_name: str = ""
    # Of an email: its own Message-ID, those it answers (newest last), and the token of the address it went to.
    rfc_id: str = ""
    references: Sequence[str] = ()
    token: str = ""
    about: str = ""  # what it says it is about, such as the ad's address, when nothing better tells
    automatic: bool = False  # a machine wrote it: kept, but no answer to anything
    external: bool = False  # it did not come by the platform: kept as an external communication
    answered: bool = False  # the provider says that it answered this itself, so that we must not


@dataclass(frozen=True)
class Receipt:
    """What the provider reports of a message from our side. Of one that nobody here knows, but with whom it went `to`
    and its `body`, it is somebody's who wrote in the provider's own app (an echo): it joins the history."""

    provider_id: str
    state: State
    reason: str
    at: datetime
    # Enough to recognise an attempt whose answer never arrived:
    to: str = ""
    sender: str = ""
    from_address: str = ""
    body: str | None = None
    tells: Tells = ""
    ours: str = ""  # the id of the message of ours that it says it is about: what we asked to be called with
    out_of_credit: bool = False  # it did not leave for want of money
    code: str = ""  # of one that did not arrive: SPAM or FULL, from which more follows than the sentence
    rests_until: datetime | None = None  # the connection's senders take nothing more until then


@dataclass(frozen=True)
class ReadUntil:
    """They have read everything that went to `address` until then."""

    address: str
    at: datetime


@dataclass(frozen=True)
class Bounce:
    """A message came back. `rfc_id` is the Message-ID of ours it tells of, empty when it does not say. For good (5.x.x)
    it did not arrive, and marks the address unless that is good; else it is only noted. Of one called `spam` nothing
    came back: it is their stop."""

    address: str
    reason: str
    at: datetime
    rfc_id: str = ""
    for_good: bool = True
    address_good: bool = False  # this one was refused: for its words, its size, or by a policy
    spam: bool = False


@dataclass(frozen=True)
class Stopped:
    """The provider says that they said stop to it, or (`again`) start; not in a message, which would be Incoming."""

    address: str
    word: str
    at: datetime
    again: bool = False


Said = Incoming | Receipt | ReadUntil | Bounce | Stopped
