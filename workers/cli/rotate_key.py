"""Makes another key for the stored credentials and seals all of them anew, while everything runs."""

import argparse
import asyncio
import json
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    from domain import db, rotating, vault_keys

    async def rotate() -> rotating.Rotated:
        async with db.opened():
            return await rotating.rotate()

    done = asyncio.run(rotate())
    if args.json:
        print(json.dumps({"sealed": done.sealed, "lost": done.lost}))
    else:
        print(f"{done.sealed} sealed anew. Keep {vault_keys.path()} with your backups.")
    if done.lost:
        which = "1 connection" if done.lost == 1 else f"{done.lost} connections"
        print(f"No key opens the credentials of {which}: connect them again.", file=sys.stderr)
    return 1 if done.lost else 0
