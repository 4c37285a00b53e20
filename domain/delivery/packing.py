"""The files of claimed messages, read before their calls: nothing leaves without them, and no text waits for them."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from domain import attachments, file_rules, offers
from domain.attachments import Attachment, MessageAttachment
from domain.channels.base import Channel, Media
from domain.delivery.claiming import postpone
from domain.delivery.news import News
from domain.errors import Refused, Unavailable
from domain.file_store import Damaged
from domain.messages import Message

logger = logging.getLogger(__name__)

AT_ONCE = 4  # files read at the same time
MOST_HELD = 64_000_000  # bytes of files of all messages a worker has in hand


@dataclass(frozen=True)
class Packed:
    """The files of one message as they go along, or what stands against them, a sentence each."""

    media: tuple[Media, ...] = ()
    problems: tuple[str, ...] = ()


class Room:
    """How many bytes of files a worker may hold at once: from before they are read until it is written how the message
    ended. A handful of emails with 20 MB each would else fill the machine."""

    def __init__(self, most: int = MOST_HELD) -> None:
        self._most = most
        self._held: dict[UUID, int] = {}  # message -> bytes

    def take(self, message: UUID, size: int) -> bool:
        """Keeps room for the files of a message; False when there is not enough. One alone always has room."""
        held = sum(self._held.values())
        if held and held + size > self._most:
            return False
        self._held[message] = size
        return True

    def leave(self, messages: Iterable[UUID]) -> None:
        """Their files are no longer held; those without files held none."""
        for each in messages:
            self._held.pop(each, None)


@dataclass(frozen=True)
class _Parcel:
    """What goes along in a message to an address, and how many bytes one picture of it may have."""

    to: str
    files: tuple[Attachment, ...]
    most_bytes: int


@dataclass(frozen=True)
class _Missing:
    """A file that cannot go along: why, whether it may be there later, and whether the whole store is `silent`."""

    sentence: str
    later: bool = False
    silent: bool = False


async def pack(
    owner: str, ids: Sequence[UUID], channel: Channel, room: Room | None = None
) -> tuple[dict[UUID, Packed], News]:
    """Reads the files that go along with messages `owner` has claimed. No attempt has begun: a worker that dies here
    leaves them claimed.

    Answers message -> its files, for `start`, and the news. Where a file could not be had just now its messages are put
    off instead, and for a few seconds those for which there is no room. Who is done with a message leaves its room.
    """
    parcels = await _parcels(ids, channel)
    rules, room = channel.files, room or Room()
    packed = {each: Packed(problems=said) for each, one in parcels.items() if (said := _against(one, channel))}
    going = {each: one for each, one in parcels.items() if each not in packed}
    crowded = [
        each for each, one in going.items() if rules and not room.take(each, file_rules.weight(one.files, rules))
    ]
    for each in crowded:
        del going[each]
    read = await _read(going.values(), channel.fetches)
    put_off: dict[str, list[UUID]] = {}
    for each, one in going.items():
        found = [read[file.id, _most(file, one)] for file in one.files]
        missing = [one for one in found if isinstance(one, _Missing)]
        if later := next((one for one in missing if one.later), None):
            put_off.setdefault(later.sentence, []).append(each)
        else:
            media = tuple(one for one in found if isinstance(one, Media))
            packed[each] = Packed(media, tuple(one.sentence for one in missing))
    news = News()
    for sentence, waiting in put_off.items():
        news.listings |= await postpone(owner, waiting, sentence, "attachment_unavailable")
    if crowded:
        news.listings |= await postpone(owner, crowded, "", counted=False)
    return packed, news


async def _parcels(ids: Sequence[UUID], channel: Channel) -> dict[UUID, _Parcel]:
    """message -> what goes along in it, in its order; what goes as a link stands in its text already."""
    if not ids:
        return {}
    found: dict[UUID, list[Attachment]] = {each: [] for each in ids}
    rows = MessageAttachment.objects(MessageAttachment.attachment).where(
        MessageAttachment.message.is_in(list(ids)) & MessageAttachment.link.is_null()
    )
    for row in await rows.order_by(MessageAttachment.position):
        found[row.message].append(row.attachment)
    addresses = await Message.select(Message.id, Message.to_address).where(Message.id.is_in(list(ids)))
    to = {row["id"]: row["to_address"] for row in addresses}
    rules = channel.files
    return {
        each: _Parcel(to.get(each, ""), tuple(files), file_rules.most_bytes(files, rules) if rules else 0)
        for each, files in found.items()
    }


def _against(parcel: _Parcel, channel: Channel) -> tuple[str, ...]:
    """What the channel says of these files: it may have been another when they were attached."""
    found = file_rules.problems(parcel.files, channel.files, offers.ONE[channel.channel], parcel.to)
    return tuple(f"{each.message} Send {'it as a link' if each.file else 'some as links'}." for each in found)


def _most(file: Attachment, parcel: _Parcel) -> int:
    """A picture is made to fit; of anything else it was said before that it does."""
    return parcel.most_bytes if file_rules.is_picture(file.media_type) else file.size


async def _read(parcels: Iterable[_Parcel], fetched: bool) -> dict[tuple[UUID, int], Media | _Missing]:
    """(file, its most bytes) -> what it is, or where it is `fetched`. Each once, however many messages it goes along
    with. A store that does not answer is not asked again."""
    files = {(file.id, _most(file, parcel)): file for parcel in parcels for file in parcel.files}
    gate = asyncio.Semaphore(AT_ONCE)
    silent: list[_Missing] = []

    async def read(file: Attachment, most_bytes: int) -> Media | _Missing:
        async with gate:
            if silent:
                return silent[0]
            found = await _one(file, most_bytes, fetched)
            if isinstance(found, _Missing) and found.silent:
                silent.append(found)
            return found

    found = await asyncio.gather(*(read(file, most_bytes) for (_, most_bytes), file in files.items()))
    return dict(zip(files, found, strict=True))


async def _one(file: Attachment, most_bytes: int, fetched: bool) -> Media | _Missing:
    gone = _Missing(f"{file.name} is no longer there. Attach it again and send.")
    if file.removed_at:
        return gone
    try:
        media = await attachments.fitting(file, most_bytes)
        if fetched:  # made and there; the provider gets its bytes at the address
            return replace(media, data=b"", url=attachments.address(file, most_bytes, media.name))
        return media
    except FileNotFoundError:
        return gone
    except Refused as error:
        return _Missing(error.message)
    except Damaged:
        return _Missing(f"{file.name} is damaged. Attach it again and send.")
    except Unavailable as error:
        return _Missing(str(error), later=True, silent=True)
    except Exception:
        logger.exception("A file could not be read", extra={"attachment": str(file.id)})
        return _Missing(f"{file.name} could not be read. Attach it again and send.", later=True)
