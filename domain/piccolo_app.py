"""The tables, listed by hand, in the order they depend on each other."""

from piccolo.conf.apps import AppConfig

from domain.accounts import Account, PlanFeature
from domain.address_marks import AddressMark
from domain.appointments import Appointment
from domain.appraisals import Appraisal
from domain.attachments import Attachment, AttachmentVariant, FileLink, MessageAttachment, TemplateAttachment
from domain.attempts import Attempt
from domain.audit import AuditEntry
from domain.batches.files import BatchAttachment
from domain.batches.tables import Batch, BatchListing
from domain.connections import Connection, SenderLink, Silence
from domain.consents import Consent, Tombstone
from domain.dealerships import DealershipReport, ReportedIdentity, ReportedListing
from domain.delivery import Lease
from domain.drafts import Draft, DraftAttachment
from domain.external_contacts import ExternalContact
from domain.form_transports import FormTransport
from domain.guides import Guide
from domain.history import Event
from domain.house_mail import Mail
from domain.imports import Import, RefusedRow
from domain.inbox import IncomingFile, MatchSuggestion, ProviderEvent
from domain.installations import Boot, Installation
from domain.listings import Follower, Listing, Picture, PriceChange
from domain.mails import EmailHeader, EmailThread, MailboxPosition
from domain.message_templates import HiddenTemplate, MessageTemplate, TemplateUse, TemplateVersion
from domain.messages import FollowUp, IdempotencyKey, Message
from domain.number_facts import NumberFact
from domain.receipts import Receipt
from domain.reviews import Review
from domain.seller_hours import QuietHoursRow
from domain.sellers import Seller
from domain.sessions import ApiToken, PasswordLink, Session, SignInFailure
from domain.settings import ROOT
from domain.sources import Source
from domain.suppressions import Block, DoNotContact, FirstContact, ListImport, OptOut
from domain.threads import SellerThread
from domain.users import User

TABLES = [
    Account,
    PlanFeature,
    User,
    Session,
    PasswordLink,
    SignInFailure,
    ApiToken,
    AuditEntry,
    Source,
    Listing,
    PriceChange,
    Picture,
    Follower,
    Seller,
    MessageTemplate,
    TemplateVersion,
    Connection,
    SenderLink,
    Silence,
    OptOut,
    Batch,
    Message,
    FollowUp,
    IdempotencyKey,
    Event,
    Attempt,
    Lease,
    ProviderEvent,
    Receipt,
    Import,
    RefusedRow,
    Mail,
    TemplateUse,
    HiddenTemplate,
    Attachment,
    AttachmentVariant,
    FileLink,
    MessageAttachment,
    TemplateAttachment,
    Draft,
    DraftAttachment,
    Guide,
    DoNotContact,
    Block,
    FirstContact,
    ListImport,
    Appointment,
    Appraisal,
    DealershipReport,
    ReportedIdentity,
    ReportedListing,
    Consent,
    Tombstone,
    Review,
    QuietHoursRow,
    BatchListing,
    BatchAttachment,
    NumberFact,
    Installation,
    Boot,
    SellerThread,
    EmailHeader,
    EmailThread,
    MailboxPosition,
    FormTransport,
    AddressMark,
    ExternalContact,
    IncomingFile,
    MatchSuggestion,
]

APP_CONFIG = AppConfig(
    app_name="domain",
    migrations_folder_path=str(ROOT / "migrations"),
    table_classes=TABLES,
    migration_dependencies=[],
    commands=[],
)
