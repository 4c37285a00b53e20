"""Kijiji's relay: a first message is written by a person at the ad; answers come, and go on, as mail."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from domain import clock
from domain.channels import kijiji_mail
from domain.channels.base import (
    Accepted,
    ChannelError,
    Field,
    FileRules,
    HookEvent,
    Incoming,
    Kind,
    Listening,
    Outgoing,
    PermitLike,
    Said,
)
from domain.channels.email import Email, composing, parts, reading
from domain.channels.email.channel import Run
from domain.channels.email.imap import Mailbox
from domain.errors import Refused

LIVES = timedelta(days=60)  # a conversation, from its first message (help.kijiji.ca)
SUBJECT = "Re: your ad on Kijiji"
NO_FILES = "Kijiji passes on words alone. Send files as links."
OVER = "This conversation on Kijiji is over. Write to them at the ad yourself."
AUTHORITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{2,200}", re.ASCII)
PASSED_ON = "Handed to Kijiji's relay. Nobody reports whether it arrived."
UNVOUCHED = (
    "Mails that say they are Kijiji’s are not vouched for by {}: nothing of them was kept. Open one in the mailbox. "
    "Another name in its Authentication-Results is the one to set here; a forged mail you can delete."
)
LEFT_OUT = {"from_name", "reply_tokens"}  # of what a mailbox is asked for: the relay shows neither


class Kijiji(Email):
    """A mailbox whose address is registered at Kijiji. Raises Refused at the field that cannot be right."""

    kind = "kijiji"
    channel = "kijiji"
    name = "Kijiji"
    icon = "mail"
    summary = "Write to sellers of ads on Kijiji: the first message by hand, the rest from here."
    does = (
        "For a first message the window gives the words to copy, the ad to open, and logs what you sent.",
        "A seller’s answer comes by Kijiji’s relay into your mailbox, and from there into the history of the listing.",
        "You answer from here for 60 days. Plain words alone: Kijiji passes on no files.",
    )
    needs = (
        "The mailbox that your dealership’s account at Kijiji is registered with.",
        "The name by which your mail server signs its checks, so that nobody can pretend to be Kijiji.",
        "Answers about the ad and nothing else: Kijiji’s rules allow no other offers.",
    )
    fields = (  # type: ignore[assignment]
        *(field for field in Email.fields if field.name not in LEFT_OUT),
        Field(
            "trusted_authserv",
            "Your mail server’s name in Authentication-Results",
            "The first word of that header in any mail you got, such as mx.google.com. "
            "By it Lotwire knows that a mail is Kijiji’s.",
        ),
    )
    feature = "kijiji"
    countries = frozenset({"CA"})
    assisted = True
    relays = "rts.kijiji.ca"
    thread_lives = LIVES
    per_minute = 10
    per_second = 1

    def __init__(self, base_url: str, credentials: Mapping[str, str], webhook_secret: str = "", **options: Any) -> None:
        super().__init__(base_url, {**credentials, "reply_tokens": "false"}, webhook_secret, **options)
        self._authority = credentials.get("trusted_authserv", "").strip()
        if not AUTHORITY.fullmatch(self._authority):
            raise Refused("This is not the name of a server, such as mx.google.com.", field="trusted_authserv")
        self._unvouched = False  # whether such a mail was read that nobody was told of yet

    @property
    def files(self) -> FileRules | None:
        return None

    async def send(self, outgoing: Outgoing, permit: PermitLike) -> Accepted:
        """Ordinary mail to the relay, in plain words."""
        permit.spend(outgoing)
        if outgoing.media:
            raise ChannelError(NO_FILES, Kind.PERMANENT, code="attachment_unsupported")
        if not kijiji_mail.RELAY.fullmatch(outgoing.to):
            raise ChannelError(OVER, Kind.PERMANENT, code="address", tells="ended")
        try:
            await self.submit(outgoing.to, composing.written(_plain(outgoing), self._sender, clock.now()))
        except ChannelError as error:
            if error.tells != "bounced":
                raise
            raise ChannelError(OVER, Kind.PERMANENT, code=error.code, tells="ended") from error
        return Accepted(outgoing.message_id.hex, "sent", PASSED_ON, self._address)

    async def try_out(self, outgoing: Outgoing, permit: PermitLike) -> Accepted:
        """Not to a relay: it shows that mail leaves by this mailbox."""
        return await super().send(_plain(outgoing), permit)

    async def _read_new(self, run: Run, box: Mailbox, listening: Listening, folder: str) -> None:
        await super()._read_new(run, box, listening, folder)
        if self._unvouched:
            await listening.failed(UNVOUCHED.format(self._authority))
            self._unvouched = False

    def _event(self, box: Mailbox, folder: str, validity: int, uid: int) -> HookEvent | None:
        """What is kept of a mail: of one that Kijiji passed on, or that tells of one that came back. Everything else in
        the mailbox is none of this connection's."""
        found = box.read(uid)
        if found is None:
            return None
        read = reading.read(found.raw, self._address, cut=found.cut)
        mail = parts.of(found.raw)
        relayed = None if "bounce" in read else kijiji_mail.relayed(mail, self._authority)
        self._unvouched = self._unvouched or kijiji_mail.is_unvouched(mail, self._authority)
        if not read or not (relayed or "bounce" in read):
            return None
        if relayed:
            read |= {"from": relayed.relay, "from_name": relayed.name or read["from_name"], "about": relayed.about}
            read |= {"automatic": False}  # the relay marks all it passes on as made by a machine
        at, key = min(found.at, clock.now()), reading.key(found.raw, found.size)
        place = {"folder": folder, "validity": validity, "uid": uid, "at": at.isoformat(), "key": key}
        return HookEvent(key, at, read | place)

    def parse(self, payload: dict[str, Any]) -> list[Said]:
        about = payload.get("about")
        return [
            replace(each, about=about, html="", token="")
            if isinstance(each, Incoming) and isinstance(about, str)
            else each
            for each in super().parse(payload)
        ]


def _plain(outgoing: Outgoing) -> Outgoing:
    mail = replace(outgoing.mail, html="", token="", unsubscribe="") if outgoing.mail else None
    return replace(outgoing, subject=outgoing.subject or SUBJECT, mail=mail)
