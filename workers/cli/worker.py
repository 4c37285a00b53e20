"""Runs one worker: sends what is due, receives, and does the clockwork. The database is expected to be migrated."""

import argparse

from workers.cli.web import add_supervision
from workers.processes import follow_parent, wait_at


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_supervision(parser)


def run(args: argparse.Namespace) -> int:
    if args.supervised:
        follow_parent()
    from workers import settings

    wait_at(args.gate)
    settings.run()
    return 0
