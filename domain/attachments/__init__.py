"""Pictures and documents that go along with a message: looked into before they are believed, stored once."""

from domain.attachments.fetching import address, handed_over
from domain.attachments.keeping import add, by_id, discard, of, read, upload
from domain.attachments.links import in_text as links_in
from domain.attachments.links import link_of, opened, revoke, share, share_all, stand_in, url
from domain.attachments.shrinking import fitting
from domain.attachments.tables import Attachment, AttachmentVariant, FileLink, MessageAttachment, TemplateAttachment
from domain.attachments.tidying import tidy

__all__ = [
    "Attachment",
    "AttachmentVariant",
    "FileLink",
    "MessageAttachment",
    "TemplateAttachment",
    "add",
    "address",
    "by_id",
    "discard",
    "fitting",
    "handed_over",
    "link_of",
    "links_in",
    "of",
    "opened",
    "read",
    "revoke",
    "share",
    "share_all",
    "stand_in",
    "tidy",
    "upload",
    "url",
]
