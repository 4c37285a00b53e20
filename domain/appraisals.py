"""What a vehicle is worth to the dealership, as somebody there judged it."""

from piccolo.columns import BigInt, Text
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, parent
from domain.db import DB
from domain.listings import Listing
from domain.users import User


class Appraisal(Table, db=DB, tablename="appraisal"):
    id = key()
    account = parent(Account)
    listing = parent(Listing)
    user = parent(User, null=True, index=False)
    amount = BigInt()  # cents
    note = Text(default="")
    at = made()
