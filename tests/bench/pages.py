"""Pages a second of a vehicle's page with a full history, beside a bare page of the same bytes on the same server."""

from collections.abc import Iterator
from typing import Any

from tests.bench import houses, machine
from tests.bench.figures import Figure, ratios
from tests.bench.houses import CannotMeasure, Databases, House, Running
from tests.bench.plan import Plan, say
from tests.bench.words import MESSAGES

CONNECTIONS = 8
WARM_UP = 1.0  # seconds


def measure(plan: Plan, databases: Databases) -> Iterator[Figure]:
    for engine in plan.engines:
        with databases.house(engine) as house, houses.running(house) as lotwire:
            yield from _measure(plan, house, lotwire)


def _measure(plan: Plan, house: House, lotwire: Running) -> Iterator[Figure]:
    page = house.ask("tests.bench.inside", "conversation")
    real = (lotwire.url + page["path"], "--cookie", page["cookie"])
    size = int(_ask(house, WARM_UP, *real)["bytes"])
    port = houses.free_port()
    words = ("--port", str(port), "--bytes", str(size), "--rows", str(MESSAGES))
    command = (*houses.PYTHON, "tests.bench.bare_page", *words)
    ours: list[Any] = []
    theirs: list[Any] = []
    web = lotwire.pid_of("web")
    with houses.server(command, house.environ, port, house.data.parent / "bare.log") as server:
        bare = f"http://127.0.0.1:{port}/"
        if (got := int(_ask(house, WARM_UP, bare)["bytes"])) != size:
            raise CannotMeasure(f"The bare page has {got:,} bytes and not {size:,}.")
        for run in range(plan.runs):
            say(f"pages on {house.name}, {run + 1} of {plan.runs}")
            theirs.append(_timed(server, house, plan.load, bare))
            ours.append(_timed(web, house, plan.load, *real))
    queries = house.ask("tests.bench.inside", "queries", page["path"], page["cookie"])
    rates = [each["pages"] / each["seconds"] for each in ours]
    bare_rates = [each["pages"] / each["seconds"] for each in theirs]
    yield Figure(f"Vehicle page, {MESSAGES} messages, {house.name}", "pages/s", tuple(rates))
    yield Figure(f"  bare page of {size / 1000:.0f} kB beside it", "pages/s", tuple(bare_rates))
    yield Figure("  ratio", "× bare", ratios(rates, bare_rates))
    yield Figure("  processor time of the web", "ms/page", tuple(each["cpu"] for each in ours))
    yield Figure("  of the bare server", "ms/page", tuple(each["cpu"] for each in theirs))
    yield Figure(f"  answer, half of them, {CONNECTIONS} connections", "ms", tuple(each["p50"] for each in ours))
    yield Figure("  answer, 95 of 100", "ms", tuple(each["p95"] for each in ours))
    yield Figure("  database queries", "a page", (float(queries),))


def _timed(server: int, house: House, seconds: float, url: str, *more: str) -> Any:
    """What `_ask` says, and `cpu`: milliseconds of processor time of the server for each page."""
    before = machine.cpu_seconds(server)
    result = _ask(house, seconds, url, *more)
    return result | {"cpu": (machine.cpu_seconds(server) - before) * 1000 / result["pages"]}


def _ask(house: House, seconds: float, url: str, *more: str) -> Any:
    words = ("--connections", str(CONNECTIONS), "--seconds", str(seconds))
    return house.ask("tests.bench.load", url, *more, *words)
