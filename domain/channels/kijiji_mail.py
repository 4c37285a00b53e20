"""What makes a mail one that Kijiji passed on from a seller, and which ad it says it is about. Pure; never raises."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from domain.channels.email import decoding, parts

RELAY = re.compile(r"[a-z]+\.[a-z0-9._-]{4,80}@rts\.kijiji\.ca", re.ASCII)  # s.<token> a seller, b.<token> a buyer
SIGNERS = ("rts.kijiji.ca", "kijiji.ca")
NOTICES = ("noreply@rts.kijiji.ca", "no-reply@rts.kijiji.ca")
# `New message from Dana(dana@…) about "2019 Subaru Outback"`: the same sender also mails codes and advertisements.
SUBJECT = re.compile(
    r"(?:new message from|nouveau message de(?: la part de)?)\s{1,9}(?P<name>[^(]{1,100}?)\s{0,9}"
    r"(?:\([^)]{0,200}\))?\s{1,9}"
    r"(?:about|regarding|au sujet de|concernant)[:\s]{0,9}[\"“«]\s{0,9}(?P<title>.{1,300}?)\s{0,9}[\"”»]",
    re.IGNORECASE,
)
QUOTED = re.compile(r"[\"“«]\s{0,9}(.{1,300}?)\s{0,9}[\"”»]")
AD = re.compile(r"https://(?:www\.)?kijiji\.ca/v-[\w%./-]{1,400}?/(\d{6,14})\b", re.ASCII)
AD_ID = re.compile(r"\b(?:ad id|adid|id de l.annonce|annonce no)\W{1,5}(\d{6,14})\b", re.IGNORECASE | re.ASCII)
LONGEST_SUBJECT = 500  # characters: what is looked for in it takes their square in time
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
    subject = decoding.header(message, "Subject")[:LONGEST_SUBJECT]
    told = SUBJECT.search(subject)
    answers = [address for _, address in decoding.addresses(message, "Reply-To")]
    relay = next((each for each in (*answers, sender) if RELAY.fullmatch(each) and each not in NOTICES), "")
    if not relay or (told is None and not RELAY.fullmatch(sender)):
        return None
    url, ad_id = _ad(message)
    quoted = QUOTED.search(subject)
    title = told["title"] if told else quoted[1] if quoted else ""
    return Relayed(relay, told["name"].strip() if told else "", title, ad_id, url)


def is_unvouched(message: Message, authority: str) -> bool:
    """Whether it says that it is the relay's, and nobody vouches for that: forged, or the name of the server is not
    the one by which it signs its checks."""
    senders = [address for _, address in decoding.addresses(message, "From")]
    return any(each.endswith("@rts.kijiji.ca") for each in senders[:1]) and not is_signed(message, authority)


def is_signed(message: Message, authority: str) -> bool:
    """Whether the dealership's own mail server says that Kijiji's signature holds (RFC 8601). Its first word about
    signatures counts: what stands below may have come with the mail."""
    for results in _trusted(message, authority):
        words = [result.lower().split() for result in results]
        signatures = [each for each in words if each[:1] and each[0].startswith("dkim=")]
        if signatures:
            return any(_is_kijijis(each) for each in signatures)
        if any(each[:1] == ["dmarc=fail"] for each in words):
            return False
    return False


def _is_kijijis(result: list[str]) -> bool:
    domains = [word.partition("=")[2].rpartition("@")[2] for word in result if _names_domain(word)]
    return result[0] == "dkim=pass" and bool(domains) and all(domain in SIGNERS for domain in domains)


def _trusted(message: Message, authority: str) -> Iterator[list[str]]:
    """The results in each header that our server wrote, the topmost first. Its filters write one each, so all count
    down to another server's or to the next hop."""
    values = iter(decoding.raw(message, "Authentication-Results"))
    begun = False
    for name, _ in message.raw_items():
        if begun and name.lower() == "received":
            return
        if name.lower() != "authentication-results":
            continue
        begun = True
        server, *results = _without_quotes(next(values)).split(";")
        # A version may stand behind the name.
        if not authority or server.lower().split()[:1] != authority.lower().split():
            return
        yield results


def _without_quotes(value: str) -> str:
    """A header without its comments and without what is quoted, which others may have written: a sender's address may
    read like a result; nothing where one is left open. Quotes count in comments too: servers put addresses there."""
    kept, depth, quoted, escaped = [], 0, False, False
    for letter in value:
        if escaped:
            escaped = False
        elif letter == "\\" and (quoted or depth):
            escaped = True
        elif letter == '"':
            quoted = not quoted
            kept.append("" if depth else "_")  # what is glued to it stays glued
        elif quoted:
            continue
        elif letter in "()":
            depth = max(depth + (1 if letter == "(" else -1), 0)
            kept.append(" ")
        elif not depth:
            kept.append(letter)
    return "" if quoted or depth else "".join(kept)


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
