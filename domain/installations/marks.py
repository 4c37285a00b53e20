"""What a data directory remembers of its installation, outside the database: who copies the one rarely copies both."""

import asyncio
import fcntl
import hashlib
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

from domain.settings import settings

FILE = "installation.json"
LOCK = "installation.lock"
PLACES = 20  # the newest that are remembered


@dataclass(frozen=True)
class Mark:
    installation: UUID
    machine: str  # random, made once for a data directory
    generation: int  # as far as the database had come when it was last seen from here
    places: tuple[str, ...]  # where this data directory lay when somebody started it


def read() -> Mark | None:
    """None when there is none, or none that can be read."""
    try:
        said = json.loads(_path(FILE).read_text())
        places = tuple(str(place) for place in said["places"])
        return Mark(UUID(said["installation"]), str(said["machine"]), int(said["generation"]), places)
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None


def keep(mark: Mark) -> None:
    """Replaces it whole: a power cut leaves the old one or the new one."""
    fresh = _path(f".{FILE}.{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(mark) | {"installation": str(mark.installation), "places": mark.places[-PLACES:]}, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(_path(FILE))


def place() -> str:
    """Another machine and another directory have another one; a directory that is only renamed keeps it."""
    try:
        machine = Path("/etc/machine-id").read_text().strip()
    except OSError:  # not every system has one
        machine = ""
    inode = settings().data_dir.stat().st_ino
    return hashlib.sha256(f"{machine}:{inode}".encode()).hexdigest()[:16]


@asynccontextmanager
async def alone() -> AsyncIterator[None]:
    """No other process of this data directory reads or keeps the mark meanwhile."""
    settings().data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(_path(LOCK), "w") as file:  # noqa: ASYNC230 - an empty file
        await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
        yield


def _path(name: str) -> Path:
    return settings().data_dir / name
