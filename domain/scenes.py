"""A listing with all that surrounds it when somebody writes to its seller: people, providers, ways to reach them."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from domain import (
    clock,
    connections,
    file_rules,
    form_transports,
    gate,
    newest,
    offers,
    plans,
    quotas,
    sellers,
    threads,
    users,
    wordings,
)
from domain.accounts import Account
from domain.channels.base import ChannelError, FileRules, Kind
from domain.channels.registry import CHANNELS
from domain.connections import Connection, ConnectionState, SenderLink
from domain.errors import Refused, Unavailable
from domain.gate import SenderState
from domain.listings import Listing
from domain.newest import Newest
from domain.offers import Offer
from domain.quotas import Day
from domain.sellers import Reach, Seller
from domain.standing import Standing
from domain.threads import Open
from domain.users import Permission, User

CONNECT = "Connect it under Apps."  # of whoever may
PATIENCE = 3.0  # seconds a person waits for the provider to say who they are there


@dataclass(frozen=True)
class Scene:
    """A listing with all that surrounds it, as composing needs it."""

    account: Account
    user: User
    listing: Listing
    seller: Seller
    reach: Reach
    carriers: Mapping[str, Connection]  # channel -> the connection that carries it, broken or not
    link: SenderLink | None  # the user's account at the provider of texts
    sender_state: str
    features: frozenset[str]  # of the account's plan
    newest: Newest  # what happened on the listing last
    day: Day | None = None  # of who sends texts by a connection that limits them
    threads: Mapping[str, Open] = field(default_factory=dict)  # channel -> where they wrote to us from

    def values(self) -> dict[str, str]:
        reach = self.reach
        return wordings.values(
            self.listing, self.seller, reach.source, self.account, self.user, appointment=reach.appointment
        )

    def number(self, to_field: str = "") -> tuple[str, str]:
        """The field and number a text goes to: the one asked for, else mobile, else phone; empty when there is none."""
        for name in (to_field,) if to_field else ("mobile", "phone"):
            if number := {"mobile": self.seller.mobile, "phone": self.seller.phone}.get(name, ""):
                return name, number
        return to_field or "mobile", ""

    def is_first_text(self, to_field: str = "") -> bool:
        """Whether the dealership and the number a text goes to have never texted each other."""
        number = self.number(to_field)[1]
        return bool(number) and number not in self.newest.texted

    def address(self, channel: str, to_field: str = "") -> str:
        """Where a message of this channel goes; empty when the seller cannot be reached by it."""
        if channel == "text":
            return self.number(to_field)[1]
        if channel == "form":
            return self.listing.url if form_transports.sends(self.reach.form_transport) else ""
        if channel == "email":
            return self.seller.email
        return self.threads[channel].address if channel in self.threads else ""

    def standing(self, channel: str, to: str) -> Standing:
        """What the lists say of where a message of this channel goes."""
        if channel in self.threads:
            return self.threads[channel].standing
        return self.reach.standings.get(to, Standing())

    def window_open(self, channel: str, by_person: bool = True, at: datetime | None = None) -> bool:
        """Whether the seller's last word by this channel is young enough for an answer."""
        if channel not in self.threads or channel not in self.carriers:
            return True
        carrier = self.carriers[channel]
        provider, options = CHANNELS.get(carrier.kind), connections.options_of(carrier)
        return threads.is_open(provider, options, self.threads[channel].last_inbound_at, by_person, at or clock.now())

    def connected(self, channel: str) -> bool:
        """Whether the integration is installed, in the plan, and its key accepted; for a form that is emailed as a lead
        the dealership's email, too."""
        if channel == "form" and self.reach.form_transport == form_transports.LEAD and not self.connected("email"):
            return False
        carrier = self.carriers.get(channel)
        return (
            carrier is not None
            and carrier.state == ConnectionState.CONNECTED
            and connections.included(carrier.kind, self.features)
        )

    def lacking(self, channel: str) -> str:
        """The name of the app that the plan would have to include for a message of this channel; empty: it does."""
        lead = channel == "form" and self.reach.form_transport == form_transports.LEAD
        asked = ("form", "email") if lead else (channel,)
        names = (connections.lacking(each, self.carriers.get(each), self.features) for each in asked)
        return next((name for name in names if name), "")

    def provider(self, channel: str) -> str:
        """The name of the provider of a channel, where all send as one by it."""
        carrier = self.carriers.get(channel)
        return connections.as_one(carrier.kind) if carrier else ""

    def offers(self, to_field: str = "") -> dict[str, Offer]:
        """The channels of the menu, in its order: those that are not the dealership's at all are left out."""
        shown = {
            "text": True,
            "email": True,
            "form": bool(self.reach.form_transport),
            "facebook": self.account.facebook,
            "kijiji": self.account.kijiji and self.account.country == "CA",
        }
        return {
            channel: Offer(
                channel,
                self.address(channel, to_field),
                "" if self.connected(channel) else self._off(channel),
                self._by_hand(channel),
            )
            for channel in offers.LABELS
            if shown[channel]
        }

    def unusable(self, channel: str, reader: User | None = None) -> gate.Refusal:
        """Why the integration of a channel that is not `connected` cannot be used, and what the reader does about it
        (the scene's user unless said otherwise). Dialpad's sentence is the same for everybody."""
        if channel == "form" and channel in self.carriers and self.reach.form_transport == form_transports.LEAD:
            channel = "email"  # by which its leads leave
        carrier, provider = self.carriers.get(channel), self.provider(channel)
        said = gate.refusal("no_connection", channel=channel, provider=provider)
        if channel == "text" and not provider:
            return said
        if carrier and not connections.included(carrier.kind, self.features):
            return gate.Refusal(said.code, plans.lacks(CHANNELS[carrier.kind].name), gate.CODES["tier"].next_step)
        if users.may(reader or self.user, Permission.MANAGE_CONNECTIONS):
            return replace(said, next_step=CONNECT)
        return said

    def _off(self, channel: str) -> str:
        said = self.unusable(channel)
        return said.message if said.message == gate.NO_DIALPAD_CONNECTION else f"{said.message} {said.next_step}"

    def _by_hand(self, channel: str) -> bool:
        """Whether a person can write to the seller by this channel at the ad's own site."""
        if not self.listing.url:
            return False
        if channel == "form":
            return self.reach.form_transport == form_transports.ASSISTED
        return channel in threads.CHANNELS and self.reach.slug == channel

    def file_rules(self, channel: str) -> FileRules | None:
        """What may go along with a message of this channel; None: no files."""
        carrier = self.carriers.get(channel)
        if carrier is None:
            return file_rules.DEFAULTS.get(channel)
        try:
            return connections.adapter(carrier).files
        except (Refused, Unavailable):  # its credentials are not whole or sealed with another key: nothing leaves by it
            return None

    def what_files(self, channel: str) -> str:
        """What may go along, in a sentence; where nothing may that could, also why."""
        carrier, why = self.carriers.get(channel), ""
        with suppress(Refused, Unavailable):
            why = connections.adapter(carrier).why_no_files if carrier else ""
        return f"{file_rules.sentence(self.file_rules(channel), offers.ONE[channel])} {why}".strip()


async def of(account: Account, user: User, listing: Listing) -> Scene:
    """Reads the surroundings of a listing; asks the provider for the sender when the last look is old.

    A provider that does not answer leaves the sender unchecked: it is asked again before the call.
    """
    return await _around(account, user, listing, *await sellers.with_reach(account.id, listing.id))


async def of_shown(account: Account, user: User, listing: UUID) -> Scene:
    """The same of the account's listing with that id, in one query less. Raises NotFound, also for a hidden one."""
    return await _around(account, user, *await sellers.with_listing(account.id, listing))


async def _around(account: Account, user: User, listing: Listing, seller: Seller, reach: Reach) -> Scene:
    carriers = await connections.carriers(account.id, user.id)
    link, sender_state = await sender(user, *carriers.get("text", (None, None)))
    in_threads = any(channel in carriers for channel in threads.CHANNELS)
    addresses = (seller.mobile, seller.phone, seller.email)
    return Scene(
        account=account,
        user=user,
        listing=listing,
        seller=seller,
        reach=reach,
        carriers={channel: connection for channel, (connection, _) in carriers.items()},
        link=link,
        sender_state=sender_state,
        features=(await plans.table()).get(account.tier, frozenset()),
        newest=await newest.of(listing, user.id, addresses),
        day=await quotas.of(carriers["text"][0] if "text" in carriers else None, account.timezone),
        threads=reach.threads if in_threads else {},
    )


async def sender(
    user: User, connection: Connection | None, known: SenderLink | None = None
) -> tuple[SenderLink | None, str]:
    """The user's account at the provider of texts and what the gate is to know of it; `known` is the last look."""
    if connection is None or connection.state != ConnectionState.CONNECTED:
        return None, SenderState.UNLINKED
    if CHANNELS[connection.kind].senders == "one":
        return None, SenderState.LINKED
    try:
        async with asyncio.timeout(PATIENCE):
            link = await connections.sender(connection, user, known=known)
        return link, sender_state_of(link)
    except TimeoutError:
        return None, SenderState.UNCHECKED
    except ChannelError as error:
        if error.kind is Kind.CONNECTION_BROKEN:
            await connections.broken(connection.id, error.reason)
            connection.state = ConnectionState.BROKEN
        return None, SenderState.UNCHECKED


def sender_state_of(link: SenderLink | None) -> str:
    if link is None or not link.provider_id:
        return str(SenderState.UNLINKED)
    return str(SenderState.LINKED if link.numbers else SenderState.NO_NUMBER)
