"""Texts a second from the queue to the carrier's yes, with all their records, beside a bare loop of the same calls:
single texts, a batch, a carrier that takes its time, and somebody who reads meanwhile."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from statistics import median
from time import sleep
from typing import Any

from tests.bench import houses
from tests.bench.figures import Figure, Target, ratios
from tests.bench.houses import CannotMeasure, Databases, House, Running
from tests.bench.plan import Plan, say
from tests.simulator import DANA, RunningSimulator, running_simulator

RATIO = Target(0.4, at_most=False)
RATIOS = {"sqlite": Target(0.5, at_most=False), "postgres": Target(0.4, at_most=False)}  # of a batch; 0.7 is wished
NONE = Target(0.0)
WARM_UP = 100  # texts
CALLS = 32  # open at once, as the bare loop has
LATENCY = 0.05  # seconds
READERS = 2  # connections that ask for a page, one page after the other


def measure(plan: Plan, databases: Databases) -> Iterator[Figure]:
    for engine in plan.engines:
        with (
            databases.house(engine) as house,
            running_simulator(house.data.parent / "simulator") as simulator,
            houses.running(house) as lotwire,
        ):
            page = house.ask("tests.bench.queueing", "connect", simulator.url, str(DANA["id"]))
            bench = _Bench(plan, house, simulator, lotwire)
            _bare(house, simulator, WARM_UP)
            bench.send(WARM_UP)
            yield from bench.texts()
            yield from bench.batch()
            yield from bench.slowly()
            yield from bench.reading(page)


class _Bench:
    """One house at work."""

    def __init__(self, plan: Plan, house: House, simulator: RunningSimulator, lotwire: Running) -> None:
        self.plan, self.house, self.simulator, self.lotwire = plan, house, simulator, lotwire
        self.worker = lotwire.pid_of("worker")
        self.memory = 0.0  # of the worker, MB, while single texts left

    def texts(self) -> Iterator[Figure]:
        ours, theirs, lost, twice = self._beside(self.plan.messages)
        self.memory = median(each["memory"] for each in ours)
        yield from _rates(f"Texts delivered, {self.plan.messages:,} queued, {self.house.name}", ours, theirs, RATIO)
        yield Figure("  texts lost", "", (float(lost),), NONE)
        yield Figure("  texts sent twice", "", (float(twice),), NONE)

    def batch(self) -> Iterator[Figure]:
        ours, theirs, lost, twice = self._beside(self.plan.batch, "--batch")
        title = f"Batch of {self.plan.batch:,}, its wording filled in, {self.house.name}"
        yield from _rates(title, ours, theirs, RATIOS[self.house.engine])
        yield from self._least([each["rate"] for each in ours], [each["rate"] for each in theirs])
        costs = ratios([each["cpu"] for each in ours], [each["cpu"] for each in theirs])
        yield Figure("  processor time", "× bare", costs, Target(2))
        memory = tuple(each["memory"] for each in ours)
        yield Figure("  memory of the worker", "MB", memory)
        yield Figure(
            f"  beside that of {self.plan.messages:,} texts",
            "×",
            tuple(one / self.memory for one in memory),
            Target(1.25),
        )
        yield Figure("  texts lost", "", (float(lost),), NONE)
        yield Figure("  texts sent twice", "", (float(twice),), NONE)

    def _least(self, ours: list[float], bare: list[float]) -> Iterator[Figure]:
        """What a loop reaches that only writes attempts and states: all that the rest may cost is below it."""
        rates = []
        for _ in self._runs(f"the least of {self.plan.batch:,}"):
            answer = _answer_of("tests.bench.least", self.house, self.simulator, self.plan.batch)
            rates.append(self.plan.batch / answer["seconds"])
        yield Figure("  a loop that writes attempts and states alone", "texts/s", tuple(rates))
        yield Figure("  its ratio", "× bare", ratios(rates, bare))
        yield Figure("  our ratio to it", "×", ratios(ours, rates))

    def slowly(self) -> Iterator[Figure]:
        """A carrier that takes 50 ms for each answer."""
        self.simulator.switch(slow=LATENCY)
        try:
            ours = [self.send(self.plan.messages) for _ in self._runs("delivery to a slow carrier")]
        finally:
            self.simulator.as_usual()
        rates = tuple(self.plan.messages / each["seconds"] for each in ours)
        yield Figure(f"Texts to a carrier that takes {LATENCY * 1000:.0f} ms, {self.house.name}", "texts/s", rates)
        most = CALLS / LATENCY
        target = Target(0.85, at_most=False)
        yield Figure(
            f"  of {most:.0f}, what {CALLS} open calls can do", "×", tuple(rate / most for rate in rates), target
        )

    def reading(self, page: Any) -> Iterator[Figure]:
        """Somebody reads a vehicle's page while a batch leaves."""
        asking = ("--cookie", page["cookie"], "--connections", str(READERS), "--seconds", "1")
        waits: list[float] = []
        with ThreadPoolExecutor(1) as pool:
            for _ in self._runs("pages while a batch leaves"):
                before = self.simulator.counts()["accepted"]
                sending = pool.submit(self.send, self.plan.batch, "--batch")
                self._begun(before, sending)
                while not sending.done():
                    waits.append(self.house.ask("tests.bench.load", self.lotwire.url + page["path"], *asking)["p95"])
                sending.result()
        title = f"Vehicle page while a batch leaves, 95 of 100, {self.house.name}"
        yield Figure(title, "ms", tuple(waits), Target(300))

    def send(self, messages: int, *words: str) -> Any:
        return self.house.ask("tests.bench.queueing", "send", str(messages), str(self.worker), *words)

    def _beside(self, messages: int, *words: str) -> tuple[list[Any], list[Any], int, int]:
        """Our runs, those of the bare loop beside them, and how many of ours were lost or came twice."""
        before = self.simulator.counts()
        ours, theirs = [], []
        for _ in self._runs(f"delivery of {messages:,}"):
            theirs.append(_bare(self.house, self.simulator, messages))
            ours.append(self.send(messages, *words))
        for each in (*ours, *theirs):
            each["rate"], each["cost"] = messages / each["seconds"], each["cpu"] * 1000 / messages
        after = self.simulator.counts()
        handed_over = after["accepted"] - before["accepted"] - messages * self.plan.runs
        twice = after["repeated"] - before["repeated"]
        lost = messages * self.plan.runs - (handed_over - twice) + sum(int(each["other"]) for each in ours)
        return ours, theirs, lost, twice

    def _runs(self, what: str) -> Iterator[int]:
        for run in range(self.plan.runs):
            say(f"{what} on {self.house.name}, {run + 1} of {self.plan.runs}")
            yield run

    def _begun(self, before: int, sending: Future[Any]) -> None:
        while self.simulator.counts()["accepted"] == before and not sending.done():
            sleep(0.1)


def _rates(title: str, ours: list[Any], theirs: list[Any], target: Target) -> Iterator[Figure]:
    rates, bare = [each["rate"] for each in ours], [each["rate"] for each in theirs]
    yield Figure(title, "texts/s", tuple(rates))
    yield Figure("  bare loop beside it", "texts/s", tuple(bare))
    yield Figure("  ratio", "× bare", ratios(rates, bare), target)
    yield Figure("  processor time of the worker", "ms/text", tuple(each["cost"] for each in ours))
    yield Figure("  of the bare loop", "ms/text", tuple(each["cost"] for each in theirs))


def _bare(house: House, simulator: RunningSimulator, messages: int) -> Any:
    return _answer_of("tests.bench.bare_client", house, simulator, messages)


def _answer_of(loop: str, house: House, simulator: RunningSimulator, messages: int) -> Any:
    answer = house.ask(loop, simulator.url, simulator.key, str(DANA["id"]), str(messages))
    if answer["accepted"] != messages:
        raise CannotMeasure(f"The simulator accepted {answer['accepted']:,} of {messages:,} texts of {loop}.")
    return answer
