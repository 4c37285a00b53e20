"""An installed provider of an account, when it could not be heard, and which account there belongs to whom."""

from enum import StrEnum

from piccolo.columns import JSON, Integer, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB
from domain.users import User


class ConnectionState(StrEnum):
    CONNECTED = "connected"
    BROKEN = "broken"  # the provider refused our key: pending messages wait
    DISCONNECTED = "disconnected"


class Connection(Table, db=DB, tablename="connection"):
    id = key()
    account = parent(Account)
    kind = Varchar(20)  # dialpad, …: domain.channels.registry
    state = Varchar(20, default=ConnectionState.CONNECTED)
    base_url = Text(default="")
    secret = Text(default="")  # encrypted: JSON of its secret fields; of old the API key itself
    hook_secret = Text(default="")  # encrypted
    hook_id = Text(default="")  # what the provider calls our hook
    old_hook_id = Text(default="")  # after a change of its secret: it still brings what was under way
    old_hook_until = moment()
    hook_base = Text(default="")  # the public address of ours that the hook was made with; empty: nobody noted it
    old_hook_base = Text(default="")  # the one before
    hook_moved_at = moment()  # when it followed from there
    hook_problem = Text(default="")  # a sentence while the hook is not as it should be
    hook_asked_at = moment()  # when the provider was last asked to call us
    options = JSON(default="{}")
    last_ok_at = moment()
    last_error = Text(default="")
    last_error_at = moment()
    refused_hooks = Integer(default=0)
    rests_until = moment()  # the provider asked for silence: nothing leaves before
    rest_ended_at = moment()  # when somebody last ended such a rest before its time
    last_event_at = moment()  # when it was last heard of, to half a minute
    heard_until = moment()  # until then a line stood over which the provider tells everything once
    opt_outs_read_at = moment()  # when its own list of opt-outs was last read whole
    created_at = made()
    disconnected_at = moment()


class Silence(Table, db=DB, tablename="silence"):
    """A time in which nothing could be heard of a provider that tells everything once."""

    id = key()
    connection = parent(Connection)
    since = made()
    until = made()


class SenderLink(Table, db=DB, tablename="sender_link"):
    """Which account at the provider belongs to which of our people, as last looked up; trusted for minutes only."""

    id = key()
    connection = parent(Connection)
    user = parent(User)
    provider_id = Text(default="")  # empty: no active account with that email
    name = Text(default="")
    numbers = Text(default="")  # E.164, space-separated
    checked_at = made()
