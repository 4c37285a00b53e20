"""Another key for everything that is sealed: made, put in use by every process at once, and the old ones forgotten."""

from dataclasses import dataclass

from domain import audit, db, vault, vault_keys
from domain.connections import Connection
from domain.errors import Unavailable

PASSES = 5  # over what was sealed; a process may still write down what it sealed a moment before


@dataclass(frozen=True)
class Rotated:
    """How many credentials were sealed anew, and how many no key opens: their providers have to be connected again."""

    sealed: int
    lost: int


async def rotate() -> Rotated:
    """Makes another key and seals everything anew. Cut off anywhere it loses nothing, and is begun again as if it were
    the first time: until everything is sealed anew every key opens. The database is open."""
    with vault_keys.alone():
        return await _rotate()


async def _rotate() -> Rotated:
    vault_keys.add()
    sealed = 0
    for _ in range(PASSES):
        changed, lost = await _pass()
        sealed += changed
        if not changed:
            break
    else:
        raise Unavailable("Credentials are being changed all the time. Run it again: the keys before still count.")
    if not lost:  # what a key of another backup may open is not to be given up
        vault_keys.keep_newest()
    async with db.writing():
        for account in {each.account for each in await Connection.objects()}:
            await audit.record(account, None, "vault.rotated")
    return Rotated(sealed, lost)


async def _pass() -> tuple[int, int]:
    changed = lost = 0
    for row in await Connection.select(Connection.id, Connection.secret, Connection.hook_secret):
        try:
            secret, hook_secret = vault.resealed(row["secret"]), vault.resealed(row["hook_secret"])
        except Unavailable:
            lost += 1
            continue
        if (secret, hook_secret) == (row["secret"], row["hook_secret"]):
            continue
        as_it_was = (Connection.secret == row["secret"]) & (Connection.hook_secret == row["hook_secret"])
        anew = Connection.update({Connection.secret: secret, Connection.hook_secret: hook_secret})
        await anew.where((Connection.id == row["id"]) & as_it_was)
        changed += 1
    return changed, lost
