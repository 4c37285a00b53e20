"""What a look found, kept with the listings of a draft until it starts or says something else."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from domain import clock, db
from domain.batches.tables import Batch, BatchListing

COLUMNS = ("channel", "code", "waits", "first", "segments", "length", "fallbacks")
TYPES = ("text", "text", "text", "boolean", "int", "int", "int", "uuid", "int")  # of a row, as PostgreSQL asks


found = itemgetter(*COLUMNS)  # what a row of `kept` says


async def kept(batch: Batch) -> list[dict[str, Any]]:
    """What is kept of each listing by now, in their order: {n, listing, ...COLUMNS}."""
    return await BatchListing.raw(
        f"SELECT n, listing, {', '.join(COLUMNS)} FROM batch_listing WHERE batch = {{}} ORDER BY n",  # noqa: S608 - fixed
        batch.id,
    )


async def keep(batch: Batch, rows: Sequence[tuple[Any, ...]], another: bool, *, line: bool) -> None:
    """Writes `rows` (the values of COLUMNS, the batch, the place), all or none; none once there are other words: those
    are looked at by whoever wrote them.

    With `another` the draft has a new revision: what somebody confirmed by the old one does not start. `line` says
    whether texts end with the opt-out line. `batch` follows.
    """
    now = clock.now()
    async with db.writing():
        same = await Batch.raw(
            """UPDATE batch SET revision = revision + {}, opt_out_line = {}, changed_at = {}
               WHERE id = {} AND revision = {} AND state = 'draft' RETURNING revision""",
            int(another),
            line,
            now,
            batch.id,
            batch.revision,
        )
        if same and rows:
            looked, arguments = db.given(TYPES, rows)
            await BatchListing.raw(
                f"""UPDATE batch_listing SET channel = column1, code = column2, waits = column3, first = column4,
                           segments = column5, length = column6, fallbacks = column7
                    FROM {looked} WHERE batch = column8 AND n = column9""",  # noqa: S608 - fixed words
                *arguments,
            )
    if same:
        batch.revision, batch.opt_out_line, batch.changed_at = same[0]["revision"], line, now
