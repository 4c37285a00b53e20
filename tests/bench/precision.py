"""How late planned texts reach the carrier: many for one second, more than a second takes, and one after the other."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from tests.bench import houses
from tests.bench.figures import Figure, Target, percentile, ratios
from tests.bench.houses import CannotMeasure, Databases, House
from tests.bench.plan import Plan, say
from tests.simulator import DANA, RunningSimulator, running_simulator

AT_ONCE = Target(1.0)  # seconds until the last of those planned for one second is handed over
SPREAD = Target(100.0)  # milliseconds, of 99 of 100 that are due one after the other
FULL_RATE = Target(0.9, at_most=False)  # of what is queued by hand
SECONDS = 60.0  # over which some are spread, at full size
WHOLE = 2_000


def measure(plan: Plan, databases: Databases) -> Iterator[Figure]:
    for engine in plan.engines:
        with (
            databases.house(engine) as house,
            running_simulator(house.data.parent / "simulator") as simulator,
            houses.running(house),
        ):
            house.ask("tests.bench.planned", "connect", simulator.url, str(DANA["id"]))
            yield from _measure(plan, house, simulator)


def _measure(plan: Plan, house: House, simulator: RunningSimulator) -> Iterator[Figure]:
    many, few = plan.messages, plan.messages // 4
    _late(house, simulator, few // 4, 0)  # what is only done once
    last, half, rates, beside, spread, middle = [], [], [], [], [], []
    for run in range(plan.runs):
        say(f"precision on {house.name}, {run + 1} of {plan.runs}")
        at_once = _late(house, simulator, few, 0)
        last.append(max(at_once))
        half.append(percentile(at_once, 50))
        beside.append(many / max(_late(house, simulator, many, 0, "--by-hand")))
        rates.append(many / max(_late(house, simulator, many, 0)))
        one_by_one = _late(house, simulator, few, SECONDS * many / WHOLE)
        spread.append(percentile(one_by_one, 99) * 1000)
        middle.append(percentile(one_by_one, 50) * 1000)
    yield Figure(f"{few:,} texts planned for one second, the last handed over, {house.name}", "s", tuple(last), AT_ONCE)
    yield Figure("  half of them", "s", tuple(half))
    yield Figure(f"  {many:,} of them", "texts/s", tuple(rates))
    yield Figure("  as many queued by hand", "texts/s", tuple(beside))
    yield Figure("  ratio", "× by hand", ratios(rates, beside), FULL_RATE)
    yield Figure(f"{few:,} texts one after the other, 99 of 100 late by, {house.name}", "ms", tuple(spread), SPREAD)
    yield Figure("  half of them", "ms", tuple(middle))
    yield Figure("  early", "", (0.0,), Target(0.0))  # else it would not have come to this


def _late(house: House, simulator: RunningSimulator, messages: int, seconds: float, *how: str) -> Sequence[float]:
    """Seconds from the moment each text was planned for until the carrier took it, by the clock they share. Raises
    CannotMeasure when one left early, or not at all."""
    planned = house.ask("tests.bench.planned", "leave", str(messages), str(seconds), *how)
    taken = {each["text"]: datetime.fromisoformat(each["at"]) for each in simulator.messages()}
    lost = [words for words in planned if words not in taken]
    if lost:
        raise CannotMeasure(f"{len(lost):,} of {messages:,} planned texts did not leave.")
    late = [(taken[words] - datetime.fromisoformat(at)).total_seconds() for words, at in planned.items()]
    if min(late) < 0:
        raise CannotMeasure(f"A text left {-min(late) * 1000:.0f} ms early.")
    return late
