"""What providers told, kept as it came, and what of it is not settled: files not fetched, guesses not confirmed."""

from piccolo.columns import UUID, Integer, Text, Varchar
from piccolo.table import Table

from domain.attachments import Attachment
from domain.columns import key, made, moment, parent
from domain.connections import Connection
from domain.db import DB
from domain.listings import Listing
from domain.messages import Message

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


class IncomingFile(Table, db=DB, tablename="incoming_file"):
    """A file that came with a message, to be fetched by its channel and kept as an attachment."""

    id = key()
    message = parent(Message, index=False)  # unique with its position
    event = parent(ProviderEvent, index=False)
    position = Integer(default=0)
    origin = Text()  # by which `Channel.fetch` gets it
    name = Text(default="")
    media_type = Text(default="")
    attachment = parent(Attachment, null=True, index=False)  # once it is kept
    state = Varchar(10, default="waiting")  # waiting | kept | refused
    problem = Text(default="")  # why not, or not yet
    tries = Integer(default=0)
    not_before = made()


class MatchSuggestion(Table, db=DB, tablename="match_suggestion"):
    """Which listing a message that matched none may be about: a person confirms it or not."""

    message = UUID(primary_key=True, default=None)
    listing = parent(Listing)
    why = Text(default="")  # in a sentence
