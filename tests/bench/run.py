"""Measures what was asked for and prints it: a table, or JSON."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from tests.bench import (
    chaos,
    delivery,
    flood,
    imports,
    judging,
    lists,
    machine,
    opt_outs,
    pages,
    plan,
    precision,
    preflight,
    rules,
    startup,
    window,
)
from tests.bench.figures import Figure, table
from tests.bench.houses import CannotMeasure, Databases, isolate
from tests.bench.plan import Plan
from workers.cli.demo import daytime_offset

Measure = Callable[[Plan, Databases], Iterator[Figure]]

MEASURES: dict[str, Measure] = {
    "startup": startup.measure,
    "pages": pages.measure,
    "delivery": delivery.measure,
    "hooks": flood.measure,
    "precision": precision.measure,
    "import": imports.measure,
    "lists": lists.measure,
    "gate": rules.measure,
    "judging": judging.measure,
    "preflight": preflight.measure,
    "opt-outs": opt_outs.measure,
    "window": window.measure,
    "chaos": chaos.measure,
}
ASKED_FOR = {"chaos"}  # so long that it is measured only when it is named
RUNS = {"import": 3, "lists": 3, "precision": 3}  # the longest ones
USUAL_RUNS = 5


def run(args: argparse.Namespace) -> int:
    """Exit status 0 when everything was measured, however it turned out; else 1, with the reasons on stderr."""
    here = machine.this_machine()
    print(here, file=sys.stderr)
    if here.warning:
        print(here.warning, file=sys.stderr)
    figures: dict[str, list[Figure]] = {}
    problems: list[str] = []
    with tempfile.TemporaryDirectory(prefix="lotwire-bench-") as directory:
        isolate(directory, daytime_offset(datetime.now(UTC)))
        databases = Databases()
        try:
            for name, engines in _asked(args):
                sizes = (plan.quick if args.quick else plan.whole)(engines, args.runs or RUNS.get(name, USUAL_RUNS))
                figures.setdefault(name, [])
                try:
                    figures[name] += MEASURES[name](sizes, databases)
                except CannotMeasure as error:
                    problems.append(f"{name} could not be measured: {error}")
                    print(problems[-1], file=sys.stderr)
        finally:
            databases.stop()
    if args.json:
        shown = {name: [figure.record() for figure in each] for name, each in figures.items()}
        print(json.dumps({"machine": here.record(), "figures": shown, "problems": problems}, indent=2))
    else:
        print(table([figure for each in figures.values() for figure in each]))
    return 1 if problems else 0


def _asked(args: argparse.Namespace) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What to measure on which databases, one at a time, so that a missing one costs no other figure."""
    for name in args.what or [each for each in MEASURES if each not in ASKED_FOR]:
        if name in ("startup", "gate", "opt-outs"):
            yield name, ("sqlite",)
            continue
        engines = ("sqlite", "postgres") if args.database == "both" else (args.database,)
        if name == "window":  # part of it needs no database and is measured once
            yield name, engines
            continue
        for engine in engines:
            yield name, (engine,)
