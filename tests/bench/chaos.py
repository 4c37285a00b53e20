"""A batch of thousands and planned messages under dozens of random faults: what was lost, what left twice, and how long
it took until everything had its true end."""

import asyncio
import os
import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests import databases
from tests import site as sites
from tests.bench import houses
from tests.bench.figures import Figure, Target
from tests.bench.houses import CannotMeasure, Databases
from tests.bench.plan import Plan, say
from tests.chaos.faults import Run, Story

MORNING = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
FAULTS = 30


def measure(plan: Plan, _: Databases) -> Iterator[Figure]:
    """One run a database, `CHAOS_SEED` repeats it. Raises CannotMeasure with the seed when an invariant broke."""
    seed = int(os.environ.get("CHAOS_SEED") or random.randrange(1_000_000))
    for engine in plan.engines:
        say(f"{plan.messages:,} recipients under {FAULTS} faults on {houses.NAMES[engine]}, CHAOS_SEED={seed}")
        story = _run(plan, engine, seed)
        say(f"{dict(story.faults)}; {story.states}")
        name = f"A batch of {plan.messages:,} under {FAULTS} faults, {houses.NAMES[engine]}"
        yield Figure(name, "s", (story.seconds,))
        yield Figure("  lost", "", (story.lost,), Target(0))
        yield Figure("  twice", "", (story.twice,), Target(0))
        yield Figure("  of unknown fate", "", (story.states.get("unknown", 0),))
        yield Figure("  of them with no open call to explain it", "", (story.unexplained,), Target(0))


def _run(plan: Plan, engine: str, seed: int) -> Story:
    with tempfile.TemporaryDirectory(prefix="lotwire-bench-") as directory:
        made = databases.Databases(Path(directory), houses.DURABLE)
        try:
            with sites.running(made, engine, MORNING) as site:
                cluster = made.cluster() if engine == "postgres" else None
                run = Run(site, seed, plan.messages, plan.messages // 10, FAULTS, a_second=30, cluster=cluster)
                return asyncio.run(run.go())
        except AssertionError as error:
            raise CannotMeasure(str(error)) from error
        finally:
            made.stop()
