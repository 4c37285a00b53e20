"""Runs a Postfix, as root, for as long as whoever asked for it holds our stdin open: then it ends with all its
children, and what they wrote is removed. For a byte on stdin it gives up what it tries again. Its main.cf and
master.cf stand in the directory already.

    sudo python -m tests.postfix_keeper PROGRAMS LIBRARIES DIRECTORY OWNER GROUP
"""

import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
from grp import getgrnam
from pathlib import Path

from tests import children

QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace")
PATIENCE = 10.0  # seconds
OFTEN = 1.0  # seconds between two looks whether it still runs


def main(programs: str, libraries: str, directory: str, owner: str, group: str) -> int:
    # Ctrl-C is for whoever holds our stdin; ended otherwise we tidy up as well.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    home, usr = Path(directory), Path(programs).parents[2]
    environ = {"PATH": os.defpath, "LD_LIBRARY_PATH": libraries}
    try:
        _furnish(home, owner, group)
        master = children.spawn(
            [Path(programs) / "master", "-c", home, "-d"], log=home / "output", cwd=home, environ=environ
        )
        try:
            while master.poll() is None and (asked := _asked()) is not None:
                if asked:
                    expire = [usr / "sbin" / "postsuper", "-c", home, "-e", "ALL"]
                    subprocess.run(expire, env=environ, timeout=PATIENCE, check=True)
        finally:
            children.end(master, patience=PATIENCE)
        return master.returncode if master.returncode > 0 else 0
    finally:
        for each in ("queue", "data"):
            shutil.rmtree(home / each, ignore_errors=True)


def _furnish(home: Path, owner: str, group: str) -> None:
    """The directories that Debian makes when it installs the package; whoever runs the tests may look into them."""
    queue, who = home / "queue", pwd.getpwnam(owner)
    for path, mode, whose in [
        (queue, 0o755, 0),
        (queue / "pid", 0o755, 0),
        (home / "data", 0o700, who.pw_uid),
        *((queue / each, 0o755, who.pw_uid) for each in QUEUES),
        (queue / "maildrop", 0o1730, who.pw_uid),
        (queue / "public", 0o2710, who.pw_uid),
    ]:
        path.mkdir()
        os.chown(path, whose, getgrnam(group).gr_gid if path.name in ("maildrop", "public") else who.pw_gid)
        path.chmod(mode)


def _asked() -> bytes | None:
    """What whoever holds our stdin wants; None when nobody holds it any more."""
    ready, _, _ = select.select([sys.stdin], [], [], OFTEN)
    return (os.read(sys.stdin.fileno(), 1) or None) if ready else b""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
