"""Files are kept once, found by their account alone, made to fit, shared by links that end, and tidied up."""

import asyncio
import io
import threading
from typing import Any
from uuid import UUID

import pytest
from PIL import Image

from domain import attachments, file_store, ids, virus_scan
from domain.attachments import (
    Attachment,
    AttachmentVariant,
    FileLink,
    MessageAttachment,
    TemplateAttachment,
    tidying,
)
from domain.audit import AuditEntry
from domain.batches.files import BatchAttachment
from domain.batches.tables import Batch
from domain.drafts import DraftAttachment
from domain.errors import NotFound, Refused, Unavailable
from domain.message_templates import TemplateVersion
from tests import make
from tests.conftest import Clock
from tests.files import animation, pdf, picture, stored

PUBLIC = "https://lotwire.example"


async def kept(name: str = "front.jpg", data: bytes | None = None, **values: Any) -> Attachment:
    """A file of the first account's, its bytes in the store."""
    account = values.pop("account", None) or (await make.dealership()).id
    return await attachments.add(account, values.pop("user", None), name, data or picture((64, 48)))


async def again(attachment: Attachment) -> Attachment | None:
    return await Attachment.objects().get(Attachment.id == attachment.id)


# Coming in


async def test_a_file_is_looked_into_and_kept(house: None) -> None:
    user = await make.user()
    made = await attachments.add(user.account, user.id, "../My car.exe", picture((1200, 800)))
    assert (made.name, made.media_type, made.width, made.height) == ("My car.jpg", "image/jpeg", 1200, 800)
    assert (made.account, made.user, made.thumb) == (user.account, user.id, True)
    data = await attachments.read(made)
    assert made.size == len(data)
    assert Image.open(io.BytesIO(data)).size == (1200, 800)
    assert Image.open(io.BytesIO(await attachments.read(made, thumb=True))).size == (240, 160)
    again = await attachments.by_id(user.account, made.id)
    assert (again.sha256, again.size) == (made.sha256, made.size)


async def test_the_same_bytes_are_stored_once_under_both_names(house: None, data_dir: Any) -> None:
    first, second = await kept("a.jpg"), await kept("a.jpg")
    data = pdf()
    one, other = await kept("a.pdf", data), await kept("b.pdf", data)
    assert first.sha256 != second.sha256  # the premise: noise
    assert (one.sha256, one.name, other.name) == (other.sha256, "a.pdf", "b.pdf")
    assert one.id != other.id
    files = [path.name for path in data_dir.glob("attachments/*/*")]
    assert files.count(one.sha256) == 1
    assert len(files) == 5  # two pictures with thumbnails


async def test_what_is_refused_leaves_nothing_behind(house: None, data_dir: Any) -> None:
    with pytest.raises(Refused, match=r"“a\.pdf” is a program"):
        await kept("a.pdf", b"#!/bin/sh\n")
    assert await Attachment.count() == 0
    assert not list(data_dir.glob("attachments/*/*"))


async def test_what_the_scanner_refuses_is_not_kept(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    async def refuses(name: str, data: bytes) -> None:
        seen.append((name, data))
        raise Refused("“a.txt” holds malware.", "file", "malware")

    monkeypatch.setattr(virus_scan, "check", refuses)
    with pytest.raises(Refused, match="holds malware"):
        await kept("a.exe", b"hello")
    assert seen == [("a.txt", b"hello")]
    assert await Attachment.count() == 0


async def test_a_store_that_does_not_answer_leaves_no_row(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(*args: Any, **kwargs: Any) -> None:
        raise Unavailable("The file store does not answer.")

    monkeypatch.setattr(file_store, "put", silent)
    with pytest.raises(Unavailable):
        await kept()
    assert await Attachment.count() == 0


async def test_files_are_looked_into_beside_the_event_loop_one_at_a_time(
    house: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from domain import file_contents

    look, inside, most, threads = file_contents.look, 0, 0, set()
    lock = threading.Lock()

    def watched(name: str, data: bytes) -> Any:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        threads.add(threading.current_thread())
        try:
            return look(name, data)
        finally:
            with lock:
                inside -= 1

    monkeypatch.setattr(file_contents, "look", watched)
    await make.dealership()
    await asyncio.gather(*(kept(f"{number}.jpg") for number in range(4)))
    assert most == 1
    assert threading.main_thread() not in threads


class Posted:
    """A file of the web: endless, and how much of it was read."""

    filename = "endless.txt"

    def __init__(self) -> None:
        self.asked = 0

    async def read(self, size: int = -1) -> bytes:
        self.asked = size
        return b"a" * size


async def test_no_more_of_an_upload_is_read_than_may_be_kept(house: None) -> None:
    posted = Posted()
    with pytest.raises(Refused, match="is larger than 25 MB"):
        await attachments.upload((await make.dealership()).id, None, posted)
    assert posted.asked == 25_000_001


# Found again


async def test_files_come_in_the_order_asked_and_only_those_of_the_account(house: None) -> None:
    mine = [await make.attachment() for _ in range(3)]
    foreign = await make.attachment(await make.account())
    removed = await make.attachment(removed_at=foreign.created_at)
    wanted = [mine[2].id, foreign.id, ids.new(), mine[0].id, removed.id, mine[1].id]
    found = await attachments.of(mine[0].account, wanted)
    assert [each.id for each in found] == [mine[2].id, mine[0].id, mine[1].id]
    assert await attachments.of(mine[0].account, []) == []
    for other in (foreign, removed):
        with pytest.raises(NotFound):
            await attachments.by_id(mine[0].account, other.id)


async def test_bytes_that_are_gone_are_not_found(house: None) -> None:
    file = await kept("a.txt", b"hello")
    await file_store.delete(file.sha256)
    with pytest.raises(NotFound):
        await attachments.read(file)
    with pytest.raises(NotFound):
        await attachments.read(file, thumb=True)


# Made to fit


async def test_what_fits_goes_as_it_is(house: None) -> None:
    file = await kept()
    media = await attachments.fitting(file, file.size)
    assert (media.name, media.media_type, media.data) == (file.name, file.media_type, await attachments.read(file))
    assert await AttachmentVariant.count() == 0


async def test_a_picture_is_made_smaller_once(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    file = await kept("car.png", picture((900, 600), "PNG"))
    assert file.size > 200_000
    first = await attachments.fitting(file, 100_000)
    assert len(first.data) <= 100_000
    assert (first.name, first.media_type) == ("car.jpg", "image/jpeg")
    monkeypatch.setattr("domain.file_contents.shrunk", None)  # not called again
    assert await attachments.fitting(file, 100_000) == first
    assert await AttachmentVariant.count() == 1


async def test_a_smaller_picture_that_was_lost_is_made_again(house: None) -> None:
    file = await kept("car.png", picture((900, 600), "PNG"))
    first = await attachments.fitting(file, 100_000)
    [variant] = await AttachmentVariant.objects()
    await file_store.delete(variant.sha256)
    assert await attachments.fitting(file, 100_000) == first
    assert await AttachmentVariant.count() == 1


async def test_two_at_once_make_one_variant(house: None) -> None:
    file = await kept("car.png", picture((600, 400), "PNG"))
    one, other = await asyncio.gather(attachments.fitting(file, 50_000), attachments.fitting(file, 50_000))
    assert one == other
    assert await AttachmentVariant.count() == 1


async def test_what_cannot_be_made_small_enough_is_refused(house: None) -> None:
    document, image = await kept("a.pdf", pdf()), await kept("a.gif", animation())
    for file in (document, image):
        with pytest.raises(Refused, match=r"cannot be made smaller than 1 KB\. Send it as a link\."):
            await attachments.fitting(file, 100)


async def test_an_original_that_is_gone_is_said_so(house: None) -> None:
    file = await kept("car.png", picture((300, 200), "PNG"))
    await file_store.delete(file.sha256)
    for most in (10_000_000, 10_000):
        with pytest.raises(FileNotFoundError):
            await attachments.fitting(file, most)


# Links


async def shared(configure: Any, **values: Any) -> tuple[FileLink, Attachment]:
    configure(LOTWIRE_PUBLIC_URL=PUBLIC)
    file, user = await kept(**values), await make.user()
    return await attachments.share(file, (await make.listing()).id, user), file


def parts(url: str) -> tuple[UUID, str]:
    _, _, _, _, link_id, signed, _ = url.split("/")
    return UUID(link_id), signed


async def test_a_link_opens_the_file_and_is_counted(house: None, configure: Any) -> None:
    link, file = await shared(configure, name="Überführung 1.txt", data=b"hello")
    url = attachments.url(link, file)
    assert url.startswith(f"{PUBLIC}/files/{link.id}/")
    assert url.endswith("/%C3%9Cberf%C3%BChrung%201.txt")
    found, behind = await attachments.opened(*parts(url))
    assert (found.id, behind.id) == (link.id, file.id)
    await attachments.opened(*parts(url), counts=False)
    await attachments.opened(*parts(url))
    [row] = await FileLink.select()
    assert (row["opened"], row["opened_at"] is not None) == (2, True)
    actions = [row["action"] for row in await AuditEntry.select(AuditEntry.action)]
    assert actions == ["file.shared"]


async def test_without_a_public_address_there_are_no_links(house: None, configure: Any) -> None:
    configure(LOTWIRE_PUBLIC_URL="")
    with pytest.raises(Refused, match="no public address") as refused:
        await attachments.share(await kept(), None, await make.user())
    assert "LOTWIRE_PUBLIC_URL" in refused.value.message
    assert await FileLink.count() == 0


async def test_a_link_ends_after_thirty_days(house: None, configure: Any, clock: Clock) -> None:
    link, file = await shared(configure)
    address = parts(attachments.url(link, file))
    clock.advance(days=29, hours=23)
    await attachments.opened(*address)
    clock.advance(hours=2)
    with pytest.raises(NotFound):
        await attachments.opened(*address)


async def test_a_link_that_was_revoked_opens_no_more(house: None, configure: Any) -> None:
    link, file = await shared(configure)
    user = await make.user()
    await attachments.revoke(link, user)
    await attachments.revoke(link, user)
    with pytest.raises(NotFound):
        await attachments.opened(*parts(attachments.url(link, file)))
    actions = [row["action"] for row in await AuditEntry.select(AuditEntry.action).order_by(AuditEntry.at)]
    assert actions == ["file.shared", "file.unshared"]


async def test_a_link_to_a_file_that_was_removed_opens_nothing(house: None, configure: Any) -> None:
    link, file = await shared(configure)
    await Attachment.update({Attachment.removed_at: file.created_at}).where(Attachment.id == file.id)
    with pytest.raises(NotFound):
        await attachments.opened(*parts(attachments.url(link, file)))


async def test_a_signature_is_for_one_link_of_one_installation(house: None, configure: Any) -> None:
    link, file = await shared(configure)
    other, _ = await shared(configure)
    link_id, signed = parts(attachments.url(link, file))
    forged = [signed[:-2], signed + "A", signed.swapcase(), "", "ä", parts(attachments.url(other, file))[1]]
    for wrong in forged:
        with pytest.raises(NotFound):
            await attachments.opened(link_id, wrong)
    with pytest.raises(NotFound):
        await attachments.opened(ids.new(), signed)
    configure(LOTWIRE_SECRET_KEY="another installation has another key than this")
    with pytest.raises(NotFound):
        await attachments.opened(link_id, signed)


async def test_a_link_is_found_by_its_account_alone(house: None, configure: Any) -> None:
    link, _ = await shared(configure)
    assert (await attachments.link_of(link.account, link.id)).id == link.id
    with pytest.raises(NotFound):
        await attachments.link_of((await make.account()).id, link.id)


# Taken back and tidied up


async def test_an_upload_that_is_taken_back_is_gone_at_once_and_its_bytes_soon(house: None) -> None:
    file = await kept()
    assert await attachments.discard(file)
    assert await attachments.of(file.account, [file.id]) == []
    assert await attachments.tidy() == 1
    assert await again(file) is None
    assert not await stored(file.sha256)
    assert not await stored(file.sha256, thumb=True)


async def use_in_message(file: Attachment) -> None:
    await MessageAttachment.insert(MessageAttachment(message=(await make.message()).id, attachment=file.id))


async def use_in_template(file: Attachment) -> None:
    template = await make.template()
    version = await TemplateVersion.objects().get(TemplateVersion.template == template.id)
    assert version is not None
    await TemplateAttachment.insert(TemplateAttachment(version=version.id, attachment=file.id))


async def use_in_batch(file: Attachment) -> None:
    batch = Batch(account=file.account, user=(await make.user()).id)
    await Batch.insert(batch)
    await BatchAttachment.insert(BatchAttachment(batch=batch.id, attachment=file.id))


async def use_in_link(file: Attachment) -> None:
    await attachments.share(file, None, await make.user())


async def use_in_draft(file: Attachment) -> None:
    draft = await make.draft(await make.listing())
    await DraftAttachment.insert(DraftAttachment(draft=draft.id, attachment=file.id))


@pytest.mark.parametrize("use", [use_in_message, use_in_template, use_in_batch, use_in_link])
async def test_what_is_needed_is_not_taken_back(house: None, configure: Any, clock: Clock, use: Any) -> None:
    configure(LOTWIRE_PUBLIC_URL=PUBLIC)
    file = await kept()
    await use(file)
    assert not await attachments.discard(file)
    assert await attachments.of(file.account, [file.id])
    clock.advance(days=8)
    assert await attachments.tidy() == 0
    assert await attachments.read(file)


async def test_a_draft_keeps_its_files(house: None, clock: Clock) -> None:
    file = await kept()
    await use_in_draft(file)
    clock.advance(days=80)
    assert await attachments.tidy() == 0
    await DraftAttachment.delete(force=True)
    assert await attachments.tidy() == 0
    assert await attachments.tidy(whole=True) == 1


async def test_an_upload_that_stands_nowhere_goes_after_a_week(house: None, clock: Clock) -> None:
    file = await kept("car.png", picture((600, 400), "PNG"))
    await attachments.fitting(file, 50_000)
    [variant] = await AttachmentVariant.objects()
    clock.advance(days=6, hours=23)
    assert await attachments.tidy() == 0
    clock.advance(hours=2)
    assert await attachments.tidy() == 1
    for sha256 in (file.sha256, variant.sha256):
        assert not await stored(sha256)
    assert await Attachment.count() == await AttachmentVariant.count() == 0
    assert await attachments.tidy() == 0


async def test_a_link_that_ended_keeps_nothing(house: None, configure: Any, clock: Clock) -> None:
    link, file = await shared(configure)
    await attachments.revoke(link, await make.user())
    clock.advance(days=8)
    assert await attachments.tidy() == 1
    assert await again(file) is None
    assert await FileLink.count() == 0


async def test_bytes_that_another_file_has_too_are_kept(house: None, clock: Clock) -> None:
    data = pdf()
    orphan = await kept("a.pdf", data)
    other = await kept("b.pdf", data, account=(await make.account()).id)
    await use_in_message(other)
    clock.advance(days=8)
    assert await attachments.tidy() == 1
    assert await again(orphan) is None
    assert await attachments.read(other) == data


async def test_the_last_of_several_orphans_takes_the_bytes_along(house: None, clock: Clock) -> None:
    first, second = await kept("a.pdf", pdf()), await kept("b.pdf", pdf())
    assert first.sha256 == second.sha256
    clock.advance(days=8)
    assert await attachments.tidy() == 2
    assert not await stored(first.sha256)


async def test_an_upload_while_the_same_bytes_go_keeps_them(
    house: None, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan = await kept("a.pdf", pdf())
    clock.advance(days=8)
    delete = file_store.delete
    uploaded: list[Attachment] = []

    async def raced(sha256: str, *, thumb: bool = False) -> None:
        """Somebody uploads the same after it was found unwanted, before it goes; their bytes come first."""
        if not uploaded:
            uploaded.append(await kept("b.pdf", pdf()))
        await delete(sha256, thumb=thumb)

    monkeypatch.setattr(file_store, "delete", raced)
    assert await attachments.tidy() == 1
    assert await again(orphan) is None
    assert uploaded[0].sha256 == orphan.sha256
    assert await attachments.read(uploaded[0]) == pdf()


async def test_bytes_the_store_did_not_let_go_go_the_next_time(
    house: None, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await kept()
    clock.advance(days=8)

    async def silent(*args: Any, **kwargs: Any) -> None:
        raise Unavailable("The file store does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(file_store, "delete", silent)
        assert await attachments.tidy() == 1
    assert await again(file) is None
    assert await stored(file.sha256)
    clock.advance(hours=1)
    assert await attachments.tidy() == 0
    assert not await stored(file.sha256)
    assert await Attachment.count() == 0


async def test_bytes_that_are_stuck_keep_no_others(house: None, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [await kept(f"{number}.txt", f"hello {number}".encode()) for number in range(5)]
    clock.advance(days=8)
    delete = file_store.delete

    async def stuck(sha256: str, *, thumb: bool = False) -> None:
        if sha256 in (files[0].sha256, files[1].sha256):
            raise PermissionError
        await delete(sha256, thumb=thumb)

    monkeypatch.setattr(file_store, "delete", stuck)
    assert await attachments.tidy() == 5
    assert [await stored(file.sha256) for file in files] == [True, True, False, False, False]


async def test_a_silent_store_is_not_asked_for_every_file(
    house: None, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        await kept(f"{number}.txt", f"hello {number}".encode())
    clock.advance(days=8)
    asked = []

    async def silent(sha256: str, *, thumb: bool = False) -> None:
        asked.append(sha256)
        raise Unavailable("The file store does not answer.")

    monkeypatch.setattr(file_store, "delete", silent)
    assert await attachments.tidy() == 6
    assert len(asked) == tidying.MOST_FAILURES


async def test_a_file_that_cannot_go_keeps_no_others_and_its_bytes(
    house: None, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the condition not enough, the foreign keys hold, and nothing of the file is gone."""
    needed, orphan = await kept("a.txt", b"needed"), await kept("b.txt", b"orphan")
    await use_in_message(needed)
    clock.advance(days=8)
    monkeypatch.setattr(tidying, "_NEEDED", "({} < attachment.created_at)")
    assert await attachments.tidy() == 1
    assert await again(orphan) is None
    assert await attachments.read(needed) == b"needed"


async def test_what_became_needed_between_the_look_and_the_deletion_stays_whole(
    house: None, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await kept("car.png", picture((600, 400), "PNG"))
    await attachments.fitting(file, 50_000)
    clock.advance(days=8)
    forget = tidying._forget

    async def raced(attachment_id: UUID) -> bool:
        await use_in_message(file)
        return await forget(attachment_id)

    monkeypatch.setattr(tidying, "_forget", raced)
    assert await attachments.tidy() == 0
    assert (row := await again(file)) is not None
    assert row.removed_at is None
    assert await attachments.read(file)
    assert await AttachmentVariant.count() == 1


async def test_each_statement_looks_at_a_few_files_and_all_are_looked_at(
    house: None, clock: Clock, monkeypatch: pytest.MonkeyPatch, count_queries: Any
) -> None:
    monkeypatch.setattr(tidying, "AT_ONCE", 3)
    for _ in range(10):
        await use_in_message(await make.attachment())
    orphans = [await make.attachment() for _ in range(4)]
    clock.advance(days=30)
    with count_queries() as queries:
        assert await attachments.tidy() == 0
    assert len(queries.statements) <= 4  # what is settled for long is not looked at again and again
    assert await attachments.tidy(whole=True) == 4
    assert [await again(each) for each in orphans] == [None] * 4


async def test_a_file_that_gets_needed_meanwhile_stays(house: None, clock: Clock) -> None:
    file = await kept()
    clock.advance(days=8)
    await use_in_message(file)
    assert not await tidying._forget(file.id)
    assert (row := await again(file)) is not None
    assert row.removed_at is None


async def test_damaged_bytes_go_like_any_other(house: None, clock: Clock, data_dir: Any) -> None:
    file = await kept("a.txt", b"hello")
    [path] = data_dir.glob(f"attachments/*/{file.sha256}")
    path.write_bytes(b"hellO")
    clock.advance(days=8)
    assert await attachments.tidy() == 1
    assert not path.exists()
