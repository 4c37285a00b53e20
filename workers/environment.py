"""Makes .venv from a lock file. The launcher runs it with the machine's own Python: standard library only."""

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNTIME, DEVELOPMENT = "requirements.lock", "requirements-dev.lock"
OLD = ".venv.old"
STDERR = 2  # for what apt-get prints: our stdout is the command's
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet", "install", "--require-hashes", "--no-deps")
NO_NETWORK = ("Temporary failure in name resolution", "NewConnectionError", "Failed to establish", "ConnectTimeout")


class CannotInstall(Exception):
    """Why there is no environment to run in: one sentence with the next step."""


def main(lock: str, command: str = "") -> int:
    """Brings .venv to what `lock` says, for `./lotwire command`. Exit status 0, or 1 with a sentence on stderr."""
    try:
        with _alone(ROOT):
            prepare(ROOT, lock, command)
    except CannotInstall as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:  # a .venv of another user, a full disk
        where = f" {error.filename}" if error.filename else ""
        print(f"Lotwire could not make .venv in {ROOT}: {error.strerror}{where}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. Run the same command again to go on.", file=sys.stderr)
        return 1
    return 0


def prepare(root: Path, lock: str, command: str = "") -> None:
    """Makes, replaces or completes `root`/.venv. Does nothing when another start has done it meanwhile."""
    if is_installed(root, lock):
        return
    if not os.access(root, os.W_OK):
        raise CannotInstall(
            f"Lotwire cannot write to {root}: its first start makes .venv there. Run it once as a user who may write."
        )
    if is_installed(root, RUNTIME):
        _say("Adding the development packages to .venv …")
        _install(root / ".venv", root, lock)
    else:
        # What the developer had stays: a changed lock file must not take the test packages away.
        lock = DEVELOPMENT if (root / ".venv" / DEVELOPMENT).exists() else lock
        _make(root, lock, command)


def is_installed(root: Path, lock: str) -> bool:
    """True when all of the lock file is in .venv: the copy of it that lies there is the stamp."""
    try:
        return (root / ".venv/bin/python").exists() and (root / ".venv" / lock).read_bytes() == (
            root / lock
        ).read_bytes()
    except FileNotFoundError:
        return False


def _make(root: Path, lock: str, command: str) -> None:
    """A whole environment in a temporary name, then put in the place of the old one: never half of one."""
    _require_standard_library(command)
    final, new, old = (root / name for name in (".venv", ".venv.new", OLD))
    version = ".".join(map(str, sys.version_info[:3]))
    _say(f"Making .venv with Python {version}. This happens once and takes about a minute …")
    shutil.rmtree(new, ignore_errors=True)
    # The base interpreter by its own name, so that .venv does not change its Python when “python3” moves on.
    python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    command_line = [python, "-I", "-m", "venv", "--prompt", "lotwire", str(new)]
    made = subprocess.run(command_line, capture_output=True, text=True, timeout=600, check=False)
    if made.returncode:
        raise CannotInstall(f"Python {version} could not make .venv:\n{(made.stderr or made.stdout).strip()}")
    _install(new, root, lock)
    _rename_inside(new, final)
    _put_away(final)
    new.rename(final)
    shutil.rmtree(old, ignore_errors=True)


def _put_away(venv: Path) -> None:
    """Moves the environment out of the way. One without our stamp is somebody's own: it is kept, and they are told."""
    if not venv.exists():
        return
    if (venv / RUNTIME).exists():
        shutil.rmtree(venv.with_name(OLD), ignore_errors=True)
        venv.rename(venv.with_name(OLD))
        return
    kept = next(path for n in range(1, 1000) if not (path := venv.with_name(f".venv.yours-{n}")).exists())
    venv.rename(kept)
    _say(f"The .venv that was here was not made by ./lotwire. It is kept as {kept.name}.")


def _install(venv: Path, root: Path, lock: str) -> None:
    """Installs a lock file into an environment and stamps it."""
    done = subprocess.run(
        [str(venv / "bin/python"), "-I", *PIP, "-r", str(root / lock)],
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
        env={**os.environ, "PIP_USER": "0"},
    )
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip()
        if any(sign in said for sign in NO_NETWORK):
            raise CannotInstall(
                "Lotwire could not download its packages: there is no way to the package index from here. "
                "Connect to the network and run the same command again."
            )
        last = "\n".join(said.splitlines()[-12:])
        raise CannotInstall(f"{last}\nLotwire could not install its packages; pip says why above.")
    for stamp in {RUNTIME, lock}:  # the development lock holds the runtime's packages too
        shutil.copyfile(root / stamp, venv / stamp)


def _require_standard_library(command: str) -> None:
    """The modules that Debian packs apart. `test` installs them where it may."""
    if all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        return
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    install = ["apt-get", "install", "--yes", "--no-install-recommends", package]
    if not shutil.which("apt-get"):
        raise CannotInstall("This Python has no venv module. Install it, or name another Python in LOTWIRE_PYTHON.")
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    if command == "test" and (not prefix or shutil.which("sudo")):
        subprocess.run([*prefix, "apt-get", "update"], stdout=STDERR, timeout=600, check=False)
        if subprocess.run([*prefix, *install], stdout=STDERR, timeout=1800, check=False).returncode == 0:
            return
    raise CannotInstall(f"This Python has no venv module. Run once: {' '.join([*prefix, *install])}")


def _rename_inside(new: Path, final: Path) -> None:
    """Scripts carry the path of their environment; they shall work under its final name."""
    for script in (new / "bin").iterdir():
        if script.is_file() and not script.is_symlink():
            text = script.read_bytes()
            if text.startswith(b"#!") or script.name.lower().startswith("activate"):
                script.write_bytes(text.replace(os.fsencode(new), os.fsencode(final)))


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """One installer at a time; the lock goes with the process, however it ends."""
    folder = os.open(root, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Another ./lotwire is making .venv; waiting for it …")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
