"""A real Valkey for the length of the test run, on a unix socket in a directory of its own."""

import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from domain.settings import settings
from workers.valkey import Valkey


@contextmanager
def running() -> Iterator[str]:
    """Starts it and yields its URL, as LOTWIRE_REDIS_URL takes it."""
    home = Path(tempfile.mkdtemp(prefix="lotwire-valkey-"))  # short: a socket's path has at most 107 bytes
    server = Valkey(replace(settings(), data_dir=home, redis_url=""))
    try:
        server.start()
        server.wait()
        yield f"unix://{server.socket}"
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


def flush(url: str) -> None:
    """Empties it."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(url.removeprefix("unix://"))
        connection.sendall(b"FLUSHALL\r\n")
        if connection.recv(64) != b"+OK\r\n":
            raise RuntimeError("Valkey did not empty itself.")
