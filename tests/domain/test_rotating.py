"""Another key for what is sealed: in one go, safe when cut off, while others read and write."""

import json
import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from domain import connections, db, rotating, vault, vault_keys
from domain.channels.base import ChannelError
from domain.connections import Connection
from domain.errors import Unavailable
from domain.vault import seal, unseal
from tests import make

API_KEY, HOOK_SECRET = "dialpad-key-4711-in-clear", "signing-secret-4712-in-clear"


@pytest.fixture(autouse=True)
def _data(data_dir: Path) -> None:
    """The keys of each test lie in a directory of its own."""


async def connected() -> Connection:
    return await make.connection(secret=json.dumps({"api_key": API_KEY}), hook_secret=HOOK_SECRET)


async def kept(connection: Connection) -> tuple[str, str]:
    row = await Connection.select().where(Connection.id == connection.id).first()
    return row["secret"], row["hook_secret"]


async def test_everything_is_sealed_anew_and_opens_as_before(house: None) -> None:
    connection, broken = await connected(), await make.connection(kind="simulator", state="broken")
    before = await kept(connection)
    done = await rotating.rotate()
    assert (done.sealed, done.lost) == (2, 0)
    after = await kept(connection)
    assert not set(before) & set(after)
    assert (json.loads(unseal(after[0]))["api_key"], unseal(after[1])) == (API_KEY, HOOK_SECRET)
    assert unseal((await kept(broken))[0]) == "an-api-key"
    assert vault_keys.path().stat().st_mode & 0o777 == 0o600
    assert API_KEY not in vault_keys.path().read_text()


async def test_the_key_before_is_forgotten_and_one_of_an_older_backup_still_opens(house: None) -> None:
    derived = seal("from a backup before any rotation")
    connection = await connected()
    await rotating.rotate()
    first = (await kept(connection))[0]
    await rotating.rotate()
    assert unseal((await kept(connection))[0])
    with pytest.raises(Unavailable):
        unseal(first)
    assert unseal(derived) == "from a backup before any rotation"


async def test_cut_off_in_the_middle_everything_still_opens_and_the_next_run_ends_it(
    house: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = await connected(), await make.connection(kind="simulator", secret=API_KEY)
    await rotating.rotate()
    calls, resealed = [], vault.resealed

    def dies(sealed: str) -> str:
        calls.append(sealed)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return resealed(sealed)

    monkeypatch.setattr(vault, "resealed", dies)
    with pytest.raises(KeyboardInterrupt):
        await rotating.rotate()
    monkeypatch.setattr(vault, "resealed", resealed)
    for each in (one, two):
        assert API_KEY in unseal((await kept(each))[0])
    assert (await rotating.rotate()).lost == 0
    for each in (one, two):
        assert API_KEY in unseal((await kept(each))[0])
    assert len(vault_keys.path().read_text().split()) == 1


async def test_what_somebody_sealed_meanwhile_with_a_key_before_is_not_lost(
    house: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = await connected()
    late = seal("written down late")

    async def write_late() -> None:
        await Connection.update({Connection.secret: late}).where(Connection.id == connection.id)

    first, done = rotating._pass, []

    async def passes() -> tuple[int, int]:
        told = await first()
        if not done:
            done.append(await write_late())
        return told

    monkeypatch.setattr(rotating, "_pass", passes)
    await rotating.rotate()
    secret = (await kept(connection))[0]
    assert secret != late
    assert unseal(secret) == "written down late"


async def test_what_no_key_opens_is_told_and_the_keys_before_stay(house: None) -> None:
    connection = await connected()
    await rotating.rotate()
    lost = (await kept(connection))[0]
    await Connection.update({Connection.secret: lost[:-4] + "AAA="}).where(Connection.id == connection.id)
    assert (await rotating.rotate()).lost == 1
    assert len(vault_keys.path().read_text().split()) == 2
    assert unseal(lost)


async def test_the_secret_key_itself_is_changed_with_the_one_before_named(
    house: None, configure: Callable[..., Any]
) -> None:
    connection = await connected()
    await rotating.rotate()
    old = vault_keys.settings().secret_key.decode()
    configure(LOTWIRE_SECRET_KEY="another key that is long enough, too")
    with pytest.raises(Unavailable, match="LOTWIRE_OLD_SECRET_KEY"):
        unseal((await kept(connection))[0])
    configure(LOTWIRE_OLD_SECRET_KEY=old)
    assert API_KEY in unseal((await kept(connection))[0])
    await rotating.rotate()
    configure(LOTWIRE_OLD_SECRET_KEY="")
    assert API_KEY in unseal((await kept(connection))[0])


async def test_only_one_rotates_at_a_time(house: None) -> None:
    with vault_keys.alone(), pytest.raises(Unavailable, match="just now"):
        await rotating.rotate()


# Nowhere in clear


async def test_no_copy_of_the_database_no_error_and_no_log_has_a_secret_in_clear(
    house: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    connection = await connected()
    await rotating.rotate()
    rows = [await Connection.raw(f"SELECT * FROM {table}") for table in ("connection", "audit_entry")]
    said = [str(rows), repr(connection), repr(vault_keys.settings())]
    if isinstance(db.DB.path if hasattr(db.DB, "path") else None, str):  # a backup of SQLite is a copy of its files
        said += [file.read_bytes().decode("latin-1") for file in Path(db.DB.path).parent.glob("*") if file.is_file()]
    adapter = connections.adapter(connection)
    for attempt in (adapter.check, lambda: adapter.find_sender("dana@example.com")):
        try:
            await attempt()
        except ChannelError as error:
            said += [repr(error), "".join(traceback.format_exception(error))]
    said += [repr(adapter), caplog.text]
    assert len(said) >= 7
    assert [each[:80] for each in said if API_KEY in each or HOOK_SECRET in each] == []
