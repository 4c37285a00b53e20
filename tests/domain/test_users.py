"""What people may do, and what is taken as their name and address."""

import asyncio

import pytest

from domain import ids, staff, users
from domain.errors import Refused
from domain.users import PERMISSIONS, Permission, Role, User
from tests import make


def person(role: str, **values: object) -> User:
    return User(role=role, account=ids.new(), name="Robin", email="robin@x.example", **values)


def test_support_may_take_files_out_read_batches_and_do_nothing() -> None:
    allowed = {permission for permission in Permission if users.may(person("support"), permission)}
    assert allowed == {Permission.EXPORT, Permission.READ_BATCHES}


def test_an_admin_may_do_everything() -> None:
    assert all(users.may(person("admin"), permission) for permission in Permission)


def test_a_manager_may_all_but_what_only_an_admin_answers_for() -> None:
    missing = {permission for permission in Permission if not users.may(person("manager"), permission)}
    admins = {Permission.MANAGE_USERS, Permission.MANAGE_CONNECTIONS, Permission.ERASE, Permission.INTRODUCTION}
    assert missing == admins


def test_each_role_may_at_least_what_the_one_below_may() -> None:
    assert PERMISSIONS[Role.AGENT] < PERMISSIONS[Role.MANAGER] < PERMISSIONS[Role.ADMIN]
    assert PERMISSIONS[Role.SUPPORT] < PERMISSIONS[Role.MANAGER]


def test_an_agent_sends_batches_only_when_granted() -> None:
    assert not users.may(person("agent"), Permission.BATCH)
    assert users.may(person("agent", may_batch=True), Permission.BATCH)
    assert not users.may(person("support", may_batch=True), Permission.BATCH)


def test_somebody_inactive_or_of_an_unknown_role_may_nothing() -> None:
    assert not users.may(person("admin", active=False), Permission.SEND)
    assert not users.may(person("boss"), Permission.SEND)


async def test_an_account_may_keep_global_templates_to_its_managers(house: None) -> None:
    account = await make.account(managers_own_global_templates=True)
    assert not users.may(person("agent"), Permission.GLOBAL_TEMPLATES, account)
    assert users.may(person("manager"), Permission.GLOBAL_TEMPLATES, account)
    assert users.may(person("agent"), Permission.GLOBAL_TEMPLATES, await make.account())


@pytest.mark.parametrize("raw", ["Ann@Example.COM", " ann@example.com\n", "ann@example.com"])
def test_an_email_is_kept_in_small_letters(raw: str) -> None:
    assert users.clean_email(raw) == "ann@example.com"


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "ann",
        "ann@",
        "@example.com",
        "ann@localhost",
        "a b@x.com",
        "a@b@x.com",
        "a@x..com",
        "<a@x.com>",
        "a@x.com,b@x.com",
    ],
)
def test_what_cannot_be_an_email_is_refused(raw: str) -> None:
    with pytest.raises(Refused) as refused:
        users.clean_email(raw)
    assert refused.value.field == "email"


async def test_two_admins_who_demote_each_other_at_once_do_not_both_succeed(house: None) -> None:
    one, other = [
        await User.objects(User.account).get(User.id == made.id)
        for made in (await make.user(role="admin"), await make.user(role="admin"))
    ]
    results = await asyncio.gather(
        staff.change_role(one, "agent", other), staff.change_role(other, "agent", one), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["NoneType", "Refused"]
    assert await User.count().where(User.role == "admin") == 1


async def test_the_same_email_twice_at_once_is_one_person(house: None) -> None:
    account = await make.account()
    results = await asyncio.gather(
        *(staff.invite(account, None, "ann@example.com", "Ann", "agent") for _ in range(4)), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, Refused)]
    assert len(refused) == 3
    assert {result.field for result in refused} == {"email"}
    assert await User.count() == 1
