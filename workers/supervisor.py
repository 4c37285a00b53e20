"""Starts, restarts and stops the parts of one installation: queue, web, workers, and in a demo the simulator."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType

from workers import processes
from workers.listening import Knock
from workers.valkey import CannotStart, Valkey

DRAIN_SECONDS = 15.0  # for requests and sends under way when Lotwire is told to stop
STABLE_SECONDS = 10.0  # who ran this long was well: the next restart is quick again
FIRST_DELAY, LONGEST_DELAY = 0.1, 10.0
GIVE_UP_AFTER = 3  # failures in a row of a part that never worked
LOOK_SECONDS = 2.0  # how often an adopted queue is asked whether it is still there


@dataclass
class Part:
    """One child: what it is called, how it is started, and how it fares."""

    name: str
    command: Sequence[str]
    pass_fds: tuple[int, ...] = ()
    waits: bool = False  # takes `--gate FD`: loads at once, and goes on when that pipe ends
    process: subprocess.Popen[str] | None = None
    started: float = 0.0
    delay: float = FIRST_DELAY
    due: float | None = 0.0  # when to start it (again), monotonic; None while it runs
    failures: int = 0

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Runs the parts until it is told to stop by SIGTERM, SIGINT or SIGHUP.

    `environ` is what the children see. `prepare` is a command to finish before the parts start, while the queue starts;
    then `prepared` is called.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        environ: Mapping[str, str],
        *,
        valkey: Valkey | None = None,
        prepare: Sequence[str] = (),
        prepared: Callable[[], None] = lambda: None,
        drain: float = DRAIN_SECONDS,
        json_log: bool = False,
    ) -> None:
        self.parts = parts
        self.environ = environ
        self.valkey = valkey
        self.prepare = prepare
        self.prepared = prepared
        self.drain = drain
        self.json_log = json_log
        self._signals = _Signals()
        self._gate = _Gate()
        self._valkey_due: float | None = None
        self._valkey_delay = FIRST_DELAY

    def run(self, listener: socket.socket | None = None, on_ready: Callable[[str], None] = lambda printed: None) -> int:
        """Until told to stop. `on_ready` gets what `prepare` printed, once the web answers on `listener`.

        Exit status 0 when stopped by a signal, 1 when a part cannot be started (the reason is on stderr).
        """
        with self._signals, self._gate:
            try:
                if self.valkey:
                    self.valkey.start()
                # Loading the code takes longer than all the rest: those who can, load while the database is prepared.
                for part in self.parts:
                    if part.waits and self.prepare:
                        self._start(part, time.monotonic())
                printed = self._prepared()
                if self.valkey and printed is not None:
                    self.valkey.wait()
                if printed is None:
                    return 0 if self._signals.stopping else 1
                self.prepared()
                self._gate.open()
                return self._watch(Knock(listener) if listener else None, lambda: on_ready(printed))
            except CannotStart as error:
                print(error, file=sys.stderr)
                return 1
            finally:
                self._stop()

    def _prepared(self) -> str | None:
        """What the preparing command printed; None when it failed or we were told to stop."""
        if not self.prepare:
            return ""
        child = processes.spawn(self.prepare, environ=self.environ, stdout=subprocess.PIPE)
        with child:
            while child.poll() is None:
                if self._signals.stopping:
                    processes.stop(child, 5)
                    return None
                self._signals.wait(1)
            assert child.stdout is not None
            return child.stdout.read() if child.returncode == 0 else None

    def _watch(self, knock: Knock | None, on_ready: Callable[[], None]) -> int:
        is_ready = knock is None
        if is_ready:
            on_ready()
        while not self._signals.stopping:
            now = time.monotonic()
            for part in self.parts:
                self._bury(part, now)
                if not is_ready and part.failures >= GIVE_UP_AFTER:
                    self._say(f"{part.name} cannot be started; the lines above say why.", "error")
                    return 1
                if part.due is not None and part.due <= now:
                    self._start(part, now)
            self._look_after_valkey(now)
            if not is_ready and knock and knock.is_answered():
                is_ready = True
                on_ready()
            seconds = self._until_next()
            if knock and not is_ready:
                self._signals.wait(1.0 if seconds is None else min(seconds, 1.0), knock.connection)
            else:
                self._signals.wait(seconds)
        return 0

    def _start(self, part: Part, now: float) -> None:
        command, fds = part.command, part.pass_fds
        if part.waits:
            command, fds = (*command, "--gate", str(self._gate.read)), (*fds, self._gate.read)
        part.process = processes.spawn(command, environ=self.environ, pass_fds=fds)
        part.started, part.due = now, None

    def _bury(self, part: Part, now: float) -> None:
        """Notices that a part has ended, and when it shall start again."""
        if part.process is None or part.due is not None or part.is_running:
            return
        status = part.process.returncode
        if now - part.started >= STABLE_SECONDS:
            part.delay, part.failures = FIRST_DELAY, 0
        # Who was killed did nothing wrong; who ends by itself, again and again, will not be mended by starting it.
        part.failures += status >= 0
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        self._say(f"{part.name} {how}; starting it again in {part.delay:.1f} s.", "warning")
        part.due, part.delay = now + part.delay, min(part.delay * 2, LONGEST_DELAY)

    def _look_after_valkey(self, now: float) -> None:
        if not self.valkey:
            return
        if self._valkey_due is None:
            if self.valkey.is_up():
                return
            self._say("the queue ended; starting it again.", "warning")
            self._valkey_due = now
        if self._valkey_due <= now:
            try:
                self.valkey.start()
                self.valkey.wait()
                self._valkey_due, self._valkey_delay = None, FIRST_DELAY
            except CannotStart as error:
                self._say(str(error), "error")
                self._valkey_due = time.monotonic() + self._valkey_delay
                self._valkey_delay = min(self._valkey_delay * 2, LONGEST_DELAY)

    def _until_next(self) -> float | None:
        """Seconds until something is to be done without a signal; None when there is nothing."""
        dues = [part.due for part in self.parts if part.due is not None]
        if self._valkey_due is not None:
            dues.append(self._valkey_due)
        waits = [max(0.0, due - time.monotonic()) for due in dues]
        if self.valkey and self.valkey.process is None:
            waits.append(LOOK_SECONDS)
        return min(waits, default=None)

    def _stop(self) -> None:
        """Web and workers first, with time to finish what is under way; the queue last, for they still need it."""
        running = [part for part in self.parts if part.is_running]
        for part in running:
            assert part.process is not None
            part.process.terminate()
        told, give_up = self._signals.count, time.monotonic() + self.drain
        while any(part.is_running for part in running):
            if time.monotonic() > give_up or self._signals.count > told:  # out of patience, theirs or ours
                for part in running:
                    if part.is_running and part.process:
                        self._say(f"{part.name} did not end in time and was killed.", "warning")
                        part.process.kill()
                        part.process.wait()
                break
            self._signals.wait(0.2)
        if self.valkey:
            self.valkey.stop()

    def _say(self, sentence: str, level: str) -> None:
        line = sentence
        if self.json_log:
            at = datetime.now(UTC).isoformat(timespec="milliseconds")  # the words of domain/logs.py, which is too big
            line = json.dumps({"at": at, "level": level, "logger": "lotwire", "message": sentence}, ensure_ascii=False)
        print(line, file=sys.stderr, flush=True)


class _Gate:
    """A pipe nobody writes to: whoever reads it waits until we close our end. Open from then on."""

    def __enter__(self) -> None:
        self.read, self._write = os.pipe()

    def open(self) -> None:
        os.close(self._write)
        self._write = -1

    def __exit__(self, *error: object) -> None:
        if self._write >= 0:
            self.open()
        os.close(self.read)


class _Signals:
    """Signals as something to wait for: to stop, or that a child ended."""

    STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def __init__(self) -> None:
        self.count = 0  # how often we were told to stop

    @property
    def stopping(self) -> bool:
        return self.count > 0

    def wait(self, seconds: float | None, connection: socket.socket | None = None) -> None:
        """Sleeps until a signal comes, the connection can be read, or the time is over."""
        watched = [self._read] if connection is None else [self._read, connection.fileno()]
        if self._read in select.select(watched, [], [], seconds)[0]:
            with suppress(BlockingIOError):
                os.read(self._read, 4096)

    def __enter__(self) -> "_Signals":
        self._read, self._write = os.pipe()
        for end in (self._read, self._write):
            os.set_blocking(end, False)
        self._before_fd = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._before = {signal.SIGCHLD: signal.signal(signal.SIGCHLD, lambda number, frame: None)}
        for number in self.STOP:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._before_fd)
        os.close(self._read)
        os.close(self._write)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
