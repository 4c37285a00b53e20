"""What came in: stored once, opt-outs first, matched, and told to whom it concerns."""

from piccolo.columns import Integer, Text, Varchar
from piccolo.table import Table

from domain.columns import key, made, moment, parent
from domain.connections import Connection
from domain.db import DB
from domain.messages import Message


class ProviderEvent(Table, db=DB, tablename="provider_event"):
    """A verified hook call, raw, kept for ever."""

    id = key()
    connection = parent(Connection)
    event_key = Varchar(64)  # unique per connection
    payload = Text()  # JSON
    received_at = made()
    handled_at = moment()
    not_before = made()
    tries = Integer(default=0)
    problem = Text(default="")


class Receipt(Table, db=DB, tablename="receipt"):
    """What a provider said of a message it took, in the order it came."""

    id = key()
    connection = parent(Connection, index=False)
    provider_id = Text()
    message = parent(Message, null=True)
    state = Varchar(12)
    reason = Text(default="")
    at = moment()  # by the provider's clock
    received_at = made()
