"""From `./lotwire up` on an empty directory to the first page, and what all of it takes of memory once it rests."""

import time
from collections import defaultdict
from collections.abc import Iterator

from domain.settings import ROOT
from tests.bench import houses, machine
from tests.bench.figures import Figure, Target
from tests.bench.houses import Databases
from tests.bench.plan import Plan, say
from workers import processes

FIRST_PAGE = Target(3.0)
MEMORY = Target(250.0)


def measure(plan: Plan, databases: Databases) -> Iterator[Figure]:
    houses.needs_proc()
    seconds: list[float] = []
    memory: dict[str, list[float]] = defaultdict(list)
    for run in range(plan.runs):
        say(f"startup, {run + 1} of {plan.runs}")
        with databases.house("sqlite") as house:
            port, log = houses.free_port(), house.data.parent / "up.log"
            command = (*_front_door(), "up", "--port", str(port), "--data", str(house.data))
            with log.open("w") as output:
                began = time.perf_counter()
                process = processes.spawn(command, environ=house.environ, stdout=output, stderr=output)
            try:
                seconds.append(houses.wait_for(port, process, log) - began)
                time.sleep(plan.rest)
                used: dict[str, float] = defaultdict(float)
                for pid, words in machine.family(process.pid).items():
                    used[machine.part_of(words)] += machine.memory(pid)
            finally:
                processes.stop(process, 30)
        for part, megabytes in used.items():
            memory[part].append(megabytes)
        memory["all"].append(sum(used.values()))
    yield Figure("First page after ./lotwire up on an empty directory", "s", tuple(seconds), FIRST_PAGE)
    yield Figure("Memory of all processes, idle (PSS)", "MB", tuple(memory.pop("all")), MEMORY)
    for part, runs in sorted(memory.items()):
        yield Figure(f"  of it the {part}", "MB", tuple(runs))


def _front_door() -> tuple[str, ...]:
    """./lotwire, where .venv is as it left it; else what it hands over to, for it would install first."""
    return (str(ROOT / "lotwire"),) if houses.is_installed("requirements.lock") else (*houses.PYTHON, "workers.cli")
