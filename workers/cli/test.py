"""Runs the tests, in four processes. On Debian it first gets the browsers, servers and fonts they need. Options go to
pytest: “-n 0” keeps the tests in one process, “-n 2” takes two."""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

from domain.settings import ROOT

PASSES_ON = True
PROCESSES = "4"  # on two processors: browsers and servers are waited for. Pytest takes what is said last
APT_SECONDS = 1800
STDERR = 2  # for what others print: our stdout is pytest's
CLUSTERS = Path("/etc/postgresql-common/createcluster.conf")
FRESHCLAM = Path("/etc/systemd/system/clamav-freshclam.service")
DOVECOT = Path("/etc/systemd/system/dovecot.service")
DOVECOT_PROGRAMS = Path("/usr/lib/dovecot")
POSTFIX_PROGRAMS = Path("/usr/lib/postfix/sbin")
# Unpacked and not installed: Debian has one mail server at a time and starts it, and this machine may have its own.
POSTFIX = "postfix"
UNPACKED = ROOT / ".debian"
FONTS = Path("/usr/share/fonts/truetype")

# Debian's package, and how to see that what it brings is there, wherever it came from.
NEEDED: dict[str, Callable[[], bool]] = {
    "chromium": lambda: bool(shutil.which("chromium") or shutil.which("google-chrome")),
    "chromium-driver": lambda: bool(shutil.which("chromedriver")),
    "firefox-esr": lambda: bool(shutil.which("firefox") or shutil.which("firefox-esr")),
    "postgresql": lambda: bool(shutil.which("postgres") or any(Path("/usr/lib/postgresql").glob("*/bin/postgres"))),
    "clamav-daemon": lambda: bool(shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin:/usr/local/sbin")),
    "dovecot-imapd": (DOVECOT_PROGRAMS / "imap").exists,
    POSTFIX: lambda: postfix_programs() is not None,
    "fonts-noto-color-emoji": (FONTS / "noto/NotoColorEmoji.ttf").exists,
    "fonts-dejavu-core": (FONTS / "dejavu/DejaVuSans.ttf").exists,
}

# Only for who asks for that browser: --engine webkit.
WEBKIT: dict[str, Callable[[], bool]] = {
    "webkit2gtk-driver": lambda: bool(shutil.which("WebKitWebDriver")),
    "xvfb": lambda: bool(shutil.which("Xvfb")),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "./lotwire test [pytest options] [paths from the checkout]"


def run(args: argparse.Namespace) -> int:
    packages = missing(args.rest)
    # Elsewhere than on Debian a test that lacks its browser or database says so itself.
    if not packages or not shutil.which("apt-get") or _install(packages):
        _become_pytest(args.rest)
    return 1


def missing(options: Sequence[str] = ()) -> list[str]:
    """Debian's names of what the tests need, run with these options, and this machine lacks."""
    engines = {value for name, value in pairwise(options) if name == "--engine"}
    needed = NEEDED | WEBKIT if "webkit" in engines or "--engine=webkit" in options else NEEDED
    return [package for package, is_there in needed.items() if not is_there()]


def postfix_programs() -> Path | None:
    """The machine's own, or those that were unpacked here; None when there are neither."""
    places = (POSTFIX_PROGRAMS, UNPACKED / POSTFIX / POSTFIX_PROGRAMS.relative_to("/"))
    return next((each for each in places if (each / "master").exists()), None)


def _install(packages: list[str]) -> bool:
    """Installs them as root or by sudo; False, with a sentence on stderr, when that cannot be done."""
    installed = [package for package in packages if package != POSTFIX]
    line = ["apt-get", "install", "--yes", "--no-install-recommends", *installed]
    root = _root()
    if root is None:
        if installed:
            print(f"The tests need more of Debian. Run once as root: {shlex.join(line)}", file=sys.stderr)
        if POSTFIX in packages:
            print(
                "The tests start a Postfix, which takes root: run ./lotwire test as root or with sudo.", file=sys.stderr
            )
        return False
    print(f"Installing what the tests need: {', '.join(packages)} …", file=sys.stderr, flush=True)
    if "postgresql" in packages and not CLUSTERS.exists():
        # The tests start a server of their own; Debian shall not make one that runs from then on.
        _do([*root, "mkdir", "-p", str(CLUSTERS.parent)])
        _do([*root, "tee", str(CLUSTERS)], "# Made by ./lotwire test.\ncreate_main_cluster = false\n")
    if "clamav-daemon" in packages:
        # Nor shall it fetch 300 MB of signatures from now on, with which its own clamd would start at the next boot.
        _keep_off(FRESHCLAM, root)
    if "dovecot-imapd" in packages:
        _keep_off(DOVECOT, root)  # nor open a mailbox server to the network
    apt = [*root, "env", "DEBIAN_FRONTEND=noninteractive"]
    _do([*apt, "apt-get", "update", "--quiet"])
    # Our cluster setting stays when the package brings its own.
    if installed and not _do([*apt, *line, "--quiet", "-o", "Dpkg::Options::=--force-confold"]):
        print(
            f"apt-get could not install what the tests need; it says why above. Try: {shlex.join(line)}",
            file=sys.stderr,
        )
        return False
    return POSTFIX not in packages or _unpack(POSTFIX, apt)


def _unpack(package: str, apt: list[str]) -> bool:
    """Into this checkout, with the libraries that it needs installed; False, with a sentence, when that fails."""
    UNPACKED.mkdir(exist_ok=True)
    satisfy = [*apt, "apt-get", "satisfy", "--yes", "--no-install-recommends", "--quiet"]
    with tempfile.TemporaryDirectory(dir=UNPACKED) as place:
        # As root, too, apt-get gives up its rights to fetch it, and could then not write here.
        fetch = ["apt-get", "download", "--quiet", "-o", "APT::Sandbox::User=root", package]
        if _do(fetch, directory=place) and (archive := next(Path(place).glob("*.deb"), None)):
            needs = subprocess.run(
                ["dpkg-deb", "--field", archive, "Depends"], capture_output=True, text=True, timeout=60, check=False
            ).stdout
            libraries = ", ".join(each.strip() for each in needs.split(",") if each.strip().startswith("lib"))
            if _do([*satisfy, libraries]) and _do(["dpkg-deb", "--extract", str(archive), f"{place}/unpacked"]):
                shutil.rmtree(UNPACKED / package, ignore_errors=True)
                os.replace(f"{place}/unpacked", UNPACKED / package)
                return True
    print(f"{package} could not be unpacked; what went wrong stands above.", file=sys.stderr)
    return False


def _keep_off(unit: Path, root: list[str]) -> None:
    """Masks a service that Debian would start with its package, unless somebody set it up before."""
    if unit.exists() or unit.is_symlink():
        return
    print(f"Debian's {unit.stem} stays off: “systemctl unmask {unit.stem}” turns it on.", file=sys.stderr)
    _do([*root, "mkdir", "-p", str(unit.parent)])
    _do([*root, "ln", "-s", "/dev/null", str(unit)])


def _root() -> list[str] | None:
    """What to write in front of a command that needs root; None when we cannot become it."""
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        return None
    # Where nobody can type a password, sudo shall not wait for one.
    return ["sudo"] if sys.stdin and sys.stdin.isatty() else ["sudo", "--non-interactive"]


def _become_pytest(arguments: list[str]) -> NoReturn:
    """Its last line and its exit status are ours."""
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-P", "-m", "pytest", "-n", PROCESSES, *arguments])


def _do(command: list[str], text: str | None = None, directory: str | None = None) -> bool:
    done = subprocess.run(
        command, input=text, text=True, stdout=STDERR, timeout=APT_SECONDS, check=False, cwd=directory
    )
    return done.returncode == 0
