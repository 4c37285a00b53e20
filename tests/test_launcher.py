"""The launcher and how it makes .venv, tried on small checkouts of its own: the real one is never touched."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from domain.settings import ROOT
from workers import environment
from workers.environment import DEVELOPMENT, RUNTIME, CannotInstall, is_installed, prepare

SH = str(shutil.which("sh"))
TOOLS = ("sh", "dirname", "readlink", "cmp", "env", "cat")
# Stands for the command line: says with what and for what it was called.
COMMAND_LINE = "import os, sys; print(sys.executable, os.environ['PYTHONPATH'], *sys.argv[1:], sep='|')\n"


def small_checkout(home: Path) -> Path:
    """A checkout in a path with spaces, whose lock files ask for nothing."""
    root = home / "a check out"
    (root / "workers" / "cli").mkdir(parents=True)
    shutil.copy(ROOT / "lotwire", root)
    shutil.copy(ROOT / "workers" / "environment.py", root / "workers")
    (root / "workers" / "__init__.py").touch()
    (root / "workers" / "cli" / "__init__.py").touch()
    (root / "workers" / "cli" / "__main__.py").write_text(COMMAND_LINE)
    (root / RUNTIME).write_text("# nothing\n")
    (root / DEVELOPMENT).write_text("# nothing, for developers\n")
    return root


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return small_checkout(tmp_path)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A PATH with the launcher's tools and no Python."""
    path = tmp_path / "programs"
    path.mkdir()
    for name in TOOLS:
        (path / name).symlink_to(str(shutil.which(name)))
    return path


def pretend_installed(root: Path, *locks: str) -> None:
    """A .venv of this Python with the stamps of these lock files: what an installation of minutes leaves."""
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "bin" / "python").symlink_to(sys.executable)
    for lock in locks:
        shutil.copy(root / lock, root / ".venv" / lock)


def lotwire(
    root: Path, *arguments: str, door: Path | None = None, cwd: Path | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "LOTWIRE_PYTHON")}
    return subprocess.run(
        [door or root / "lotwire", *arguments],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        cwd=cwd,
        env={**inherited, **environ},
    )


def program(path: Path, text: str) -> None:
    path.write_text(f"#!{SH}\n{text}\n")
    path.chmod(0o755)


def test_with_everything_there_it_hands_over_at_once(checkout: Path) -> None:
    pretend_installed(checkout, RUNTIME)
    lotwire(checkout, "up")  # the files are in the system's memory now

    began = time.monotonic()
    done = lotwire(checkout, "up", "--port", "80 00")

    assert time.monotonic() - began < 1
    assert done.stdout == f"{checkout}/.venv/bin/python|{checkout}|up|--port|80 00\n"
    assert done.stderr == ""


@pytest.mark.parametrize("absolute", [True, False])
def test_it_can_be_called_through_a_link_and_from_anywhere(checkout: Path, tmp_path: Path, absolute: bool) -> None:
    pretend_installed(checkout, RUNTIME)
    elsewhere = tmp_path / "bin"
    elsewhere.mkdir()
    (elsewhere / "second").symlink_to(checkout / "lotwire" if absolute else f"../{checkout.name}/lotwire")
    (elsewhere / "lotwire").symlink_to("second")

    done = lotwire(checkout, "up", door=elsewhere / "lotwire", cwd=Path("/"))

    assert done.stdout == f"{checkout}/.venv/bin/python|{checkout}|up\n", done.stderr


def test_modules_that_lie_where_one_stands_are_not_picked_up(checkout: Path, tmp_path: Path) -> None:
    pretend_installed(checkout, RUNTIME)
    (tmp_path / "workers.py").write_text("raise SystemExit('the wrong workers')")

    assert lotwire(checkout, "up", cwd=tmp_path).returncode == 0


def test_its_exit_status_is_the_commands(checkout: Path) -> None:
    pretend_installed(checkout, RUNTIME)
    (checkout / "workers" / "cli" / "__main__.py").write_text("raise SystemExit(2)")

    assert lotwire(checkout, "nonsense").returncode == 2


def test_a_changed_lock_file_is_noticed(checkout: Path, programs: Path) -> None:
    pretend_installed(checkout, RUNTIME)
    (checkout / RUNTIME).write_text("# nothing!\n")

    done = lotwire(checkout, "up", PATH=str(programs))

    assert done.returncode == 1
    assert done.stderr.startswith("Lotwire needs Python 3.11, 3.12, 3.13 or 3.14."), "the premise: it looked for one"


@pytest.mark.parametrize("command", ["test", "check", "bench"])
def test_developers_commands_need_the_development_packages(checkout: Path, programs: Path, command: str) -> None:
    pretend_installed(checkout, RUNTIME)
    assert lotwire(checkout, "up", PATH=str(programs)).returncode == 0
    assert lotwire(checkout, command, PATH=str(programs)).returncode == 1

    shutil.copy(checkout / DEVELOPMENT, checkout / ".venv")

    assert lotwire(checkout, command, PATH=str(programs)).returncode == 0


def test_without_a_python_it_says_what_to_install(checkout: Path, programs: Path) -> None:
    done = lotwire(checkout, "up", PATH=str(programs))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "apt-get install python3 python3-venv" in done.stderr


def test_a_python_that_is_too_old_or_leads_nowhere_is_passed_over(checkout: Path, programs: Path) -> None:
    program(programs / "python3.14", "echo 'pyenv: python3.14: command not found' >&2; exit 127")
    program(programs / "python3.13", "exit 1")  # as one that is no CPython of 3.11 or later answers
    program(programs / "python3", f'echo chosen >&2; exec "{sys.executable}" -c "raise SystemExit(0)" "$@"')

    done = lotwire(checkout, "up", PATH=str(programs))

    assert "chosen" in done.stderr
    assert "command not found" not in done.stderr


def test_a_python_that_can_make_an_environment_is_preferred_to_a_newer_one(checkout: Path, programs: Path) -> None:
    bare = 'case "$*" in *ensurepip*) exit 1 ;; *environment.py*) echo "bare was chosen" >&2; exit 1 ;; esac'
    program(programs / "python3.14", bare)
    program(programs / "python3.12", 'case "$*" in *environment.py*) echo "whole was chosen" >&2; exit 1 ;; esac')

    assert lotwire(checkout, "up", PATH=str(programs)).stderr == "whole was chosen\n"

    (programs / "python3.12").unlink()
    assert lotwire(checkout, "up", PATH=str(programs)).stderr == "bare was chosen\n"


def test_the_python_that_was_asked_for_is_taken_or_named(checkout: Path, programs: Path) -> None:
    program(programs / "mine", 'case "$*" in *environment.py*) echo "mine was chosen" >&2; exit 1 ;; esac')

    assert lotwire(checkout, "up", LOTWIRE_PYTHON=str(programs / "mine")).stderr == "mine was chosen\n"

    done = lotwire(checkout, "up", LOTWIRE_PYTHON="/no/such/python")
    assert done.returncode == 1
    assert done.stderr == (
        "LOTWIRE_PYTHON is “/no/such/python”: it must be a CPython 3.11, 3.12, 3.13 or 3.14 that runs.\n"
    )


@dataclass(frozen=True)
class Made:
    """What three first starts at once have made of a checkout, and what each of them printed."""

    root: Path
    out: list[str]
    err: list[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = small_checkout(tmp_path_factory.mktemp("made"))
    (root / ".venv.new").mkdir()  # of a start that was killed
    environ = {**os.environ, "LOTWIRE_PYTHON": sys.executable}
    line = [root / "lotwire", "up"]
    starts = [subprocess.Popen(line, stdout=-1, stderr=-1, text=True, env=environ) for _ in range(3)]
    printed = [start.communicate(timeout=180) for start in starts]
    assert [start.returncode for start in starts] == [0, 0, 0], printed
    return Made(root, [out for out, _ in printed], [err for _, err in printed])


def test_the_first_start_makes_a_stamped_environment_and_nothing_else(made: Made) -> None:
    assert is_installed(made.root, RUNTIME)
    assert sorted(path.name for path in made.root.iterdir() if path.name.startswith(".")) == [".venv"]


def test_its_scripts_know_where_they_are_after_the_rename(made: Made) -> None:
    done = subprocess.run(
        [made.root / ".venv/bin/pip", "--version"], capture_output=True, text=True, timeout=60, check=False
    )

    assert str(made.root / ".venv") in done.stdout
    for script in (made.root / ".venv/bin").iterdir():
        assert script.is_symlink() or b".venv.new" not in script.read_bytes(), script


def test_the_next_start_makes_nothing(made: Made) -> None:
    assert lotwire(made.root, "up", LOTWIRE_PYTHON="/no/such/python").stderr == ""


def test_several_first_starts_at_once_make_one_environment(made: Made) -> None:
    assert made.out == [f"{made.root}/.venv/bin/python|{made.root}|up\n"] * 3
    assert sum("Making .venv with Python" in err for err in made.err) == 1


def test_an_environment_of_another_user_is_a_sentence(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def hidden(root: Path, lock: str) -> bool:
        raise PermissionError(13, "Permission denied", "python")

    monkeypatch.setattr(environment, "ROOT", checkout)
    monkeypatch.setattr(environment, "is_installed", hidden)
    assert environment.main(RUNTIME) == 1
    assert capsys.readouterr().err == f"Lotwire could not make .venv in {checkout}: Permission denied python.\n"


def test_a_checkout_nobody_may_write_to_is_a_sentence(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere

    with pytest.raises(CannotInstall, match=f"^Lotwire cannot write to {checkout}: its first start makes .venv there"):
        prepare(checkout, RUNTIME)


@pytest.fixture
def without_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Environments are made in a moment, for pip is what takes the time."""
    real = subprocess.run

    def run(command: list[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        return real([*command, "--without-pip"] if "venv" in command else command, **options)

    monkeypatch.setattr(environment.subprocess, "run", run)


@pytest.mark.parametrize(
    ("pip_says", "sentence"),
    [
        ("NewConnectionError: Temporary failure in name resolution", "there is no way to the package index from here"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "MATCH THE HASHES\nLotwire could not install its packages"),
    ],
)
@pytest.mark.usefixtures("without_pip")
def test_a_failed_installation_is_a_sentence_and_leaves_no_half_environment(
    checkout: Path, pip_says: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "PIP", ("-c", f"raise SystemExit({pip_says!r})"))

    with pytest.raises(CannotInstall, match=sentence):
        prepare(checkout, RUNTIME)

    assert not (checkout / ".venv").exists()


@pytest.mark.usefixtures("without_pip")
def test_an_environment_somebody_else_made_is_kept(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = checkout / ".venv"
    theirs.mkdir()
    (theirs / "precious").touch()
    monkeypatch.setattr(environment, "_install", lambda venv, root, lock: shutil.copy(root / lock, venv / lock))

    prepare(checkout, RUNTIME)

    assert (checkout / ".venv.yours-1" / "precious").exists()
    assert is_installed(checkout, RUNTIME)


@pytest.mark.usefixtures("without_pip")
def test_a_new_lock_file_does_not_take_a_developers_packages_away(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed: list[str] = []
    pretend_installed(checkout, RUNTIME, DEVELOPMENT)
    (checkout / RUNTIME).write_text("# something new\n")
    monkeypatch.setattr(environment, "_install", lambda venv, root, lock: installed.append(lock))

    prepare(checkout, RUNTIME)

    assert installed == [DEVELOPMENT]
    assert not (checkout / ".venv.old").exists()


def test_development_packages_are_added_to_what_is_there(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[Path, str]] = []
    pretend_installed(checkout, RUNTIME)
    monkeypatch.setattr(environment, "_install", lambda venv, root, lock: calls.append((venv, lock)))

    prepare(checkout, DEVELOPMENT)

    assert calls == [(checkout / ".venv", DEVELOPMENT)]


@pytest.fixture
def no_venv_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(environment.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.mark.usefixtures("no_venv_module")
def test_without_the_venv_module_it_prints_the_line_that_helps(checkout: Path) -> None:
    package = f"python3.{sys.version_info[1]}-venv"

    with pytest.raises(CannotInstall, match=f"Run once: apt-get install --yes --no-install-recommends {package}$"):
        prepare(checkout, RUNTIME, "up")


@pytest.mark.usefixtures("no_venv_module")
def test_test_installs_the_venv_module_itself(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[list[str]] = []

    def run(command: list[str], **options: object) -> "subprocess.CompletedProcess[str]":
        said.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(environment.subprocess, "run", run)

    environment._require_standard_library("test")

    assert [command[:2] for command in said] == [["apt-get", "update"], ["apt-get", "install"]]


def test_the_launcher_is_plain_posix_shell() -> None:
    assert (ROOT / "lotwire").read_text().startswith("#!/bin/sh\n")
    assert os.access(ROOT / "lotwire", os.X_OK)
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    done = subprocess.run([SH, "-n", ROOT / "lotwire"], capture_output=True, timeout=10, check=False)
    assert done.returncode == 0, done.stderr
