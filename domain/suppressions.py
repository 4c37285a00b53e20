"""The seller's word: addresses that said stop. (Ours, DNC, and blocks against abuse are records of their own.)"""

from piccolo.columns import Text, Varchar
from piccolo.columns import UUID as UUIDColumn
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB


class OptOut(Table, db=DB, tablename="opt_out"):
    id = key()
    account = parent(Account)
    channel = Varchar(10, default="text")
    address = Varchar(254)  # E.164; at most one row an address and account that is not lifted
    word = Text(default="")  # what was said
    message = UUIDColumn(null=True, default=None)  # the inbound message that said so
    at = made()
    lifted_at = moment()
    lifted_by = Text(default="")  # the seller's START, or the consent recorded
