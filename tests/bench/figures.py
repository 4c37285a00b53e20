"""What was measured, how it reads as a table and as JSON, and whether it is as good as was wished."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Target:
    """What a median is wished to be: `at_most`, or else at least, this number of the figure's unit."""

    number: float
    at_most: bool = True

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {readable(self.number)}"

    def is_met_by(self, number: float) -> bool:
        return number <= self.number if self.at_most else number >= self.number


@dataclass(frozen=True)
class Figure:
    """One thing measured several times. Raises ValueError when it never was."""

    name: str
    unit: str
    runs: tuple[float, ...]
    target: Target | None = None

    def __post_init__(self) -> None:
        if not self.runs:
            raise ValueError(f"“{self.name}” was never measured.")

    @property
    def median(self) -> float:
        return median(self.runs)

    @property
    def verdict(self) -> str:
        """ "met" or "missed"; empty where nothing was wished."""
        if self.target is None:
            return ""
        return "met" if self.target.is_met_by(self.median) else "missed"

    def record(self) -> dict[str, Any]:
        """As JSON: {name, unit, median, least, most, runs, target, verdict}."""
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "least": min(self.runs),
            "most": max(self.runs),
            "runs": list(self.runs),
            "target": str(self.target) if self.target else None,
            "verdict": self.verdict or None,
        }


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, ...]:
    """Each run of ours over the run of theirs made beside it, so that what slowed both down cancels out.

    Raises ValueError when they are not pairs.
    """
    return tuple(our / their for our, their in zip(ours, theirs, strict=True))


def percentile(numbers: Sequence[float], percent: float) -> float:
    """The smallest number that at least `percent` of them do not exceed. Raises ValueError for none."""
    if not numbers:
        raise ValueError("There is no percentile of nothing.")
    rank = math.ceil(len(numbers) * percent / 100)
    return sorted(numbers)[max(rank, 1) - 1]


def readable(number: float) -> str:
    """Three digits that count, thousands set apart: `0.00412`, `3.14`, `41.2`, `12,345`."""
    if number == 0 or not math.isfinite(number):
        return f"{number:g}"
    decimals = max(0, 2 - math.floor(math.log10(abs(number))))
    text = f"{number:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def table(figures: Sequence[Figure]) -> str:
    """One line a figure: its name, median, range, unit, and what was wished."""
    rows = [("", "median", "min – max", "", "target")]
    for each in figures:
        span = f"{readable(min(each.runs))} – {readable(max(each.runs))}" if len(each.runs) > 1 else ""
        wished = f"{each.target}  {each.verdict}" if each.target else ""
        rows.append((each.name, readable(each.median), span, each.unit, wished))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join(
            (
                row[0].ljust(widths[0]),
                row[1].rjust(widths[1]),
                row[2].center(widths[2]),
                row[3].ljust(widths[3]),
                row[4],
            )
        ).rstrip()
        for row in rows
    )
