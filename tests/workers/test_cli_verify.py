"""`./lotwire verify`: whether an exported seller's file is as it was, and whether it comes from here."""

import asyncio
from pathlib import Path

import pytest

from domain import db, seller_files
from domain.audit import AuditEntry
from tests import make
from workers.cli.__main__ import main


async def exported(to: Path) -> None:
    async with db.opened():
        listing = await make.listing()
        user = await make.user(listing.account, "admin")
        made = await seller_files.export(await make.dealership(), listing, user)
        with made.file:
            to.write_bytes(made.file.read())


async def forgotten() -> None:
    async with db.opened():
        await AuditEntry.delete().where(AuditEntry.action == "seller.exported")


@pytest.fixture
def archive(database: str, tmp_path: Path) -> Path:
    make.forget()
    path = tmp_path / "seller.zip"
    asyncio.run(exported(path))
    return path


def test_what_was_exported_here_is_known_and_unchanged(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(archive)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("SHA-256 ")
    assert "Unchanged since it was exported here on 20" in said


def test_a_changed_byte_is_found(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 1
    archive.write_bytes(data)
    assert main(["verify", str(archive)]) == 1
    assert capsys.readouterr().err.startswith("Changed: “")


def test_what_this_installation_does_not_know_is_told(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(forgotten())
    assert main(["verify", str(archive)]) == 1
    assert "this installation did not export it" in capsys.readouterr().err


def test_a_file_there_is_not_is_told(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(archive.with_name("none.zip"))]) == 1
    assert capsys.readouterr().err == "The file cannot be read: No such file or directory.\n"


def test_without_a_database_it_points_to_the_verifier_in_the_archive(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(tmp_path / "seller.zip")]) == 1
    assert "There is no database here." in capsys.readouterr().err
    assert list(data_dir.iterdir()) == []
