"""The supervisor with small stand-ins for the parts: real processes, real signals."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from domain.settings import ROOT
from workers.listening import CannotListen, listen, url_of
from workers.processes import _started
from workers.supervisor import FIRST_DELAY, Part, Supervisor, _Signals

# Notes its starts and, at the end, whether the queue is still there.
STEADY = """
import os, signal, sys, time
from pathlib import Path
from workers.valkey import ping
name, log, queue = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
def note(what):
    with log.open("a") as file:
        file.write(f"{name} {what} {os.getpid()}\\n")
def end(number, frame):
    time.sleep(0.3)
    note("drained while the queue was " + ("up" if ping(queue) else "down"))
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
note("started")
while True:
    time.sleep(1)
"""

DEAF = STEADY.replace("signal.signal(signal.SIGTERM, end)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)")

BROKEN = """
import sys
with open(sys.argv[2], "a") as file:
    file.write(f"{sys.argv[1]} started 0\\n")
sys.exit(3)
"""

WEB = """
import os, socket, sys, time
time.sleep(float(sys.argv[2]))
listener = socket.socket(fileno=int(sys.argv[1]))
while True:
    connection, _ = listener.accept()
    connection.recv(4096)
    body = str(os.getpid()).encode()
    head = b"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body)
    connection.sendall(head + body)
    connection.close()
    time.sleep(0.05)
"""

# Loads at once, and goes on when the supervisor says so.
WAITING = """
import os, sys, time
from workers.processes import wait_at
def note(what):
    with open(sys.argv[2], "a") as file:
        file.write(f"{sys.argv[1]} {what} {os.getpid()}\\n")
note("loaded")
assert sys.argv[-2] == "--gate"
wait_at(int(sys.argv[-1]))
note("went on")
time.sleep(60)
"""

SUPERVISE = """
import json, socket, sys
from pathlib import Path
from domain.settings import environ_for_child, read
from workers.supervisor import Part, Supervisor
from workers.valkey import Valkey
plan = json.loads(sys.argv[1])
environ = environ_for_child()
listener = socket.socket(fileno=plan["fd"]) if plan["fd"] else None
fds = (plan["fd"],) if plan["fd"] else ()
supervisor = Supervisor(
    [Part(name, [sys.executable, *command], pass_fds=fds, waits=plan["waits"]) for name, command in plan["parts"]],
    environ,
    valkey=Valkey(read(environ)) if plan["queue"] else None,
    prepare=[sys.executable, *plan["prepare"]] if plan["prepare"] else (),
    prepared=lambda: open(environ["LOTWIRE_DATA_DIR"] + "/prepared", "w").close(),
    drain=plan["drain"],
    json_log=plan["json_log"],
)
sys.exit(supervisor.run(listener, lambda said: print("ready", said, flush=True)))
"""


@dataclass
class House:
    """A directory for one installation of stand-ins, and the supervisors that were started for it."""

    home: Path
    processes: list[subprocess.Popen[str]]

    @property
    def log(self) -> Path:
        return self.home / "log"

    @property
    def queue(self) -> Path:
        return self.home / "valkey" / "v.sock"

    def part(self, name: str, code: str = STEADY) -> tuple[str, list[str]]:
        return name, ["-c", code, name, str(self.log), str(self.queue)]

    def start(
        self, *parts: tuple[str, list[str]], listener: socket.socket | None = None, **plan: Any
    ) -> subprocess.Popen[str]:
        fd = listener.fileno() if listener else 0
        plan = {
            "parts": parts,
            "fd": fd,
            "queue": False,
            "prepare": [],
            "drain": 5,
            "json_log": False,
            "waits": False,
            **plan,
        }
        environ: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(ROOT), "LOTWIRE_DATA_DIR": str(self.home)}
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", SUPERVISE, json.dumps(plan)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(environ),
            pass_fds=(fd,) if fd else (),
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def notes(self, name: str, what: str) -> list[int]:
        """Process ids of the notes that begin so."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [int(line.split()[-1]) for line in lines if line.startswith(f"{name} {what}")]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, [])
    yield house
    for process in house.processes:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


def eventually(is_true: Callable[[], bool], seconds: float = 15.0) -> bool:
    """Whether it became true in time."""
    give_up = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.02)
    return True


def is_gone(pid: int) -> bool:
    return _started(pid) == ""


def test_a_part_that_is_killed_is_started_again(house: House) -> None:
    supervisor = house.start(house.part("worker"))
    assert eventually(lambda: len(house.notes("worker", "started")) == 1)

    os.kill(house.notes("worker", "started")[0], signal.SIGKILL)

    assert eventually(lambda: len(house.notes("worker", "started")) == 2)
    supervisor.terminate()
    assert "worker was ended by SIGKILL; starting it again" in supervisor.communicate(timeout=10)[1]


def test_a_queue_that_is_killed_is_started_again(house: House) -> None:
    from workers.valkey import ping

    supervisor = house.start(house.part("worker"), queue=True)
    assert eventually(lambda: bool(house.notes("worker", "started")))
    [pid] = [pid for pid in _children(supervisor.pid) if pid not in house.notes("worker", "started")]

    os.kill(pid, signal.SIGKILL)

    assert eventually(lambda: is_gone(pid) and ping(house.queue))
    assert len(house.notes("worker", "started")) == 1, "the worker is left alone"


def test_the_others_finish_before_the_queue_goes(house: House) -> None:
    supervisor = house.start(house.part("web"), house.part("worker"), queue=True)
    assert eventually(lambda: bool(house.notes("web", "started") and house.notes("worker", "started")))
    children = _children(supervisor.pid)
    assert len(children) == 3

    supervisor.terminate()

    assert supervisor.wait(10) == 0
    assert house.notes("web", "drained while the queue was up")
    assert house.notes("worker", "drained while the queue was up")
    assert all(map(is_gone, children))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_and_a_closed_terminal_stop_it_in_order_too(house: House, number: signal.Signals) -> None:
    supervisor = house.start(house.part("worker"))
    assert eventually(lambda: bool(house.notes("worker", "started")))

    supervisor.send_signal(number)

    assert supervisor.wait(10) == 0
    assert house.notes("worker", "drained")


def test_kill_9_of_the_supervisor_leaves_no_orphan(house: House) -> None:
    supervisor = house.start(house.part("web"), house.part("worker"), queue=True)
    assert eventually(lambda: bool(house.notes("web", "started") and house.notes("worker", "started")))
    children = _children(supervisor.pid)
    assert len(children) == 3

    supervisor.kill()

    assert eventually(lambda: all(map(is_gone, children)))


def test_a_part_that_will_not_end_is_killed_after_its_time(house: House) -> None:
    supervisor = house.start(house.part("worker", DEAF), drain=0.5)
    assert eventually(lambda: bool(house.notes("worker", "started")))

    supervisor.terminate()

    assert supervisor.wait(10) == 0
    assert eventually(lambda: is_gone(house.notes("worker", "started")[0]))
    assert "worker did not end in time and was killed" in supervisor.communicate(timeout=10)[1]


def test_who_asks_twice_does_not_wait(house: House) -> None:
    supervisor = house.start(house.part("worker", DEAF), drain=60)
    assert eventually(lambda: bool(house.notes("worker", "started")))

    supervisor.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert supervisor.poll() is None, "the premise: it waits for the worker"
    supervisor.send_signal(signal.SIGINT)

    assert supervisor.wait(10) == 0


def test_parts_that_never_come_up_end_the_start_with_a_sentence(house: House) -> None:
    with listen("127.0.0.1", 0) as listener:
        supervisor = house.start(house.part("web", BROKEN), house.part("worker"), listener=listener)
        said, complained = supervisor.communicate(timeout=30)

    assert supervisor.returncode == 1
    assert "web cannot be started; the lines above say why." in complained
    assert "ready" not in said
    assert len(house.notes("web", "started")) == 3
    assert all(map(is_gone, house.notes("worker", "started")))


def test_nothing_starts_when_the_preparation_fails(house: House) -> None:
    supervisor = house.start(house.part("web"), queue=True, prepare=["-c", "raise SystemExit('The disk is full.')"])

    _, complained = supervisor.communicate(timeout=30)

    assert supervisor.returncode == 1
    assert complained == "The disk is full.\n"
    assert house.notes("web", "started") == []


def test_parts_load_while_the_database_is_prepared_and_touch_it_only_then(house: House) -> None:
    done = house.home / "done"
    slow = f"import pathlib, time\nwhile not pathlib.Path({str(done)!r}).exists(): time.sleep(0.02)"
    house.start(house.part("web", WAITING), waits=True, prepare=["-c", slow])
    assert eventually(lambda: bool(house.notes("web", "loaded")))
    time.sleep(0.3)
    assert house.notes("web", "went on") == []
    assert not (house.home / "prepared").exists()

    done.touch()
    assert eventually(lambda: bool(house.notes("web", "went on")))
    assert (house.home / "prepared").exists()

    os.kill(house.notes("web", "went on")[0], signal.SIGKILL)
    assert eventually(lambda: len(house.notes("web", "went on")) == 2), "later starts wait for nothing"


def test_a_part_that_waits_ends_with_a_preparation_that_fails(house: House) -> None:
    loaded = (
        f"import pathlib, time\nwhile 'loaded' not in pathlib.Path({str(house.log)!r}).read_text(): time.sleep(0.02)"
    )
    house.log.touch()
    supervisor = house.start(
        house.part("web", WAITING), waits=True, prepare=["-c", loaded + "\nraise SystemExit('No.')"]
    )

    assert supervisor.communicate(timeout=30)[1] == "No.\n"
    assert supervisor.returncode == 1
    assert house.notes("web", "went on") == []
    assert is_gone(house.notes("web", "loaded")[0])


def test_it_can_be_stopped_while_it_prepares(house: House) -> None:
    marker = house.home / "preparing"
    slow = f"import pathlib, time; pathlib.Path({str(marker)!r}).touch(); time.sleep(60)"
    supervisor = house.start(house.part("web"), prepare=["-c", slow])
    assert eventually(marker.exists)

    supervisor.terminate()

    assert supervisor.wait(10) == 0
    assert house.notes("web", "started") == []


def test_it_is_ready_when_the_web_answers_and_not_before(house: House) -> None:
    with listen("127.0.0.1", 0) as listener:
        began = time.monotonic()
        web = ("web", ["-c", WEB, str(listener.fileno()), "0.7"])
        supervisor = house.start(web, listener=listener, prepare=["-c", "print('a token')"])
        assert supervisor.stdout
        assert supervisor.stdout.readline() == "ready a token\n"

    assert time.monotonic() - began > 0.7


def test_a_web_that_dies_with_the_question_is_asked_again(house: House) -> None:
    marker = house.home / "died"
    once = (
        f"import os, pathlib, signal, socket, sys; m = pathlib.Path({str(marker)!r})\n"
        "if not m.exists():\n"
        "    m.touch(); socket.socket(fileno=int(sys.argv[1])).accept(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    with listen("127.0.0.1", 0) as listener:
        web = ("web", ["-c", once + WEB, str(listener.fileno()), "0"])
        supervisor = house.start(web, listener=listener)
        assert supervisor.stdout
        assert supervisor.stdout.readline().startswith("ready")

    assert marker.exists()


def test_several_web_processes_share_one_port(house: House) -> None:
    with listen("127.0.0.1", 0) as listener:
        webs = [(f"web {n}", ["-c", WEB, str(listener.fileno()), "0"]) for n in (1, 2)]
        house.start(*webs, listener=listener)
        url, pids = url_of(listener), set()

        def both_answered() -> bool:
            with urllib.request.urlopen(url, timeout=5) as answer:
                pids.add(answer.read())
            return len(pids) == 2

        assert eventually(both_answered)


def test_what_it_says_is_json_where_the_log_is(house: House) -> None:
    supervisor = house.start(house.part("worker"), json_log=True)
    assert eventually(lambda: bool(house.notes("worker", "started")))
    os.kill(house.notes("worker", "started")[0], signal.SIGKILL)
    assert eventually(lambda: len(house.notes("worker", "started")) == 2)
    supervisor.terminate()

    line = json.loads(supervisor.communicate(timeout=10)[1].splitlines()[0])

    assert line["level"] == "warning"
    assert line["message"].startswith("worker was ended by SIGKILL")


class Ended:
    """A process that has ended."""

    def __init__(self, returncode: int) -> None:
        self.returncode = returncode

    def poll(self) -> int:
        return self.returncode


def test_who_fails_again_and_again_is_started_ever_more_rarely() -> None:
    part, delays = Part("worker", []), []
    supervisor = Supervisor([part], {})
    for _ in range(10):
        part.process, part.started, part.due = Ended(1), 100.0, None  # type: ignore[assignment]
        supervisor._bury(part, 100.0)
        assert part.due is not None
        delays.append(round(part.due - 100.0, 1))

    assert delays == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0, 10.0]


def test_after_a_good_while_the_next_restart_is_quick_again() -> None:
    part = Part("worker", [], delay=10.0, failures=2)
    part.process, part.started, part.due = Ended(1), 100.0, None  # type: ignore[assignment]

    Supervisor([part], {})._bury(part, 111.0)

    assert part.due == 111.0 + FIRST_DELAY
    assert part.failures == 1


def test_nohup_is_respected() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with _Signals() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not signals.stopping
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_taken_port_is_one_sentence() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"^Port {port} is taken on 127.0.0.1. .* choose another with --port.$"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_of_another_machine_is_one_sentence(host: str) -> None:
    with pytest.raises(CannotListen, match=f"“{host}” is not an address of this machine"):
        listen(host, 0)


def test_a_listener_everywhere_is_shown_as_this_machine() -> None:
    with listen("0.0.0.0", 0) as listener:
        assert url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
