"""What `./lotwire check` says about the lock files."""

import re
import shutil
from pathlib import Path

import pytest

from domain.settings import ROOT
from workers.cli.check import lock_faults, locked

FILES = ("pyproject.toml", "requirements.lock", "requirements-dev.lock")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def edit(path: Path, pattern: str, replacement: str) -> None:
    before = path.read_text()
    after = re.sub(pattern, replacement, before, count=1, flags=re.MULTILINE)
    assert after != before
    path.write_text(after)


def test_the_lock_files_give_all_that_the_project_asks_for() -> None:
    assert list(lock_faults(ROOT)) == []


def test_a_new_dependency_is_missed_in_both(copy: Path) -> None:
    edit(copy / "pyproject.toml", r'^    "aiohttp",$', '    "aiohttp",\n    "left-pad>=2",')

    assert [fault.partition(":")[0] for fault in lock_faults(copy)] == [
        "requirements.lock does not give what pyproject.toml asks for",
        "requirements-dev.lock does not give what pyproject.toml asks for",
    ]


def test_a_version_that_does_not_fit_is_seen(copy: Path) -> None:
    edit(copy / "pyproject.toml", r'"redis<6"', '"redis<5"')

    assert any("requirements.lock does not give what pyproject.toml asks for: redis<5" in f for f in lock_faults(copy))


def test_what_a_dependency_needs_is_missed_too(copy: Path) -> None:
    edit(copy / "requirements.lock", r"^asyncpg==.*\n(    .*\n)*", "")

    assert any("requirements.lock does not give what piccolo asks for: asyncpg" in f for f in lock_faults(copy))


def test_the_tests_run_with_what_is_shipped(copy: Path) -> None:
    edit(copy / "requirements.lock", r"^emoji==\S+", "emoji==2.0")

    assert "requirements-dev.lock has another emoji than requirements.lock." in list(lock_faults(copy))


@pytest.mark.parametrize("name", FILES[1:])
def test_every_package_is_pinned_by_hash_and_none_tells_where_it_is_from(name: str) -> None:
    text = (ROOT / name).read_text()
    entries = re.findall(r"^[a-z].*(?:\\\n.*)+", text, re.MULTILINE)

    assert len(entries) >= len(locked(ROOT / name)) > 50
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text
    assert not re.search(r"^--", text, re.MULTILINE)
