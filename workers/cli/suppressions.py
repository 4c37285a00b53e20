"""Reads a CSV file of phone numbers and email addresses into a no-contact list, or writes a list as CSV."""

import argparse
import asyncio
import sys
from pathlib import Path

from domain import accounts, db
from domain.accounts import Account
from domain.errors import NotFound, Refused
from domain.suppressions import Kind, ListImport, files, paging

SHOWN = 5  # refused rows told on stderr
REDRAW = 25_000  # rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["import", "export"])
    parser.add_argument("list", choices=[str(kind) for kind in Kind], help="dnc: your own do-not-contact list")
    parser.add_argument("file", type=Path, metavar="FILE.csv", help="what is read, or written anew")
    parser.add_argument("--account", required=True, metavar="SLUG", help="the dealership")
    parser.add_argument(
        "--scrubbed-on", default="", metavar="2026-11-20", help="import: the day a public list was fetched"
    )


def run(args: argparse.Namespace) -> int:
    if args.what == "export":
        return asyncio.run(_export(Kind(args.list), args.file, args.account))
    job, refused = asyncio.run(_import(args.list, args.file, args.account, args.scrubbed_on))
    for row in refused[:SHOWN]:
        print(f"line {row.line}: {row.reason}", file=sys.stderr)
    if job.refused > SHOWN:
        print(f"… and {job.refused - SHOWN:,} more.", file=sys.stderr)
    if job.state != "done":
        print(job.problem, file=sys.stderr)
    print(f"rows {job.rows}, added {job.added}, known {job.known}, refused {job.refused}")
    return 0 if job.state == "done" else 1


async def _import(kind: str, file: Path, slug: str, scrubbed_on: str) -> tuple[ListImport, list[files.RefusedRow]]:
    async with db.opened():
        account = await _account(slug)
        try:
            stream = file.open("rb")
        except OSError as error:
            raise Refused(f"The file cannot be read: {error.strerror}.") from None
        with stream:
            job = await files.upload(account, None, kind, file.name, stream, scrubbed_on)
        while not await files.run(job.id, _progress):  # a running worker may have been quicker: it is waited for
            job = await files.of(account.id, job.id)
            if job.state != "running":
                break
            await asyncio.sleep(0.5)
        job = await files.of(account.id, job.id)
    return job, files.refusals(job)


async def _export(kind: Kind, file: Path, slug: str) -> int:
    async with db.opened():
        account = await _account(slug)
        try:
            with file.open("w", encoding="utf-8", newline="") as out:
                async for part in paging.export(kind, account.id):
                    out.write(part)
        except OSError as error:
            raise Refused(f"The file cannot be written: {error.strerror}.") from None
    return 0


async def _account(slug: str) -> Account:
    try:
        return await accounts.named(slug)
    except NotFound:
        raise Refused(f"There is no account “{slug}”. Check --account.") from None


def _progress(job: ListImport) -> None:
    if sys.stderr.isatty() and job.rows % REDRAW < files.CHUNK:
        print(f"{job.rows:,} rows", file=sys.stderr, flush=True)
