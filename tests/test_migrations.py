"""The migrations make exactly the tables, on both databases, whoever runs them at the same time."""

import asyncio
import importlib
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from piccolo.apps.migrations.commands.new import AutoMigrationManager
from piccolo.apps.migrations.tables import Migration
from piccolo.table import Table

from domain import clock, db
from domain.errors import Unavailable
from domain.piccolo_app import (
    APP_CONFIG,
    TABLES,
    Account,
    AddressMark,
    ApiToken,
    Attachment,
    AttachmentVariant,
    Attempt,
    Batch,
    BatchListing,
    Block,
    Connection,
    DealershipReport,
    DoNotContact,
    Draft,
    DraftAttachment,
    EmailThread,
    FirstContact,
    Follower,
    FormTransport,
    Guide,
    HiddenTemplate,
    IdempotencyKey,
    IncomingFile,
    Installation,
    Listing,
    MailboxPosition,
    Message,
    MessageAttachment,
    MessageTemplate,
    NumberFact,
    OptOut,
    PasswordLink,
    Picture,
    PlanFeature,
    ProviderEvent,
    QuietHoursRow,
    ReportedIdentity,
    ReportedListing,
    Review,
    Seller,
    SellerThread,
    SenderLink,
    Session,
    SignInFailure,
    Source,
    TemplateAttachment,
    TemplateUse,
    TemplateVersion,
    Tombstone,
    User,
)
from domain.settings import ROOT
from tests import make

# Piccolo writes into the database the id or the moment its default gave when the table was made.
MADE_ANEW = re.compile(r"'[0-9a-f-]{36}'|'\d{4}-\d\d-\d\d [^']+'")
FILES = sorted(path for path in (ROOT / "migrations").glob("*.py") if path.name != "__init__.py")


# What the migrations leave behind


async def test_a_migrated_database_has_the_columns_of_the_tables(blank_database: str) -> None:
    await db.migrate()
    async with db.opened():
        migrated = await _columns()
        await _drop_everything()
        await _create_tables()
        created = await _columns()
    assert set(migrated) == {table._meta.tablename for table in TABLES}
    for table, columns in created.items():
        assert migrated[table] == columns, table


async def test_a_migrated_database_has_every_index_of_the_tables_and_of_the_hand_written_migrations(
    blank_database: str,
) -> None:
    await db.migrate()
    async with db.opened():
        migrated = await _indexes()
        await _drop_everything()
        await _create_tables()
        created = await _indexes()
    by_hand = {statement.split(" INDEX ")[1].split()[0] for statement in _statements()}
    assert by_hand <= {index.name for index in migrated}
    assert _unnamed(created) == _unnamed({index for index in migrated if index.name not in by_hand})


async def test_the_tables_hold_no_change_without_a_migration() -> None:
    found = await AutoMigrationManager().get_alter_statements(APP_CONFIG)
    assert [statement for statements in found for statement in statements.statements] == []


def test_every_table_of_the_house_is_listed() -> None:
    assert {table for table in _subclasses(Table) if table.__module__.startswith("domain.")} == set(TABLES)


# Running them


async def test_migrating_again_finds_nothing_to_do(blank_database: str) -> None:
    assert await db.migrate() == len(FILES)
    assert await db.migrate() == 0


async def test_four_processes_that_migrate_at_once_all_succeed(blank_database: str) -> None:
    program = "import asyncio; from domain import db; print(asyncio.run(db.migrate()))"
    everyone = [asyncio.to_thread(_run, program) for _ in range(4)]
    done = await asyncio.gather(*everyone)
    assert [each.stderr for each in done] == [""] * 4
    assert sorted(int(each.stdout) for each in done) == [0, 0, 0, len(FILES)]
    async with db.opened():
        assert set(await _columns()) == {table._meta.tablename for table in TABLES}


async def test_a_migration_that_fails_is_told_and_leaves_the_database_as_it_was(
    blank_database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await db.migrate()
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "broken_2027_01_01t00_00_00_000000.py").write_text(BROKEN)
    for path in FILES:
        (folder / path.name).write_text(path.read_text())
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(APP_CONFIG, "migrations_folder_path", str(folder))
    for name in [name for name in sys.modules if name == "migrations" or name.startswith("migrations.")]:
        monkeypatch.delitem(sys.modules, name)  # the broken folder carries the same name
    with pytest.raises(Unavailable, match=r"could not be brought up to date: .*no_such_table"):
        await db.migrate()
    async with db.opened():
        assert "half_way" not in await _columns()
        assert await Migration.count() == len(FILES)


# What must not exist twice


@dataclass(frozen=True)
class World:
    account: Account
    user: User
    source: Source
    listing: Listing
    bare: Listing
    connection: Connection
    message: Message
    template: MessageTemplate
    version: TemplateVersion
    attachment: Attachment
    draft: Draft
    report: DealershipReport
    batch: Batch
    event: ProviderEvent


# Every unique rule but the primary keys: table and columns -> a row that may be stored once.
ONCE: dict[tuple[str, str], Callable[[World], Table]] = {
    ("account", "slug"): lambda w: Account(slug="same", name="A"),
    ("plan_feature", "tier, feature"): lambda w: PlanFeature(tier="standard", feature="unheard-of"),
    ("app_user", "email"): lambda w: User(account=w.account.id, email="same@harbor.example", name="A"),
    ("web_session", "token_hash"): lambda w: Session(user=w.user.id, token_hash="same"),
    ("password_link", "token_hash"): lambda w: PasswordLink(token_hash="same", purpose="reset"),
    ("sign_in_failure", "subject"): lambda w: SignInFailure(subject="ip:192.0.2.1"),
    ("api_token", "token_hash"): lambda w: ApiToken(user=w.user.id, token_hash="same"),
    ("source", "account, slug"): lambda w: Source(account=w.account.id, slug="same", name="A"),
    ("listing", "source, external_id"): lambda w: Listing(
        account=w.account.id, source=w.source.id, external_id="same", year=2020, make="A", model="B"
    ),
    ("picture", "listing, url"): lambda w: Picture(listing=w.listing.id, url="https://ads.example/1.jpg"),
    ("follower", "listing, user"): lambda w: Follower(listing=w.listing.id, user=w.user.id),
    ("seller", "listing"): lambda w: Seller(account=w.account.id, listing=w.bare.id),
    ("template_version", "template, n"): lambda w: TemplateVersion(template=w.template.id, n=7, body="A"),
    ("connection", "account, kind"): lambda w: Connection(account=w.account.id, kind="twilio"),
    ("sender_link", "connection, user"): lambda w: SenderLink(connection=w.connection.id, user=w.user.id),
    ("opt_out", "account, channel, address"): lambda w: OptOut(account=w.account.id, address="+15205550199"),
    ("message", "nonce"): lambda w: Message(
        account=w.account.id, channel="text", direction="out", author_kind="agent", nonce="same"
    ),
    ("idempotency_key", "account, key_hash"): lambda w: IdempotencyKey(
        account=w.account.id, key_hash="same", body_hash="x"
    ),
    ("attempt", "message, n"): lambda w: Attempt(
        message=w.message.id, n=7, connection=w.connection.id, provider="dialpad"
    ),
    ("provider_event", "connection, event_key"): lambda w: ProviderEvent(
        connection=w.connection.id, event_key="same", payload="{}"
    ),
    ("message_template", "account, type, name_key"): lambda w: MessageTemplate(
        account=w.account.id, type="text", scope="global", purpose="initial", name="A", name_key="a"
    ),
    ("message_template", "owner, type, name_key"): lambda w: MessageTemplate(
        account=w.account.id, owner=w.user.id, type="text", scope="local", purpose="initial", name="A", name_key="a"
    ),
    ("template_use", "user, template"): lambda w: TemplateUse(user=w.user.id, template=w.template.id),
    ("hidden_template", "account, template"): lambda w: HiddenTemplate(account=w.account.id, template=w.template.id),
    ("attachment_variant", "attachment, most_bytes"): lambda w: AttachmentVariant(
        attachment=w.attachment.id, most_bytes=1000, sha256="a", media_type="image/jpeg", size=900
    ),
    ("message_attachment", "message, attachment"): lambda w: MessageAttachment(
        message=w.message.id, attachment=w.attachment.id
    ),
    ("template_attachment", "version, attachment"): lambda w: TemplateAttachment(
        version=w.version.id, attachment=w.attachment.id
    ),
    ("draft", "user, listing"): lambda w: Draft(account=w.account.id, user=w.user.id, listing=w.bare.id),
    ("draft_attachment", "draft, attachment"): lambda w: DraftAttachment(draft=w.draft.id, attachment=w.attachment.id),
    ("do_not_contact", "account, address"): lambda w: DoNotContact(account=w.account.id, address="+15205550199"),
    ("block", "account, address"): lambda w: Block(account=w.account.id, address="+15205550199"),
    ("first_contact", "account, address"): lambda w: FirstContact(
        account=w.account.id, address="+15205550199", listing=w.listing.id
    ),
    ("reported_identity", "report, kind, value"): lambda w: ReportedIdentity(
        report=w.report.id, account=w.account.id, kind="phone", value="+15205550199"
    ),
    ("reported_listing", "report, listing"): lambda w: ReportedListing(
        report=w.report.id, listing=w.bare.id, stage="contacted"
    ),
    ("tombstone", "account, list, channel, digest"): lambda w: Tombstone(
        account=w.account.id, list="opt_out", digest="same"
    ),
    ("review", "message"): lambda w: Review(
        account=w.account.id, message=w.message.id, address="+15205550199", outcome="review"
    ),
    ("quiet_hours_row", "account, region"): lambda w: QuietHoursRow(account=w.account.id, region="US-AZ"),
    ("batch", "nonce"): lambda w: Batch(account=w.account.id, user=w.user.id, nonce="same"),
    ("batch_listing", "batch, n"): lambda w: BatchListing(batch=w.batch.id, n=0, listing=w.listing.id),
    ("message", "batch, listing"): lambda w: _text(w, batch=w.batch.id, listing=w.listing.id, state="skipped"),
    ("message", "batch, to_address"): lambda w: _text(w, batch=w.batch.id, to_address="+15205550199"),
    ("installation", "one"): lambda w: Installation(salt="a"),
    ("number_fact", "account, address"): lambda w: NumberFact(account=w.account.id, address="+15205550199"),
    ("seller_thread", "account, channel, address"): lambda w: SellerThread(
        account=w.account.id, channel="facebook", address="psid"
    ),
    ("email_thread", "listing, address"): lambda w: EmailThread(
        account=w.account.id, listing=w.listing.id, address="dana@mail.example", token=uuid4().hex
    ),
    ("email_thread", "token"): lambda w: EmailThread(
        account=w.account.id, listing=w.listing.id, address=f"{uuid4().hex}@mail.example", token="same"
    ),
    ("mailbox_position", "connection, folder"): lambda w: MailboxPosition(
        connection=w.connection.id, folder="INBOX", validity="1", last="7"
    ),
    ("form_transport", "source"): lambda w: FormTransport(account=w.account.id, source=w.source.id, kind="assisted"),
    ("address_mark", "account, address, mark"): lambda w: AddressMark(
        account=w.account.id, address="dana@mail.example", mark="bounced"
    ),
    ("incoming_file", "message, position"): lambda w: IncomingFile(message=w.message.id, event=w.event.id, origin="a"),
    ("guide", "account, slug"): lambda w: Guide(account=w.account.id, slug="same", title="A", body="A"),
}


async def test_every_unique_rule_is_named_here(house: None) -> None:
    assert {(index.table, ", ".join(index.columns)) for index in await _indexes() if index.unique} == set(ONCE)


@pytest.mark.parametrize("rule", ONCE, ids=lambda rule: f"{rule[0]}: {rule[1]}")
async def test_a_row_that_may_exist_once_is_refused_the_second_time(rule: tuple[str, str], house: None) -> None:
    world = await _world()
    row, again = ONCE[rule](world), ONCE[rule](world)
    table = type(row)
    await table.insert(row)
    before = await table.count()
    with pytest.raises(db.DUPLICATE) as refusal:
        await table.insert(again)
    assert db.is_duplicate(refusal.value)
    assert await table.count() == before


async def test_a_disconnected_provider_may_be_installed_again(house: None) -> None:
    account = await make.account()
    await make.connection(account, state="disconnected")
    await make.connection(account, state="disconnected")
    await make.connection(account)
    assert await Connection.count() == 3


async def test_an_address_may_opt_out_again_after_it_opted_in(house: None) -> None:
    address = make.phone()
    await make.opt_out(address, lifted_at=clock.now())
    await make.opt_out(address, lifted_at=clock.now())
    await make.opt_out(address)
    assert await OptOut.count() == 3


async def test_many_messages_may_have_no_nonce(house: None) -> None:
    listing = await make.listing()
    await make.message(listing, direction="in")
    await make.message(listing, direction="in")
    assert await Message.count().where(Message.nonce.is_null()) == 2


BROKEN = """
from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from domain import db

ID, VERSION, DESCRIPTION = "2027-01-01T00:00:00:000000", "1.38.0", "Broken half-way"


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    async def run():
        await db.DB.run_ddl("CREATE TABLE half_way (id int)")
        await db.DB.run_ddl("INSERT INTO no_such_table VALUES (1)")

    manager.add_raw(run)
    return manager
"""


class Index(NamedTuple):
    name: str
    table: str
    columns: tuple[str, ...]
    unique: bool


def _text(world: World, **values: Any) -> Message:
    return Message(account=world.account.id, channel="text", direction="out", author_kind="agent", **values)


async def _world() -> World:
    listing = await make.listing(source="craigslist")
    bare = Listing(account=listing.account, source=listing.source, external_id="bare", year=2020, make="A", model="B")
    await Listing.insert(bare)
    template, draft = await make.template(), await make.draft(listing)
    version = await TemplateVersion.objects().get(TemplateVersion.template == template.id)
    assert version is not None
    report = DealershipReport(account=listing.account, listing=listing.id)
    await DealershipReport.insert(report)
    user = await make.user()
    batch = Batch(account=listing.account, user=user.id)
    await Batch.insert(batch)
    connection = await make.connection()
    event = ProviderEvent(connection=connection.id, event_key="one", payload="{}")
    await ProviderEvent.insert(event)
    return World(
        account=await make.dealership(),
        user=user,
        source=await make.source(),
        listing=listing,
        bare=bare,
        connection=connection,
        message=await make.message(listing),
        template=template,
        version=version,
        attachment=await make.attachment(),
        draft=draft,
        report=report,
        batch=batch,
        event=event,
    )


async def _create_tables() -> None:
    for table in TABLES:
        await table.create_table()
        for column in table._meta.columns:
            if column._meta.index:
                await table.create_index([column], if_not_exists=True)


async def _drop_everything() -> None:
    for table in reversed([*TABLES, Migration]):
        await table.alter().drop_table(if_exists=True)


async def _columns() -> dict[str, dict[str, dict[str, Any]]]:
    """Table -> column -> type, nullability, default and length in the words of the database, but of Piccolo's table."""
    if db.on_postgres():
        rows = await Migration.raw(
            """SELECT table_name AS "table", column_name AS "column", data_type AS "type", is_nullable AS nullable,
                      column_default AS "default", character_maximum_length AS length
               FROM information_schema.columns WHERE table_schema = 'public'"""
        )
    else:
        rows = await Migration.raw(
            """SELECT m.name AS "table", c.name AS "column", c.type AS "type", c."notnull" AS nullable,
                      c.dflt_value AS "default", c.pk AS key
               FROM sqlite_master m JOIN pragma_table_info(m.name) c
               WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"""
        )
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows:
        if row["table"] != "migration":
            row["default"] = MADE_ANEW.sub("'…'", row["default"] or "")
            found.setdefault(row.pop("table"), {})[row.pop("column")] = row
    return found


async def _indexes() -> set[Index]:
    """Every index but those of primary keys and of Piccolo's table."""
    if db.on_postgres():
        rows = await Migration.raw(
            """SELECT c.relname AS name, t.relname AS "table", i.indisunique AS is_unique, array_to_string(
                      array(SELECT a.attname FROM unnest(i.indkey) WITH ORDINALITY k(number, position)
                            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number ORDER BY k.position), ','
                      ) AS columns
               FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
               JOIN pg_namespace n ON n.oid = t.relnamespace
               WHERE n.nspname = 'public' AND NOT i.indisprimary AND t.relname <> 'migration'"""
        )
    else:
        rows = await Migration.raw(
            """SELECT l.name, m.name AS "table", l."unique" AS is_unique,
                      (SELECT group_concat(name, ',') FROM
                         (SELECT i.name FROM pragma_index_info(l.name) i ORDER BY i.seqno)) AS columns
               FROM sqlite_master m JOIN pragma_index_list(m.name) l
               WHERE m.type = 'table' AND l.origin <> 'pk' AND m.name <> 'migration'"""
        )
    return {Index(row["name"], row["table"], tuple(row["columns"].split(",")), bool(row["is_unique"])) for row in rows}


def _unnamed(indexes: set[Index]) -> set[tuple[str, tuple[str, ...], bool]]:
    return {index[1:] for index in indexes}


def _statements() -> list[str]:
    """The indexes made by hand, of every migration in turn, but for those that a later statement drops."""
    standing: dict[str, str] = {}
    for path in FILES:
        for each in getattr(importlib.import_module(f"migrations.{path.stem}"), "STATEMENTS", ()):
            if each.startswith("DROP INDEX"):
                del standing[each.split()[-1]]
            elif " INDEX " in each:
                standing[each.split(" INDEX ")[1].split()[0]] = each
    return list(standing.values())


def _subclasses(table: type[Table]) -> set[type[Table]]:
    return set().union(*({each} | _subclasses(each) for each in table.__subclasses__())) if table else set()


def _run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
