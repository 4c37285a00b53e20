"""Uploads that nobody needs any more go, and their bytes when no other file has the same."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain import clock, db, file_store
from domain.attachments.keeping import USED
from domain.attachments.tables import Attachment, AttachmentVariant, FileLink

KEPT = timedelta(days=7)  # an upload that stands nowhere: its window may still be open
FRESH = timedelta(days=2)  # how long after that an upload is looked at each time
AT_ONCE = 500  # files looked at by one statement
MOST_FAILURES = 3  # one after another: then it is the store that does not answer, not a file that is stuck

_NEEDED = f"({USED} OR EXISTS (SELECT 1 FROM draft_attachment d WHERE d.attachment = attachment.id))"
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_FIRST = UUID(int=0)
_MARK = ""  # the name of a row that stands only for bytes that are to go; no file has it

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

logger = logging.getLogger(__name__)


async def tidy(*, whole: bool = False) -> int:
    """Forgets uploads that stand in no message, batch, template, draft or working link after a week, or were taken
    back.

    How many went. Looked at is what was taken back and what became a week old within two days; `whole` looks at every
    file, which finds those whose draft or link ended later. Rows go first: in one transaction a file that nobody needs
    gives way to marks of its bytes, which nobody can come to need, and then the bytes go. What the file store does not
    let go keeps its mark until the next time.
    """
    until = clock.now() - KEPT
    gone = 0
    for due in (_taken_back(), _unneeded(_LONG_AGO if whole else until - FRESH, until)):
        async for each in due:
            try:
                gone += await _forget(each)
            except Exception:  # this one stays, the others go
                logger.exception("A file could not be tidied up", extra={"attachment": str(each)})
    await _drop_marked()
    return gone


async def _taken_back() -> AsyncIterator[UUID]:
    """Marks are not among them. At most so many that the next time is soon enough for the rest."""
    for row in await Attachment.raw(
        f"""SELECT id FROM attachment WHERE removed_at IS NOT NULL AND name <> {{}} AND NOT {_NEEDED}
            ORDER BY removed_at LIMIT {AT_ONCE}""",
        _MARK,
        clock.now(),
    ):
        yield row["id"]


async def _unneeded(since: datetime, until: datetime) -> AsyncIterator[UUID]:
    """Those of a time that nobody needs, in the order they came. Each statement looks at a few hundred files."""
    last = (since, _FIRST)
    while rows := await Attachment.raw(
        f"""SELECT id, created_at, removed_at IS NOT NULL OR {_NEEDED} AS stays FROM attachment
            WHERE (created_at, id) > ({{}}, {{}}) AND created_at < {{}} ORDER BY created_at, id LIMIT {AT_ONCE}""",
        clock.now(),
        *last,
        until,
    ):
        for row in rows:
            if not row["stays"]:
                yield row["id"]
        last = (rows[-1]["created_at"], rows[-1]["id"])


async def _forget(attachment_id: UUID) -> bool:
    """False when somebody came to need it, or another tidied it up."""
    now = clock.now()
    async with db.writing():
        if db.on_postgres():  # waits for whoever is just about to need it, so that the next statement sees that
            await Attachment.raw("SELECT id FROM attachment WHERE id = {} FOR UPDATE", attachment_id)
        rows = await Attachment.raw(
            f"SELECT account, sha256 FROM attachment WHERE id = {{}} AND NOT {_NEEDED}", attachment_id, now
        )
        if not rows:
            return False
        mine = AttachmentVariant.attachment == attachment_id
        variants = await AttachmentVariant.delete().where(mine).returning(AttachmentVariant.sha256)
        await FileLink.delete().where(FileLink.attachment == attachment_id)
        await Attachment.delete().where(Attachment.id == attachment_id)
        bytes_of = dict.fromkeys(row["sha256"] for row in (*rows, *variants))
        await Attachment.insert(*[_mark(rows[0]["account"], sha256, now) for sha256 in bytes_of])
    return True


def _mark(account_id: UUID, sha256: str, now: datetime) -> Attachment:
    return Attachment(account=account_id, name=_MARK, media_type="", sha256=sha256, size=0, removed_at=now)


async def _drop_marked() -> None:
    """The bytes of all marks. One that fails goes to the end of the line and stops no other."""
    now, failures = clock.now(), 0
    while failures < MOST_FAILURES:
        rows = await Attachment.raw(
            f"""SELECT id, sha256 FROM attachment WHERE removed_at IS NOT NULL AND removed_at <= {{}} AND name = {{}}
                ORDER BY removed_at LIMIT {AT_ONCE}""",
            now,
            _MARK,
        )
        for row in rows:
            try:
                await _drop(row["sha256"])
            except Exception:
                logger.warning("Bytes of a file could not be removed", extra={"sha256": row["sha256"]}, exc_info=True)
                await Attachment.update({Attachment.removed_at: clock.now() + timedelta(seconds=1)}).where(
                    Attachment.id == row["id"]
                )
                failures += 1
                if failures == MOST_FAILURES:
                    return
            else:
                await Attachment.delete().where(Attachment.id == row["id"])
                failures = 0
        if not rows:
            return


async def _drop(sha256: str) -> None:
    """Removes bytes that no file needs. Who uploads writes the row first, so that after the bytes are gone a second
    look tells whether somebody counted on them meanwhile: then they are put back."""
    if await _is_wanted(sha256):
        return
    kept = {thumb: await _peek(sha256, thumb) for thumb in (True, False)}
    for thumb in kept:
        await file_store.delete(sha256, thumb=thumb)
    if await _is_wanted(sha256):
        for thumb, data in kept.items():
            if data is not None:
                await file_store.put(sha256, data, thumb=thumb)


async def _peek(sha256: str, thumb: bool) -> bytes | None:
    try:
        return await file_store.get(sha256, thumb=thumb)
    except (FileNotFoundError, file_store.Damaged):
        return None


async def _is_wanted(sha256: str) -> bool:
    rows = await Attachment.raw(
        """SELECT 1 FROM attachment WHERE sha256 = {} AND removed_at IS NULL
           UNION ALL SELECT 1 FROM attachment_variant v JOIN attachment a ON a.id = v.attachment
                     WHERE v.sha256 = {} AND a.removed_at IS NULL LIMIT 1""",
        sha256,
        sha256,
    )
    return bool(rows)
