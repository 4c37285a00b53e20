"""What makes a mail one that Kijiji passed on from a seller, and which ad it says it is about. Pure; never raises."""

import re
from dataclasses import dataclass
from email.message import Message

from domain.channels.email import decoding, parts

RELAY = re.compile(r"[a-z]+\.[a-z0-9._-]{4,80}@rts\.kijiji\.ca", re.ASCII)  # s.<token> a seller, b.<token> a buyer
SIGNERS = ("rts.kijiji.ca", "kijiji.ca")
NOTICES = ("noreply@rts.kijiji.ca", "no-reply@rts.kijiji.ca")
# `New message from Dana(dana@…) about "2019 Subaru Outback"`: the same sender also mails codes and advertisements.
SUBJECT = re.compile(
    r"(?:new message from|nouveau message de(?: la part de)?)\s+(?P<name>[^(]{1,100}?)\s*(?:\([^)]*\))?\s+"
    r"(?:about|regarding|au sujet de|concernant)\s*[:\s]*[\"“«]\s*(?P<title>.{1,300}?)\s*[\"”»]",
    re.IGNORECASE,
)
QUOTED = re.compile(r"[\"“«]\s*(.{1,300}?)\s*[\"”»]")
AD = re.compile(r"https://(?:www\.)?kijiji\.ca/v-[\w%./-]{1,400}?/(\d{6,14})\b", re.ASCII)
AD_ID = re.compile(r"\b(?:ad id|adid|id de l.annonce|annonce no)\W{1,5}(\d{6,14})\b", re.IGNORECASE | re.ASCII)
LOOKED_AT = 200_000  # characters of the body


@dataclass(frozen=True)
class Relayed:
    """`relay` is where an answer goes; the ad is what the mail says, as far as it says it."""

    relay: str
    name: str = ""
    title: str = ""
    ad_id: str = ""
    url: str = ""

    @property
    def about(self) -> str:
        """The ad in one line: its address, else its number, else its title."""
        return self.url or (f"kijiji:{self.ad_id}" if self.ad_id else self.title)


def relayed(message: Message, authority: str) -> Relayed | None:
    """None for any other mail: also for one that nobody vouches for, and for what Kijiji mails of its own accord.
    `authority` is the server whose word about signatures is trusted, the dealership's own."""
    sender = next((address for _, address in decoding.addresses(message, "From")), "")
    if not sender.endswith("@rts.kijiji.ca") or not is_signed(message, authority):
        return None
    subject = decoding.header(message, "Subject")
    told = SUBJECT.search(subject)
    answers = [address for _, address in decoding.addresses(message, "Reply-To")]
    relay = next((each for each in (*answers, sender) if RELAY.fullmatch(each) and each not in NOTICES), "")
    if not relay or (told is None and not RELAY.fullmatch(sender)):
        return None
    url, ad_id = _ad(message)
    quoted = QUOTED.search(subject)
    title = told["title"] if told else quoted[1] if quoted else ""
    return Relayed(relay, told["name"].strip() if told else "", title, ad_id, url)


def is_signed(message: Message, authority: str) -> bool:
    """Whether the dealership's own mail server says that Kijiji's signature holds (RFC 8601). Only its newest word
    counts, which stands first: what stands below may have come with the mail."""
    said = decoding.raw(message, "Authentication-Results")
    if not authority or not said:
        return False
    server, _, results = said[0].partition(";")
    if server.lower().split()[:1] != authority.lower().split():  # a version may stand behind the name
        return False
    for result in re.sub(r"\([^()]*\)", " ", results).split(";"):
        words = result.lower().split()
        if words[:1] != ["dkim=pass"]:
            continue
        domains = [word.partition("=")[2].rpartition("@")[2].strip('"') for word in words if _names_domain(word)]
        if domains and all(domain in SIGNERS for domain in domains):
            return True
    return False


def _names_domain(word: str) -> bool:
    return word.startswith(("header.d=", "header.i="))


def _ad(message: Message) -> tuple[str, str]:
    """(address, number) of the first ad that the words name."""
    for _, part in parts.leaves(message):
        if part.get_content_type() not in ("text/plain", "text/html"):
            continue
        words = decoding.text(decoding.body(part), decoding.charset(part))[:LOOKED_AT]
        if found := AD.search(words):
            return found[0], found[1]
        if named := AD_ID.search(words):
            return "", named[1]
    return "", ""
