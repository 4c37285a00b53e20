"""The two tables: reasons to write, and what is left of addresses that were erased."""

from piccolo.columns import Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB
from domain.listings import Listing
from domain.messages import Message
from domain.users import User


class Consent(Table, db=DB, tablename="consent"):
    """Rows are added and never changed; of an erased seller the address becomes a digest, and the note goes."""

    id = key()
    account = parent(Account, index=False)
    listing = parent(Listing, null=True)
    channel = Varchar(10)
    address = Varchar(254)
    basis = Varchar(24)  # express_written | express_oral | inquiry | published_in_listing | existing_business | none
    source_url = Text(default="")
    text_hash = Varchar(64, default="")  # SHA-256 of the ad's words as they were seen
    note = Text(default="")
    message = parent(Message, null=True, index=False)  # the inquiry
    captured_by = parent(User, null=True, index=False)
    captured_at = made()
    expires_at = moment()


class Tombstone(Table, db=DB, tablename="tombstone"):
    """What is left of an address that was erased: enough to never write to it again."""

    id = key()
    account = parent(Account, index=False)
    list = Varchar(8)  # opt_out | dnc | block
    channel = Varchar(10, default="text")
    digest = Varchar(64)  # salted; unique per account, list and channel
    at = made()
