"""What the rules cost that every text goes through: the gate, the wildcards, the counting of segments."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import UUID

from domain import gate, quiet_hours, text, wildcards, zones
from domain.gate import Facts, SenderState
from domain.wildcards import WILDCARDS
from tests.bench.figures import Figure, percentile
from tests.bench.houses import Databases
from tests.bench.plan import Plan, say

TIMES = 5_000
WORDING = (
    "Hi {{seller.first_name}}, is your {{vehicle.year}} {{vehicle.make}} {{vehicle.model}} still for sale? I saw it on "
    "{{listing.source}} for {{listing.price}}. {{agent.first_name}} from {{dealer.name}}, {{dealer.city|near you}}"
)
VALUES = {token: wildcard.example for token, wildcard in WILDCARDS.items()}
FACTS = Facts(
    message_id=UUID("0192f0c4-7b6e-7c3a-9d2e-5f8a1b2c3d4e"),
    channel="text",
    kind="one_to_one",
    to="+15205550117",
    address_valid=True,
    opted_out=False,
    stage="not_contacted",
    plan_has_messaging=True,
    connected=True,
    sender="4693435745845248",
    sender_state=SenderState.LINKED,
)
NOW = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
HOURS = quiet_hours.rules()
ANYWHERE = zones.of("US", "", [])


def measure(plan: Plan, databases: Databases) -> Iterator[Figure]:
    say("gate, wildcards and segments")
    filled = wildcards.fill(WORDING, VALUES).body
    emoji = filled + " 🚗"
    for name, work in (
        ("Gate, one decision", lambda: gate.decide(FACTS, NOW)),
        (
            "Quiet hours, one seller by postal code and phone",
            lambda: quiet_hours.allowed(NOW, zones.of("US", "85701", ["+12125550117"]), HOURS),
        ),
        (
            "  the next allowed minute, when only the country is known",
            lambda: quiet_hours.next_allowed(NIGHT, ANYWHERE, HOURS),
        ),
        ("Wildcards, one wording of eight filled in", lambda: wildcards.fill(WORDING, VALUES)),
        (f"Segments of a text of {len(filled)} characters, GSM-7", lambda: text.measure(filled)),
        ("  the same with an emoji, UCS-2", lambda: text.measure(emoji)),
    ):
        runs = [_times(work) for _ in range(plan.runs)]
        yield Figure(f"{name}, half of them", "µs", tuple(percentile(run, 50) for run in runs))
        yield Figure("  99 of 100", "µs", tuple(percentile(run, 99) for run in runs))


def _times(work: Callable[[], object]) -> list[float]:
    """Microseconds of each call."""
    times = []
    for _ in range(TIMES):
        began = time.perf_counter_ns()
        work()
        times.append((time.perf_counter_ns() - began) / 1000)
    return times
