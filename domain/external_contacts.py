"""Contacts made elsewhere and logged by hand: each is a message of the kind `external`, in the state `logged`."""

from enum import StrEnum

from piccolo.columns import UUID, Boolean, Integer, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import parent
from domain.db import DB


class Type(StrEnum):
    INITIAL = "initial"
    FOLLOW_UP = "follow_up"
    NON_RESPONDER = "non_responder"
    REPLY = "reply"


class ExternalContact(Table, db=DB, tablename="external_contact"):
    """What its message does not say. Its channel is text, call, email, form, facebook, kijiji or other (`place`)."""

    message = UUID(primary_key=True, default=None)
    account = parent(Account, index=False)
    type = Varchar(16)
    place = Text(default="")  # the listing source or app, as people say it
    seconds = Integer(default=0)  # of a call
    assisted = Boolean(default=False)  # our words, sent by a person at the site: "I sent it"
