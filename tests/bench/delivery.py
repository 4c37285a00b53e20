"""Texts a second from the queue to the carrier's yes, with all their records, beside a bare loop of the same calls."""

from collections.abc import Iterator
from typing import Any

from tests.bench import houses
from tests.bench.figures import Figure, Target, ratios
from tests.bench.houses import CannotMeasure, Databases, House
from tests.bench.plan import Plan, say
from tests.simulator import DANA, RunningSimulator, running_simulator

RATIO = Target(0.4, at_most=False)
NONE = Target(0.0)
WARM_UP = 100  # texts


def measure(plan: Plan, databases: Databases) -> Iterator[Figure]:
    for engine in plan.engines:
        with (
            databases.house(engine) as house,
            running_simulator(house.data.parent / "simulator") as simulator,
            houses.running(house) as lotwire,
        ):
            house.ask("tests.bench.inside", "connect", simulator.url, str(DANA["id"]))
            yield from _measure(plan, house, simulator, lotwire.pid_of("worker"))


def _measure(plan: Plan, house: House, simulator: RunningSimulator, worker: int) -> Iterator[Figure]:
    _bare(house, simulator, WARM_UP)
    _send(house, WARM_UP, worker)
    before = simulator.counts()
    ours: list[Any] = []
    theirs: list[Any] = []
    for run in range(plan.runs):
        say(f"delivery on {house.name}, {run + 1} of {plan.runs}")
        theirs.append(_bare(house, simulator, plan.messages))
        ours.append(_send(house, plan.messages, worker))
    after = simulator.counts()
    handed_over = after["accepted"] - before["accepted"] - plan.messages * plan.runs
    twice = after["repeated"] - before["repeated"]
    rates = [plan.messages / each["seconds"] for each in ours]
    bare_rates = [plan.messages / each["seconds"] for each in theirs]
    costs = [each["cpu"] * 1000 / plan.messages for each in ours]
    bare_costs = [each["cpu"] * 1000 / plan.messages for each in theirs]
    lost = plan.messages * plan.runs - (handed_over - twice)
    yield Figure(f"Texts delivered, {plan.messages:,} queued, {house.name}", "texts/s", tuple(rates))
    yield Figure("  bare loop beside it", "texts/s", tuple(bare_rates))
    yield Figure("  ratio", "× bare", ratios(rates, bare_rates), RATIO)
    yield Figure("  processor time of the worker", "ms/text", tuple(costs))
    yield Figure("  of the bare loop", "ms/text", tuple(bare_costs))
    yield Figure("  texts lost", "", (float(lost + sum(each["other"] for each in ours)),), NONE)
    yield Figure("  texts sent twice", "", (float(twice),), NONE)


def _send(house: House, messages: int, worker: int) -> Any:
    return house.ask("tests.bench.inside", "send", str(messages), str(worker))


def _bare(house: House, simulator: RunningSimulator, messages: int) -> Any:
    words = (simulator.url, simulator.key, str(DANA["id"]), str(messages))
    answer = house.ask("tests.bench.bare_client", *words)
    if answer["accepted"] != messages:
        raise CannotMeasure(f"The simulator accepted {answer['accepted']:,} of {messages:,} texts of the bare loop.")
    return answer
