"""Messages of sellers that a person has to look at before anything automatic goes on."""

from piccolo.columns import Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB
from domain.listings import Listing
from domain.messages import Message
from domain.users import User


class Review(Table, db=DB, tablename="review"):
    id = key()
    account = parent(Account)
    listing = parent(Listing, null=True)
    message = parent(Message)  # unique
    channel = Varchar(10, default="text")
    address = Varchar(254)
    outcome = Varchar(10)  # opt_out (done already, may be taken back) | review
    rule = Text(default="")
    evidence = Text(default="")
    at = made()
    settled_at = moment()
    settled_by = parent(User, null=True, index=False)
    decision = Varchar(10, default="")  # carry_on | opt_out | dnc
