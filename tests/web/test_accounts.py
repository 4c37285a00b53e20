"""The page of the dealership itself."""

from domain import wordings
from domain.accounts import Account
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


async def test_an_agent_does_not_change_the_dealership(agent_client: Client) -> None:
    assert (await agent_client.get("/dealership")).status_code == 403
    assert (await agent_client.submit("/dealership", TYPED)).status_code == 403
