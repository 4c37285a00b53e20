"""The front of the command line: which commands there are, and how it says no."""

import argparse
import sys
import types
from collections.abc import Callable

import pytest

from domain.errors import NotFound, Refused, Unavailable
from workers.cli.__main__ import COMMANDS, main

Run = Callable[[argparse.Namespace], int]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Run], None]:
    """Puts a command of the test's own in the place of `bench`."""

    def put(run: Run, passes_on: bool = False) -> None:
        module = types.ModuleType("workers.cli.bench", "Measures nothing.")
        module.run = run  # type: ignore[attr-defined]
        module.add_arguments = lambda parser: parser.add_argument("--quick", action="store_true")  # type: ignore[attr-defined]
        module.PASSES_ON = passes_on  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "workers.cli.bench", module)

    return put


def fail(error: BaseException) -> Run:
    def run(args: argparse.Namespace) -> int:
        raise error

    return run


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    out = capsys.readouterr().out
    assert all(f"\n  {name} " in out for name in COMMANDS)


def test_help_does_not_wait_for_any_command_to_load(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in COMMANDS:
        monkeypatch.delitem(sys.modules, f"workers.cli.{name}", raising=False)

    main(["--help"])

    assert not [name for name in COMMANDS if f"workers.cli.{name}" in sys.modules]


def test_no_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2

    printed = capsys.readouterr()
    assert printed.out == ""
    assert "usage: ./lotwire COMMAND" in printed.err


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("migrat", "There is no command “migrat”. Did you mean “migrate”?\n"),
        ("xyzzy", "There is no command “xyzzy”. ./lotwire --help lists what there is.\n"),
    ],
)
def test_an_unknown_command_is_wrong_usage(typed: str, answer: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([typed]) == 2

    assert capsys.readouterr().err == answer


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Refused("There is a dealership “north” already.", field="slug"), "There is a dealership “north” already.\n"),
        (NotFound("There is no dealership “north”."), "There is no dealership “north”.\n"),
        (NotFound(), "There is no such record.\n"),
        (Unavailable("The disk is full."), "The disk is full.\n"),
    ],
)
def test_a_refusal_is_a_sentence_on_stderr_and_status_1(
    error: Exception, sentence: str, command: Callable[[Run], None], capsys: pytest.CaptureFixture[str]
) -> None:
    command(fail(error))

    assert main(["bench"]) == 1

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == sentence


def test_a_mistake_of_ours_is_not_dressed_up(command: Callable[[Run], None]) -> None:
    command(fail(ZeroDivisionError()))

    with pytest.raises(ZeroDivisionError):
        main(["bench"])


def test_ctrl_c_is_no_traceback(command: Callable[[Run], None], capsys: pytest.CaptureFixture[str]) -> None:
    command(fail(KeyboardInterrupt()))

    assert main(["bench"]) == 130
    assert capsys.readouterr().err == ""


def test_the_commands_own_status_is_the_status(command: Callable[[Run], None]) -> None:
    command(lambda args: 7 if args.quick else 0)

    assert main(["bench", "--quick"]) == 7


def test_an_option_nobody_knows_is_wrong_usage(
    command: Callable[[Run], None], capsys: pytest.CaptureFixture[str]
) -> None:
    command(lambda args: 0)

    with pytest.raises(SystemExit) as ended:
        main(["bench", "--quic"])

    assert ended.value.code == 2
    assert "./lotwire bench: error: unrecognized arguments: --quic" in capsys.readouterr().err


def test_what_belongs_to_another_program_is_passed_on_in_order(command: Callable[..., None]) -> None:
    passed: list[list[str]] = []
    command(lambda args: passed.append(args.rest) or 0, passes_on=True)

    main(["bench", "-k", "phones", "--quick", "tests/domain", "-x"])

    assert passed == [["-k", "phones", "tests/domain", "-x"]]
