"""`./lotwire import listings`: what it prints, leaves behind and exits with."""

import asyncio
import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from domain import db, imports
from domain.imports import Import
from domain.listings import Listing
from domain.settings import ROOT
from tests import make
from workers.cli.__main__ import main

HEADER = "Listing ID,Year,Make,Model,Asking Price,Shoe size\n"
GOOD = 'A1,2019,Subaru,Outback,"$18,900",9\n'
BAD = "A2,19,Subaru,Outback,1,9\n"


def in_house(work: Coroutine[Any, Any, Any]) -> Any:
    async def opened() -> Any:
        async with db.opened():
            return await work

    return asyncio.run(opened())


@pytest.fixture
def ads_file(database: str, tmp_path: Path) -> Path:
    """A file of one good and one bad row; the account `harbor` is there."""
    make.forget()
    in_house(make.account(slug="harbor"))
    path = tmp_path / "ads.csv"
    path.write_text(HEADER + GOOD + BAD)
    return path


def run(*args: str | Path) -> int:
    return main(["import", "listings", *map(str, args)])


async def sources() -> list[str]:
    return [row["source.slug"] for row in await Listing.select(Listing.source.slug)]


def test_the_last_line_counts_what_became_of_the_rows(ads_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ads_file, "--account", "harbor", "--source", "Kijiji") == 0
    printed = capsys.readouterr()
    assert printed.out == "created 1, updated 0, refused 1\n"
    assert "Left out, because Lotwire does not know them: Shoe size\n" in printed.err
    assert "line 3: Year: “19” may be two different years. Write all four digits.\n" in printed.err
    assert f"All refused rows are in {ads_file.with_name('ads.refused.csv')}\n" in printed.err
    assert in_house(sources()) == ["kijiji"]

    assert run(ads_file, "--account", "harbor", "--source", "kijiji") == 0
    assert capsys.readouterr().out == "created 0, updated 1, refused 1\n"


def test_refused_rows_lie_in_a_file_beside_the_input(ads_file: Path) -> None:
    run(ads_file, "--account", "harbor")
    with ads_file.with_name("ads.refused.csv").open(encoding="utf-8-sig", newline="") as file:
        [header, row] = csv.reader(file)
    assert header == ["Line", "Reason", *HEADER.strip().split(",")]
    assert (row[0], row[2:]) == ("3", BAD.strip().split(","))


def test_where_the_input_lies_read_only_refused_rows_stay_in_the_data_directory(
    ads_file: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def read_only(*args: object) -> None:
        raise PermissionError

    monkeypatch.setattr("shutil.copyfile", read_only)
    assert run(ads_file, "--account", "harbor") == 0
    [kept] = (data_dir / "imports").glob("*.refused.csv")
    assert f"All refused rows are in {kept}\n" in capsys.readouterr().err


def test_only_the_first_refusals_are_told(ads_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ads_file.write_text(HEADER + BAD * 12)
    run(ads_file, "--account", "harbor")
    err = capsys.readouterr().err
    assert err.count("\nline ") == 5
    assert "… and 7 more. All refused rows are in" in err


def test_json_tells_the_same_to_programs(ads_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ads_file, "--account", "harbor", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "created": 1,
        "updated": 0,
        "refused": 1,
        "refused_file": str(ads_file.with_name("ads.refused.csv")),
    }


def test_a_header_without_rows_imports_nothing(ads_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ads_file.write_text(HEADER)
    assert run(ads_file, "--account", "harbor") == 0
    printed = capsys.readouterr()
    assert printed.out == "created 0, updated 0, refused 0\n"
    assert "The file has a header, but no rows below it." in printed.err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"%PDF-1.7", "This is a PDF."),
        (b"", "This file is empty."),
        (None, "There is no such file."),
        (b"Colour;Shoe size\nred;9\n", "Choose the column for Year, Make and Model: no listing is without."),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence_and_status_1(
    ads_file: Path, data_dir: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, sentence: str
) -> None:
    if content is None:
        ads_file.unlink()
    else:
        ads_file.write_bytes(content)
    assert run(ads_file, "--account", "harbor") == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert sentence in printed.err
    assert not list((data_dir / "imports").glob("*"))


def test_an_account_nobody_knows_is_told(ads_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ads_file, "--account", "nobody") == 1
    assert capsys.readouterr().err == "There is no account “nobody”. Check --account.\n"


def test_a_terminal_sees_a_bar_that_is_gone_at_the_end(
    ads_file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ads_file.write_text(HEADER + "".join(GOOD.replace("A1", f"A{n}") for n in range(30)))
    monkeypatch.setattr("workers.cli.import.REDRAW", 0)
    monkeypatch.setattr(imports, "CHUNK", 10)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")
    assert run(ads_file, "--account", "harbor") == 0
    bars = capsys.readouterr().err.split("\r")[1:]
    assert ["33% 10 of 30 rows" in bars[0], "67% 20 of 30 rows" in bars[1]] == [True, True]
    assert bars[-1].startswith("\x1b[K")
    assert all(len(bar.replace("\x1b[K", "")) < 100 for bar in bars)


def test_ctrl_c_ends_the_import_and_keeps_what_is_in(ads_file: Path) -> None:
    rows = "".join(f"A{n},2019,Subaru,Outback,{n},9\n" for n in range(30_000))
    ads_file.write_text(HEADER + rows)
    command = [sys.executable, "-m", "workers.cli", "import", "listings", str(ads_file), "--account", "harbor"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ}, stderr=subprocess.PIPE, text=True)

    async def some_are_in() -> None:
        while not await Listing.count():
            assert process.poll() is None
            await asyncio.sleep(0.05)

    in_house(asyncio.wait_for(some_are_in(), 30))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err

    async def ended() -> tuple[Import, int]:
        job = await Import.objects().first()
        assert job is not None
        return job, await Listing.count()

    job, listings = in_house(ended())
    assert (job.state, job.problem) == ("failed", "Stopped from the keyboard. What is in stays in.")
    assert 0 < listings == job.created < 30_000
