"""Where the tests keep their files: in memory where that has room, for there a commit does not wait for a disk."""

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 2 * 2**30  # a run needs a small part of it; Docker's 64 MB are too few


def choose() -> None:
    """For this process and its children. Who has said TMPDIR has chosen."""
    if "TMPDIR" not in os.environ and serves(MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def serves(directory: Path) -> bool:
    """There is such a place, with room, where programs may be written and run."""
    if not os.access(directory, os.W_OK | os.X_OK):
        return False
    return not os.statvfs(directory).f_flag & os.ST_NOEXEC and shutil.disk_usage(directory).free >= ROOM
