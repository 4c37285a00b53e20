"""What only one worker may do at a time, on either database: a turn that is held by prolonging it."""

from collections.abc import Callable
from datetime import timedelta

from domain import clock
from domain.delivery import Lease


async def take(name: str, owner: str, seconds: float, is_dead: Callable[[str], bool]) -> bool:
    """True when it is `owner`'s turn for the next `seconds`: it was before, nobody holds it, or who does is dead."""
    now = clock.now()
    holder = await Lease.select(Lease.owner).where(Lease.name == name).first()
    dead = holder["owner"] if holder and holder["owner"] != owner and is_dead(holder["owner"]) else owner
    taken = await Lease.raw(
        """INSERT INTO lease (name, owner, until) VALUES ({}, {}, {})
           ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
           WHERE lease.owner = {} OR lease.owner = {} OR lease.until IS NULL OR lease.until < {} RETURNING name""",
        *(name, owner, now + timedelta(seconds=seconds), owner, dead, now),
    )
    return bool(taken)


async def leave(name: str, owner: str) -> None:
    """Whoever comes next need not wait."""
    await Lease.delete().where((Lease.name == name) & (Lease.owner == owner))
