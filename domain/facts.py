"""What the gate looks at, put together in one place for whoever asks it: the window, a batch, the worker's last look.

Each of them reads its rows in its own way, one or thousands at a time; from there on nothing differs.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from domain import offers, phones
from domain.gate import Facts
from domain.seller_hours import Hour
from domain.standing import BESIDE, Person, Standing

FACEBOOK = "facebook"  # the source whose listings without a number no batch takes


@dataclass(frozen=True)
class About:
    """The listing a message is about, and what its source allows."""

    stage: str
    hidden: bool = False
    reported: bool = False  # as a dealership
    messageable: bool = True
    facebook_without_phone: bool = False
    evidence: Mapping[str, str] = field(default_factory=dict)  # the ad as it was seen

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "About":
        """From {stage, messageable, source_slug, mobile, phone} and the columns of `standing.of_listing`."""
        facebook_without_phone = row["source_slug"] == FACEBOOK and not (row["mobile"] or row["phone"])
        return _about(row["stage"], row["hidden"], row["reported"], row["messageable"], facebook_without_phone)


@lru_cache(maxsize=1_000)  # many of thousands are alike
def _about(stage: str, hidden: int, reported: int, messageable: int, facebook_without_phone: bool) -> About:
    return About(stage, bool(hidden), bool(reported), bool(messageable), facebook_without_phone)


@dataclass(frozen=True)
class Means:
    """By what, and from whom, a message of a channel leaves."""

    features: Collection[str]  # of the account's plan
    connected: bool  # installed, in the plan and its key accepted
    sender: str = ""  # the provider's id of the person; empty: none
    sender_state: str = ""
    may_send: bool = True
    agent: bool = False  # an admin may let them send batches
    provider: str = ""  # its name, where all send as one
    without_postal_address: bool = False  # the dealership's is not complete


def ad(url: str, description: str) -> dict[str, str]:
    """The ad as it was seen: where it stood, and the SHA-256 of its words."""
    return {"listing_url": url, "listing_hash": hashlib.sha256(description.encode()).hexdigest()}


def of(
    message_id: UUID | None,
    channel: str,
    kind: str,
    to: str,
    about: About,
    means: Means,
    known: Standing,
    person: Person,
    hour: Hour,
    *,
    missing: tuple[str, ...] = (),
    files: tuple[str, ...] = (),
    recent_contact: str = "",
    duplicate: bool = False,
    same_seller: bool = False,
    late: bool = False,
    too_long: bool = False,
    over_quota: datetime | None = None,
    confirms: bool = False,
    window_open: bool = True,
) -> Facts:
    """The facts of one message to one address, now.

    A seller who is not to be contacted is so by every channel, and who asked to stop by one means all of them. A block
    and a review are of an address: where a channel's own stands on no list, those of the seller's numbers and email
    count. `same_seller` is a duplicate by another address than this one.
    """
    beside = channel in BESIDE
    by_another = (
        ("phone_dnc", person.dnc and not known.dnc),
        ("phone_blocked", beside and person.blocked and not known.blocked),
        ("opted_out", person.opted_out and not known.opted_out),
        ("review_open", beside and person.review_open and not known.review_open),
        ("duplicate_recipient", same_seller and not duplicate),
    )
    return Facts(
        message_id=message_id,
        channel=channel,
        kind=kind,
        to=to,
        address_valid=bool(to) and offers.can_exist(channel, to),
        opted_out=known.opted_out,
        stopped=person.opted_out,
        wrote_since=person.wrote_since,
        dnc=known.dnc or person.dnc,
        blocked=known.blocked or (beside and person.blocked),
        review_open=known.review_open or (beside and person.review_open),
        by_another=tuple(code for code, stands in by_another if stands),
        landline=known.landline or (channel == "text" and phones.is_landline(to)),
        untextable=known.untextable,
        bounced=known.bounced,
        automatic_today=person.automatic_today,
        unanswered=person.unanswered,
        recent_contact=recent_contact,
        duplicate=duplicate or same_seller,
        stage=about.stage,
        hidden=about.hidden,
        reported=about.reported,
        source_messageable=about.messageable,
        facebook_without_phone=about.facebook_without_phone,
        plan_has_messaging="messaging" in means.features,
        connected=means.connected,
        sender=means.sender,
        sender_state=means.sender_state,
        may_send=means.may_send,
        agent=means.agent,
        provider=means.provider,
        without_postal_address=means.without_postal_address,
        missing=missing,
        files=files,
        late=late,
        too_long=too_long,
        over_quota=over_quota,
        confirms=confirms,
        window_open=window_open,
        not_before=hour.until,
        evidence={**about.evidence, "seller_clock": hour.local, "seller_clock_by": hour.evidence},
    )
