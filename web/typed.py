"""What stands in the fields of the Send Message window, and the drafts that are made of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from domain import drafts, introductions
from domain.composing import Draft
from domain.drafts import Saved, Writing
from domain.users import User
from web.forms import Form


@dataclass(frozen=True)
class Typed:
    channel: str = ""
    template_id: str = ""
    to: str = ""
    subject: str = ""
    body: str = ""
    files: tuple[UUID, ...] = ()
    version: UUID | None = None  # of the template whose words were put in
    nonce: str = ""
    seen: str = ""  # how things stood when the window was opened: see web.looking
    told: str = ""  # and when it last showed them
    revision: int = 0  # of the draft
    uploading: bool = False  # a chosen file is still on its way
    date: str = ""  # when it leaves; empty: now
    time: str = ""
    zone: str = ""
    stays_on_reply: bool = False

    @classmethod
    def of(cls, form: Form) -> "Typed":
        revision = form.value("draft_revision")
        return cls(
            channel=form.value("channel"),
            template_id=form.value("template_id"),
            to=form.value("to"),
            subject=form.value("subject"),
            body=form.value("body"),
            files=drafts.typed_ids(form.all("attachment")),
            version=next(iter(drafts.typed_ids([form.value("template_version")])), None),
            nonce=form.value("nonce"),
            seen=form.value("seen"),
            told=form.value("told"),
            revision=int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 11 else 0,
            uploading=bool(form.value("uploading")),
            date=form.value("date")[:20],
            time=form.value("time")[:20],
            zone=form.value("zone")[:60],
            stays_on_reply=form.ticked("stays_on_reply"),
        )

    @classmethod
    def kept(cls, saved: Saved) -> "Typed":
        """The fields as a draft left them."""
        writing = saved.writing
        return cls(
            channel=writing.channel,
            template_id=str(writing.template or ""),
            to=writing.to_field,
            subject=writing.subject,
            body=writing.body,
            files=writing.files,
            version=writing.version,
            revision=saved.revision,
        )

    def writing(self, values: Mapping[str, str]) -> Writing:
        """What is kept as the draft: the line of a first text alone is nothing. `values` are those of the wildcards."""
        template = drafts.typed_ids([self.template_id])
        return Writing(
            channel=self.channel[:10],
            to_field=self.to if self.to in ("mobile", "phone") else "",
            subject=self.subject,
            body="" if introductions.is_nothing(self.body, values) else self.body,
            template=template[0] if template else None,
            version=self.version,
            files=self.files,
        )

    def draft(self, user: User, channel: str, version: UUID | None = None) -> Draft:
        """What is to be sent, or shown, by this channel."""
        return Draft(
            body=self.body,
            channel=channel,
            subject=self.subject,
            to_field=self.to,
            template_version=version,
            files=self.files,
            nonce=self.message_nonce(user),
            revision=self.revision,
        )

    def message_nonce(self, user: User) -> str | None:
        """The nonce of the message this form becomes: another person's form is another message."""
        return f"form:{user.id.hex[-12:]}:{self.nonce}"[:80] if self.nonce else None
