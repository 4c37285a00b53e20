"""What every channel speaks: Outgoing in, Accepted or ChannelError out; Incoming and Receipt from its hooks."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID


class Kind(StrEnum):
    """What a failed call means for the message (see `ChannelError`)."""

    PERMANENT = "permanent"  # refused for good; shown in the provider's words
    THROTTLED = "throttled"  # nothing was sent; try again after `retry_after` seconds
    NEVER_CONNECTED = "never_connected"  # no byte left the house; safe to try again
    CONNECTION_BROKEN = "connection_broken"  # 401: the connection pauses until an admin mends it
    OUT_OF_CREDIT = "out_of_credit"  # refused for want of money
    UNKNOWN = "unknown"  # the provider may have it: never sent again by itself


# What a refusal for good tells of the number itself, whatever was sent to it: its owner said stop to the provider, or
# no text can reach it. Empty: nothing.
Tells = Literal["", "opted_out", "untextable"]


class ChannelError(Exception):
    """A call that did not end in acceptance. `reason` is the sentence shown on the message."""

    def __init__(
        self, reason: str, kind: Kind, *, retry_after: float | None = None, code: str = "", tells: Tells = ""
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.retry_after = retry_after
        self.code = code
        self.tells = tells


class BadSignature(Exception):
    """A hook call that is not the provider's: refused and counted, never stored."""


class TooOld(BadSignature):
    """A hook call that is the provider's but from too long ago to be anything but a replay."""


class NotUnderstood(Exception):
    """A signed hook call whose content cannot be read."""


@dataclass(frozen=True)
class FileRules:
    """What a channel takes along with a message; sizes in bytes."""

    types: frozenset[str]  # media types
    picture_bytes: int  # a picture is made smaller until it fits
    file_bytes: int  # anything else, each
    total_bytes: int
    most: int  # files
    countries: frozenset[str] = frozenset()  # ISO 3166 codes of those whose numbers get files; none: every address


@dataclass(frozen=True)
class Media:
    """A file as it leaves with a message."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Outgoing:
    """One message to one address, exactly as it will be sent."""

    message_id: UUID
    channel: str
    to: str  # E.164
    body: str
    sender: str  # the provider's name for who sends: Dialpad's numeric user id
    subject: str = ""
    media: tuple[Media, ...] = ()
    from_address: str = ""  # which of the sender's numbers it leaves from; empty: the provider's choice


State = Literal["accepted", "sent", "delivered", "undelivered"]


@dataclass(frozen=True)
class Accepted:
    """The provider took the message. `state` is how far it says it got already."""

    provider_id: str
    state: State = "accepted"
    reason: str = ""
    from_address: str = ""


@dataclass(frozen=True)
class Receipt:
    """What the provider reports of a message it took."""

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


@dataclass(frozen=True)
class Incoming:
    """A message from a seller."""

    provider_id: str
    from_address: str  # E.164
    to_address: str  # our number, E.164
    body: str
    at: datetime
    media: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class HookEvent:
    """One verified hook call: `key` names it for ever, so a replay is recognised."""

    key: str
    at: datetime
    payload: dict[str, Any]


@dataclass(frozen=True)
class Sender:
    """A person's account at the provider: the id to send as and the numbers it owns."""

    provider_id: str
    name: str
    numbers: tuple[str, ...]


class Channel(ABC):
    """One provider. Credentials come in by the constructor; the HTTP session is the process's own."""

    kind: str  # the connection kind: dialpad
    channel: str  # what it carries: text
    name: str  # as people say it: Dialpad
    default_base_url: str
    keeps_opt_outs = False  # a list of its own of people who said stop: see `opt_outs`

    @property
    def files(self) -> FileRules | None:
        """What may go along with a message of this connection; None: no files at all."""
        return None

    @abstractmethod
    def __init__(self, base_url: str, api_key: str, webhook_secret: str = "", **options: Any) -> None:
        """Raises TypeError or ValueError for an option it does not know."""

    @abstractmethod
    async def send(self, outgoing: Outgoing, permit: "PermitLike") -> Accepted:
        """Hand one message to the provider, once. Spends the permit. Raises ChannelError."""

    @abstractmethod
    def verify(self, body: bytes, headers: dict[str, str]) -> HookEvent:
        """The event of a hook call. Raises BadSignature or NotUnderstood."""

    @abstractmethod
    def parse(self, payload: dict[str, Any]) -> Incoming | Receipt | None:
        """What a verified event says; None when it concerns nobody here. Raises NotUnderstood."""

    @abstractmethod
    async def find_sender(self, email: str) -> Sender | None:
        """The active account of the person with this email, or None. Raises ChannelError."""

    @abstractmethod
    async def check(self) -> None:
        """A live look at the credentials. Raises ChannelError."""

    def answers(self, body: str) -> bool:
        """Whether the provider itself answers somebody who writes exactly this (STOP, HELP), so that we must not."""
        return False

    def opt_outs(self) -> AsyncIterator[list[str]]:
        """The provider's own list of people who said stop, a page of addresses at a time, at a pace it bears. Read to
        its end it is whole. Raises ChannelError, also in the middle."""
        raise NotImplementedError(f"{self.name} keeps no list of opt-outs.")

    async def register_hook(self, hook_url: str, secret: str) -> str:
        """Ask the provider to call `hook_url`. Answers a name for `remove_hook`, empty for a provider that is set up
        by hand. Raises ChannelError."""
        return ""

    async def remove_hook(self, hook: str) -> None:
        """End what `register_hook` began. Raises ChannelError."""
        return


class PermitLike(ABC):
    """The gate's permit as an adapter sees it."""

    @abstractmethod
    def spend(self, outgoing: Outgoing) -> None:
        """Use the permit up for this very message. Raises when it is for another, or already spent."""
