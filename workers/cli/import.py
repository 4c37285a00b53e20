"""Reads listings from a CSV file; the same ad again is updated. Rows that are refused go into a file beside it."""

import argparse
import asyncio
import json
import shutil
import sys
import time
from pathlib import Path

from domain import accounts, csv_files, db, imports
from domain.errors import NotFound, Refused
from domain.imports import Import
from workers.processes import identity

SHOWN = 5  # refusals told on stderr; the file has them all
REDRAW = 0.1  # seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["listings"], help="what the file holds")
    parser.add_argument("file", type=Path, metavar="FILE.csv")
    parser.add_argument("--account", required=True, metavar="SLUG", help="the dealership that gets them")
    parser.add_argument("--source", default="", metavar="S", help="the site of rows that name none, such as craigslist")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    job, refused_file = asyncio.run(_import(args.file, args.account, args.source))
    if job.state != "done":
        print(job.problem, file=sys.stderr)
    if args.json:
        counts = {name: getattr(job, name) for name in ("created", "updated", "refused")}
        print(json.dumps({**counts, "refused_file": str(refused_file) if refused_file else None}))
    else:
        print(f"created {job.created}, updated {job.updated}, refused {job.refused}")
    return 0 if job.state == "done" else 1


async def _import(file: Path, slug: str, source: str) -> tuple[Import, Path | None]:
    csv_files.sniff(file)  # says what is wrong with the file before anything is copied
    owner = identity()
    async with db.opened():
        try:
            account = await accounts.named(slug)
        except NotFound:
            raise Refused(f"There is no account “{slug}”. Check --account.") from None
        with file.open("rb") as stream:
            job = await imports.upload(account.id, None, file.name, stream, source)
        await _start(job, owner)
        with Progress(imports.total_rows(job)) as progress:
            try:
                await imports.run(job.id, owner, progress.show)
            except asyncio.CancelledError:
                await imports.stop(job, "Stopped from the keyboard. What is in stays in.")
                raise
        job = await imports.of(account.id, job.id)
        refused_file = _hand_over(imports.refused_path(job), file) if job.refused else None
        for row in await imports.refusals(job, SHOWN):
            print(f"line {row['line']}: {row['reason']}", file=sys.stderr)
        if refused_file:
            more = f"… and {job.refused - SHOWN:,} more. " if job.refused > SHOWN else ""
            print(f"{more}All refused rows are in {refused_file}", file=sys.stderr)
        if filtered := imports.filtered_rows(job):
            print(f"Hidden, because the seller was reported as a dealership: {filtered:,}", file=sys.stderr)
    return job, refused_file


async def _start(job: Import, owner: str) -> None:
    found = await imports.preview(job)
    if found.unknown:
        print(f"Left out, because Lotwire does not know them: {', '.join(found.unknown)}", file=sys.stderr)
    if not found.rows:
        print("The file has a header, but no rows below it.", file=sys.stderr)
    try:
        await imports.start(job, found.columns, owner)
    except Refused as error:
        await imports.discard(job)
        header = ", ".join(name for name in found.header if name)
        raise Refused(f"{error.message} The header of the file names: {header[:300]}") from None


def _hand_over(refused: Path, file: Path) -> Path:
    """Puts the refused rows beside the input; where that cannot be written they stay in the data directory."""
    beside = file.with_name(f"{file.stem}.refused.csv")
    try:
        shutil.copyfile(refused, beside)
    except OSError:
        return refused
    return beside


class Progress:
    """A bar on stderr while the import runs; nothing when nobody watches."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._watched = sys.stderr.isatty()
        self._began = time.monotonic()
        self._drawn = 0.0

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)  # the lines below need no half a bar above them

    def show(self, job: Import) -> None:
        now = time.monotonic()
        if self._watched and now - self._drawn >= REDRAW:
            self._drawn = now
            print(f"\r{self._line(job.done_rows, now - self._began)}\x1b[K", end="", file=sys.stderr, flush=True)

    def _line(self, done: int, seconds: float) -> str:
        share = done / max(self._total, done, 1)
        left = f"{seconds / share * (1 - share):.0f} s left" if share else ""
        numbers = f" {share:4.0%} {done:,} of {self._total:,} rows, {left}"
        width = min(40, shutil.get_terminal_size().columns - len(numbers) - 3)
        if width < 5:
            return numbers.strip()
        full = round(width * share)
        return f"[{'=' * full}{' ' * (width - full)}]{numbers}"
