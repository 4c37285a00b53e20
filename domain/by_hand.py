"""Where no provider may carry a message: our words, written by a person at the ad's own site, and logged as that."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain import clock, composing, connections, drafts, enclosures, external, gate, introductions, threads
from domain.composing import Draft, GateRefused
from domain.db import writing
from domain.errors import Refused
from domain.external import Contact
from domain.external_contacts import Type
from domain.scenes import Scene

# What stands against us alone, and not against a person who writes there themselves.
OURS_ALONE = frozenset({"no_contact", "no_connection", "outside_window"})
CHANNELS = frozenset({*threads.CHANNELS, "form"})
INBOX = "https://business.facebook.com/latest/inbox/messenger?asset_id={}"  # of a Page, with all its conversations
LOGGED = "It is logged as sent by hand."
SITES = {"facebook": "Facebook", "kijiji": "Kijiji"}


@dataclass(frozen=True)
class Place:
    """Where a person goes to write: its address, what is there, and the site's name."""

    url: str
    what: str  # ad | conversation | form
    site: str


def place(scene: Scene, channel: str, refusals: Sequence[gate.Refusal]) -> Place | None:
    """Where a message of this channel is written by hand; None where we carry it ourselves, where there is no such
    place, and where something stands against any message to this seller."""
    if channel not in CHANNELS or channel not in scene.offers():
        return None
    codes = {each.code.partition(":")[0] for each in refusals} - {"missing_wildcard"}
    if not codes or codes - OURS_ALONE:
        return None
    site = SITES.get(channel, scene.reach.source)
    if channel == "facebook" and channel in scene.threads:
        carrier = scene.carriers.get(channel)
        page = str(connections.options_of(carrier).get("page_id") or "") if carrier else ""
        return Place(INBOX.format(page), "conversation", site) if page.isdigit() else None
    if not scene.offers()[channel].assisted or not scene.listing.url.startswith(("https://", "http://")):
        return None
    return Place(scene.listing.url, "form" if channel == "form" else "ad", site)


async def sent(scene: Scene, draft: Draft) -> UUID:
    """The person says that they sent these words there: an external communication, never a delivered message. Twice the
    same form is once. Raises Refused."""
    enclosed = await enclosures.read(scene.account.id, draft.files, draft.body)
    letter = composing.checked(scene, draft, enclosed)
    refusals = (await composing.judge(scene, draft.channel, draft.to_field, letter.missing, enclosed)).refusals
    missing = tuple(each for each in refusals if each.code.startswith("missing_wildcard"))
    if missing:
        raise GateRefused(missing)
    if place(scene, draft.channel, refusals) is None:
        if refusals:
            raise GateRefused(refusals)
        raise Refused("Lotwire can send this itself. Press Send.", field="channel")
    contact = Contact(way=draft.channel, direction="out", at=clock.now(), type=_type(scene), note=letter.body)
    async with writing():
        nonce = draft.nonce or ""
        logged = await external.log(scene.account, scene.listing, scene.user, contact, nonce=nonce, assisted=True)
        below = introductions.parted(draft.body, scene.values())[1]
        await drafts.sent(scene.user.id, scene.listing.id, draft.revision, draft.body, below)
    return logged


def _type(scene: Scene) -> Type:
    if scene.listing.waiting_since:
        return Type.REPLY
    return Type.INITIAL if scene.newest.nothing_yet else Type.FOLLOW_UP
