"""The files that go along with one message: in it, or as links in its words."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain import attachments, clock, db
from domain.attachments import Attachment, FileLink, MessageAttachment
from domain.errors import Refused
from domain.messages import Message

LOST = "A file was removed meanwhile. Take it out, or attach it again."
DEAD = "A link in the text no longer works. Take it out, or share the file again."


@dataclass(frozen=True)
class Linked:
    """A file that travels as an address in the text."""

    link: FileLink
    attachment: Attachment


@dataclass(frozen=True)
class Enclosures:
    """`lost` are the files that were asked for and are gone, `dead` the links in the text that lead nowhere."""

    files: tuple[Attachment, ...] = ()
    links: tuple[Linked, ...] = ()
    lost: tuple[UUID, ...] = ()
    dead: tuple[UUID, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.files or self.links)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with them on any channel, a sentence each."""
        return ((LOST,) if self.lost else ()) + ((DEAD,) if self.dead else ())


async def read(account_id: UUID, files: Sequence[UUID], text: str) -> Enclosures:
    """The account's files in the order given, and those whose address stands in the text. One query, none without."""
    links = attachments.links_in(text)
    if not files and not links:
        return Enclosures()
    some_file, some_link = ", ".join(["{}"] * len(files)) or "null", ", ".join(["{}"] * len(links)) or "null"
    rows = await Attachment.raw(
        f"""SELECT a.*, l.id AS l_id, l.account AS l_account, l.attachment AS l_attachment, l.listing AS l_listing,
                   l.created_at AS l_created_at, l.expires_at AS l_expires_at, l.opened AS l_opened
            FROM attachment a LEFT JOIN file_link l
              ON l.attachment = a.id AND l.revoked_at IS NULL AND l.expires_at > {{}} AND l.id IN ({some_link})
            WHERE a.account = {{}} AND a.removed_at IS NULL
              AND (a.id IN ({some_file}) OR l.id IS NOT NULL)""",  # noqa: S608 - placeholders
        clock.now(),
        *links,
        account_id,
        *files,
    )
    found: dict[UUID, Attachment] = {}
    linked: dict[UUID, Linked] = {}
    for row in rows:
        link = {name.removeprefix("l_"): row.pop(name) for name in list(row) if name.startswith("l_")}
        attachment = found.setdefault(row["id"], Attachment(**row))
        if link["id"]:
            linked[link["id"]] = Linked(FileLink(**link), attachment)
    return Enclosures(
        files=tuple(found[each] for each in files if each in found),
        links=tuple(linked[each] for each in links if each in linked),
        lost=tuple(each for each in files if each not in found),
        dead=tuple(each for each in links if each not in linked),
    )


async def enclose(message: Message, enclosures: Enclosures) -> None:
    """Puts them on record with the message. Call it in the transaction that writes the message. Raises Refused when one
    was removed since it was read."""
    rows = [MessageAttachment(message=message.id, attachment=each.id) for each in enclosures.files]
    rows += [
        MessageAttachment(message=message.id, attachment=each.attachment.id, link=each.link.id)
        for each in enclosures.links
    ]
    once: dict[UUID, MessageAttachment] = {}
    for row in rows:
        once.setdefault(row.attachment, row)
    for position, row in enumerate(once.values()):
        row.position = position
    if not once:
        return
    standing = Attachment.select(Attachment.id).where(Attachment.id.is_in(list(once)) & Attachment.removed_at.is_null())
    if db.on_postgres():
        standing = standing.lock_rows("SHARE")
    if len(await standing) < len(once):
        raise Refused(LOST, field="attachment")
    await MessageAttachment.insert(*once.values())


async def of_message(message_id: UUID) -> tuple[UUID, ...]:
    """The files that went along in a message, to be sent once more; its links stand in its words."""
    rows = await (
        MessageAttachment.select(MessageAttachment.attachment)
        .where((MessageAttachment.message == message_id) & MessageAttachment.link.is_null())
        .order_by(MessageAttachment.position)
    )
    return tuple(row["attachment"] for row in rows)
