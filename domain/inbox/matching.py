"""Whose message it is: by the thread it is in, what it answers, or whom it comes from; a guess is told as a guess."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from domain import clock, mails, threads
from domain.channels.base import Incoming
from domain.inbox import ads
from domain.messages import Message

LOOK_BACK = timedelta(days=90)


@dataclass(frozen=True)
class Match:
    """The listing of a message, or the one a person is asked about, and why that one."""

    listing: UUID | None = None
    suggestion: UUID | None = None
    why: str = ""


async def match(account: UUID, channel: str, said: Incoming) -> Match:
    """What is sure first: the token or the thread, what it answers, where it says it comes from. By an email address
    alone it is only suggested: anybody can write that they are somebody."""
    if channel in threads.CHANNELS:
        return await _of_thread(account, channel, said)
    if channel != "email":
        return Match(await listing_of(account, said.from_address, said.to_address))
    sure = await mails.listing_of_token(account, said.token) if said.token else None
    sure = sure or await mails.listing_of_references(account, said.references)
    if sure:
        return Match(sure)
    guess = await listing_of(account, said.from_address, "")
    return Match(None, guess, "It comes from the email address of this seller." if guess else "")


async def listing_of(account: UUID, seller: str, ours: str) -> UUID | None:
    """The listing last written to at this address within 90 days (from the number that was answered, if any), else the
    newest listing of that address, else where somebody put what it wrote before."""
    rows = await Message.raw(
        """SELECT m.listing FROM message m
           WHERE m.account = {} AND m.to_address = {} AND m.at > {} AND m.direction = 'out' AND m.listing IS NOT NULL
             AND m.state IN ('sending', 'accepted', 'sent', 'delivered', 'undelivered', 'unknown')
           ORDER BY CASE WHEN m.from_address = {} THEN 0 ELSE 1 END, m.at DESC LIMIT 1""",
        account,
        seller,
        clock.now() - LOOK_BACK,
        ours,
    )
    if not rows:
        known = ("s.email = {}",) if "@" in seller else ("s.phone = {}", "s.mobile = {}")
        rows = await Message.raw(
            f"""SELECT l.id AS listing FROM seller s JOIN listing l ON l.id = s.listing
               WHERE s.account = {{}} AND ({" OR ".join(known)})
               ORDER BY l.created_at DESC, l.id DESC LIMIT 1""",  # noqa: S608 - fixed words
            account,
            *[seller] * len(known),
        )
    if not rows and seller:
        rows = await Message.raw(
            """SELECT m.listing FROM message m WHERE m.account = {} AND m.from_address = {} AND m.direction = 'in'
                 AND m.listing IS NOT NULL ORDER BY m.at DESC LIMIT 1""",
            account,
            seller,
        )
    return rows[0]["listing"] if rows else None


async def _of_thread(account: UUID, channel: str, said: Incoming) -> Match:
    """The listing of the thread, or of the ad it names; by words alone it is only suggested."""
    known = await threads.listing_of(account, channel, said.from_address)
    known = known or await ads.named(account, channel, said.about)
    guess = None if known else await ads.guessed(account, channel, said.about)
    return Match(None, *guess) if guess else Match(known)
