"""How much is measured, and the line on stderr that says what is being measured."""

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Sizes of a bench. `engines` are of "sqlite", "postgres"; `runs` of each figure, times in seconds."""

    engines: tuple[str, ...]
    runs: int
    messages: int
    batch: int  # recipients
    rows: int
    listings: int
    load: float  # each side of a comparison of pages is asked for so long
    rest: float  # before memory is looked at


def whole(engines: tuple[str, ...], runs: int) -> Plan:
    return Plan(engines, runs, messages=2_000, batch=10_000, rows=50_000, listings=10_000, load=4.0, rest=10.0)


def quick(engines: tuple[str, ...], runs: int) -> Plan:
    """A tenth of the work, for a look."""
    return Plan(engines, runs, messages=200, batch=1_000, rows=5_000, listings=1_000, load=1.0, rest=2.0)


def say(what: str) -> None:
    print(f"measuring {what} …", file=sys.stderr, flush=True)
