"""The mail of a dealership and its sellers: what was sent to each seller, what they answered, and a mail server's two
doors to it, SMTP and IMAP, as far as Lotwire needs them. In memory: a restart begins anew."""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from typing import Any, Literal

from domain import clock

MAILBOXES = 1_000
LARGEST = 40_000_000  # bytes of a mail
REFUSED = "nobody"  # before the @: an address that is none, to see what Lotwire makes of it


@dataclass(frozen=True)
class Letter:
    """A mail as a seller sees it: they `got` it, or `wrote` it."""

    side: Literal["got", "wrote"]
    subject: str
    text: str
    at: datetime
    files: tuple[str, ...] = ()
    reply_to: str = ""
    rfc_id: str = ""
    references: str = ""


@dataclass
class Mailbox:
    """A seller's."""

    address: str
    letters: list[Letter] = field(default_factory=list)

    @property
    def last(self) -> Letter:
        return self.letters[-1]

    @property
    def last_got(self) -> Letter:
        return next(letter for letter in reversed(self.letters) if letter.side == "got")


class Post:
    """Both sides of it. `changed` is called whenever there is something new to see."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.mailboxes: OrderedDict[str, Mailbox] = OrderedDict()  # of sellers; the one that moved last at the end
        self.inbox: list[tuple[datetime, bytes]] = []  # of the dealership: UIDs are places in it, from 1
        self.validity = int(clock.now().timestamp())
        self.waiting: set[asyncio.Event] = set()  # of who waits for news of the inbox
        self._changed = changed

    def deliver(self, recipient: str, raw: bytes) -> None:
        """To a seller."""
        mail = message_from_bytes(raw, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        body = mail.get_body(("plain",))
        box = self.mailboxes.setdefault(recipient, Mailbox(recipient))
        box.letters.append(
            Letter(
                "got",
                str(mail["Subject"] or ""),
                str(body.get_content()).replace("\r\n", "\n").strip() if body else "",
                clock.now(),
                tuple(part.get_filename() or "file" for part in mail.iter_attachments()),
                parseaddr(str(mail["Reply-To"] or mail["From"]))[1],
                str(mail["Message-ID"] or ""),
                str(mail["References"] or ""),
            )
        )
        self._moved(recipient)

    def answer(self, address: str, text: str) -> bool:
        """What a seller writes back. False when nobody wrote to them."""
        box = self.mailboxes.get(address)
        if box is None:
            return False
        asked, now = box.last_got, clock.now()
        mail = EmailMessage(policy=policy.SMTP.clone(max_line_length=900))
        mail["From"], mail["To"] = address, asked.reply_to
        mail["Subject"] = asked.subject if asked.subject.lower().startswith("re:") else f"Re: {asked.subject}"
        mail["Date"], mail["Message-ID"] = format_datetime(now), make_msgid(domain=address.rpartition("@")[2])
        mail["In-Reply-To"], mail["References"] = asked.rfc_id, f"{asked.references} {asked.rfc_id}".strip()
        quoted = "\n".join(f"> {line}" for line in asked.text.split("\n"))
        mail.set_content(f"{text}\n\nOn {asked.at:%a, %b %-d, %Y at %H:%M}, {asked.reply_to} wrote:\n\n{quoted}\n")
        self.inbox.append((now, mail.as_bytes()))
        box.letters.append(Letter("wrote", str(mail["Subject"]), text, now))
        self._moved(address)
        for each in self.waiting:
            each.set()
        return True

    def _moved(self, address: str) -> None:
        self.mailboxes.move_to_end(address)
        while len(self.mailboxes) > MAILBOXES:
            self.mailboxes.popitem(last=False)
        self._changed()

    # SMTP: one recipient a mail, any password

    async def smtp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _served(self._smtp, reader, writer)

    async def _smtp(self, reader: asyncio.StreamReader, say: Callable[[str], Any]) -> None:
        recipient = ""
        await say("220 simulator")
        while line := await _line(reader):
            word = line.split()[0].upper()
            if word == "QUIT":
                await say("221 Bye")
                return
            if word == "EHLO":
                await say("250-simulator\r\n250-8BITMIME\r\n250 AUTH PLAIN")
            elif word == "AUTH":
                await say("235 2.7.0 Welcome")
            elif word == "RCPT":
                recipient = line.partition("<")[2].partition(">")[0].lower()
                known = not recipient.startswith(f"{REFUSED}@")
                await say("250 2.1.5 Ok" if known else "550 5.1.1 No such user here")
            elif word == "DATA":
                await say("354 Go on")
                raw = await reader.readuntil(b"\r\n.\r\n")
                self.deliver(recipient, raw[:-3].replace(b"\r\n..", b"\r\n."))
                await say("250 2.0.0 Ok: on its way")
            else:
                await say("250 2.0.0 Ok")

    # IMAP: one folder, any password

    async def imap(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _served(self._imap, reader, writer)

    async def _imap(self, reader: asyncio.StreamReader, say: Callable[[str | bytes], Any]) -> None:
        seen = 0
        await say("* OK simulator")
        while line := await _line(reader):
            tag, _, rest = line.partition(" ")
            word, _, given = rest.partition(" ")
            word = word.upper()
            if word == "CAPABILITY":
                await say("* CAPABILITY IMAP4rev1 IDLE")
            elif word in ("SELECT", "EXAMINE"):
                if given.strip('"').upper() != "INBOX":
                    await say(f"{tag} NO There is no such folder")
                    continue
                await say(f"* {len(self.inbox)} EXISTS\r\n* OK [UIDVALIDITY {self.validity}] here")
                await say(f"* OK [UIDNEXT {len(self.inbox) + 1}] next")
            elif word == "UID" and given.upper().startswith("SEARCH"):
                await say(f"* SEARCH {' '.join(map(str, self._search(given)))}".strip())
            elif word == "UID" and given.upper().startswith("FETCH"):
                for said in self._fetched(given):
                    await say(said)
            elif word == "IDLE":
                await self._idle(reader, say)
            elif word == "LOGOUT":
                await say(f"* BYE\r\n{tag} OK Bye")
                return
            elif word not in ("LOGIN", "NOOP"):
                await say(f"{tag} BAD This is all a simulator knows")
                continue
            if word == "NOOP" and len(self.inbox) > seen:  # what came since the folder was opened
                await say(f"* {len(self.inbox)} EXISTS")
            seen = len(self.inbox) if word in ("SELECT", "EXAMINE", "NOOP") else seen
            await say(f"{tag} OK Done")

    def _search(self, given: str) -> list[int]:
        uids = range(1, len(self.inbox) + 1)
        if found := re.search(r"UID (\d+):\*", given):
            return [uid for uid in uids if uid >= int(found[1])]
        if found := re.search(r'Message-ID"? "?([^"]+)"?$', given):
            return [uid for uid in uids if found[1].encode() in self.inbox[uid - 1][1]]
        return list(uids)

    def _fetched(self, given: str) -> list[bytes]:
        answers = []
        _, wanted, items = given.split(" ", 2)
        for uid in [int(each) for each in wanted.split(",") if each.isdigit() and 0 < int(each) <= len(self.inbox)]:
            at, raw = self.inbox[uid - 1]
            if "BODY" in items.upper():
                answers.append(b"* %d FETCH (UID %d BODY[] {%d}\r\n%b)" % (uid, uid, len(raw), raw))
            else:
                facts = f'UID {uid} RFC822.SIZE {len(raw)} INTERNALDATE "{at:%d-%b-%Y %H:%M:%S +0000}"'
                answers.append(f"* {uid} FETCH ({facts})".encode())
        return answers

    async def _idle(self, reader: asyncio.StreamReader, say: Callable[[str], Any]) -> None:
        """Until they say DONE; each answer of a seller is told at once."""
        news = asyncio.Event()
        self.waiting.add(news)
        done = asyncio.create_task(reader.readline())
        try:
            await say("+ idling")
            while not done.done():
                told = asyncio.create_task(news.wait())
                await asyncio.wait((done, told), return_when=asyncio.FIRST_COMPLETED)
                told.cancel()
                if news.is_set() and not done.done():
                    news.clear()
                    await say(f"* {len(self.inbox)} EXISTS")
        finally:
            self.waiting.discard(news)
            done.cancel()


async def _line(reader: asyncio.StreamReader) -> str:
    return (await reader.readline()).decode("utf-8", "replace").strip()


async def _served(talk: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    async def say(what: str | bytes) -> None:
        writer.write((what.encode() if isinstance(what, str) else what) + b"\r\n")
        await writer.drain()

    try:
        await talk(reader, say)
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
        pass
    finally:
        writer.close()
