"""How the contact form of each source is reached: by its own address, by an ADF email, or by a person's hand."""

from piccolo.columns import JSON, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, moment, parent
from domain.db import DB
from domain.sources import Source
from domain.users import User

KINDS = ("http_form", "adf_email", "assisted")  # as `source.form_transport` says, too
ASSISTED = "assisted"
LEAD = "adf_email"  # leaves by the dealership's email


def sends(kind: str) -> bool:
    """Whether a form is filled in by us; else by a person, or there is none."""
    return kind not in ("", ASSISTED)


class FormTransport(Table, db=DB, tablename="form_transport"):
    id = key()
    account = parent(Account)
    source = parent(Source, index=False)  # unique
    kind = Varchar(12)
    endpoint = Text(default="")  # https address, or an email address
    fields = JSON(default="{}")  # the site's name of a field -> what goes in, with wildcards
    success = JSON(default="{}")  # {status, body, redirect}: what says that it was taken
    permission = Text(default="")  # who allowed it, and where that is written
    changed_by = parent(User, null=True, index=False)
    changed_at = moment()
