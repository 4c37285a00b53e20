"""The page of the dealership itself."""

from domain import message_templates, wordings
from domain.accounts import Account
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
