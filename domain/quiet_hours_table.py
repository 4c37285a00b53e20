"""Hours a dealership allows beside the shipped ones, a row a region."""

from piccolo.columns import JSON, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, parent
from domain.db import DB
from domain.users import User


class QuietHoursRow(Table, db=DB, tablename="quiet_hours_row"):
    id = key()
    account = parent(Account)
    region = Varchar(6)  # US-AZ, CA-NL; unique per account
    windows = JSON(default="{}")  # weekday 0 to 6 -> [from, to] in minutes of the day, or null for a day without
    reason = Text(default="")
    changed_by = parent(User, null=True, index=False)
    changed_at = made()
