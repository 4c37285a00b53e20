"""A real clamd of the tests' own: in a temporary directory, with one signature of ours and nothing from the network."""

import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import children

MALWARE = b"This harmless sentence is the malware of Lotwire's tests."
SIGNATURE = "Lotwire.Test.UNOFFICIAL"  # clamd marks what is not ClamAV's own
LARGEST = 1_000_000  # bytes
SECONDS = 30  # to start; it takes a few hundredths

SETTINGS = """
Foreground yes
DatabaseDirectory {home}
LocalSocket {home}/socket
TCPSocket {port}
TCPAddr 127.0.0.1
TemporaryDirectory {home}
StreamMaxLength {largest}
"""


class Missing(Exception):
    """clamd is not installed; the sentence says what to do."""


@contextmanager
def running() -> Iterator[list[str]]:
    """Starts it and yields its two addresses, as LOTWIRE_CLAMD takes them: the unix socket's and the TCP port's."""
    program = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin:/usr/local/sbin")
    if not program:
        raise Missing("clamd is not installed, and uploads are scanned by it. Run “apt-get install clamav-daemon”.")
    home = Path(tempfile.mkdtemp(prefix="lotwire-clamd-", dir="/tmp"))  # short: a socket's path has at most 107 bytes
    port = children.free_port()
    # Name, any kind of file, anywhere in it, the bytes: https://docs.clamav.net/manual/Signatures/ExtendedSignatures.html
    (home / "lotwire.ndb").write_text(f"{SIGNATURE.removesuffix('.UNOFFICIAL')}:0:*:{MALWARE.hex()}\n")
    (home / "clamd.conf").write_text(SETTINGS.format(home=home, port=port, largest=LARGEST))
    log = home / "log"
    process = children.spawn([program, "--config-file", home / "clamd.conf"], log=log, cwd=home)
    try:
        deadline = time.monotonic() + SECONDS
        while not _listens(home / "socket"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"clamd did not start:\n{log.read_text()}")
            time.sleep(0.02)
        yield [f"unix://{home}/socket", f"tcp://127.0.0.1:{port}"]
    finally:
        children.end(process)
        shutil.rmtree(home, ignore_errors=True)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        try:
            client.connect(str(path))
        except OSError:
            return False
        return True
