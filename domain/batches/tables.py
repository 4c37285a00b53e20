"""A batch, the listings that were chosen for it, and the files that go along."""

from piccolo.columns import Boolean, Integer, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB
from domain.listings import Listing
from domain.message_templates import TemplateVersion
from domain.users import User

NOT_OVER = "state IN ('draft', 'expanding', 'running', 'paused')"  # the words of an index, by which SQLite knows it


class Batch(Table, db=DB, tablename="batch"):
    """One wording to many listings. Its recipients are the messages that name it; each has a state of its own."""

    id = key()
    account = parent(Account, index=False)
    user = parent(User)  # who started it, and sends
    origin = Varchar(10, default="window")  # window | api
    nonce = Varchar(80, null=True, default=None, unique=True)
    channel = Varchar(10, default="auto")  # auto | one of the channels
    to_field = Varchar(10, default="mobile")  # mobile | phone: the field of the seller a text goes to
    subject = Text(default="")
    wording = Text(default="")  # with its wildcards
    template_version = parent(TemplateVersion, null=True, index=False)
    opt_out_line = Boolean(default=True)
    files = Varchar(8, default="skip")  # skip | without | link: who cannot get the files
    size = Integer(default=0)  # listings chosen
    expanded = Integer(default=0)  # of them that are messages by now
    state = Varchar(10, default="draft")  # draft | expanding | running | paused | stopped | done
    revision = Integer(default=0)  # of the draft: what was looked at is what starts
    held_reason = Text(default="")  # why it paused by itself, in a sentence
    credit_told_at = moment()  # when who started it was told that the provider is out of credit: once
    judged_from = moment()  # since when what carriers took for spam counts; None: since it started
    canary = Integer(default=0)  # how many go first
    canary_until = moment()  # when those are looked at
    scheduled_at = moment()
    schedule_rule = Varchar(8, default="")  # empty: now | zone: one moment for all | seller: by each seller's clock
    schedule_zone = Varchar(60, default="")
    schedule_wall = Varchar(16, default="")
    stays_on_reply = Boolean(default=False)
    created_at = made()
    started_at = moment()
    finished_at = moment()
    changed_at = made()


class BatchListing(Table, db=DB, tablename="batch_listing"):
    """A listing that was chosen, in its place, as it was frozen; and what the look before the start said of it."""

    id = key()
    batch = parent(Batch, index=False)
    n = Integer()  # from 0; unique per batch
    listing = parent(Listing, index=False)
    channel = Varchar(10, default="")  # by which it would go; empty: by none
    code = Text(default="")  # why it would not go
    waits = Varchar(20, default="")  # what it would wait for: quiet_hours, review_open
    first = Boolean(default=False)  # nobody wrote about this listing before
    segments = Integer(default=0)
    length = Integer(default=0)  # characters
    fallbacks = Integer(default=0)  # blanks that were filled with what stands in for a missing value
