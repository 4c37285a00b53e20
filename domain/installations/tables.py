"""The installation's one row, and the ledger of its starts."""

import secrets

from piccolo.columns import Text, Varchar
from piccolo.table import Table

from domain.columns import key, made, moment, parent
from domain.db import DB, found
from domain.users import User


class Installation(Table, db=DB, tablename="installation"):
    """One row, made with the database. A copy of the database has the same id on another machine."""

    id = key()
    one = Varchar(1, default="1", unique=True)  # there is never a second row
    salt = Text()  # of what is kept only as a digest
    made_at = made()
    machine = Text(default="")  # where it last ran, and how far it came: "mark:generation"
    seen_at = moment()  # when it last said that it runs, by the machine's own clock
    frozen_at = moment()  # since when nothing leaves
    frozen_why = Text(default="")
    released_at = moment()
    released_by = parent(User, null=True, index=False)


class Boot(Table, db=DB, tablename="boot"):
    """A start of the sender, with what it found; append-only."""

    id = key()
    at = made()
    machine = Text(default="")  # the mark of its data directory
    owner = Text(default="")  # host, boot id, process
    last_seen = moment()  # when the one before it was last seen
    verdict = Text(default="")  # empty: as usual; else why it froze


async def here() -> Installation:
    """The row of this installation, made when somebody asks first; of many who ask at once one makes it."""
    known = await Installation.objects().first()
    if known is None:
        fresh = Installation(salt=secrets.token_hex(32))
        await Installation.insert(fresh).on_conflict(target=Installation.one, action="DO NOTHING")
        known = await found(Installation.objects().first())
    return known


async def is_held() -> bool:
    """Whether nothing may leave, as the row says this moment; `freezing.is_frozen` is for who asks all the time."""
    return await Installation.exists().where(Installation.frozen_at.is_not_null())


async def salt() -> str:
    """What goes into every digest that stands for something erased, so that nobody can try all numbers elsewhere."""
    return (await here()).salt
