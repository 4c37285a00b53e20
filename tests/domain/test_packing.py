"""Files on their way: read before the call, never left behind in silence, a worker that dies there harms nothing."""

import asyncio
import hashlib
import io
import random
from collections.abc import Sequence
from datetime import timedelta

import pytest
from PIL import Image

from domain import attachments, clock, connections, delivery, file_store, ids, messages, suppressions
from domain.attachments import Attachment, FileLink, MessageAttachment
from domain.channels.base import Accepted, Channel, FileRules
from domain.connections import Connection
from domain.delivery import MOST_CONNECTS, Packed, Started
from domain.errors import Unavailable
from domain.messages import Message, State
from tests import make
from tests.sending import OTHER, OWNER, Provider, Shop, again, attempts, end, put, shop, states

MMS = '{"mms": true}'
PICTURE = b"\xff\xd8\xff what a camera saw"


async def kept(dealer: Shop, data: bytes = PICTURE, **values: object) -> Attachment:
    """A file whose bytes are in the store."""
    sha256 = hashlib.sha256(data).hexdigest()
    await file_store.put(sha256, data)
    return await make.attachment(dealer.account, **{"sha256": sha256, "size": len(data), **values})


async def enclose(message: Message, *files: Attachment, link: FileLink | None = None) -> Message:
    for position, file in enumerate(files):
        row = MessageAttachment(message=message.id, attachment=file.id, link=link.id if link else None)
        row.position = position
        await MessageAttachment.insert(row)
    return message


async def with_picture(dealer: Shop, data: bytes = PICTURE, **values: object) -> tuple[Message, Attachment]:
    file = await kept(dealer, data, **values)
    return await enclose(await dealer.text(), file), file


def channel_of(dealer: Shop) -> Channel:
    return connections.adapter(dealer.connection)


async def begin(dealer: Shop, owner: str = OWNER) -> list[Started]:
    """Claims what is due, packs what has files and begins all of it."""
    started, news = await delivery.start(owner, await dealer.claim(owner))
    packed, _ = await delivery.pack(owner, news.with_files, channel_of(dealer))
    more, _ = await delivery.start(owner, list(packed), packed)
    return [*started, *more]


async def test_a_message_with_files_does_not_begin_before_they_are_read_and_others_do(house):
    dealer = await shop(options=MMS)
    plain = await dealer.text()
    message, _ = await with_picture(dealer)
    started, news = await delivery.start(OWNER, await dealer.claim())
    assert [each.outgoing.message_id for each in started] == [plain.id]
    assert news.with_files == [message.id]
    assert (await again(message)).state == State.CLAIMED
    assert await attempts(message) == []


async def test_its_files_go_along_byte_for_byte(house):
    dealer = await shop(options=MMS)
    message, _ = await with_picture(dealer, media_type="image/jpeg", name="front.jpg")
    [started] = await begin(dealer)
    [media] = started.outgoing.media
    assert (media.name, media.media_type, media.data) == ("front.jpg", "image/jpeg", PICTURE)
    assert started.outgoing.body == message.body
    assert (await again(message)).state == State.SENDING
    assert [attempt.outcome for attempt in await attempts(message)] == [""]


async def test_a_file_that_goes_as_a_link_needs_no_packing(house):
    dealer = await shop()
    file = await make.attachment(dealer.account)
    link = FileLink(id=ids.new(), account=dealer.account.id, attachment=file.id, expires_at=clock.now())
    await FileLink.insert(link)
    message = await enclose(await dealer.text(), file, link=link)
    [started] = await dealer.start()
    assert (started.outgoing.message_id, started.outgoing.media) == (message.id, ())


async def test_a_picture_is_made_small_enough_for_the_channel(house):
    noise = Image.frombytes("RGB", (1200, 900), random.Random(7).randbytes(1200 * 900 * 3))
    large = io.BytesIO()
    noise.save(large, "JPEG", quality=95)
    dealer = await shop(options=MMS)
    _, file = await with_picture(dealer, large.getvalue(), media_type="image/jpeg", width=1200, height=900)
    assert file.size > 600_000
    [started] = await begin(dealer)
    [media] = started.outgoing.media
    assert media.media_type == "image/jpeg"
    assert len(media.data) <= 512_000
    assert Image.open(io.BytesIO(media.data)).format == "JPEG"


async def test_a_file_is_read_once_for_all_messages_it_goes_along_with(house, monkeypatch):
    dealer = await shop(options=MMS)
    _, file = await with_picture(dealer)
    for _ in range(4):
        await enclose(await dealer.text(), file)
    fitting, read = attachments.fitting, []

    async def counted(attachment, most_bytes):
        read.append(attachment.id)
        return await fitting(attachment, most_bytes)

    monkeypatch.setattr(attachments, "fitting", counted)
    assert len(await begin(dealer)) == 5
    assert read == [file.id]


# What stands against them


async def failed(message: Message) -> str:
    """It failed without a call; the sentence."""
    now = await again(message)
    assert (now.state, now.code, now.owner) == (State.FAILED, "attachment_unsupported", "")
    assert await attempts(message) == []
    return now.reason


async def test_a_file_that_is_gone_fails_the_message_with_what_to_do(house):
    dealer = await shop(options=MMS)
    message, file = await with_picture(dealer, name="front.jpg")
    await file_store.delete(file.sha256)
    assert await begin(dealer) == []
    assert await failed(message) == "front.jpg is no longer there. Attach it again and send."


async def test_a_file_that_was_taken_away_fails_the_message(house):
    dealer = await shop(options=MMS)
    message, file = await with_picture(dealer, name="front.jpg")
    await Attachment.update({Attachment.removed_at: clock.now()}).where(Attachment.id == file.id)
    assert await begin(dealer) == []
    assert await failed(message) == "front.jpg is no longer there. Attach it again and send."


async def test_a_damaged_file_is_not_sent(house, data_dir):
    dealer = await shop(options=MMS)
    message, file = await with_picture(dealer, name="front.jpg")
    (data_dir / "attachments" / file.sha256[:2] / file.sha256).write_bytes(b"something else")
    assert await begin(dealer) == []
    assert await failed(message) == "front.jpg is damaged. Attach it again and send."


async def test_files_the_connection_does_not_take_any_more_fail_the_message(house):
    dealer = await shop(options=MMS)
    message, _ = await with_picture(dealer, name="front.jpg")
    await Connection.update({Connection.options: "{}"}).where(Connection.id == dealer.connection.id)
    dealer.connection.options = "{}"
    assert await begin(dealer) == []
    assert await failed(message) == "A text takes no files, so “front.jpg” cannot go along. Send it as a link."


async def test_one_file_too_many_fails_the_message_and_sends_none(house):
    dealer = await shop(options=MMS)
    front, back = await kept(dealer), await kept(dealer, PICTURE + b" and another", name="back.jpg")
    message = await enclose(await dealer.text(), front, back)
    assert await begin(dealer) == []
    assert await failed(message) == "A text takes one file, so “back.jpg” cannot go along. Send it as a link."


async def test_a_number_that_gets_no_pictures_fails_the_message_before_any_call(house):
    dealer = await shop(options=MMS)
    message, _ = await with_picture(dealer, name="front.jpg")
    await put(message, to_address="+493012345678")
    assert await begin(dealer) == []
    sentence = "A text to this number takes no files, so “front.jpg” cannot go along. Send it as a link."
    assert await failed(message) == sentence


async def test_many_large_pictures_are_made_smaller_than_one_would_be(house):
    """A channel that takes several: together they stay under its total."""

    class Several(Provider):
        files = FileRules(frozenset({"image/jpeg"}), 300_000, 300_000, 600_000, 10)

    dealer = await shop()
    noise = [Image.frombytes("RGB", (500, 400), random.Random(seed).randbytes(500 * 400 * 3)) for seed in range(3)]
    files = []
    for image in noise:
        made = io.BytesIO()
        image.save(made, "JPEG", quality=95)
        assert len(made.getvalue()) > 210_000
        files.append(await kept(dealer, made.getvalue(), media_type="image/jpeg"))
    alone, together = await enclose(await dealer.text(), files[0]), await enclose(await dealer.text(), *files)
    _, news = await delivery.start(OWNER, await dealer.claim())
    packed, _ = await delivery.pack(OWNER, news.with_files, Several())
    sizes = [len(media.data) for media in packed[together.id].media]
    assert len(sizes) == 3
    assert sum(sizes) <= 600_000
    assert len(packed[alone.id].media[0].data) > max(sizes)


# Room


async def test_what_there_is_no_room_for_waits_and_loses_nothing(house, clock):
    dealer = await shop(options=MMS)
    several = [(await with_picture(dealer, PICTURE + bytes([n]) * 100_000))[0] for n in range(5)]
    room = delivery.Room(250_000)
    _, news = await delivery.start(OWNER, await dealer.claim())
    packed, told = await delivery.pack(OWNER, news.with_files, channel_of(dealer), room)
    assert list(packed) == [message.id for message in several[:2]]
    assert told.listings == {message.listing for message in several[2:]}
    for message in several[2:]:
        waiting = await again(message)
        assert (waiting.state, waiting.owner, waiting.tries) == (State.QUEUED, "", 0)
        assert clock.now() < waiting.not_before < clock.now() + timedelta(seconds=5)

    clock.advance(seconds=5)
    _, news = await delivery.start(OWNER, await dealer.claim())
    assert sorted(news.with_files) == sorted(message.id for message in several[2:])
    packed, _ = await delivery.pack(OWNER, news.with_files, channel_of(dealer), room)
    assert packed == {}  # the first two are still held

    room.leave(message.id for message in several[:2])
    clock.advance(seconds=5)
    _, news = await delivery.start(OWNER, await dealer.claim())
    packed, _ = await delivery.pack(OWNER, news.with_files, channel_of(dealer), room)
    assert len(packed) == 2


async def test_a_message_larger_than_all_room_goes_alone(house):
    dealer = await shop(options=MMS)
    for n in range(2):
        await with_picture(dealer, PICTURE + bytes([n]) * 100_000)
    _, news = await delivery.start(OWNER, await dealer.claim())
    packed, _ = await delivery.pack(OWNER, news.with_files, channel_of(dealer), delivery.Room(1000))
    assert len(packed) == 1


async def test_the_file_of_one_message_stops_no_other(house):
    dealer = await shop(options=MMS)
    broken, file = await with_picture(dealer)
    await file_store.delete(file.sha256)
    fine, _ = await with_picture(dealer, PICTURE + b" of another car")
    [started] = await begin(dealer)
    assert started.outgoing.message_id == fine.id
    assert "no longer there" in await failed(broken)


# A store that does not answer


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The file store does not answer; who asked it."""
    asked: list[str] = []

    async def get(sha256: str, *, thumb: bool = False) -> bytes:
        asked.append(sha256)
        raise Unavailable("The file store does not answer. Try again in a moment.")

    monkeypatch.setattr(file_store, "get", get)
    return asked


async def test_a_store_that_does_not_answer_puts_its_messages_off_and_no_others(house, silent):
    dealer = await shop(options=MMS)
    plain = await dealer.text()
    message, _ = await with_picture(dealer)
    [started] = await begin(dealer)
    assert started.outgoing.message_id == plain.id
    waiting = await again(message)
    assert (waiting.state, waiting.tries, waiting.owner, waiting.code) == (State.QUEUED, 1, "", "")
    assert waiting.not_before > clock.now()
    assert await attempts(message) == []
    assert (await Connection.objects().get(Connection.id == dealer.connection.id)).last_error == ""


async def test_a_store_that_stays_silent_is_given_up_after_five_tries(house, silent, clock):
    dealer = await shop(options=MMS)
    message, _ = await with_picture(dealer)
    for _ in range(MOST_CONNECTS):
        assert (await again(message)).state == State.QUEUED
        await begin(dealer)
        clock.advance(minutes=15)
    now = await again(message)
    assert (now.state, now.code) == (State.FAILED, "attachment_unavailable")
    assert now.reason == "The file store does not answer. Try again in a moment."
    assert await attempts(message) == []


async def test_a_silent_store_is_asked_only_as_often_as_it_reads_at_once(house, silent):
    dealer = await shop(options=MMS)
    for n in range(20):
        await with_picture(dealer, PICTURE + bytes([n]))
    await begin(dealer)
    assert len(silent) <= 4
    assert await states() == {State.QUEUED: 20}


async def test_a_fault_of_ours_in_a_file_puts_its_message_off_and_no_other(house, monkeypatch):
    dealer = await shop(options=MMS)
    message, file = await with_picture(dealer, name="odd.jpg")
    fine, _ = await with_picture(dealer, PICTURE + b" of another car")
    fitting = attachments.fitting

    async def breaking(attachment, most_bytes):
        if attachment.id == file.id:
            raise MemoryError
        await asyncio.sleep(0.05)
        return await fitting(attachment, most_bytes)

    monkeypatch.setattr(attachments, "fitting", breaking)
    [started] = await begin(dealer)
    assert started.outgoing.message_id == fine.id
    assert (await again(message)).state == State.QUEUED


# What happens meanwhile


async def packed(dealer: Shop, owner: str = OWNER) -> dict[object, Packed]:
    """Claimed and read, and there the worker stands."""
    _, news = await delivery.start(owner, await dealer.claim(owner))
    found, _ = await delivery.pack(owner, news.with_files, channel_of(dealer))
    return found


async def test_a_worker_that_dies_over_the_files_leaves_a_message_that_another_sends_once(house):
    dealer = await shop(options=MMS)
    message, _ = await with_picture(dealer)
    read = await packed(dealer)
    assert await attempts(message) == []
    await delivery.end_dead_leases(lambda owner: owner == OWNER)
    assert (await again(message)).state == State.QUEUED
    [started] = await begin(dealer, OTHER)
    late, _ = await delivery.start(OWNER, list(read), read)
    assert late == []
    await end([started], Accepted("p-1"))
    assert (await again(message)).state == State.ACCEPTED
    assert len(await attempts(message)) == 1


async def test_its_lease_is_kept_while_its_files_are_read(house, clock):
    dealer = await shop(options=MMS)
    message, _ = await with_picture(dealer)
    await packed(dealer)
    await put(message, lease_until=clock.now())
    await delivery.renew(OWNER, [message.id])
    await delivery.sweep()
    assert (await again(message)).state == State.CLAIMED


async def test_a_message_cancelled_while_its_files_are_read_does_not_leave(house):
    dealer = await shop(options=MMS)
    message, _ = await with_picture(dealer)
    read = await packed(dealer)
    assert await messages.cancel(message, dealer.user)
    started, _ = await delivery.start(OWNER, list(read), read)
    assert started == []
    assert (await again(message)).state == State.CANCELLED


async def test_an_opt_out_while_its_files_are_read_stops_the_message(house):
    dealer = await shop(options=MMS)
    message, _ = await with_picture(dealer)
    read = await packed(dealer)
    await make.opt_out(message.to_address, dealer.account)
    assert await suppressions.opted_out(dealer.account.id, message.to_address)
    started, _ = await delivery.start(OWNER, list(read), read)
    assert started == []
    assert ((await again(message)).state, (await again(message)).code) == (State.FAILED, "opted_out")


async def test_what_the_gate_refuses_is_refused_before_any_file_is_read(house, silent):
    dealer = await shop(options=MMS)
    message, _ = await with_picture(dealer)
    await make.opt_out(message.to_address, dealer.account)
    await begin(dealer)
    assert (await again(message)).code == "opted_out"
    assert silent == []


async def test_a_failed_message_that_is_sent_again_takes_its_files_along(house):
    dealer = await shop(options=MMS)
    message, file = await with_picture(dealer)
    data = await file_store.get(file.sha256)
    await file_store.delete(file.sha256)
    await begin(dealer)
    await file_store.put(file.sha256, data)
    assert await messages.retry(await again(message), dealer.user, 0)
    [started] = await begin(dealer)
    assert [media.data for media in started.outgoing.media] == [PICTURE]


async def test_a_text_without_files_costs_no_statement_more(house, count_queries):
    dealer = await shop(options=MMS)
    await dealer.texts(10)
    claimed: Sequence = await dealer.claim()
    with count_queries() as queries:
        started, news = await delivery.start(OWNER, claimed)
    assert (len(started), news.with_files) == (10, [])
    asking = [statement for statement in queries.statements if "attachment" in statement]
    assert len(asking) == 1
    assert "EXISTS (SELECT 1 FROM message_attachment" in asking[0]
