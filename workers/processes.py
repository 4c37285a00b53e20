"""Children that die with their parent, and names for processes that tell later whether they are gone."""

import ctypes
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1  # linux/prctl.h
GRACE = 20.0  # seconds a part may take to end once its parent is gone
LINUX = sys.platform.startswith("linux")
GUARD = (sys.executable, "-I", __file__)


def spawn(
    command: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    stdout: int | IO[str] | None = None,
    stderr: int | IO[str] | None = None,
    pass_fds: Collection[int] = (),
) -> subprocess.Popen[str]:
    """Starts a child that gets SIGTERM when this process ends, however it ends.

    To be called from the main thread only: Linux means the *thread* that made the child when it says parent. The child
    has a session of its own, so that Ctrl-C in a terminal reaches the parent alone, which stops its children in order.
    """
    return subprocess.Popen(
        command if LINUX else (*GUARD, *command),
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        pass_fds=pass_fds,
        text=True,
        start_new_session=True,
        preexec_fn=_die_with(os.getpid()) if LINUX else None,  # noqa: PLW1509 - a supervisor has one thread
    )


def _die_with(parent: int) -> Callable[[], None]:
    libc = ctypes.CDLL(None, use_errno=True)

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before we asked, so it will not die again
            os._exit(1)

    return ask


def follow_parent(grace: float = GRACE) -> None:
    """For a supervised part: when the parent is gone, end politely, and within `grace` seconds in any case."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(grace)
        os._exit(1)

    threading.Thread(target=watch, name="follow-parent", daemon=True).start()


def wait_at(gate: int | None) -> None:
    """For a supervised part that has loaded: returns when the supervisor's pipe ends, that is, when all is prepared."""
    if gate is not None:
        os.read(gate, 1)
        os.close(gate)


def guard(command: Sequence[str], every: float = 0.5) -> int:
    """Runs a command and ends it when the parent is gone: for systems that have no signal for that. Its exit status."""
    parent = os.getppid()
    child = subprocess.Popen(command, close_fds=False)  # a listening socket is passed on
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, frame: child.send_signal(received))
    while os.getppid() == parent:
        with suppress(subprocess.TimeoutExpired):
            return child.wait(every)
    return stop(child, GRACE)


def stop(child: subprocess.Popen[str] | subprocess.Popen[bytes], patience: float) -> int:
    """Asks a child to end, insists after `patience` seconds; its exit status."""
    child.terminate()
    try:
        return child.wait(patience)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


# Owners: who holds a lease. "host:boot-id:pid:start-time", where host is `_host()`.


def identity() -> str:
    """This process as the owner of leases: a string no other process has, now or later."""
    return _identity(os.getpid())


@cache
def _identity(pid: int) -> str:
    return f"{_host()}:{_boot_id()}:{pid}:{_started(pid)}"


def is_dead(owner: str) -> bool:
    """True when the owner is a process of this host that certainly runs no more. False for other hosts: only their
    leases tell."""
    host, _, rest = owner.partition(":")
    boot, _, rest = rest.partition(":")
    pid, _, started = rest.partition(":")
    if host != _host() or not boot or not pid.isdigit() or not started:
        return False
    if boot != _boot_id():
        return True
    found = _started(int(pid))
    return found != started and (found != "" or not _is_hidden(int(pid)))


@cache
def _host() -> str:
    """Name, installation and process namespace: two containers or two cloned machines may share a name, and a process
    number means nothing outside its namespace."""
    name = platform.node().replace(":", "-") or "localhost"
    machine = _first_line("/etc/machine-id")[:8]
    try:
        namespace = str(os.stat("/proc/self/ns/pid").st_ino)
    except OSError:
        namespace = ""
    return f"{name}/{machine}/{namespace}"


@cache
def _boot_id() -> str:
    if boot := _first_line("/proc/sys/kernel/random/boot_id"):
        return boot
    return _output("/usr/sbin/sysctl", "-n", "kern.bootsessionuuid") or "unknown"


def _started(pid: int) -> str:
    """When the process started, in the system's words; empty when there is none or it is only waiting to be buried."""
    if not LINUX:
        state, _, started = _output("/bin/ps", "-o", "state=,lstart=", "-p", str(pid)).partition(" ")
        return "" if state.startswith("Z") else " ".join(started.split())
    try:
        # proc(5): pid (name) state …; the name may hold spaces and brackets. Field 22: the start, in ticks since boot.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def _is_hidden(pid: int) -> bool:
    """True for another user's process, which /proc may keep from us (hidepid)."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        pass
    return False


def _first_line(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False, env={"LC_ALL": "C"})
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(guard(sys.argv[1:]))
