"""Reports of sellers who are dealerships: by what they are known again, and which ads they hid."""

from piccolo.columns import Boolean, Integer, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB
from domain.listings import Listing
from domain.users import User


class DealershipReport(Table, db=DB, tablename="dealership_report"):
    id = key()
    account = parent(Account)
    listing = parent(Listing)  # from which it was reported
    name = Text(default="")
    by_name = Boolean(default=False)  # first and last name count as well
    listings = Integer(default=0)  # how many were hidden
    reported_by = parent(User, null=True, index=False)
    at = made()
    undone_at = moment()
    undone_by = parent(User, null=True, index=False)


class ReportedIdentity(Table, db=DB, tablename="reported_identity"):
    """What a reported seller is known by: any one of them is enough."""

    id = key()
    report = parent(DealershipReport)
    account = parent(Account, index=False)
    kind = Varchar(8)  # phone | email | address | name
    value = Text()  # E.164, or folded


class ReportedListing(Table, db=DB, tablename="reported_listing"):
    """An ad that a report hid, and how it stood before."""

    id = key()
    report = parent(DealershipReport)
    listing = parent(Listing)
    stage = Varchar(20)
    hidden = Boolean(default=False)
