"""One message as it leaves, with what only some channels need of it, and the provider's word that it took it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.channels.faults import ChannelError
from domain.channels.said import State


@dataclass(frozen=True)
class Media:
    """A file as it leaves with a message. `url` is where the provider may fetch it, for a channel that `fetches`."""

    name: str
    media_type: str
    data: bytes = field(repr=False)
    url: str = field(default="", repr=False)


@dataclass(frozen=True)
class Mail:
    """What only an email has. Ids are as they stand in headers, in angle brackets."""

    html: str = ""
    message_id: str = ""  # ours, the same each time it is tried
    in_reply_to: str = ""
    references: tuple[str, ...] = ()  # oldest first
    token: str = ""  # stands in the address answers go to: reply+token@
    unsubscribe: str = ""  # the address of one-click unsubscribing, of what many get


@dataclass(frozen=True)
class Form:
    """How the form of an ad's site is filled in; `values` are the wildcards' (vehicle.make, dealer.name …)."""

    kind: str  # http_form | adf_email
    endpoint: str  # a web address, or an email address
    fields: Mapping[str, str] = field(
        default_factory=dict
    )  # the site's name of a field -> what goes in, with wildcards
    success: Mapping[str, Any] = field(default_factory=dict)  # {status, body, redirect}: what says that it was taken
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    site: str = ""  # its name


@dataclass(frozen=True)
class Outgoing:
    """One message to one address, exactly as it will be sent."""

    message_id: UUID
    channel: str
    to: str  # E.164, an email address, the provider's name for the person, or the ad's address (form)
    body: str
    sender: str  # the provider's name for who sends (Dialpad's numeric user id); empty where all send as one
    subject: str = ""
    media: tuple[Media, ...] = ()
    from_address: str = ""  # which of the sender's numbers it leaves from; empty: the provider's choice
    by_person: bool = True  # a person wrote it and sends it now; else it leaves by itself
    heard_at: datetime | None = None  # when the seller wrote last in the thread it goes to
    mail: Mail | None = None
    form: Form | None = None


@dataclass(frozen=True)
class Accepted:
    """The provider took the message. `state` is how far it got already: `sent` by one that never tells more. `trouble`
    is what it said afterwards, of the rest of it, that concerns the whole connection."""

    provider_id: str
    state: State = "accepted"
    reason: str = ""
    from_address: str = ""
    trouble: ChannelError | None = None
