"""The private person behind an ad. Two ads of one person are two rows; phone and email join them where it matters."""

from piccolo.columns import Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, parent
from domain.db import DB
from domain.listings import Listing


class Seller(Table, db=DB, tablename="seller"):
    id = key()
    account = parent(Account)
    listing = parent(Listing)  # unique: one seller an ad
    first_name = Text(default="")
    last_name = Text(default="")
    phone = Varchar(20, default="")  # E.164 or empty
    mobile = Varchar(20, default="")
    email = Varchar(254, default="")
    street = Text(default="")
    city = Text(default="")
    state = Text(default="")
    postal_code = Text(default="")
