"""The files of claimed messages, read before their calls: nothing leaves without them, and no text waits for them."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain import attachments, file_rules, offers
from domain.attachments import Attachment, MessageAttachment
from domain.channels.base import Channel, FileRules, Media
from domain.delivery.claiming import postpone
from domain.delivery.news import News
from domain.errors import Refused, Unavailable
from domain.file_store import Damaged

logger = logging.getLogger(__name__)

AT_ONCE = 4  # files read at the same time


@dataclass(frozen=True)
class Packed:
    """The files of one message as they go along, or what stands against them, a sentence each."""

    media: tuple[Media, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Missing:
    """A file that cannot go along: why, whether it may be there later, and whether the whole store is `silent`."""

    sentence: str
    later: bool = False
    silent: bool = False


async def pack(owner: str, ids: Sequence[UUID], channel: Channel) -> tuple[dict[UUID, Packed], News]:
    """Reads the files that go along with messages `owner` has claimed. No attempt has begun: a worker that dies here
    leaves them claimed.

    Answers message -> its files, for `start`, and the news. Where a file could not be had just now its messages are put
    off instead.
    """
    enclosed = await _enclosed(ids)
    rules = channel.files
    packed = {each: Packed(problems=said) for each, files in enclosed.items() if (said := _against(files, channel))}
    going = {each: files for each, files in enclosed.items() if each not in packed}
    read = await _read({file.id: file for files in going.values() for file in files}, rules) if rules else {}
    put_off: dict[str, list[UUID]] = {}
    for each, files in going.items():
        found = [read[file.id] for file in files]
        missing = [one for one in found if isinstance(one, _Missing)]
        if later := next((one for one in missing if one.later), None):
            put_off.setdefault(later.sentence, []).append(each)
        else:
            media = tuple(one for one in found if isinstance(one, Media))
            packed[each] = Packed(media, tuple(one.sentence for one in missing))
    news = News()
    for sentence, waiting in put_off.items():
        news.listings |= await postpone(owner, waiting, sentence, "attachment_unavailable")
    return packed, news


async def _enclosed(ids: Sequence[UUID]) -> dict[UUID, list[Attachment]]:
    """message -> what goes along in it, in its order; what goes as a link stands in its text already."""
    found: dict[UUID, list[Attachment]] = {each: [] for each in ids}
    if found:
        rows = MessageAttachment.objects(MessageAttachment.attachment).where(
            MessageAttachment.message.is_in(list(ids)) & MessageAttachment.link.is_null()
        )
        for row in await rows.order_by(MessageAttachment.position):
            found[row.message].append(row.attachment)
    return found


def _against(files: Sequence[Attachment], channel: Channel) -> tuple[str, ...]:
    """What the channel says of these files: it may have been another when they were attached."""
    found = file_rules.problems(files, channel.files, offers.ONE[channel.channel])
    return tuple(f"{each.message} Send {'it as a link' if each.file else 'some as links'}." for each in found)


async def _read(files: Mapping[UUID, Attachment], rules: FileRules) -> dict[UUID, Media | _Missing]:
    """Each file once, however many messages it goes along with. A store that does not answer is not asked again."""
    gate = asyncio.Semaphore(AT_ONCE)
    silent: list[_Missing] = []

    async def read(file: Attachment) -> Media | _Missing:
        async with gate:
            if silent:
                return silent[0]
            found = await _one(file, rules)
            if isinstance(found, _Missing) and found.silent:
                silent.append(found)
            return found

    return dict(zip(files, await asyncio.gather(*map(read, files.values())), strict=True))


async def _one(file: Attachment, rules: FileRules) -> Media | _Missing:
    most = rules.picture_bytes if file_rules.is_picture(file.media_type) else rules.file_bytes
    gone = _Missing(f"{file.name} is no longer there. Attach it again and send.")
    if file.removed_at:
        return gone
    try:
        return await attachments.fitting(file, most)
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
