"""Three records that keep messages from people, each lifted in its own way: the seller's word, ours, and a block."""

from piccolo.columns import UUID, Integer, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB
from domain.listings import Listing
from domain.users import User


class OptOut(Table, db=DB, tablename="opt_out"):
    """The seller's word: by address, for the whole account. Only their START or a recorded consent lifts it."""

    id = key()
    account = parent(Account)
    channel = Varchar(10, default="text")
    address = Varchar(254)  # E.164; at most one row an address and account that is not lifted
    word = Text(default="")  # what was said
    message = UUID(null=True, default=None)  # the newest inbound message that said so
    at = made()
    said_again_at = moment()  # when they last asked for it, if more than once
    lifted_at = moment()
    lifted_by = Text(default="")  # the seller's START, or the consent recorded
    source = Varchar(12, default="seller")  # seller | provider | agent | import | email
    note = Text(default="")  # what an agent heard, and where
    added_by = parent(User, null=True, index=False)


class DoNotContact(Table, db=DB, tablename="do_not_contact"):
    """Our decision: by phone or email, across listings. A manager lifts it."""

    id = key()
    account = parent(Account)
    address = Varchar(254)  # E.164 or an email address; at most one row an account and address that is not lifted
    reason = Text(default="")
    source = Varchar(12, default="manual")  # stage | manual | import | report
    listing = parent(Listing, null=True)  # where it was decided
    added_by = parent(User, null=True, index=False)
    at = made()
    lifted_at = moment()
    lifted_by = parent(User, null=True, index=False)
    lift_reason = Text(default="")


class Block(Table, db=DB, tablename="block"):
    """Abuse by whoever writes: what comes in from there is stored silently, and nothing goes out."""

    id = key()
    account = parent(Account)
    address = Varchar(254)  # at most one row an account and address that is not lifted
    reason = Text(default="")
    added_by = parent(User, null=True, index=False)
    at = made()
    lifted_at = moment()
    lifted_by = parent(User, null=True, index=False)
    lift_reason = Text(default="")


class ListImport(Table, db=DB, tablename="list_import"):
    """A file of addresses that was read into one of the lists; of a public do-not-call list, when it was made."""

    id = key()
    account = parent(Account)
    kind = Varchar(12)  # dnc | opt_out | block
    name = Text(default="")
    scrubbed_at = moment()
    state = Varchar(10, default="running")  # running | done | failed
    rows = Integer(default=0)
    added = Integer(default=0)
    known = Integer(default=0)
    refused = Integer(default=0)
    problem = Text(default="")
    by = parent(User, null=True, index=False)
    at = made()
    finished_at = moment()


class FirstContact(Table, db=DB, tablename="first_contact"):
    """Who wrote to an address first, and when: one first contact in a while, however many listings a seller has."""

    id = key()
    account = parent(Account, index=False)
    address = Varchar(254)  # unique per account
    listing = parent(Listing, index=False)
    user = parent(User, null=True, index=False)
    message = UUID(null=True, default=None)
    at = made()
