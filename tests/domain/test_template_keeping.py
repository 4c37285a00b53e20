"""Writing, changing, copying and deleting saved wordings, together and against each other."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from domain import clock, message_templates, template_files
from domain.accounts import Account
from domain.attachments import Attachment
from domain.audit import AuditEntry
from domain.errors import NotFound, Refused
from domain.message_templates import MessageTemplate, TemplateVersion, keeping
from domain.message_templates.keeping import NotSaved, Typed
from domain.shipped_templates import SHIPPED
from domain.users import Role, User
from tests import make

TYPED = Typed("text", "global", "initial", "First hello", "Hi {{seller.first_name}}, is it still for sale?")


async def staff(role: str = Role.AGENT, **account: Any) -> tuple[Account, User]:
    dealership = await make.account(**account)
    return dealership, await make.user(dealership, role=role)


async def words(template: MessageTemplate) -> tuple[int, str]:
    version = await keeping.current(template.id)
    return version.n, version.body


def wrong(refused: pytest.ExceptionInfo[NotSaved]) -> dict[str, str]:
    return {each.field: each.message for each in refused.value.refusals}


async def test_a_new_template_can_be_picked_found_and_used_at_once(house):
    account, user = await staff()
    template = await keeping.create(account, user, TYPED)
    assert (template.scope, template.owner, template.name_key) == ("global", None, "first hello")
    version = await message_templates.wording(account.id, user.id, template.id)
    assert (version.n, version.body, version.created_by) == (1, TYPED.body, user.id)
    [row] = await message_templates.find(account.id, user.id, "text", "hello")
    assert row["id"] == template.id


@pytest.mark.parametrize("scope", ["local", "global"])
async def test_two_hundred_at_once_with_one_name_make_one_template(house, scope):
    account, user = await staff()
    names = ["First hello", "FIRST HELLO", " first  hello ", "\ufb01rst hello"]

    async def create(n: int) -> str:
        try:
            await keeping.create(account, user, replace(TYPED, scope=scope, name=names[n % len(names)]))
        except Refused as refused:
            return f"{refused.field} {refused.code}"
        return "made"

    outcomes = await asyncio.gather(*(create(n) for n in range(200)))
    assert sorted(set(outcomes)) == ["made", "name name_taken"]
    assert outcomes.count("made") == 1
    assert (await MessageTemplate.count(), await TemplateVersion.count()) == (1, 1)
    assert await AuditEntry.count() == (scope == "global")


async def test_the_refusal_names_the_template_that_has_the_name(house):
    account, user = await staff()
    await keeping.create(account, user, replace(TYPED, name="Über <b>hello</b>"))
    with pytest.raises(Refused, match="Everyone has a text template named “Über <b>hello</b>” already") as refused:
        await keeping.create(account, user, replace(TYPED, name="ÜBER <B>HELLO</B>"))
    assert refused.value.field == "name"
    await keeping.create(account, user, replace(TYPED, scope="local", type="email", name="Mine"))
    with pytest.raises(Refused, match="You have an email template named “Mine” already"):
        await keeping.create(account, user, replace(TYPED, scope="local", type="email", name="mine"))


async def test_a_name_is_only_taken_within_scope_type_owner_and_dealership_and_while_it_is_there(house):
    account, user = await staff()
    other, stranger = await staff()
    colleague = await make.user(account)
    first = await keeping.create(account, user, TYPED)
    for who, where, typed in (
        (user, account, replace(TYPED, scope="local")),
        (colleague, account, replace(TYPED, scope="local")),
        (user, account, replace(TYPED, type="email")),
        (user, account, replace(TYPED, name="First héllo")),
        (stranger, other, TYPED),
    ):
        assert await keeping.create(where, who, typed)
    await keeping.archive(account, user, first)
    assert await keeping.create(account, user, TYPED)
    await message_templates.seed()
    assert await keeping.create(account, user, replace(TYPED, name=SHIPPED[0].name))


async def test_everything_that_is_wrong_is_told_at_once_at_its_field(house):
    account, user = await staff()
    typed = Typed("text", "global", "wedding", " \u200b\u202e ", "{{vehicle.colour}} and {{", "A subject", (uuid4(),))
    with pytest.raises(NotSaved) as refused:
        await keeping.create(account, user, typed)
    assert set(wrong(refused)) == {"purpose", "name", "subject", "body", "attachment"}
    assert [each.message for each in refused.value.refusals if each.field == "body"] == [
        "“{{vehicle.colour}}” at character 1 is not a wildcard. Did you mean {{vehicle.color}}?",
        "The braces at character 24 are not closed. Write {{vehicle.make}}, two on each side.",
    ]
    assert not await MessageTemplate.exists()


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"name": "x" * 81}, "name", "This name is too long: 80 characters at most."),
        ({"name": ""}, "name", "Give the template a name."),
        ({"name": "\u0301"}, "name", "Give the template a name."),
        ({"body": "x" * 1501}, "body", "This text is too long: 1,500 characters at most."),
        ({"body": " \n\t "}, "body", "Write what the template says."),
        ({"type": "email", "body": "{{" * 5_001}, "body", "This text is too long: 10,000 characters at most."),
        ({"type": "email", "subject": "x" * 201}, "subject", "This subject is too long: 200 characters at most."),
        (
            {"type": "email", "subject": "{{seller.nickname}}"},
            "subject",
            "“{{seller.nickname}}” at character 1 is not a wildcard. Did you mean {{seller.name}}?",
        ),
        ({"type": "fax"}, "type", "Choose what it is for: text, email, Facebook, Kijiji or form."),
        ({"scope": "shipped"}, "scope", "Choose who may use it: only you, or everyone."),
        ({"scope": ""}, "scope", "Choose who may use it: only you, or everyone."),
    ],
)
async def test_a_template_that_breaks_a_rule_is_not_saved(house, typed, field, sentence):
    account, user = await staff()
    with pytest.raises(NotSaved) as refused:
        await keeping.create(account, user, replace(TYPED, **typed))
    assert wrong(refused) == {field: sentence}
    assert not await MessageTemplate.exists()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("🚗 Hello 👩🏽‍🔧 🏴\U000e0067\U000e0062\U000e007f", "🚗 Hello 👩🏽‍🔧 🏴\U000e0067\U000e0062\U000e007f"),
        ("  two\nlines\t ", "two lines"),
        ("\u202eevil\u2066\x07", "evil"),
        ("a\0b", "ab"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("x" * 80, "x" * 80),
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
async def test_a_name_may_be_anything_one_can_see(house, typed, kept):
    account, user = await staff()
    template = await keeping.create(account, user, replace(TYPED, name=typed))
    assert (await message_templates.of(account.id, user.id, template.id)).name == kept


async def test_the_longest_texts_are_taken(house):
    account, user = await staff()
    await keeping.create(account, user, replace(TYPED, body="é" * 1500))
    email = replace(TYPED, type="email", body="\U0001f697" * 10_000, subject="x" * 200)
    template = await keeping.create(account, user, email)
    assert len((await keeping.current(template.id)).body) == 10_000


# Changing


async def test_a_changed_wording_is_a_new_version_and_the_old_one_stays(house):
    account, user = await staff()
    colleague = await make.user(account, role=Role.MANAGER)
    template = await keeping.create(account, user, TYPED)
    assert await keeping.change(account, colleague, template, replace(TYPED, body="Second?", purpose="thanks"))
    assert await words(template) == (2, "Second?")
    told = [(row["n"], row["current"], row["body"], row["by"]) for row in await keeping.versions(template.id)]
    assert told == [(2, True, "Second?", colleague.name), (1, False, TYPED.body, user.name)]
    assert (await message_templates.of(account.id, user.id, template.id)).purpose == "thanks"
    assert [row["id"] for row in await message_templates.find(account.id, user.id, "text", "second")] == [template.id]
    assert await message_templates.find(account.id, user.id, "text", "sale") == []


async def test_an_unchanged_wording_makes_no_version_whatever_its_name(house):
    account, user = await staff()
    template = await keeping.create(account, user, TYPED)
    assert not await keeping.change(account, user, template, replace(TYPED, name="Renamed", body=f" {TYPED.body}\r\n"))
    assert await words(template) == (1, TYPED.body)
    assert (await message_templates.of(account.id, user.id, template.id)).name == "Renamed"
    assert await TemplateVersion.count() == 1
    assert not await keeping.change(account, user, template, TYPED)


async def test_its_own_name_is_free_for_a_template_and_anothers_is_not(house):
    account, user = await staff()
    template = await keeping.create(account, user, TYPED)
    await keeping.create(account, user, replace(TYPED, name="Other"))
    await keeping.change(account, user, template, replace(TYPED, name="FIRST hello"))
    with pytest.raises(Refused, match="“Other”") as refused:
        await keeping.change(account, user, template, replace(TYPED, name="other", body="Lost?"))
    assert refused.value.field == "name"
    assert await words(template) == (1, TYPED.body)


async def test_type_and_scope_stay_as_they_are(house):
    account, user = await staff()
    template = await keeping.create(account, user, replace(TYPED, scope="local"))
    await keeping.change(account, user, template, replace(TYPED, type="email", scope="global", body="New?"))
    row = await message_templates.of(account.id, user.id, template.id)
    assert (row.type, row.scope, row.owner) == ("text", "local", user.id)


async def test_of_two_who_change_the_same_version_one_is_told_and_none_is_lost(house):
    account, user = await staff()
    template = await keeping.create(account, user, TYPED)

    async def change(n: int) -> str:
        try:
            await keeping.change(account, user, template, replace(TYPED, body=f"Wording {n}?"), seen=1)
        except Refused as refused:
            return refused.code
        return "changed"

    outcomes = await asyncio.gather(*(change(n) for n in range(20)))
    assert sorted(outcomes) == ["changed"] + ["version_conflict"] * 19
    versions = await TemplateVersion.objects().order_by(TemplateVersion.n)
    assert [(row.n, row.current) for row in versions] == [(1, False), (2, True)]


async def test_changes_at_once_that_look_at_no_version_are_numbered_one_after_the_other(house):
    account, user = await staff()
    template = await keeping.create(account, user, TYPED)
    typed = [replace(TYPED, body=f"Wording {n}?") for n in range(20)]
    assert all(await asyncio.gather(*(keeping.change(account, user, template, each) for each in typed)))
    versions = await TemplateVersion.objects().order_by(TemplateVersion.n)
    assert [row.n for row in versions] == list(range(1, 22))
    assert [row.current for row in versions] == [False] * 20 + [True]
    row = await message_templates.of(account.id, user.id, template.id)
    assert row.search == message_templates.search_text(row.name, "", versions[-1].body)


# Files


async def test_the_files_of_a_version_stay_with_it_in_their_order(house):
    account, user = await staff()
    a, b, c = [await make.attachment(account, name=f"{name}.jpg") for name in "abc"]
    template = await keeping.create(account, user, replace(TYPED, files=(b.id, a.id, b.id)))
    first = await keeping.current(template.id)
    assert [each.name for each in await template_files.files_of(first.id)] == ["b.jpg", "a.jpg"]
    assert not await keeping.change(account, user, template, replace(TYPED, files=(b.id, a.id)))
    assert await keeping.change(account, user, template, replace(TYPED, files=(a.id, c.id)))
    second = await keeping.current(template.id)
    assert (second.n, second.body) == (2, first.body)
    assert [each.name for each in await template_files.files_of(second.id)] == ["a.jpg", "c.jpg"]
    assert [row["files"] for row in await keeping.versions(template.id)] == [["a.jpg", "c.jpg"], ["b.jpg", "a.jpg"]]


async def test_a_file_that_is_foreign_gone_or_one_too_many_is_refused(house):
    account, user = await staff()
    foreign, gone = await make.attachment(await make.account()), await make.attachment(account, removed_at=clock.now())
    many = tuple([(await make.attachment(account)).id for _ in range(11)])
    for files in ((foreign.id,), (gone.id,), (uuid4(),), many):
        with pytest.raises(NotSaved) as refused:
            await keeping.create(account, user, replace(TYPED, files=files))
        assert set(wrong(refused)) == {"attachment"}
    assert await keeping.create(account, user, replace(TYPED, files=many[:10]))


async def test_a_file_removed_meanwhile_is_left_out(house):
    account, user = await staff()
    file = await make.attachment(account)
    template = await keeping.create(account, user, replace(TYPED, files=(file.id,)))
    await Attachment.update({Attachment.removed_at: clock.now()}).where(Attachment.id == file.id)
    version = await keeping.current(template.id)
    assert await template_files.files_of(version.id) == []


# Deleting


async def test_a_deleted_template_is_gone_for_everybody_and_its_versions_stay(house):
    account, user = await staff()
    template = await keeping.create(account, user, TYPED)
    version = await keeping.current(template.id)
    message = await make.message(template_version=version.id)
    assert sorted(await asyncio.gather(*(keeping.archive(account, user, template) for _ in range(5)))) == [
        False
    ] * 4 + [True]
    assert await message_templates.offered(account.id, user.id, "text") == []
    with pytest.raises(NotFound):
        await message_templates.wording(account.id, user.id, template.id)
    assert await TemplateVersion.exists().where(TemplateVersion.id == message.template_version)


async def test_who_changes_what_was_deleted_meanwhile_hears_so_and_nothing_is_written(house):
    account, user = await staff()
    template = await keeping.create(account, user, TYPED)
    again = await message_templates.of(account.id, user.id, template.id)
    await keeping.archive(account, user, template)
    for stale in (again, await message_templates.of(account.id, user.id, template.id)):
        with pytest.raises(Refused, match=r"This template was deleted\. Your text is still here\.") as refused:
            await keeping.change(account, user, stale, replace(TYPED, body="New?"))
        assert refused.value.code == "deleted"
    assert await TemplateVersion.count() == 1


# Copying and hiding


@pytest.mark.parametrize("scope", ["local", "global"])
async def test_a_shipped_template_is_copied_under_a_free_name(house, scope):
    account, user = await staff()
    await message_templates.seed()
    shipped = await message_templates.of(account.id, user.id, SHIPPED[-1].id)
    copies = await asyncio.gather(*(keeping.copy(account, user, shipped, scope) for _ in range(4)))
    name = SHIPPED[-1].name
    assert sorted(copy.name for copy in copies) == [
        f"{name} (copy 2)",
        f"{name} (copy 3)",
        f"{name} (copy 4)",
        f"{name} (copy)",
    ]
    version = await keeping.current(copies[0].id)
    assert (version.body, version.subject) == (SHIPPED[-1].body, SHIPPED[-1].subject)
    assert {(copy.scope, copy.purpose, copy.type) for copy in copies} == {
        (scope, SHIPPED[-1].purpose, SHIPPED[-1].type)
    }


async def test_a_copy_brings_its_files_and_a_name_that_fits(house):
    account, user = await staff()
    file = await make.attachment(account)
    template = await keeping.create(account, user, replace(TYPED, name="x" * 80, files=(file.id,)))
    copied = await keeping.copy(account, user, template, "local")
    assert copied.name == "x" * 73 + " (copy)"
    version = await keeping.current(copied.id)
    assert [each.id for each in await template_files.files_of(version.id)] == [file.id]


async def test_a_shipped_template_can_be_neither_changed_nor_deleted(house):
    account, user = await staff(Role.ADMIN)
    await message_templates.seed()
    shipped = await message_templates.of(account.id, user.id, SHIPPED[0].id)
    for deed in (keeping.change(account, user, shipped, TYPED), keeping.archive(account, user, shipped)):
        with pytest.raises(Refused, match="comes with Lotwire") as refused:
            await deed
        assert refused.value.code == "shipped"
    assert (await message_templates.wording(account.id, user.id, shipped.id)).n == 1


async def test_only_shipped_templates_are_hidden(house):
    account, user = await staff()
    template = await keeping.create(account, user, TYPED)
    with pytest.raises(Refused, match="Delete this one instead"):
        await keeping.hide(account, user, template)


# Who may


async def test_somebody_elses_local_template_is_nowhere_even_for_an_admin(house):
    account, user = await staff()
    admin = await make.user(account, role=Role.ADMIN)
    template = await keeping.create(account, user, replace(TYPED, scope="local"))
    with pytest.raises(NotFound):
        await message_templates.of(account.id, admin.id, template.id)
    for deed in (keeping.change(account, admin, template, TYPED), keeping.archive(account, admin, template)):
        with pytest.raises(NotFound):
            await deed


async def test_a_foreign_dealerships_global_template_is_not_there(house):
    account, user = await staff()
    other, stranger = await staff(Role.ADMIN)
    template = await keeping.create(account, user, TYPED)
    with pytest.raises(NotFound):
        await message_templates.of(other.id, stranger.id, template.id)
    for deed in (keeping.change(other, stranger, template, TYPED), keeping.archive(other, stranger, template)):
        with pytest.raises(NotFound):
            await deed
    assert await words(template) == (1, TYPED.body)


async def test_support_writes_nothing(house):
    account, support = await staff(Role.SUPPORT)
    await message_templates.seed()
    shipped = await message_templates.of(account.id, support.id, SHIPPED[0].id)
    for deed in (
        keeping.create(account, support, TYPED),
        keeping.create(account, support, replace(TYPED, scope="local")),
        keeping.copy(account, support, shipped, "local"),
        keeping.hide(account, support, shipped),
        keeping.show(account, support, shipped),
    ):
        with pytest.raises(Refused) as refused:
            await deed
        assert refused.value.code == "no_permission"
    assert await MessageTemplate.count() == len(SHIPPED)


async def test_where_managers_own_the_global_ones_an_agent_keeps_to_local(house):
    account, agent = await staff(managers_own_global_templates=True)
    manager = await make.user(account, role=Role.MANAGER)
    template = await keeping.create(account, manager, TYPED)
    for deed in (
        keeping.create(account, agent, replace(TYPED, name="Other")),
        keeping.change(account, agent, template, replace(TYPED, body="Mine now?")),
        keeping.archive(account, agent, template),
        keeping.copy(account, agent, template, "global"),
    ):
        with pytest.raises(Refused, match="Only managers") as refused:
            await deed
        assert (refused.value.code, refused.value.field) == ("no_permission", "scope")
    assert (await keeping.copy(account, agent, template, "local")).owner == agent.id
    assert await words(template) == (1, TYPED.body)


async def test_what_was_done_to_global_templates_is_kept_and_to_local_ones_is_nobodys_business(house):
    account, user = await staff(Role.MANAGER)
    await message_templates.seed()
    for scope in ("local", "global"):
        template = await keeping.create(account, user, replace(TYPED, scope=scope))
        await keeping.change(account, user, template, replace(TYPED, scope=scope, body="New?"))
        await keeping.change(account, user, template, replace(TYPED, scope=scope, body="New?"))
        await keeping.archive(account, user, template)
    shipped = await message_templates.of(account.id, user.id, SHIPPED[0].id)
    await keeping.hide(account, user, shipped)
    await keeping.hide(account, user, shipped)
    await keeping.show(account, user, shipped)
    rows = await AuditEntry.objects().order_by(AuditEntry.at, AuditEntry.id)
    assert [row.action.removeprefix("template.") for row in rows] == [
        "created",
        "changed",
        "deleted",
        "hidden",
        "shown",
    ]
    assert {row.user for row in rows} == {user.id}
