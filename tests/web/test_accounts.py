"""The page of the dealership itself."""

import json

import pytest

from domain import message_templates, wordings
from domain.accounts import Account
from domain.audit import AuditEntry
from domain.message_templates import MessageTemplate
from domain.shipped_templates import SHIPPED
from tests import make
from tests.client import Client

TYPED = {
    "name": "Harbor  Auto Buyers",
    "phone": "(860) 555-0190",
    "email": "",
    "website": "harborauto.example",
    "street": "218 Wethersfield Ave",
    "city": "Hartford",
    "state": "CT",
    "postal_code": "06114",
    "timezone": "America/Chicago",
    "plain_texts": "1",
    "scheduled_messages": "1",
}

TEMPLATE = {"type": "text", "scope": "global", "purpose": "initial", "name": "Ours", "subject": "", "body": "Hello."}


async def test_what_a_manager_saves_is_what_wildcards_put_into_texts(manager_client: Client) -> None:
    response = await manager_client.submit("/dealership", TYPED)
    assert response.status_code == 303
    account = await Account.objects().get(Account.id == manager_client.user.account)
    assert (account.name, account.phone, account.timezone) == ("Harbor Auto Buyers", "+18605550190", "America/Chicago")
    assert wordings.address(account) == "218 Wethersfield Ave, Hartford CT 06114"
    assert account.plain_texts


async def test_a_wrong_phone_stands_beside_its_field_and_keeps_what_was_typed(manager_client: Client) -> None:
    response = await manager_client.submit("/dealership", {**TYPED, "phone": "12", "city": "New Haven"})
    assert response.status_code == 422
    assert "“12” is not a phone number" in response.text
    assert "New Haven" in response.text
    account = await Account.objects().get(Account.id == manager_client.user.account)
    assert account.city != "New Haven"


async def test_a_manager_reserves_the_templates_for_everyone_and_gives_them_back(
    manager_client: Client, client: Client
) -> None:
    await message_templates.seed()
    agent = await client.signed_in(await make.user(manager_client.user.account))
    assert (await agent.submit("/templates", TEMPLATE)).status_code == 303
    ours = (await MessageTemplate.objects().get(MessageTemplate.scope == "global")).id
    shipped = SHIPPED[0].id

    switch = 'name="managers_own_global_templates" value="1"'
    assert f"{switch}>" in (await manager_client.get("/dealership")).text
    await manager_client.submit("/dealership", {**TYPED, "managers_own_global_templates": "1"})
    assert f"{switch} checked>" in (await manager_client.get("/dealership")).text
    assert "Only managers of your dealership" in (await agent.submit("/templates", {**TEMPLATE, "name": "B"})).text
    for url in (f"/templates/{ours}", f"/templates/{ours}/deletion", f"/templates/{shipped}/hiding"):
        assert (await agent.submit(url, TEMPLATE)).status_code == 403
        assert (await agent.submit(url, TEMPLATE, htmx=True)).status_code == 403
    assert (await agent.submit(f"/templates/{shipped}/copies", {"scope": "global"})).status_code == 403
    assert (await agent.submit("/templates", {**TEMPLATE, "scope": "local"})).status_code == 303
    assert await MessageTemplate.count().where(MessageTemplate.scope == "global") == 1
    assert (await manager_client.submit(f"/templates/{ours}", {**TEMPLATE, "body": "Hi."})).status_code == 303

    await manager_client.submit("/dealership", TYPED)
    assert (await agent.submit(f"/templates/{ours}", TEMPLATE)).status_code == 303
    assert (await agent.submit(f"/templates/{shipped}/hiding")).status_code == 303


async def test_an_agent_does_not_change_the_dealership(agent_client: Client) -> None:
    assert (await agent_client.get("/dealership")).status_code == 403
    assert (await agent_client.submit("/dealership", TYPED)).status_code == 403


# Batches make so many first contacts an hour


async def an_hour(client: Client) -> int:
    account = await Account.objects().get(Account.id == client.user.account)
    return int(account.first_contacts_an_hour)


async def test_a_limit_of_first_contacts_is_kept_shown_and_on_the_record_and_empty_lifts_it(
    manager_client: Client,
) -> None:
    assert 'name="first_contacts_an_hour" type="text" value=""' in (await manager_client.get("/dealership")).text
    for typed, kept in ((" 40 ", 40), ("40", 40), ("0", 0), ("15", 15), ("", 0)):
        answer = await manager_client.submit("/dealership", {**TYPED, "first_contacts_an_hour": typed})
        assert (answer.status_code, await an_hour(manager_client)) == (303, kept)
        shown = f'name="first_contacts_an_hour" type="text" value="{kept or ""}"'
        assert shown in (await manager_client.get("/dealership")).text
    trail = await AuditEntry.objects().order_by(AuditEntry.at)
    assert {(entry.action, entry.user) for entry in trail} == {("first_contacts.limited", manager_client.user.id)}
    told = [json.loads(entry.detail) for entry in trail]
    assert [(each["old"], each["new"]) for each in told] == [(0, 40), (40, 0), (0, 15), (15, 0)]


@pytest.mark.parametrize("typed", ["-1", "ten", "2.5", "10001", "٣", "9" * 400])
async def test_what_is_no_limit_is_told_at_its_field_and_stays_there_and_nothing_is_saved(
    manager_client: Client, typed: str
) -> None:
    answer = await manager_client.submit("/dealership", {**TYPED, "first_contacts_an_hour": typed})
    assert answer.status_code == 422
    assert "Give a whole number of first contacts, 10,000 at most, or leave it empty for no limit." in answer.text
    assert 'id="f-first_contacts_an_hour-err"' in answer.text
    assert f'value="{typed}"' in answer.text
    account = await Account.objects().get(Account.id == manager_client.user.account)
    assert (account.first_contacts_an_hour, account.city) == (0, "Tucson")
    assert not await AuditEntry.exists()


# A first text says who writes and how to stop

SWITCH = 'name="introduces_itself" value="1"'
OFF = {**TYPED, "introduces_itself": ""}


async def introduces_itself(client: Client) -> bool:
    account = await Account.objects().get(Account.id == client.user.account)
    return bool(account.introduces_itself)


async def test_an_admin_who_switches_the_line_off_is_warned_first_and_loses_nothing_typed(admin_client: Client) -> None:
    assert f"{SWITCH} checked>" in (await admin_client.get("/dealership")).text
    warned = await admin_client.submit("/dealership", {**OFF, "city": "New Haven"})
    assert warned.status_code == 422
    assert "your dealership answers for every text that leaves it out" in warned.text
    assert f"{SWITCH}>" in warned.text
    assert 'value="New Haven"' in warned.text
    assert 'id="f-aware" name="aware"' in warned.text
    account = await Account.objects().get(Account.id == admin_client.user.account)
    assert (account.introduces_itself, account.city) == (True, "Tucson")
    assert not await AuditEntry.exists()


async def test_an_admin_who_knows_switches_it_off_and_on_again_on_the_record(admin_client: Client) -> None:
    assert (await admin_client.submit("/dealership", {**OFF, "aware": "1"})).status_code == 303
    assert not await introduces_itself(admin_client)
    page = (await admin_client.get("/dealership")).text
    assert f"{SWITCH}>" in page
    assert 'name="aware"' not in page
    assert (await admin_client.submit("/dealership", OFF)).status_code == 303  # nothing changed: nothing to ask
    assert (await admin_client.submit("/dealership", {**TYPED, "introduces_itself": "1"})).status_code == 303
    assert await introduces_itself(admin_client)
    trail = await AuditEntry.objects().order_by(AuditEntry.at)
    assert [(entry.action, entry.user) for entry in trail] == [
        ("introduction.switched_off", admin_client.user.id),
        ("introduction.switched_on", admin_client.user.id),
    ]


async def test_a_wrong_field_is_told_before_the_warning(admin_client: Client) -> None:
    answer = await admin_client.submit("/dealership", {**OFF, "phone": "12"})
    assert "“12” is not a phone number" in answer.text
    assert 'name="aware"' not in answer.text


async def test_a_manager_sees_the_switch_and_why_it_is_not_theirs(manager_client: Client) -> None:
    page = (await manager_client.get("/dealership")).text
    assert f"{SWITCH} checked disabled" in page
    assert "Only an admin changes this." in page
    assert (await manager_client.submit("/dealership", {**TYPED, "aware": "1"})).status_code == 303
    assert await introduces_itself(manager_client)
    refused = await manager_client.submit("/dealership", {**TYPED, "phone": "12"})
    assert f"{SWITCH} checked disabled" in refused.text
    await Account.update({Account.introduces_itself: False}).where(Account.id == manager_client.user.account)
    assert (await manager_client.submit("/dealership", {**TYPED, "introduces_itself": "1"})).status_code == 303
    assert not await introduces_itself(manager_client)
    assert not await AuditEntry.exists()


async def test_facebook_and_kijiji_are_switched_on_and_off_and_kijiji_in_canada_alone(admin_client: Client) -> None:
    async def switches() -> tuple[bool, bool]:
        [row] = await Account.select(Account.facebook, Account.kijiji)
        return row["facebook"], row["kijiji"]

    both = {**TYPED, "introduces_itself": "1", "facebook": "1", "kijiji": "1"}
    assert 'name="kijiji"' not in (await admin_client.get("/dealership")).text
    assert (await admin_client.submit("/dealership", both)).status_code == 303
    assert await switches() == (True, False)
    await Account.update({Account.country: "CA", Account.kijiji: True}, force=True)
    page = (await admin_client.get("/dealership")).text
    for name in ("facebook", "kijiji"):
        assert f'name="{name}" value="1" checked' in page
    assert (await admin_client.submit("/dealership", {**TYPED, "introduces_itself": "1"})).status_code == 303
    assert await switches() == (False, False)
