"""The communication history of a listing: messages and events in one order, a page at a time."""

from piccolo.columns import JSON, Varchar
from piccolo.columns import UUID as UUIDColumn
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, parent
from domain.db import DB
from domain.listings import Listing
from domain.users import User


class Event(Table, db=DB, tablename="event"):
    """A line between the messages: stage, assignment, opt-out …"""

    id = key()
    account = parent(Account)
    listing = parent(Listing)
    user = parent(User, null=True, index=False)
    kind = Varchar(20)  # stage | assigned | opted_out | opted_in | responded
    detail = JSON(default="{}")
    message = UUIDColumn(null=True, default=None)
    at = made()
