"""Out of the door, once: claim, look again, write the attempt, call, record."""

from piccolo.columns import JSON, Integer, Text, Varchar
from piccolo.table import Table

from domain.columns import key, made, moment, parent
from domain.connections import Connection
from domain.db import DB
from domain.messages import Message


class Attempt(Table, db=DB, tablename="attempt"):
    """One call to a provider, written before it is made."""

    id = key()
    message = parent(Message)
    n = Integer()  # unique per message
    connection = parent(Connection, index=False)
    provider = Varchar(20)
    sender = Text(default="")
    decision = JSON(default="{}")  # what the gate saw and said
    started_at = made()
    finished_at = moment()
    outcome = Varchar(20, default="")  # accepted | permanent | throttled | never_connected | … ; empty: still open
    reason = Text(default="")
    provider_id = Text(default="", index=True)


class Lease(Table, db=DB, tablename="lease"):
    """Who may do what only one may do at a time: dispatching on SQLite."""

    name = Varchar(40, primary_key=True)
    owner = Text(default="")
    until = moment()
