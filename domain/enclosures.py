"""The files that go along with one message: in it, or as links in its words."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.attachments import Attachment, FileLink, MessageAttachment
from domain.messages import Message


@dataclass(frozen=True)
class Linked:
    """A file that travels as an address in the text."""

    link: FileLink
    attachment: Attachment


@dataclass(frozen=True)
class Enclosures:
    files: tuple[Attachment, ...] = ()
    links: tuple[Linked, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.files or self.links)


async def read(account_id: UUID, files: Sequence[UUID], links: Sequence[UUID]) -> Enclosures:
    """Those of the account, in the order given; what is gone, revoked or foreign is left out. One query."""
    if not files and not links:
        return Enclosures()
    some_file, some_link = ", ".join(["{}"] * len(files)) or "null", ", ".join(["{}"] * len(links)) or "null"
    rows = await Attachment.raw(
        f"""SELECT a.*, l.id AS l_id, l.account AS l_account, l.attachment AS l_attachment, l.listing AS l_listing,
                   l.created_at AS l_created_at, l.expires_at AS l_expires_at, l.opened AS l_opened
            FROM attachment a LEFT JOIN file_link l
              ON l.attachment = a.id AND l.revoked_at IS NULL AND l.id IN ({some_link})
            WHERE a.account = {{}} AND a.removed_at IS NULL
              AND (a.id IN ({some_file}) OR l.id IS NOT NULL)""",  # noqa: S608 - placeholders
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
        tuple(found[each] for each in files if each in found), tuple(linked[each] for each in links if each in linked)
    )


async def enclose(message: Message, enclosures: Enclosures) -> None:
    """Puts them on record with the message. Call it in the transaction that writes the message."""
    rows = [MessageAttachment(message=message.id, attachment=each.id) for each in enclosures.files]
    rows += [
        MessageAttachment(message=message.id, attachment=each.attachment.id, link=each.link.id)
        for each in enclosures.links
        if str(each.link.id) in message.body  # whoever took the address out of the text took the file back
    ]
    once = {row.attachment: row for row in rows}
    for position, row in enumerate(once.values()):
        row.position = position
    if once:
        await MessageAttachment.insert(*once.values())


async def of_message(message_id: UUID) -> Enclosures:
    """What went along with a message, to be sent once more."""
    rows = await (
        MessageAttachment.select(
            MessageAttachment.attachment, MessageAttachment.link, MessageAttachment.attachment.account
        )
        .where(MessageAttachment.message == message_id)
        .order_by(MessageAttachment.position)
    )
    if not rows:
        return Enclosures()
    files = [row["attachment"] for row in rows if not row["link"]]
    return await read(rows[0]["attachment.account"], files, [row["link"] for row in rows if row["link"]])
