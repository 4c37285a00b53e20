"""Runs one worker: sends what is due, receives, and does the clockwork. The database is expected to be migrated."""

import argparse

from workers.processes import follow_parent


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--supervised", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    if args.supervised:
        follow_parent()
    from workers import settings

    settings.run()
    return 0
