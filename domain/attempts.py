"""One call to a provider, written before it is made, closed when it ended."""

from piccolo.columns import JSON, Integer, Text, Varchar
from piccolo.table import Table

from domain.columns import key, made, moment, parent
from domain.connections import Connection
from domain.db import DB
from domain.messages import Message


class Attempt(Table, db=DB, tablename="attempt"):
    id = key()
    message = parent(Message, index=False)  # the rule that each n is there once has one
    n = Integer()  # unique per message
    connection = parent(Connection, index=False)
    provider = Varchar(20)
    sender = Text(default="")
    decision = JSON(default="{}")  # what the gate saw and said
    started_at = made()
    finished_at = moment()
    outcome = Varchar(20, default="")  # accepted, or a kind of ChannelError; empty: still open
    reason = Text(default="")
    provider_id = Text(default="", index=True)
