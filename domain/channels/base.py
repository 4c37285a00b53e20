"""What every channel speaks: Outgoing in, Accepted or ChannelError out; what it hears comes as `said`."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, Protocol

from domain.channels.faults import AWAY, ChannelError, Kind
from domain.channels.hooks import BadSignature, HookAnswer, HookCall, HookEvent, NotUnderstood, TooOld
from domain.channels.outgoing import Accepted, Form, Mail, Media, Outgoing
from domain.channels.said import (
    FULL,
    SPAM,
    Bounce,
    Incoming,
    IncomingFile,
    ReadUntil,
    Receipt,
    Said,
    State,
    Stopped,
    Tells,
)

__all__ = [
    "AWAY",
    "FULL",
    "SPAM",
    "Accepted",
    "BadSignature",
    "Bounce",
    "Channel",
    "ChannelError",
    "Fetch",
    "Field",
    "FileRules",
    "Form",
    "HookAnswer",
    "HookCall",
    "HookEvent",
    "Incoming",
    "IncomingFile",
    "Kind",
    "Lender",
    "Listening",
    "Mail",
    "Media",
    "NotUnderstood",
    "Outgoing",
    "PermitLike",
    "ReadUntil",
    "Receipt",
    "Said",
    "Sender",
    "State",
    "Stopped",
    "Tells",
    "TooOld",
]


Fetch = Callable[[str], Awaitable[Media]]  # a file of an event, by its ref


@dataclass(frozen=True)
class Field:
    """One thing that connecting asks for. A `secret` is sealed and never shown again; anything else is kept among the
    connection's options and may be shown."""

    name: str
    label: str
    help: str = ""
    secret: bool = False
    required: bool = True
    default: str = ""
    choices: tuple[tuple[str, str], ...] = ()  # value and label; none: whatever is typed
    type: str = "text"  # of the input: text, email, url, tel, number
    owner_only: bool = False  # it names a machine that ours will call: only the installation's owner may set it
    usual: bool = False  # filled in nearly always, though it need not be: shown among the required ones


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
class Sender:
    """A person's account at the provider: the id to send as and the numbers it owns."""

    provider_id: str
    name: str
    numbers: tuple[str, ...]


class Channel(ABC):
    """One provider. What it is stands in class attributes; a connection's credentials come in by the constructor."""

    kind: ClassVar[str]  # the connection kind: dialpad
    channel: ClassVar[str]  # what it carries: text, email, facebook, kijiji, form
    name: ClassVar[str]  # as people say it: Dialpad
    default_base_url: ClassVar[str] = ""  # empty: it has no web address of its own, and none is asked for

    # Its page
    icon: ClassVar[str] = "message-square"
    summary: ClassVar[str] = ""  # what it does, in a sentence
    does: ClassVar[tuple[str, ...]] = ()  # the same in more words, a sentence each
    needs: ClassVar[tuple[str, ...]] = ()  # what a dealership must have or do before, a step each
    fields: ClassVar[tuple[Field, ...]] = ()
    feature: ClassVar[str] = ""  # of the plans; empty: part of every plan
    countries: ClassVar[frozenset[str]] = frozenset()  # of accounts that may use it; none: everywhere
    listed: ClassVar[bool] = True  # among the apps; False: connected by a command alone

    # What it can
    sent_from: ClassVar[tuple[str, ...]] = ()  # options, the first that is set names where its messages come from
    senders: ClassVar[Literal["person", "one"]] = "one"  # each by an account of theirs (`find_sender`), or all as one
    events: ClassVar[tuple[Literal["hook", "websocket", "mailbox"], ...]] = ()  # how it is heard, the usual way first
    per_minute: ClassVar[int] = 90  # messages, unless the connection says otherwise; 0: no limit of ours
    per_second: ClassVar[int] = 15
    receipts: ClassVar[bool] = True  # False: it never says more than that it took a message
    keeps_opt_outs: ClassVar[bool] = False  # a list of its own of people who said stop: see `opt_outs`
    assisted: ClassVar[bool] = False  # a person writes the first message at the site, not we
    thread_lives: ClassVar[timedelta | None] = None  # how long after its first message a thread can be written to
    files_switch: ClassVar[bool] = False  # whether files go along is a switch of the connection, `mms`, off at first
    fetches: ClassVar[bool] = False  # files are handed over as addresses at which it fetches them
    borrows: ClassVar[str] = ""  # a channel of the same dealership whose provider it sends by: see `lend`
    relays: ClassVar[str] = ""  # the domain whose mail is this channel's, also where another reads the same mailbox
    secret_label: ClassVar[str] = ""  # of the webhook secret, where it signs with ours; empty: with a credential
    hook_parts: ClassVar[Sequence[str]] = ()  # what it is told to call beneath its hook, beside the hook itself
    hook_by_hand: ClassVar[bool] = False  # somebody enters the hook's address there: `register_hook` does the rest
    thanks: ClassVar[HookAnswer] = HookAnswer()  # what its hook calls are answered
    names: ClassVar[bool] = False  # it can be asked how somebody who wrote calls themself
    tells_what_it_took: ClassVar[bool] = False  # it can be asked what became of a call that was not answered

    hook_url = ""  # where this connection's provider can call us; empty: nowhere, or nobody has said yet

    @property
    def files(self) -> FileRules | None:
        """What may go along with a message of this connection; None: no files at all."""
        return None

    @property
    def why_no_files(self) -> str:
        """In a sentence with the next step, where this connection could take files and does not."""
        return ""

    @abstractmethod
    def __init__(self, base_url: str, credentials: Mapping[str, str], webhook_secret: str = "", **options: Any) -> None:
        """`credentials` hold a value for each of `fields`, empty where none was given; of a disconnected provider the
        secrets are the word `disconnected`. `webhook_secret` is ours, for a provider that signs with it. Raises Refused
        at the field, TypeError or ValueError for an option it does not know."""

    # Out

    @abstractmethod
    async def send(self, outgoing: Outgoing, permit: "PermitLike") -> Accepted:
        """Hand one message to the provider, once. Spends the permit. Raises ChannelError."""

    async def try_out(self, outgoing: Outgoing, permit: "PermitLike") -> Accepted:
        """The same with a test, which goes to whoever tries the connection and never to a seller."""
        return await self.send(outgoing, permit)

    def lend(self, lender: "Lender | None") -> None:
        """The provider of the channel that it `borrows`, before every handful; None: none is connected."""
        return

    async def find_sender(self, email: str) -> Sender | None:
        """The active account of the person with this email, or None. Raises ChannelError."""
        raise NotImplementedError(f"All send as one by {self.name}.")

    @abstractmethod
    async def check(self) -> None:
        """A live look at the credentials. Raises ChannelError."""

    @classmethod
    def window(cls, options: Mapping[str, Any], by_person: bool) -> timedelta | None:
        """How long after the seller's last word they may be written to by a connection with these options; None: for
        ever, and first, too."""
        return None

    async def took(self, outgoing: Outgoing, since: datetime) -> Sequence[HookEvent]:
        """What it did with this very message since then, as its hook would have told it; nothing: it has none such.
        Only asked of a provider that `tells_what_it_took`. Raises ChannelError."""
        raise NotImplementedError(f"{self.name} does not say what it took.")

    async def name_of(self, address: str) -> str:
        """How whoever writes from this address calls themself; empty: it does not say. Only asked of a provider that
        `names`. Raises ChannelError."""
        raise NotImplementedError(f"{self.name} knows no names.")

    def looks_up(self) -> bool:
        """Whether this connection is to be asked what kind of line a number is."""
        return False

    async def line_of(self, number: str) -> tuple[str, str]:
        """The kind of line of a number (mobile, landline, …; `invalid`: there is none; empty: it does not know) and its
        carrier. Raises ChannelError."""
        raise NotImplementedError(f"{self.name} looks up no numbers.")

    # In

    def challenge(self, call: HookCall) -> str | None:
        """The answer to a GET by which the provider asks whether the hook is ours; None: refused."""
        return None

    def verify(self, call: HookCall) -> Sequence[HookEvent]:
        """The events of a hook call, none when it concerns nobody here. Raises BadSignature or NotUnderstood."""
        raise BadSignature(f"{self.name} calls no hook.")

    def parse(self, payload: dict[str, Any]) -> Sequence[Said]:
        """What a verified event says; nothing when it concerns nobody here. Raises NotUnderstood."""
        raise NotUnderstood(f"{self.name} tells no events.")

    async def fetch(self, ref: str, payload: dict[str, Any]) -> Media:
        """A file that came with a message: its `ref`, and the event it came in. Raises ChannelError."""
        raise ChannelError(f"{self.name} hands out no files.", Kind.PERMANENT, code="no_files")

    @asynccontextmanager
    async def fetching(self, payload: dict[str, Any]) -> AsyncIterator["Fetch"]:
        """The same for all files of one event, one after another: what has to be done for each event is done once."""

        async def fetch(ref: str) -> Media:
            return await self.fetch(ref, payload)

        yield fetch

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

    async def listen(self, listening: "Listening") -> None:
        """Hear events that come by no hook (a websocket, a mailbox) and keep each, until cancelled or the line breaks.
        One worker at a time listens for a connection and begins again when this ends. Raises ChannelError."""
        raise NotImplementedError(f"{self.name} is not listened to.")

    def listens(self) -> bool:
        """Whether this connection is one to `listen` to."""
        return False


class Listening(ABC):
    """What a channel that listens has of the house: where its events go, and its place in each folder."""

    @abstractmethod
    async def keep(self, events: Sequence[HookEvent]) -> None:
        """Stores them, each once. After it they may be forgotten by the source."""

    def verified(self, channel: Channel, call: HookCall) -> Sequence[HookEvent]:
        """As the channel's `verify`; the house takes what is signed with the secret before, too, while that counts."""
        return channel.verify(call)

    @abstractmethod
    async def well(self) -> None:
        """The line stands: noted for the health panel."""

    async def hears(self, anew: bool) -> None:
        """As `well`, of a line over which everything is told once. `anew`: none stood before, and what was told
        meanwhile is lost."""
        await self.well()

    async def failed(self, reason: str) -> None:
        """A part of it failed, the line stands: noted for the health panel."""
        return

    @abstractmethod
    async def position(self, folder: str) -> tuple[int, int] | None:
        """(UIDVALIDITY, last UID) of a mailbox folder, as `move_to` kept it; None: never read."""

    @abstractmethod
    async def move_to(self, folder: str, validity: int, last: int) -> None:
        """Everything up to this UID is kept."""


class Lender(Protocol):
    """A provider of email by which another channel's mail leaves, too."""

    @property
    def address(self) -> str:
        """Whom it is from."""

    async def submit(self, to: str, mail: bytes) -> None:
        """Hands one whole mail over. Raises ChannelError."""


class PermitLike(ABC):
    """The gate's permit as an adapter sees it."""

    @abstractmethod
    def spend(self, outgoing: Outgoing) -> None:
        """Use the permit up for this very message. Raises when it is for another, or already spent."""
