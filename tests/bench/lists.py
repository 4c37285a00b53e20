"""Rows a second of a scrub file that goes into the do-not-contact list."""

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench import houses
from tests.bench.figures import Figure, Target
from tests.bench.houses import CannotMeasure, Databases, House
from tests.bench.plan import Plan, say

TIMES = 10  # as many rows as an import of listings has
SECONDS = 60.0  # for 500,000 rows
WISHED_ROWS = 500_000
AREA_CODES = ("520", "602", "303", "415", "503", "206", "512", "614", "704", "801")


def measure(plan: Plan, databases: Databases) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="lotwire-bench-") as directory:
        file = Path(directory) / "scrub.csv"
        write(file, plan.rows * TIMES)
        for engine in plan.engines:
            yield from _measure(plan, databases, engine, file)


def write(file: Path, rows: int) -> None:
    """That many different numbers as people write them, the same each time."""
    rng = random.Random(7)
    with file.open("w") as stream:
        stream.write("Phone,Reason\n")
        for n in range(rows):
            area, exchange = AREA_CODES[n % 10], 200 + n // 100_000
            number = f"{n // 10 % 10_000:04}"
            shape = rng.choice(("{}{}{}", "({}) {}-{}", "+1{}{}{}", "{}-{}-{}"))
            stream.write(f"{shape.format(area, exchange, number)},On the federal list\n")


def _measure(plan: Plan, databases: Databases, engine: str, file: Path) -> Iterator[Figure]:
    rows = plan.rows * TIMES
    seconds: list[float] = []
    for run in range(plan.runs):
        say(f"a scrub file on {houses.NAMES[engine]}, {run + 1} of {plan.runs}")
        with databases.house(engine) as house:
            house.run("workers.cli", "migrate", "--quiet")
            house.run("workers.cli", "account", "add", "harbor", "--name", "Harbor Auto Buyers")
            seconds.append(_import(house, file, rows))
    name = f"Import of {rows:,} numbers into a list, {houses.NAMES[engine]}"
    yield Figure(name, "s", tuple(seconds), Target(SECONDS * rows / WISHED_ROWS))
    yield Figure("  that is", "rows/s", tuple(rows / each for each in seconds))


def _import(house: House, file: Path, rows: int) -> float:
    """Seconds the command took. Raises CannotMeasure unless every row came in."""
    began = time.perf_counter()
    said = house.run("workers.cli", "suppressions", "import", "dnc", str(file), "--account", "harbor").strip()
    took = time.perf_counter() - began
    if said != f"rows {rows}, added {rows}, known 0, refused 0":
        raise CannotMeasure(f"The import of {rows:,} numbers said: {said}")
    return took
