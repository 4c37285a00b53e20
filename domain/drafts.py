"""What somebody is writing to a seller and has not sent: one draft a person and listing, the same on every device."""

from piccolo.columns import Integer, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.attachments import Attachment, FileLink
from domain.columns import key, made, parent
from domain.db import DB
from domain.listings import Listing
from domain.message_templates import MessageTemplate
from domain.users import User


class Draft(Table, db=DB, tablename="draft"):
    id = key()
    account = parent(Account)
    user = parent(User)  # unique with the listing
    listing = parent(Listing)
    channel = Varchar(10, default="")
    to_field = Varchar(10, default="")
    subject = Text(default="")
    body = Text(default="")
    template = parent(MessageTemplate, null=True, index=False)
    revision = Integer(default=1)
    updated_at = made()


class DraftAttachment(Table, db=DB, tablename="draft_attachment"):
    id = key()
    draft = parent(Draft)
    attachment = parent(Attachment)
    link = parent(FileLink, null=True, index=False)
    position = Integer(default=0)
