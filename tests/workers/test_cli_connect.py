"""`./lotwire connect`: what it asks, what it prints, and when it says no."""

import asyncio
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from domain import connections, db
from domain.connections import Connection, ConnectionState
from domain.settings import Settings
from domain.vault import unseal
from tests import make
from tests.simulator import RunningSimulator, running_simulator
from workers.cli.__main__ import main

GONE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as running:
        running.set_keys(running.key)
        yield running


@pytest.fixture
def dealership(database: str, clock: Any) -> str:
    """The short name of a dealership in a database that only the command opens."""
    make.forget()

    async def add() -> str:
        async with db.opened():
            return (await make.account(slug="harbor")).slug

    return asyncio.run(add())


@pytest.fixture
def connect(
    dealership: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """connect(*arguments, key=…) -> (exit status, what it printed, what it said on standard error)"""

    def run(*arguments: str, key: str = "simulator-key") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{key}\n"))
        status = main(["connect", *arguments, "--account", dealership, "--secret-stdin"])
        return status, *capsys.readouterr()

    return run


def the_connection() -> Connection:
    async def read() -> Connection:
        async with db.opened():
            [connection] = await Connection.objects()
            return connection

    return asyncio.run(read())


def test_it_prints_the_connection_its_hook_and_the_secret_it_made(
    connect: Callable[..., tuple[int, str, str]], simulator: RunningSimulator
) -> None:
    status, out, err = connect("dialpad", "--base-url", simulator.url)
    connection = the_connection()
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        f"connection {connection.id}",
        f"hook /hooks/dialpad/{connection.id}",
        f"webhook secret {unseal(connection.hook_secret)}",
    ]
    assert len(unseal(connection.hook_secret)) >= 32
    assert json.loads(unseal(connection.secret)) == {"api_key": "simulator-key"}
    assert connection.state == ConnectionState.CONNECTED
    assert connection.last_ok_at is not None


def test_a_secret_that_was_given_is_kept_and_not_printed(
    connect: Callable[..., tuple[int, str, str]], simulator: RunningSimulator
) -> None:
    options = ("--option", "webhook_secret=shared=secret", "--option", "per_minute=30")
    status, out, _ = connect("simulator", "--base-url", simulator.url, *options)
    connection = the_connection()
    assert status == 0
    assert len(out.splitlines()) == 2
    assert "secret" not in out
    assert unseal(connection.hook_secret) == "shared=secret"
    assert json.loads(connection.options) == {"per_minute": "30"}


def test_connecting_again_mends_the_connection_that_is_there(
    connect: Callable[..., tuple[int, str, str]], simulator: RunningSimulator
) -> None:
    _, first, _ = connect("dialpad", "--base-url", simulator.url)
    _, second, _ = connect("dialpad", "--base-url", simulator.url)
    assert first.splitlines()[:2] == second.splitlines()[:2]


def test_json_says_the_same(connect: Callable[..., tuple[int, str, str]], simulator: RunningSimulator) -> None:
    _, out, _ = connect("dialpad", "--base-url", simulator.url, "--json")
    connection = the_connection()
    assert json.loads(out) == {
        "connection": str(connection.id),
        "hook": f"/hooks/dialpad/{connection.id}",
        "webhook_secret": unseal(connection.hook_secret),
        "warning": "",
    }


def test_of_a_provider_that_calls_nobody_there_is_no_address_to_paste(
    connect: Callable[..., tuple[int, str, str]],
) -> None:
    status, out, _ = connect("form", key="")
    assert (status, out.splitlines()) == (0, [f"connection {the_connection().id}"])


def test_of_one_that_signs_with_its_own_there_is_no_secret_to_paste(
    connect: Callable[..., tuple[int, str, str]],
) -> None:
    options = ("--option", f"account_sid=AC{'1' * 32}", "--option", "from_number=+16195550142")
    _, out, _ = connect("twilio", "--base-url", GONE, *options, key="auth_token=k")
    assert [line.split()[0] for line in out.splitlines()] == ["connection", "hook"]


def test_a_provider_that_is_away_is_connected_with_a_warning(connect: Callable[..., tuple[int, str, str]]) -> None:
    status, out, err = connect("dialpad", "--base-url", GONE)
    assert (status, the_connection().state) == (0, ConnectionState.CONNECTED)
    assert out.startswith("connection ")
    assert "could not be reached" in err


def test_a_key_the_provider_refuses_is_not_connected(
    connect: Callable[..., tuple[int, str, str]], simulator: RunningSimulator
) -> None:
    status, out, err = connect("dialpad", "--base-url", simulator.url, key="wrong")
    assert (status, out) == (1, "")
    assert "API key" in err
    assert _count() == 0


@pytest.mark.parametrize(
    ("arguments", "key", "word"),
    [
        (("dialpad",), "", "API key"),
        (("twilio",), "auth_token=k", "account SID"),
        (("twilio", "--option", f"account_sid=AC{'1' * 32}"), "auth_token=k", "number"),
        (("dialpad", "--base-url", "ftp://x"), "k", "web address"),
        (("dialpad", "--base-url", GONE, "--option", "timeout=soon"), "k", "timeout"),
    ],
)
def test_what_cannot_be_connected_is_refused_in_a_sentence(
    connect: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...], key: str, word: str
) -> None:
    status, out, err = connect(*arguments, key=key)
    assert (status, out) == (1, "")
    assert word in err
    assert err.strip().count("\n") == 0
    assert _count() == 0


def test_an_account_there_is_not_is_named(
    dealership: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("k\n"))
    assert main(["connect", "dialpad", "--account", "nobody", "--secret-stdin"]) == 1
    assert "nobody" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["pigeon"], ["dialpad", "--option", "nothing"], ["dialpad", "--option", "a b=c"]]
)
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["connect", *arguments, "--account", "harbor"])
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_with_a_public_address_the_provider_is_asked_to_call_it(
    connect: Callable[..., tuple[int, str, str]], simulator: RunningSimulator, configure: Callable[..., Settings]
) -> None:
    configure(LOTWIRE_PUBLIC_URL="https://texts.example")
    _, out, err = connect("dialpad", "--base-url", simulator.url)
    connection = the_connection()
    url = f"https://texts.example/hooks/dialpad/{connection.id}"
    assert (out.splitlines()[1], err) == (f"hook {url}", "")
    assert [hook["hook_url"] for hook in _webhooks(simulator)].count(url) == 1

    connect("dialpad", "--base-url", simulator.url)  # once more: one hook, not two
    assert [hook["hook_url"] for hook in _webhooks(simulator)].count(url) == 1

    asyncio.run(_disconnect())
    assert url not in [hook["hook_url"] for hook in _webhooks(simulator)]
    assert the_connection().hook_id == ""


def _webhooks(simulator: RunningSimulator) -> list[dict[str, Any]]:
    status, body = simulator.request("GET", "/api/v2/webhooks", headers={"Authorization": f"Bearer {simulator.key}"})
    assert status == 200, body
    return json.loads(body)["items"]


async def _disconnect() -> None:
    from domain.channels import http

    async with db.opened():
        [connection] = await Connection.objects()
        await connections.disconnect(connection, None)
        await http.close()


def _count() -> int:
    async def count() -> int:
        async with db.opened():
            return await Connection.count()

    return asyncio.run(count())


def test_the_key_is_asked_for_without_showing_it(
    dealership: str, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    asked: list[str] = []
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or "typed-key")
    assert main(["connect", "dialpad", "--account", dealership, "--base-url", GONE]) == 0
    assert asked == ["API key of Dialpad: "]
    assert json.loads(unseal(the_connection().secret)) == {"api_key": "typed-key"}


def test_several_secrets_come_as_lines_and_the_rest_as_options(connect: Callable[..., tuple[int, str, str]]) -> None:
    secrets = "page_token=the-page-token\napp_secret=the-app-secret"
    status, printed, _ = connect("facebook", "--base-url", GONE, "--option", "page_id=102030405060708", key=secrets)
    assert status == 0
    made = the_connection()
    assert f"/hooks/facebook/{made.id}" in printed
    assert json.loads(made.options) == {"page_id": "102030405060708", "human_agent": "false"}
    assert json.loads(unseal(made.secret)) == {"page_token": "the-page-token", "app_secret": "the-app-secret"}
    status, _, said = connect("facebook", "--base-url", GONE, "--option", "page_id=Harbor", key=secrets)
    assert (status, said.strip()) == (1, "The Page ID is a number, such as 102030405060708.")


@pytest.mark.parametrize("given", ["hunter2", "hunter2\npassword=x", "passwort=hunter2", "a password=hunter2"])
def test_a_secret_without_its_name_is_not_repeated(connect: Callable[..., tuple[int, str, str]], given: str) -> None:
    status, printed, said = connect("email", "--option", "from_email=a@b.example", "--option", "smtp_host=h", key=given)
    wanted = "password=…, client_secret=…, refresh_token=…"
    assert said.strip() == f"Give each secret on a line of its own, with its name before it: {wanted}."
    assert (status, printed) == (1, "")


def test_forms_ask_for_nothing_and_kijiji_is_for_canada(connect: Callable[..., tuple[int, str, str]]) -> None:
    assert connect("form", key="")[0] == 0
    assert the_connection().kind == "form"
    status, _, said = connect("kijiji", key="password=x")
    assert (status, said.strip()) == (1, "Kijiji is for dealerships in Canada alone.")
