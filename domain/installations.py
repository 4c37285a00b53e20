"""What this copy of Lotwire is: its id, where it last ran, and whether its sender is frozen until somebody looked."""

from piccolo.columns import Text, Varchar
from piccolo.table import Table

from domain.columns import key, made, moment, parent
from domain.db import DB
from domain.users import User


class Installation(Table, db=DB, tablename="installation"):
    """One row, made with the database. A copy of the database has the same id on another machine."""

    id = key()
    one = Varchar(1, default="1", unique=True)  # there is never a second row
    salt = Text()  # of what is kept only as a digest
    made_at = made()
    machine = Text(default="")  # where it last ran
    seen_at = moment()  # when it last said that it runs
    frozen_at = moment()  # since when nothing leaves
    frozen_why = Text(default="")
    released_at = moment()
    released_by = parent(User, null=True, index=False)


class Boot(Table, db=DB, tablename="boot"):
    """A start of the sender, with what it found; append-only."""

    id = key()
    at = made()
    machine = Text(default="")
    owner = Text(default="")  # host, boot id, process
    last_seen = moment()  # when the one before it was last seen
    verdict = Text(default="")  # empty: as usual; else why it froze
