"""The recipients of a batch as a CSV file, written while they are read, with no cell that a spreadsheet would run."""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from domain import csv_files
from domain.batches import reasons, watching
from domain.batches.tables import Batch
from domain.listings import title
from domain.sellers import full_name

HEADER = ("Vehicle", "Seller", "Channel", "To", "State", "Code", "Reason", "Segments", "Attempts", "Changed")


async def export(batch: Batch, group: str = "", code: str = "") -> AsyncIterator[str]:
    """All recipients, or those of a group or with a code."""
    yield "\ufeff" + _csv([HEADER])  # without the mark Excel takes it for Windows-1252
    rows: list[list[str]] = []
    async for row in watching.every_recipient(batch, group, code):
        rows.append(_exported(row))
        if len(rows) == watching.CHUNK:
            yield _csv(rows)
            rows = []
    if rows:
        yield _csv(rows)


def _exported(row: Mapping[str, Any]) -> list[str]:
    cells = (
        title(row["year"], row["make"], row["model"]),
        full_name(row["first_name"] or "", row["last_name"] or ""),
        row["channel"] if row["to_address"] else "",
        row["to_address"],
        row["state"],
        row["code"],
        row["reason"] or (reasons.sentence(row["code"]) if row["code"] else ""),
        str(row["segments"]),
        str(row["attempts"]),
        f"{row['changed_at']:%Y-%m-%d %H:%M}Z",
    )
    return [csv_files.safe(cell) for cell in cells]


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()
