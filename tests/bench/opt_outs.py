"""How well sellers are understood who want no more messages, and how long reading one takes."""

import time
from collections.abc import Iterator

from domain.opt_out_words import understand
from tests.bench.figures import Figure, Target, percentile
from tests.bench.houses import Databases
from tests.bench.plan import Plan, say
from tests.corpus import opt_outs
from tests.corpus.opt_outs import LABELS, Confusion


def measure(plan: Plan, databases: Databases) -> Iterator[Figure]:
    say("opt-outs in plain language")
    held_back, tuned = opt_outs.held_back(), opt_outs.tuned()
    yield from _quality(f"Opt-outs, {len(held_back):,} messages held back", opt_outs.confusion(held_back), wished=True)
    yield from _quality(f"Opt-outs, {len(tuned):,} messages tuned on", opt_outs.confusion(tuned), wished=False)
    runs = [_times() for _ in range(plan.runs)]
    yield Figure("Reading a message, half of them", "µs", tuple(percentile(run, 50) for run in runs), Target(200))
    yield Figure("  99 of 100", "µs", tuple(percentile(run, 99) for run in runs))


def _quality(name: str, found: Confusion, wished: bool) -> Iterator[Figure]:
    """The corpus is the same in every run, so one is enough."""
    for what, unit, number, target in (
        (f"{name}: stopped at once", "%", found.recall, Target(98, at_most=False)),
        ("  stopped, though the conversation goes on", "%", found.false_stops, Target(1)),
        ("  stopped, though somebody should look first", "%", found.hasty_stops, Target(1)),
        ("  opt-outs taken for a conversation that goes on", "", found.overheard, Target(0)),
    ):
        yield Figure(what, unit, (number,), target if wished else None)
    for label in LABELS:
        for outcome in LABELS:
            yield Figure(f"  {label} read as {outcome}", "", (found.counts[label, outcome],))


def _times() -> list[float]:
    """Microseconds of each message of the corpus."""
    times = []
    for each in opt_outs.everything():
        began = time.perf_counter_ns()
        understand(each.text)
        times.append((time.perf_counter_ns() - began) / 1000)
    return times
