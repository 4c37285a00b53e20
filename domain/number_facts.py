"""What is known of a phone number besides whose it is: a landline, or one that carriers say takes no texts."""

from piccolo.columns import Boolean, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, parent
from domain.db import DB


class NumberFact(Table, db=DB, tablename="number_fact"):
    id = key()
    account = parent(Account, index=False)
    address = Varchar(20)  # E.164; unique per account
    landline = Boolean(default=False)
    untextable = Boolean(default=False)  # a carrier said so
    reason = Text(default="")  # in whose words
    at = made()
