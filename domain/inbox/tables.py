"""The hook calls of providers, kept as they came."""

from piccolo.columns import Integer, Text, Varchar
from piccolo.table import Table

from domain.columns import key, made, moment, parent
from domain.connections import Connection
from domain.db import DB

EMPTY = '{"erased": true}'  # the payload of one that told of a seller who was erased


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
