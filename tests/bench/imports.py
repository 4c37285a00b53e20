"""Rows a second of a CSV file of made-up listings read by `./lotwire import`, into an empty database each time."""

import csv
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench import houses
from tests.bench.figures import Figure, Target
from tests.bench.houses import CannotMeasure, Databases, House
from tests.bench.plan import Plan, say
from workers import processes

SECONDS = 60.0  # for 50,000 rows
WISHED_ROWS = 50_000
HEADER = (
    "Listing ID", "Source", "Year", "Make", "Model", "Trim", "Body Style", "Drivetrain", "VIN", "Odometer", "Price",
    "URL", "Description", "Posted On", "First Name", "Last Name", "Mobile", "Email", "City", "State", "Zip",
)  # fmt: skip
CARS = (
    ("Honda", "CR-V", "EX-L", "SUV", "AWD"),
    ("Toyota", "Tacoma", "SR5", "Pickup", "4WD"),
    ("Subaru", "Outback", "Premium", "Wagon", "AWD"),
    ("Ford", "F-150", "XLT", "Pickup", "4WD"),
    ("Chevrolet", "Malibu", "LT", "Sedan", "FWD"),
)
PEOPLE = ("Dana", "Luis", "Renée", "Wei", "Priya", "Sam", "Aoife", "Marek")
PLACES = (("Tucson", "AZ", "85701"), ("Hartford", "CT", "06114"), ("Austin", "TX", "78701"), ("Reno", "NV", "89501"))
AREA_CODES = ("520", "860", "512", "775")
WORDS = "one owner clean title new tires brakes service records garage kept never smoked minor scratch runs great"


def measure(plan: Plan, databases: Databases) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="lotwire-bench-") as directory:
        file = Path(directory) / "listings.csv"
        write(file, plan.rows)
        for engine in plan.engines:
            yield from _measure(plan, databases, engine, file)


def write(file: Path, rows: int) -> None:
    """A CSV file of that many different ads, the same each time."""
    rng = random.Random(7)
    with file.open("w", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(HEADER)
        for n in range(rows):
            first = rng.choice(PEOPLE)
            out.writerow(
                [
                    f"ad-{n}",
                    rng.choice(("craigslist", "facebook", "kijiji")),
                    rng.randint(2006, 2025),
                    *rng.choice(CARS),
                    f"4S4BSANC7K{n:07}",
                    rng.randint(1_000, 180_000),
                    rng.randint(2_000, 60_000),
                    f"https://ads.example/{n}",
                    " ".join(rng.choices(WORDS.split(), k=40)),
                    f"2026-{rng.randint(1, 11):02}-{rng.randint(1, 28):02}",
                    first,
                    f"Seller{n}",
                    f"({rng.choice(AREA_CODES)}) {rng.randint(200, 999)}-{n % 10_000:04}",
                    f"{first.lower()}.{n}@mail.example",
                    *rng.choice(PLACES),
                ]
            )


def _measure(plan: Plan, databases: Databases, engine: str, file: Path) -> Iterator[Figure]:
    seconds: list[float] = []
    memory: list[float] = []
    for run in range(plan.runs):
        say(f"import on {houses.NAMES[engine]}, {run + 1} of {plan.runs}")
        with databases.house(engine) as house:
            house.run("workers.cli", "migrate", "--quiet")
            house.run("workers.cli", "account", "add", "harbor", "--name", "Harbor Auto Buyers")
            took, most = _import(house, file, plan.rows)
        seconds.append(took)
        memory.append(most)
    wished = Target(SECONDS * plan.rows / WISHED_ROWS)
    name = f"Import of {plan.rows:,} listings, {houses.NAMES[engine]}"
    yield Figure(name, "s", tuple(seconds), wished)
    yield Figure("  that is", "rows/s", tuple(plan.rows / each for each in seconds))
    yield Figure("  most memory (RSS)", "MB", tuple(memory))


def _import(house: House, file: Path, rows: int) -> tuple[float, float]:
    """Seconds and the most MB the command took. Raises CannotMeasure unless every row came in."""
    log = house.data.parent / "import.log"
    command = (*houses.PYTHON, "workers.cli", "import", "listings", str(file), "--account", "harbor")
    with log.open("w") as output:
        began = time.perf_counter()
        process = processes.spawn(command, environ=house.environ, stdout=output, stderr=subprocess.STDOUT)
    try:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        if process.returncode is None:
            processes.stop(process, 10)
    took = time.perf_counter() - began
    said = log.read_text().strip().splitlines()[-1:]
    if said != [f"created {rows}, updated 0, refused 0"]:
        raise CannotMeasure(f"The import of {rows:,} rows said: {' '.join(said)}")
    return took, used.ru_maxrss * 1024 / 1e6  # Linux counts it in KiB
