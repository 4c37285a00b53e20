"""Which channels can carry a message to this seller, why not, and which one the window starts with. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain import phones
from domain.email_addresses import is_address

# In the order of the menu.
LABELS = {"text": "Text", "email": "Email", "form": "Form", "facebook": "Facebook", "kijiji": "Kijiji"}
ONE = {  # one message of each, in a sentence
    "text": "A text",
    "email": "An email",
    "form": "A form message",
    "facebook": "A Facebook message",
    "kijiji": "A Kijiji message",
}
FIRST_CHOICES = ("text", "form", "email")  # when nothing was written yet that says otherwise

# What is missing when a channel has no address of this seller.
WITHOUT_DATUM = {
    "text": "This seller has no phone number.",
    "email": "This seller has no email address.",
    "form": "The site of this ad has no contact form.",
    "facebook": "This seller has not written to you on Facebook yet.",
    "kijiji": "This seller has not written to you through Kijiji yet.",
}

# The same where a person can write at the ad's own site.
BY_HAND = {
    "form": "The form of this ad is filled in by hand: open the ad.",
    "facebook": "A first message on Facebook is written by hand: open the ad.",
    "kijiji": "A first message on Kijiji is written by hand: open the ad.",
}


@dataclass(frozen=True)
class Offer:
    """One channel for one seller.

    datum   where it would go: a number, an email address, a thread; empty when the seller has none
    off     why the integration cannot be used (not connected, refused key, not in the plan); empty when it can
    assisted  whether a person can write there by hand at the ad's own site, with our words
    """

    channel: str
    datum: str
    off: str = ""
    assisted: bool = False

    @property
    def available(self) -> bool:
        return not self.off and bool(self.datum)

    @property
    def reason(self) -> str:
        """Why it is not available, in a sentence; empty when it is."""
        if self.assisted and self.channel in BY_HAND and not self.datum:
            return BY_HAND[self.channel]
        return self.off or ("" if self.datum else WITHOUT_DATUM[self.channel])


@dataclass(frozen=True)
class Choice:
    """The channel a window starts with, empty when there is none, and why, in one line."""

    channel: str
    reason: str


def choose(newest: str | None, offers: Mapping[str, Offer]) -> Choice:
    """The channel to start with: the one last written by, if its integration is on, else the first that works.

    `newest` is the channel of the newest platform message of the listing, None when there is none. A channel that is on
    but lacks its datum is still the one last written by: Send is off then, and the menu says why.
    """
    last = offers.get(newest or "")
    if last is not None and not last.off:
        return Choice(last.channel, f"The last message was {_by(last.channel)}.")
    for channel in FIRST_CHOICES:
        offer = offers.get(channel)
        if offer is not None and offer.available:
            return Choice(channel, "")
    return Choice("", _nothing([offers[channel] for channel in LABELS if channel in offers]))


def can_exist(channel: str, address: str) -> bool:
    """Whether this could be an address of the channel: a number, an email address, or what its site gave us."""
    if channel == "text":
        return phones.is_valid(address)
    return is_address(address) if channel == "email" else bool(address)


def _by(channel: str) -> str:
    return {"text": "a text", "email": "an email", "form": "sent by the contact form"}.get(
        channel, f"on {LABELS[channel]}"
    )


def _nothing(offers: Sequence[Offer]) -> str:
    """Why no channel works: the reason of texting first, because that is what most sellers are written by."""
    return next((offer.reason for offer in offers if offer.reason), "This seller cannot be written to.")
