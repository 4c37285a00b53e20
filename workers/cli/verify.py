"""Checks that not one byte of an exported seller's file was changed, and whether this installation exported it."""

import argparse
import asyncio
import sys
from pathlib import Path

from domain import db, seller_files
from domain.errors import Refused
from domain.seller_files import Checked
from domain.settings import settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE.zip", help="what “Export this seller’s file” gave")
    parser.epilog = "Exit status 0: unchanged, and in the audit log here. 1: anything else, with a sentence."


def run(args: argparse.Namespace) -> int:
    path = settings().sqlite_path
    if path is not None and not path.exists():
        raise Refused("There is no database here. Without one, verify.py in the archive tells whether it was changed.")
    checked = asyncio.run(_check(args.file))
    if checked.fault:
        print(f"Changed: {checked.fault}", file=sys.stderr)
        return 1
    print(f"SHA-256 {checked.sha256}")
    if checked.known_at is None:
        print(
            "It is whole, but this installation did not export it: it comes from another one, or was made anew.",
            file=sys.stderr,
        )
        return 1
    print(f"Unchanged since it was exported here on {checked.known_at:%Y-%m-%d %H:%M:%S} UTC.")
    return 0


async def _check(file: Path) -> Checked:
    async with db.opened():
        return await seller_files.check(file)
