"""How `./lotwire test` gets what the tests need, with an apt-get and a sudo that only write down what they are told."""

import argparse
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from workers.cli import test as command

Bin = Callable[..., list[str]]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bin:
    """Makes programs that log their arguments; the returned function reads the log."""
    programs, log = tmp_path / "bin", tmp_path / "log"
    programs.mkdir()
    for name in ("env", "ln", "mkdir", "tee", "sh", "cat"):
        (programs / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(command, "CLUSTERS", tmp_path / "etc" / "createcluster.conf")
    monkeypatch.setattr(command, "FRESHCLAM", tmp_path / "etc" / "systemd" / "clamav-freshclam.service")
    monkeypatch.setattr(command, "DOVECOT", tmp_path / "etc" / "systemd" / "dovecot.service")
    monkeypatch.setattr(command, "POSTFIX_PROGRAMS", Path("/nowhere/postfix/sbin"))
    monkeypatch.setattr(command, "UNPACKED", tmp_path / "unpacked")

    def said(*names: str, status: int = 0) -> list[str]:
        for name in names:
            run = 'shift; exec "$@"' if name == "sudo" else f"exit {status}"
            program = programs / name
            program.write_text(f'#!{shutil.which("sh")}\necho "{name} $*" >> {log}\n{run}\n')
            program.chmod(0o755)
        return log.read_text().splitlines() if log.exists() else []

    return said


def become(monkeypatch: pytest.MonkeyPatch, user: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr("sys.stdin", None)


def test_only_what_is_missing_is_installed_after_one_update(machine: Bin, monkeypatch: pytest.MonkeyPatch) -> None:
    become(monkeypatch, 0)
    machine("apt-get")

    assert command._install(["chromium", "postgresql"])

    assert [line.split()[1] for line in machine()] == ["update", "install"]
    assert "install --yes --no-install-recommends chromium postgresql " in machine()[1]


@pytest.mark.parametrize("options", [["-q", "--engine", "webkit"], ["--engine=webkit"]])
def test_who_asks_for_webkit_gets_its_driver_and_a_screen_for_it_and_nobody_else(
    machine: Bin, options: list[str]
) -> None:
    assert set(command.WEBKIT) <= set(command.missing(options))
    assert not set(command.WEBKIT) & set(command.missing(["--engine", "firefox", "-k", "webkit"]))
    machine("WebKitWebDriver", "Xvfb")
    assert not set(command.WEBKIT) & set(command.missing(options))


def test_no_database_server_is_left_running_on_the_machine(machine: Bin, monkeypatch: pytest.MonkeyPatch) -> None:
    become(monkeypatch, 0)
    machine("apt-get")

    command._install(["postgresql"])

    assert "create_main_cluster = false" in command.CLUSTERS.read_text()
    assert "--force-confold" in machine()[1]


def test_no_signatures_are_fetched_from_then_on(machine: Bin, monkeypatch: pytest.MonkeyPatch) -> None:
    become(monkeypatch, 0)
    machine("apt-get")

    command._install(["clamav-daemon"])
    command._install(["clamav-daemon"])

    assert command.FRESHCLAM.readlink() == Path("/dev/null")


def test_no_mailbox_server_is_left_running_on_the_machine(machine: Bin, monkeypatch: pytest.MonkeyPatch) -> None:
    become(monkeypatch, 0)
    machine("apt-get")

    command._install(["dovecot-imapd"])

    assert command.DOVECOT.readlink() == Path("/dev/null")


def test_postfix_is_unpacked_and_replaces_no_mail_server_of_the_machine(
    machine: Bin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    become(monkeypatch, 0)
    machine("apt-get", "dpkg-deb")
    programs = "nowhere/postfix/sbin"
    for name, does in {
        "apt-get": 'if [ "$1" = download ]; then : > postfix_3.7_amd64.deb; fi',
        "dpkg-deb": 'if [ "$1" = --field ]; then echo "libc6 (>= 2.34), debconf | debconf-2.0, libssl3, netbase"; '
        f'else mkdir -p "$3/{programs}"; : > "$3/{programs}/master"; fi',
    }.items():
        with (tmp_path / "bin" / name).open("r+") as program:
            kept = program.read().removesuffix("exit 0\n")
            program.seek(0)
            program.write(f"{kept}{does}\n")

    assert "postfix" in command.missing()
    assert command._install(["dovecot-imapd", "postfix"])

    [install] = [line for line in machine() if line.startswith("apt-get install")]
    assert "postfix" not in install
    assert "apt-get satisfy --yes --no-install-recommends --quiet libc6 (>= 2.34), libssl3" in machine()
    assert command.postfix_programs() == tmp_path / "unpacked" / "postfix" / programs
    assert "postfix" not in command.missing()


def test_a_postfix_that_cannot_be_fetched_is_a_sentence(
    machine: Bin, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    become(monkeypatch, 0)
    machine("apt-get", status=100)

    assert not command._install(["postfix"])

    assert "postfix could not be unpacked" in capsys.readouterr().err
    assert list(command.UNPACKED.iterdir()) == []


def test_who_cannot_become_root_is_told_to_for_postfix(
    machine: Bin, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    become(monkeypatch, 1000)
    machine("apt-get")

    assert not command._install(["postfix"])

    assert machine() == []
    assert capsys.readouterr().err == (
        "The tests start a Postfix, which takes root: run ./lotwire test as root or with sudo.\n"
    )


def test_a_scanner_that_runs_already_goes_on(machine: Bin, monkeypatch: pytest.MonkeyPatch) -> None:
    become(monkeypatch, 0)
    machine("apt-get")
    command.FRESHCLAM.parent.mkdir(parents=True)
    command.FRESHCLAM.write_text("an administrator's own")

    command._install(["clamav-daemon"])

    assert command.FRESHCLAM.read_text() == "an administrator's own"


def test_an_administrators_own_setting_stays(machine: Bin, monkeypatch: pytest.MonkeyPatch) -> None:
    become(monkeypatch, 0)
    machine("apt-get")
    command.CLUSTERS.parent.mkdir()
    command.CLUSTERS.write_text("create_main_cluster = true\n")

    command._install(["postgresql"])

    assert command.CLUSTERS.read_text() == "create_main_cluster = true\n"


def test_others_ask_sudo_which_does_not_wait_for_a_password(machine: Bin, monkeypatch: pytest.MonkeyPatch) -> None:
    become(monkeypatch, 1000)
    machine("apt-get", "sudo")

    assert command._install(["chromium"])

    assert "sudo --non-interactive env DEBIAN_FRONTEND=noninteractive apt-get update --quiet" in machine()


def test_without_root_and_sudo_it_says_the_one_line_that_helps(
    machine: Bin, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    become(monkeypatch, 1000)
    machine("apt-get")

    assert not command._install(["chromium", "chromium-driver"])

    assert machine() == []
    assert capsys.readouterr().err == (
        "The tests need more of Debian. Run once as root: "
        "apt-get install --yes --no-install-recommends chromium chromium-driver\n"
    )


def test_a_failed_installation_is_a_sentence(
    machine: Bin, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    become(monkeypatch, 0)
    machine("apt-get", status=100)

    assert not command._install(["chromium"])

    assert "apt-get could not install what the tests need" in capsys.readouterr().err


def test_what_is_there_is_not_missing(machine: Bin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "FONTS", tmp_path / "fonts")
    assert "chromium" in command.missing()
    assert "chromium-driver" in command.missing()

    machine("chromium")

    assert "chromium" not in command.missing()
    assert "chromium-driver" in command.missing()


def test_four_processes_share_the_tests_unless_the_caller_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[list[str]] = []
    monkeypatch.setattr(command, "missing", lambda options: [])
    monkeypatch.setattr(os, "chdir", lambda directory: None)
    monkeypatch.setattr(os, "execv", lambda program, arguments: became.append(arguments))

    command.run(argparse.Namespace(rest=["-n", "0", "tests/web"]))

    assert became[0][-7:] == ["-m", "pytest", "-n", "4", "-n", "0", "tests/web"]  # to pytest the last word counts
