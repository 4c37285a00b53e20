"""What the Send Message window asks for while somebody types: wordings filled in, a preview, templates and emoji."""

import random
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from domain import wordings
from domain.shipped_templates import SHIPPED
from domain.wildcards import WILDCARDS
from tests.bench import houses
from tests.bench.figures import Figure, Target, percentile, ratios
from tests.bench.houses import CannotMeasure, Databases, House, Running
from tests.bench.plan import Plan, say

VEHICLES = 100  # each of them with every shipped wording: one pair
UNKNOWN = 0.3  # of what the wildcards stand for
LONGEST = 1_500  # characters
WARM_UP = 0.25  # of the time each side is asked
BARE = re.compile(r"\{\{([^{}|]*)(?:\|([^{}]*))?\}\}")

# Whatever the window asks the server for, by the name tests/bench/inside.py gives it: what it is, and the wish.
ASKED = {
    "search": ("Search of 1,000 templates", Target(50)),
    "preview": ("Preview of a text", None),
    "emoji": ("Search of the emoji", None),
}


def measure(plan: Plan, databases: Databases) -> Iterator[Figure]:
    yield from _rendering(plan)
    for engine in plan.engines:
        with databases.house(engine) as house, houses.running(house) as lotwire:
            made = house.ask("tests.bench.inside", "window")
            for name in ASKED:
                yield from _answering(plan, house, lotwire, name, made)


def _rendering(plan: Plan) -> Iterator[Figure]:
    say("wordings filled in")
    chance = random.Random(5)
    vehicles = [_values(chance) for _ in range(VEHICLES)]
    pairs = [(shipped.body, known) for shipped in SHIPPED for known in vehicles]
    long = " ".join([shipped.body for shipped in SHIPPED])[:LONGEST]
    ours: list[list[float]] = []
    theirs: list[list[float]] = []
    wordings.render(*pairs[0])  # what is kept in memory is read once
    for _ in range(plan.runs):
        theirs.append(_times(_bare, pairs))
        ours.append(_times(wordings.render, pairs))
    longest = [_times(wordings.render, [(long, known) for known in vehicles]) for _ in range(plan.runs)]
    half, bare_half = ([percentile(run, 50) for run in runs] for runs in (ours, theirs))
    yield Figure(f"A wording filled in and counted, {len(pairs):,} pairs, half of them", "µs", tuple(half))
    yield Figure("  99 of 100", "µs", tuple(percentile(run, 99) for run in ours), Target(1000))
    yield Figure("  bare replacement beside it, half of them", "µs", tuple(bare_half))
    yield Figure("  ratio", "× bare", ratios(half, bare_half))
    yield Figure(f"  one of {LONGEST:,} characters, 99 of 100", "µs", tuple(percentile(run, 99) for run in longest))


def _values(chance: random.Random) -> dict[str, str]:
    return {
        token: "" if chance.random() < UNKNOWN else chance.choice([wildcard.example, wildcard.example + " é", "🚗"])
        for token, wildcard in WILDCARDS.items()
    }


def _bare(wording: str, known: dict[str, str]) -> str:
    """What nobody can leave out: every token replaced, by its fallback if need be. Nothing looked at or counted."""
    return BARE.sub(lambda found: known.get(found[1], "") or found[2] or "", wording)


def _times(work: Callable[[str, dict[str, str]], object], pairs: list[tuple[str, dict[str, str]]]) -> list[float]:
    """Microseconds of processor time of each pair; by the clock, every turn of another program would look slow."""
    times = []
    for wording, known in pairs:
        began = time.thread_time_ns()
        work(wording, known)
        times.append((time.thread_time_ns() - began) / 1000)
    return times


def _answering(plan: Plan, house: House, lotwire: Running, name: str, made: Any) -> Iterator[Figure]:
    """One question, asked by one person who waits for each answer, beside a bare page of the same bytes."""
    asked = made["asked"][name]
    real = [lotwire.url + asked["path"], "--cookie", made["cookie"], "--form", asked["form"], "--token", made["token"]]
    warm_up = plan.load * WARM_UP
    size = int(_ask(house, warm_up, *real)["bytes"])
    port = houses.free_port()
    command = (*houses.PYTHON, "tests.bench.bare_page", "--port", str(port), "--bytes", str(size), "--rows", "3")
    ours: list[Any] = []
    theirs: list[Any] = []
    with houses.server(command, house.environ, port, house.data.parent / "bare.log"):
        bare = f"http://127.0.0.1:{port}/"
        if (got := int(_ask(house, warm_up, bare)["bytes"])) != size:
            raise CannotMeasure(f"The bare page has {got:,} bytes and not {size:,}.")
        for run in range(plan.runs):
            say(f"{name} on {house.name}, {run + 1} of {plan.runs}")
            theirs.append(_ask(house, plan.load / 2, bare))
            ours.append(_ask(house, plan.load / 2, *real))
    what, wished = ASKED[name]
    half, bare_half = ([each["p50"] for each in runs] for runs in (ours, theirs))
    yield Figure(f"{what}, {house.name}, half of them", "ms", tuple(half))
    yield Figure("  95 of 100", "ms", tuple(each["p95"] for each in ours), wished)
    yield Figure(f"  bare page of {size / 1000:.1f} kB beside it, half of them", "ms", tuple(bare_half))
    yield Figure("  ratio", "× bare", ratios(half, bare_half))


def _ask(house: House, seconds: float, *words: str) -> Any:
    return house.ask("tests.bench.load", *words, "--connections", "1", "--seconds", str(seconds))
