"""Children that die with their parent, and owners that are known to be dead."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from domain.settings import ROOT
from workers import processes
from workers.processes import identity, is_dead


def eventually(is_true: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether it became true in time."""
    give_up = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.02)
    return True


def is_gone(pid: int) -> bool:
    return processes._started(pid) == ""


def owner_of(pid: int) -> str:
    return processes._identity(pid)


def test_a_living_process_is_not_dead() -> None:
    assert identity() == identity()
    assert not is_dead(identity())


def test_a_process_that_ended_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = owner_of(child.pid)
    assert not is_dead(owner)

    child.communicate(b"\n", timeout=10)

    assert is_dead(owner)


def test_a_process_that_ended_is_dead_before_anybody_asked_for_its_status() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = owner_of(child.pid)
    child.kill()
    assert eventually(lambda: is_dead(owner)), "a zombie holds no lease"
    child.communicate(timeout=10)


def test_another_process_with_the_same_number_is_not_the_owner() -> None:
    host, boot, pid, started = identity().split(":", 3)

    assert is_dead(f"{host}:{boot}:{pid}:{int(started) - 1}")


def test_everybody_from_before_the_restart_of_the_machine_is_dead() -> None:
    host, _, pid, started = identity().split(":", 3)

    assert is_dead(f"{host}:another-boot:{pid}:{started}")


@pytest.mark.parametrize("owner", ["", "somebody", "elsewhere:boot:1:1", ":::", "elsewhere:boot:x:1"])
def test_nothing_is_known_of_other_hosts(owner: str) -> None:
    assert not is_dead(owner)


def test_two_containers_on_one_kernel_are_two_hosts() -> None:
    host = identity().split(":", 1)[0]

    assert host.split("/")[2] == str(os.stat("/proc/self/ns/pid").st_ino)


PARENT = """
import subprocess, sys, time
from workers import processes
if sys.argv[1] == "guarded":
    processes.LINUX = False
child = processes.spawn([sys.executable, "-c", sys.argv[2]], stdout=subprocess.PIPE)
print(child.stdout.readline().strip(), child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("way", ["asked of Linux", "guarded"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_dies_with_its_parent(way: str, number: signal.Signals) -> None:
    child = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, way, child], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=_environ()
    )
    with parent:
        assert parent.stdout
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        parent.send_signal(number)
    assert pids
    assert eventually(lambda: all(map(is_gone, pids)))


def test_a_guard_passes_signals_and_status_on() -> None:
    command = [*processes.GUARD, sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as guard:
        assert guard.stdout
        assert guard.stdout.readline() == b"1\n"
        guard.terminate()
        assert guard.wait(10) != 0


STUCK = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
from workers.processes import follow_parent
follow_parent(grace=0.5)
print(os.getpid(), flush=True)
time.sleep(60)
"""


def test_a_part_that_will_not_end_ends_all_the_same_when_its_parent_is_gone() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, "", STUCK], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=_environ()
    )
    with parent:
        assert parent.stdout
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        parent.kill()
    assert eventually(lambda: all(map(is_gone, pids)))


def test_stopping_insists_when_asking_does_not_help(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        assert processes.stop(child, 0.2) == -signal.SIGKILL


def _environ() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}
