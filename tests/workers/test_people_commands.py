"""`account`, `user` and `token` of the command line, run as they are typed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The command line on an installation of this module's own, with one dealership."""
    directory = tmp_path_factory.mktemp("installation")

    def run(*arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("LOTWIRE_")}
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "workers.cli", *arguments],
            cwd=ROOT,
            env={**environ, "LOTWIRE_DATA_DIR": str(directory)},
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert run("migrate", "--quiet").returncode == 0
    assert run("account", "add", "harbor", "--name", "Harbor Motors").returncode == 0
    return run


def test_an_account_is_added_once(run: Run) -> None:
    added = run("account", "add", "north", "--name", "North", "--country", "CA", "--tier", "standard", "--json")
    assert json.loads(added.stdout)["slug"] == "north"
    again = run("account", "add", "north", "--name", "North")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == "There is an account “north” already. Choose another short name.\n"
    assert "north\tNorth" in run("account", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--country", "FR"), "Choose the United States (US) or Canada (CA)."),
        (("--tier", "gold"), "The plan must be one of standard, professional, accelerated."),
        (("--name", "x" * 81), "This is too long: 80 characters at most."),
        (("--timezone", "Nowhere"), "Choose a time zone, such as America/Chicago."),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(run: Run, arguments: tuple[str, ...], said: str) -> None:
    refused = run("account", "add", "other", "--name", "Other", *arguments)
    assert (refused.returncode, refused.stderr) == (1, said + "\n")


def test_a_person_without_a_password_gets_a_link(run: Run) -> None:
    added = run("user", "add", "Ann@x.example", "--account", "harbor", "--name", "Ann", "--role", "admin")
    assert added.returncode == 0
    assert added.stdout.startswith("http://localhost:8000/password-links/")
    assert len(added.stdout.splitlines()) == 1
    reset = run("user", "reset", "ann@x.example", "--json")
    assert json.loads(reset.stdout)["link"] != added.stdout.strip()


def test_a_password_may_come_from_standard_input(run: Run) -> None:
    arguments = ("--account", "harbor", "--name", "Bob", "--role", "agent", "--password-stdin")
    short = run("user", "add", "bob@x.example", *arguments, typed="short\n")
    assert (short.returncode, short.stderr) == (1, "This password is too short. Give at least 12 characters.\n")
    added = run("user", "add", "bob@x.example", *arguments, typed="harbor lights at dawn\n")
    assert added.stdout == "Added bob@x.example.\n"
    listed = json.loads(run("user", "list", "--account", "harbor", "--json").stdout)
    assert "bob@x.example" in {row["email"] for row in listed}


def test_a_token_is_printed_and_nothing_else(run: Run) -> None:
    run("user", "add", "cy@x.example", "--account", "harbor", "--name", "Cy", "--role", "agent")
    made = run("token", "add", "--account", "harbor", "--user", "cy@x.example", "--scopes", "messages:write")
    assert made.returncode == 0
    assert made.stderr == ""
    assert made.stdout.count("\n") == 1
    assert made.stdout.startswith("lw_")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("user", "reset", "nobody@x.example"), "Nobody signs in as nobody@x.example."),
        (("user", "list", "--account", "nowhere"), "There is no account “nowhere”."),
        (
            ("token", "add", "--account", "harbor", "--user", "no@x.example", "--scopes", "messages:write"),
            "Nobody active at “harbor” signs in as no@x.example.",
        ),
    ],
)
def test_what_is_not_there_is_said_by_name(run: Run, arguments: tuple[str, ...], said: str) -> None:
    missing = run(*arguments)
    assert missing.returncode == 1
    assert missing.stderr.startswith(said)


def test_wrong_usage_is_status_two(run: Run) -> None:
    assert run("user", "add").returncode == 2


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_a_port_that_is_none_is_wrong_usage(run: Run, port: str) -> None:
    refused = run("web", "--port", port)
    assert refused.returncode == 2
    assert "give a number from 0 to 65535" in refused.stderr
