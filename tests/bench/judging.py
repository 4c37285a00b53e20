"""How long the gate takes over all listings of a batch, with all it looks at read from the database."""

from collections.abc import Iterator

from tests.bench import houses
from tests.bench.figures import Figure, Target
from tests.bench.houses import CannotMeasure, Databases
from tests.bench.plan import Plan, say

SECONDS = 1.0  # for 10,000 listings
WISHED = 10_000


def measure(plan: Plan, databases: Databases) -> Iterator[Figure]:
    listings = plan.listings
    for engine in plan.engines:
        seconds: list[float] = []
        for run in range(plan.runs):
            say(f"the gate over {listings:,} listings on {houses.NAMES[engine]}, {run + 1} of {plan.runs}")
            with databases.house(engine) as house:
                house.run("workers.cli", "migrate", "--quiet")
                told = house.ask("tests.bench.inside", "judge", str(listings))
            if (told["allowed"], told["refused"]) != (listings * 17 // 20, listings * 3 // 20):
                raise CannotMeasure(f"The gate allowed {told['allowed']:,} and refused {told['refused']:,}.")
            seconds.append(told["seconds"])
        name = f"The gate over {listings:,} listings of a batch, {houses.NAMES[engine]}"
        yield Figure(name, "s", tuple(seconds), Target(SECONDS * listings / WISHED))
        yield Figure("  for each", "µs", tuple(each / listings * 1e6 for each in seconds), Target(1000))
