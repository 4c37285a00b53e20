"""`./lotwire suppressions import` and `export`: what they print, write and exit with."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from domain import db
from domain.suppressions import DoNotContact, ListImport
from tests import make
from workers.cli.__main__ import main


def in_house(work: Coroutine[Any, Any, Any]) -> Any:
    async def opened() -> Any:
        async with db.opened():
            return await work

    return asyncio.run(opened())


@pytest.fixture
def scrub_file(database: str, tmp_path: Path) -> Path:
    """Two numbers and a word; the account `harbor` is there."""
    make.forget()
    in_house(make.account(slug="harbor"))
    path = tmp_path / "scrub.csv"
    path.write_text("Phone\n(520) 555-0100\n+15205550101\nnonsense\n")
    return path


def run(*args: str | Path) -> int:
    return main(["suppressions", *map(str, args), "--account", "harbor"])


async def on_dnc() -> list[str]:
    return sorted(row["address"] for row in await DoNotContact.select(DoNotContact.address))


def test_a_file_is_read_into_a_list_and_the_list_written_as_one(
    scrub_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("import", "dnc", scrub_file, "--scrubbed-on", "2026-11-20") == 0
    printed = capsys.readouterr()
    assert printed.out == "rows 3, added 2, known 0, refused 1\n"
    assert printed.err.startswith("line 4: “nonsense” is not a phone number")
    assert in_house(on_dnc()) == ["+15205550100", "+15205550101"]
    out = scrub_file.with_name("out.csv")
    assert run("export", "dnc", out) == 0
    assert "'+15205550100,text,Imported from scrub.csv,import" in out.read_text(encoding="utf-8-sig")
    assert run("import", "dnc", out) == 0
    assert capsys.readouterr().out == "rows 2, added 0, known 2, refused 0\n"


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("import", "dnc", "{}/missing.csv"), "The file cannot be read: No such file or directory."),
        (("import", "dnc", "{}"), "The file cannot be read: Is a directory."),
        (("export", "dnc", "{}/missing/out.csv"), "The file cannot be written: No such file or directory."),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    scrub_file: Path, capsys: pytest.CaptureFixture[str], args: tuple[str, ...], sentence: str
) -> None:
    assert run(*(arg.format(scrub_file.parent) for arg in args)) == 1
    assert capsys.readouterr().err == f"{sentence}\n"


def test_an_account_there_is_not_and_a_file_without_addresses_are_refused(
    scrub_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["suppressions", "import", "dnc", str(scrub_file), "--account", "harbour"]) == 1
    assert "There is no account “harbour”." in capsys.readouterr().err
    scrub_file.write_text("Name\nDana\n")
    assert run("import", "dnc", scrub_file) == 1
    assert "names no column of phone numbers" in capsys.readouterr().err
    assert in_house(ListImport.count().run()) == 0
