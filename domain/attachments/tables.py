"""A file once uploaded, its smaller variants, its public links, and what it goes along with."""

from piccolo.columns import BigInt, Boolean, Integer, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB
from domain.listings import Listing
from domain.message_templates import TemplateVersion
from domain.messages import Message
from domain.users import User


class Attachment(Table, db=DB, tablename="attachment"):
    """A file somebody of the account uploaded. The bytes are stored once by their SHA-256, however often they come."""

    id = key()
    account = parent(Account)
    user = parent(User, null=True, index=False)  # who uploaded it
    name = Text()  # as people see it; never a path
    media_type = Varchar(100)  # found by looking inside
    sha256 = Varchar(64)  # of what is stored: cleaned of camera data
    size = BigInt()  # bytes
    width = Integer(null=True, default=None)  # pixels, of a picture
    height = Integer(null=True, default=None)
    thumb = Boolean(default=False)  # a thumbnail lies beside the file
    created_at = made()
    removed_at = moment()  # the bytes are gone or refused; what was sent stays in the history by its name


class AttachmentVariant(Table, db=DB, tablename="attachment_variant"):
    """The same picture made smaller for a channel that takes no more."""

    id = key()
    attachment = parent(Attachment)
    most_bytes = Integer()  # unique per attachment
    sha256 = Varchar(64)
    media_type = Varchar(100)
    size = BigInt()
    created_at = made()


class FileLink(Table, db=DB, tablename="file_link"):
    """The public address of one file for one seller: signed, expiring, revocable."""

    id = key()
    account = parent(Account)
    attachment = parent(Attachment)
    listing = parent(Listing, null=True)
    created_by = parent(User, null=True, index=False)
    created_at = made()
    expires_at = moment()
    revoked_at = moment()
    opened_at = moment()  # the last time
    opened = Integer(default=0)


class MessageAttachment(Table, db=DB, tablename="message_attachment"):
    """A file that goes along with a message: in it, or as a link in its text."""

    id = key()
    message = parent(Message)
    attachment = parent(Attachment)
    link = parent(FileLink, null=True, index=False)
    position = Integer(default=0)


class TemplateAttachment(Table, db=DB, tablename="template_attachment"):
    """A file that a version of a template brings along."""

    id = key()
    version = parent(TemplateVersion)
    attachment = parent(Attachment)
    position = Integer(default=0)
