"""What is measured on which databases, and what is said when something could not be."""

import argparse
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.bench import run
from tests.bench.figures import Figure, Target
from tests.bench.houses import CannotMeasure, Databases
from tests.bench.plan import Plan

Seen = list[tuple[str, Plan]]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Measures nothing and notes what it was asked; PostgreSQL cannot be measured."""
    seen: Seen = []

    def measure(name: str) -> run.Measure:
        def noted(plan: Plan, databases: Databases) -> Iterator[Figure]:
            seen.append((name, plan))
            if plan.engines == ("postgres",):
                raise CannotMeasure("PostgreSQL is not installed.")
            yield Figure(f"How fast {name} is", "s", (5.0,) * plan.runs, Target(3))

        return noted

    monkeypatch.setattr(run, "MEASURES", {name: measure(name) for name in run.MEASURES})
    monkeypatch.setattr(run, "isolate", lambda directory, clock: None)
    return seen


def asked(*what: str, **more: Any) -> argparse.Namespace:
    return argparse.Namespace(
        **{"what": list(what), "database": "sqlite", "runs": None, "quick": False, "json": False} | more
    )


def test_without_a_wish_everything_is_measured(measured: Seen) -> None:
    assert run.run(asked()) == 0

    names = [
        "startup",
        "pages",
        "delivery",
        "hooks",
        "precision",
        "import",
        "lists",
        "gate",
        "judging",
        "preflight",
        "opt-outs",
        "window",
    ]
    assert [name for name, _ in measured] == names


def test_a_missed_target_is_told_and_is_no_failure(measured: Seen, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.run(asked("startup")) == 0

    assert "≤ 3  missed" in capsys.readouterr().out


def test_a_database_that_is_missing_costs_no_other_figure(measured: Seen, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.run(asked("pages", "gate", database="both")) == 1

    said = capsys.readouterr()
    assert "pages could not be measured: PostgreSQL is not installed." in said.err
    assert "How fast pages is" in said.out
    assert "How fast gate is" in said.out


def test_json_holds_the_problems_too(measured: Seen, capsys: pytest.CaptureFixture[str]) -> None:
    run.run(asked("pages", database="both", json=True, runs=2))

    result = json.loads(capsys.readouterr().out)
    assert result["problems"] == ["pages could not be measured: PostgreSQL is not installed."]
    assert [figure["runs"] for figure in result["figures"]["pages"]] == [[5.0, 5.0]]


def test_a_quick_look_is_a_tenth_of_the_work(measured: Seen) -> None:
    run.run(asked("delivery", "import"))
    run.run(asked("delivery", "import", quick=True))

    (_, whole), (_, whole_import), (_, quick), (_, quick_import) = measured
    assert (whole.messages, whole_import.rows) == (2_000, 50_000)
    assert (quick.messages, quick_import.rows) == (200, 5_000)
    assert (whole.runs, whole_import.runs) == (5, 3)
