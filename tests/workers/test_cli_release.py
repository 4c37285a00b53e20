"""`./lotwire release`: what it tells of what would go, and what it ends."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from domain import clock, db
from domain.batches.tables import Batch
from domain.installations import freezing
from domain.messages import Message, State
from tests import make
from workers.cli.__main__ import main


def in_house(work: Coroutine[Any, Any, Any]) -> Any:
    async def opened() -> Any:
        async with db.opened():
            return await work

    return asyncio.run(opened())


async def held() -> Batch:
    """A frozen house, a batch of which holds one message back and has three recipients more to come."""
    account = await make.account(slug="harbor")
    batch = Batch(
        account=account.id,
        user=await make.user(account),
        state="expanding",
        size=4,
        expanded=1,
        started_at=clock.now(),
    )
    await Batch.insert(batch)
    await make.message(await make.listing(account), kind="batch", state=State.PENDING, batch=batch.id)
    await freezing.freeze("Odd.")
    return batch


async def states() -> set[str]:
    batches = {row["state"] for row in await Batch.select(Batch.state)}
    waiting = await Message.exists().where(Message.state == State.PENDING)
    return batches | ({"waiting"} if waiting else set())


def test_it_tells_which_batches_would_go_on_and_ends_them(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    make.forget()
    batch = in_house(held())
    assert main(["release", "--look"]) == 0
    said = capsys.readouterr().out
    assert f"harbor\tbatch {batch.id}\t4 waiting\tgoes on\n" in said
    assert "0 overdue, 1 batch has begun." in said
    assert in_house(states()) == {"expanding", "waiting"}
    assert main(["release", "--cancel-overdue"]) == 0
    assert "Released: 4 cancelled.\n" in capsys.readouterr().out
    assert in_house(states()) == {"stopped"}
    assert main(["release"]) == 0
    assert "Nothing is frozen" in capsys.readouterr().out
