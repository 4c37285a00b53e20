"""Emails from a mailbox of the dealership's own: out by SMTP, in by IMAP."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from domain import clock, file_rules
from domain.channels import read
from domain.channels.base import (
    Accepted,
    Bounce,
    Channel,
    ChannelError,
    Fetch,
    FileRules,
    HookEvent,
    Incoming,
    IncomingFile,
    Kind,
    Listening,
    Media,
    NotUnderstood,
    Outgoing,
    PermitLike,
    Said,
)
from domain.channels.email import composing, fields, parts, reading, servers, smtp
from domain.channels.email.imap import LARGEST, LOOK_BACK, NO_FOLDER, Found, Mailbox
from domain.channels.email.servers import Login
from domain.email_addresses import is_address
from domain.errors import Refused

logger = logging.getLogger(__name__)

DISCONNECTED = "This mailbox is not connected."
CHECK_SECONDS = 20.0  # somebody waits for it before a page

Run = Callable[..., Awaitable[Any]]


class Email(Channel):
    """Email's part of the contract. Raises Refused at the field that cannot be right."""

    kind = "email"
    channel = "email"
    name = "Email"
    icon = "mail"
    summary = "Email sellers from your dealership’s own mailbox."
    does = (
        "Emails leave by your own mail server, so they come from your address and nobody else’s.",
        "Answers come back into the history of the listing, with their files.",
        "What came back, and who unsubscribed, is known before the next email leaves.",
    )
    needs = (
        "A mailbox for sellers alone: everything that comes into it is read here.",
        "Its user name and an app password, or access by OAuth (Google, Microsoft 365).",
        "SPF, DKIM and DMARC set up for your domain, or mail programs take your emails for spam.",
    )
    fields = fields.FIELDS
    feature = "email"
    sent_from = ("from_email",)
    events = ("mailbox",)
    per_minute = 30  # Microsoft 365 takes 30 a minute, Google 2,000 a day
    per_second = 5
    receipts = False

    def __init__(
        self,
        base_url: str,
        credentials: Mapping[str, str],
        webhook_secret: str = "",
        *,
        token_url: str = "",
        **options: Any,
    ) -> None:
        """`token_url` is where access tokens come from, if not from Google or Microsoft. Raises TypeError for an option
        that is neither ours nor the pace's."""
        read.pace(options)
        given = {field.name: credentials.get(field.name, "").strip() or field.default for field in fields.FIELDS}
        self._own_network = read.switch(given["own_network"], "own_network")
        self._address = given["from_email"].lower()
        if not is_address(self._address) or not self._address.isascii():
            raise Refused("This is not an email address.", field="from_email")
        self._sender = composing.Sender(
            self._address, given["from_name"], read.switch(given["reply_tokens"], "reply_tokens")
        )
        self._smtp = fields.server(given, "smtp")
        self._imap = fields.server(given, "imap") if given["imap_host"] else None
        self._folders = [each.strip() for each in given["folders"].split(",") if each.strip()]
        self._marks = read.switch(given["mark_read"], "mark_read")
        self._username = given["username"] or self._address
        self._password = given["password"]
        self._tokens = fields.access(given, token_url)
        if self._tokens is None and not self._password and not self._own_network:
            raise Refused("Give the password first.", field="password")

    async def _login(self) -> Login:
        token = await self._tokens.now() if self._tokens else ""
        return Login(self._username, self._password, token)

    # Out

    @property
    def files(self) -> FileRules | None:
        return file_rules.EMAIL_FILES

    async def send(self, outgoing: Outgoing, permit: PermitLike) -> Accepted:
        permit.spend(outgoing)
        if not is_address(outgoing.to) or not outgoing.to.isascii():
            raise ChannelError("This is not an email address that can be written to.", Kind.PERMANENT, code="address")
        try:
            mail = composing.written(outgoing, self._sender, clock.now())
        except (ValueError, LookupError) as error:
            raise ChannelError(f"This email cannot be written: {error}", Kind.PERMANENT, code="address") from error
        await self.submit(outgoing.to, mail)
        message_id = outgoing.mail.message_id if outgoing.mail else ""
        return Accepted(message_id or outgoing.message_id.hex, state="sent", from_address=self._address)

    @property
    def address(self) -> str:
        """Whom it is from."""
        return self._address

    async def submit(self, to: str, mail: bytes) -> None:
        """Hands one whole mail over, also one that another channel wrote. Raises ChannelError."""
        await smtp.submit(self._smtp, await self._login(), self._address, to, mail)

    async def check(self) -> None:
        asked = self._smtp
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                login = await self._login()
                await smtp.check(self._smtp, login)
                if self._imap:
                    asked = self._imap
                    async with self._mailbox() as (run, box):
                        for folder in self._folders:
                            await run(box.open, folder)
        except TimeoutError as error:
            raise servers.silent(asked) from error

    # In

    def listens(self) -> bool:
        return self._imap is not None

    async def listen(self, listening: Listening) -> None:
        missing: set[str] = set()
        async with self._mailbox() as (run, box):
            while True:
                for folder in reversed(self._folders):  # the first one last: it is the one whose news are waited for
                    try:
                        await self._read_new(run, box, listening, folder)
                        missing.discard(folder)
                    except ChannelError as error:
                        if error.code != NO_FOLDER or folder == self._folders[0]:
                            raise
                        if folder not in missing:  # somebody renamed it: the others are heard all the same
                            await listening.failed(error.reason)
                        missing.add(folder)
                await listening.well()
                await run(lambda: box.wait(others=len(self._folders) > 1))

    async def _read_new(self, run: Run, box: Mailbox, listening: Listening, folder: str) -> None:
        """Each mail is kept before the place moves on: whoever stops in between reads it once more, and it is known."""
        validity, following = await run(lambda: box.open(folder, marking=self._marks))
        place = await listening.position(folder)
        if place is None:  # what was there before we came is not ours to read
            await listening.move_to(folder, validity, following - 1)
            return
        if place[0] == validity:
            found = await run(box.after, place[1])
        else:
            found = await run(box.since, (clock.now() - LOOK_BACK).date())
        for uid in found:
            try:
                event = await run(self._event, box, folder, validity, uid)
            except ChannelError:
                raise
            except Exception:  # a fault of ours: this mail must not keep all that follow from being heard
                logger.exception("An email could not be read")
                await listening.failed(f"An email in “{folder}” could not be read. Open it in the mailbox.")
                event = await run(self._stub, box, folder, validity, uid)
            if event:
                await listening.keep([event])
            if self._marks:
                await run(box.mark, uid)
            await listening.move_to(folder, validity, uid)
        if place[0] != validity and not found:
            await listening.move_to(folder, validity, following - 1)

    def _event(self, box: Mailbox, folder: str, validity: int, uid: int) -> HookEvent | None:
        """What is kept of a mail: not the mail itself, which stays in the mailbox. In the thread."""
        found = box.read(uid)
        if found is None:
            return None
        return _kept(found, reading.read(found.raw, self._address, cut=found.cut), folder, validity, uid)

    def _stub(self, box: Mailbox, folder: str, validity: int, uid: int) -> HookEvent | None:
        """What is kept of a mail that cannot be read, so that somebody looks. Never of one that a relay may have passed
        on: what shows that it did was not read either."""
        found = None if self.relays else box.read(uid)
        return _kept(found, reading.unread(found.raw, self._address), folder, validity, uid) if found else None

    def parse(self, payload: dict[str, Any]) -> list[Said]:
        try:
            at = datetime.fromisoformat(payload["at"])
            if "bounce" in payload:
                return _bounced(payload["bounce"], at)
            return [
                Incoming(
                    payload["mail"],
                    payload["from"],
                    payload["to"],
                    payload["text"],
                    at,
                    tuple(IncomingFile(f["ref"], f["name"], f["type"], f.get("problem", "")) for f in payload["files"]),
                    subject=payload["subject"],
                    html=payload["html"],
                    from_name=payload["from_name"],
                    rfc_id=payload["rfc_id"],
                    references=tuple(payload["references"]),
                    token=payload["token"],
                    automatic=bool(payload["automatic"]),
                )
            ]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise NotUnderstood("This is no email.") from None

    @asynccontextmanager
    async def fetching(self, payload: dict[str, Any]) -> AsyncIterator[Fetch]:
        """Signs in once, and reads the mail once, for all its files."""
        async with self._mailbox() as (run, box):
            raw: bytes = await run(_same, box, payload, self._folders)

            async def fetch(ref: str) -> Media:
                media: Media = await run(_part, raw, ref, payload)
                return media

            yield fetch

    async def fetch(self, ref: str, payload: dict[str, Any]) -> Media:
        async with self.fetching(payload) as fetch:
            return await fetch(ref)

    @asynccontextmanager
    async def _mailbox(self) -> AsyncIterator[tuple[Run, Mailbox]]:
        """A mailbox, and how its work is done: in a thread of its own, because it may wait for half an hour."""
        if self._imap is None:
            raise ChannelError(DISCONNECTED, Kind.NEVER_CONNECTED, code="no_mailbox")
        loop, login = asyncio.get_running_loop(), await self._login()
        threads = ThreadPoolExecutor(1, "mailbox")

        async def run(work: Callable[..., Any], *arguments: Any) -> Any:
            return await loop.run_in_executor(threads, work, *arguments)

        opening = threads.submit(Mailbox, self._imap, login)
        try:
            yield run, await asyncio.shield(asyncio.wrap_future(opening))
        finally:
            opening.add_done_callback(_let_go)
            threads.submit(_close, opening)
            threads.shutdown(wait=False)


def _kept(found: Found, payload: dict[str, Any], folder: str, validity: int, uid: int) -> HookEvent | None:
    if not payload:
        return None
    at, key = min(found.at, clock.now()), reading.key(found.raw, found.size)
    place = {"folder": folder, "validity": validity, "uid": uid, "at": at.isoformat(), "key": key}
    return HookEvent(key, at, payload | place)


def _close(opening: Future[Mailbox]) -> None:
    if not opening.cancelled() and not opening.exception():
        opening.result().close()


def _let_go(opening: Future[Mailbox]) -> None:
    if not opening.cancelled() and not opening.exception():
        opening.result().hang_up()


def _bounced(told: Mapping[str, str], at: datetime) -> list[Said]:
    kind = told["kind"]
    bounce = Bounce(told["address"], told["reason"], at, told["rfc_id"], for_good=kind in ("gone", "refused"))
    return [replace(bounce, address_good=kind == "refused", spam=kind == "spam")]


def _same(box: Mailbox, payload: Mapping[str, Any], folders: list[str]) -> bytes:
    """The mail of an event once more, also where somebody moved it to another folder that is read. Raises ChannelError
    when it is gone."""
    for folder in dict.fromkeys((payload["folder"], *folders)):
        try:
            validity, _ = box.open(folder)
        except ChannelError as error:
            if error.kind is not Kind.PERMANENT:
                raise
            continue  # this folder is gone, too
        known = (folder, validity) == (payload["folder"], payload["validity"])
        for uid in [payload["uid"]] if known else box.holding(payload.get("rfc_id") or "<>"):
            found = box.read(uid)
            if found and not found.cut and reading.key(found.raw, found.size) == payload["key"]:
                return found.raw
    reason = f"The email is not in the mailbox any more, or larger than {LARGEST // 1_000_000} MB."
    raise ChannelError(reason, Kind.PERMANENT, code="gone")


def _part(raw: bytes, ref: str, payload: Mapping[str, Any]) -> Media:
    part = parts.at(parts.of(raw), ref)
    named = next((each for each in payload["files"] if each["ref"] == ref), None)
    if part is None or named is None:
        raise ChannelError("The email holds no such file.", Kind.PERMANENT, code="gone")
    return Media(named["name"], named["type"], parts.content(part))
