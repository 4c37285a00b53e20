"""The people who work at a dealership."""

from enum import StrEnum

from piccolo.columns import Boolean, Integer, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB


class Role(StrEnum):
    ADMIN = "admin"
    MANAGER = "manager"
    AGENT = "agent"
    SUPPORT = "support"


class User(Table, db=DB, tablename="app_user"):
    id = key()
    account = parent(Account)
    email = Varchar(254, unique=True)  # lower case; one person, one sign-in, in the whole installation
    name = Text()
    title = Text(default="")
    phone = Text(default="")  # E.164 or empty
    role = Varchar(20, default=Role.AGENT)
    active = Boolean(default=True)
    owner = Boolean(default=False)  # of the installation: made by the set-up page, may edit /plans
    may_batch = Boolean(default=False)
    password_hash = Text(default="")
    undo_seconds = Integer(default=10)
    created_at = made()
    signed_in_at = moment()
