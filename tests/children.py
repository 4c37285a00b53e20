"""Child processes of the test run: they write to a log file and end with the run, however it ends."""

import contextlib
import ctypes
import os
import secrets
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

PORTS = range(10_240, 32_768)  # browsers open none of some below, and systems choose above
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path,
    environ: Mapping[str, str] | None = None,
    farewell: signal.Signals = signal.SIGTERM,
    **who: Any,
) -> "subprocess.Popen[bytes]":
    """Starts it; `farewell` is what Linux sends it when the run is killed outright. Call it from the main thread."""
    with open(log, "ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=cwd,
            env=environ,
            start_new_session=True,  # Ctrl-C is ours to handle
            preexec_fn=_die_with(os.getpid(), farewell),  # noqa: PLW1509 - set in the child, after it changed its user
            **who,
        )


def end(process: "subprocess.Popen[bytes]", how: signal.Signals = signal.SIGTERM, patience: float = 30) -> int:
    """Asks it to end and insists after `patience` seconds; its exit status."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        return process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def free_port() -> int:
    """A loopback port nobody listened on a moment ago. Not one that the system hands out: other tests ask it for any
    port while the server that shall listen on ours still loads its modules."""
    while True:
        port = secrets.choice(PORTS)
        with contextlib.suppress(OSError), socket.socket() as listener:
            listener.bind(("127.0.0.1", port))
            return port


def _die_with(parent: int, farewell: signal.Signals) -> Callable[[], None]:
    try:
        prctl = ctypes.CDLL(None).prctl
    except AttributeError:  # not Linux
        return lambda: None

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, farewell)
        if os.getppid() != parent:
            os._exit(1)

    return ask
