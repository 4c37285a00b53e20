"""The Outbound Word Tracks: pages of good practice, shipped, and each dealership's own once a manager changed them."""

from piccolo.columns import Integer, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, parent
from domain.db import DB
from domain.users import User


class Guide(Table, db=DB, tablename="guide"):
    """A dealership's own wording of a shipped page, or a page of its own."""

    id = key()
    account = parent(Account)
    slug = Varchar(60)  # unique per account
    title = Text()
    body = Text()  # Markdown
    revision = Integer(default=1)
    updated_by = parent(User, null=True, index=False)
    created_at = made()
    updated_at = made()
