"""Listings from a CSV file: read with tolerance, every row accounted for."""

from piccolo.columns import JSON, BigInt, Integer, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB
from domain.users import User


class Import(Table, db=DB, tablename="listing_import"):
    id = key()
    account = parent(Account)
    user = parent(User, null=True, index=False)
    source = Text(default="")  # for rows that name none
    file_name = Text()
    path = Text(default="")  # below the data directory
    size = BigInt(default=0)  # bytes
    mapping = JSON(default="{}")  # column header -> field
    state = Varchar(10, default="uploaded")  # uploaded | queued | running | done | failed
    problem = Text(default="")
    done_bytes = BigInt(default=0)
    done_rows = Integer(default=0)
    created = Integer(default=0)
    updated = Integer(default=0)
    refused = Integer(default=0)
    owner = Text(default="")
    lease_until = moment()
    created_at = made()
    finished_at = moment()


class RefusedRow(Table, db=DB, tablename="refused_row"):
    id = key()
    listing_import = parent(Import)
    line = Integer()
    reason = Text()
    row = JSON(default="[]")
