"""`./lotwire bench` as a person runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from domain.settings import ROOT

# No promise, but the end of a hang: alone the longest takes 45 s, beside three more processes of tests two minutes.
ENDS_WITHIN = 600  # seconds


def bench(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-P", "-m", "workers.cli", "bench", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        timeout=ENDS_WITHIN,
        check=False,
    )


def test_the_table_is_printed_and_the_machine_is_named_beside_it() -> None:
    done = bench("gate", "--runs", "1")

    assert done.returncode == 0, done.stderr
    assert "Gate, one decision" in done.stdout
    assert f"Python {sys.version.split()[0]}" in done.stderr


def test_json_is_all_there_is_on_stdout() -> None:
    done = bench("gate", "--runs", "2", "--json")

    result = json.loads(done.stdout)
    assert result["problems"] == []
    assert result["machine"]["processors"] >= 1
    assert all(len(figure["runs"]) == 2 for figure in result["figures"]["gate"])


def test_texts_are_measured_with_real_processes_and_leave_nothing_behind(tmp_path: Path) -> None:
    done = bench("delivery", "--runs", "1", "--quick", "--database", "sqlite", "--json", TMPDIR=str(tmp_path))

    assert done.returncode == 0, done.stderr
    figures = {each["name"].strip(): each for each in json.loads(done.stdout)["figures"]["delivery"]}
    assert figures["texts lost"]["runs"] == [0]
    assert figures["texts sent twice"]["runs"] == [0]
    assert figures["ratio"]["median"] > 0
    assert list(tmp_path.iterdir()) == []


def test_everything_that_the_window_asks_for_is_answered() -> None:
    done = bench("window", "--runs", "1", "--quick", "--database", "sqlite", "--json")

    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["figures"]["window"]
    assert [each["name"] for each in figures if each["target"]] == ["  99 of 100", "  95 of 100"]
    assert [each["median"] > 1 for each in figures if each["unit"] == "× bare"] == [True] * 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("speed",), "invalid choice: 'speed'"), (("gate", "--runs", "0"), "give a number from 1 to 1000")],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...], said: str) -> None:
    done = bench(*arguments)

    assert done.returncode == 2
    assert said in done.stderr
