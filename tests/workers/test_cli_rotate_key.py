"""`./lotwire rotate-key`: says what it did, and what it could not open."""

import json
from pathlib import Path

import pytest

from domain import vault_keys
from workers.cli import __main__ as cli


def test_it_seals_anew_and_says_where_the_keys_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from domain import rotating

    async def rotated() -> rotating.Rotated:
        return rotating.Rotated(3, 1)

    monkeypatch.setattr(rotating, "rotate", rotated)
    monkeypatch.setattr("domain.db.opened", _nothing)
    assert cli.main(["rotate-key"]) == 1
    out, err = capsys.readouterr()
    assert "3 sealed anew" in out
    assert str(vault_keys.path()) in out
    assert "connect them again" in err
    assert cli.main(["rotate-key", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"sealed": 3, "lost": 1}


class _nothing:
    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, *_: object) -> None:
        return None
