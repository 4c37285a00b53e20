"""When it is reported what becomes of a text, and how: the switches of receipts, whichever provider is spoken."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from workers.simulator.switches import Switches

Signed = Literal["right", "wrong", "not"]
REPLAYS = 20


@dataclass(frozen=True)
class Report:
    """One step of a text's life: `step` is its place among the steps, `happens` and `arrives` seconds from now."""

    step: int
    happens: float
    arrives: float
    times: int = 1
    signed: Signed = "right"


def of(switches: Switches, steps: int, delays: Sequence[float]) -> list[Report]:
    """The reports of one text whose life has so many steps."""
    if switches.take("no_receipts"):
        return []
    happens = list(delays[:steps])
    arrives = happens[::-1] if switches.take("reordered_receipts") else happens
    late = switches.take("late_receipts")
    wait = float(late.value or 0) if late else 0.0
    times = REPLAYS if switches.take("replayed_receipts") else 2 if switches.take("duplicate_receipts") else 1
    signed: Signed = "not" if switches.take("unsigned_receipts") else "right"
    signed = "wrong" if switches.take("badly_signed_receipts") else signed
    last = 1 if switches.take("stuck_receipts") else steps
    return [Report(step, happens[step], arrives[step] + wait, times, signed) for step in range(last)]
