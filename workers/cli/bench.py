"""Measures how fast this machine starts, shows pages, sends and imports, beside bare programs."""

import argparse
import importlib

MEASURES = (
    "startup",
    "pages",
    "delivery",
    "hooks",
    "precision",
    "import",
    "lists",
    "gate",
    "judging",
    "preflight",
    "opt-outs",
    "window",
    "chaos",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        nargs="*",
        choices=MEASURES,
        metavar="WHAT",
        help=f"what to measure: {', '.join(MEASURES)} (default: all)",
    )
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both", help="default: both")
    parser.add_argument(
        "--runs",
        type=_count,
        metavar="N",
        help="how often each is measured (default: 5; imports, lists and precision 3)",
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, for a look: noisier")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    # By name: what measures lives with the tests and is not part of what runs a dealership.
    return int(importlib.import_module("tests.bench.run").run(args))


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError("give a number from 1 to 1000")
    return int(text)
