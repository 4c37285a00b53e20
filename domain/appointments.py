"""When a seller shows their vehicle, and what came of it."""

from piccolo.columns import Integer, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB
from domain.listings import Listing
from domain.users import User


class Appointment(Table, db=DB, tablename="appointment"):
    id = key()
    account = parent(Account)
    listing = parent(Listing)
    user = parent(User, null=True)  # who meets the seller
    at = made()  # the moment agreed on
    zone = Varchar(60)  # whose clock it was agreed on by
    place = Text(default="")
    state = Varchar(10, default="planned")  # planned | shown | no_show | cancelled
    revision = Integer(default=1)
    created_by = parent(User, null=True, index=False)
    created_at = made()
    settled_at = moment()
