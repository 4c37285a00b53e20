"""Twilio on the Apps page: connected by its fields, spoken of in its own words."""

import json
from typing import Any

import pytest

from domain import plans
from domain.channels.base import ChannelError, Kind
from domain.channels.twilio import Twilio
from domain.connections import Connection, options_of
from domain.vault import unseal
from tests import make
from tests.client import Client

ACCOUNT = "AC00112233445566778899aabbccddeeff"
GIVEN = {"account_sid": ACCOUNT, "auth_token": "token-4f9a8e", "from_number": "(619) 555-0142"}


@pytest.fixture(autouse=True)
async def twilio(house: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A Twilio that takes every token but "wrong", without a network; where it was asked to call."""
    await plans.seed()
    called: dict[str, str] = {}

    async def check(self: Twilio) -> None:
        if self._token == "wrong":
            raise ChannelError("Twilio no longer accepts the credentials.", Kind.CONNECTION_BROKEN)

    async def register_hook(self: Twilio, hook_url: str, secret: str) -> str:
        called["url"] = hook_url
        return "PN00112233445566778899aabbccddeeff"

    monkeypatch.setattr(Twilio, "check", check)
    monkeypatch.setattr(Twilio, "register_hook", register_hook)
    return called


async def connect(admin: Client, **changes: str) -> Any:
    return await admin.submit("/apps/twilio/connections", {**GIVEN, **changes})


async def test_it_is_connected_by_its_fields_and_its_token_is_never_shown(admin_client: Client) -> None:
    page = (await admin_client.get("/apps/twilio")).text
    for name in (*GIVEN, "messaging_service_sid", "lookups"):
        assert f'name="{name}"' in page

    answer = await connect(admin_client)

    assert answer.status_code == 200
    [connection] = await Connection.objects()
    assert json.loads(unseal(connection.secret))["auth_token"] == GIVEN["auth_token"]
    assert options_of(connection)["account_sid"] == ACCOUNT
    again = (await admin_client.get("/apps/twilio")).text
    assert f"/hooks/twilio/{connection.id}" in again
    assert GIVEN["auth_token"] not in answer.text + again
    assert "Change the signing secret" not in again  # it signs with the token


async def test_twilio_is_asked_to_call_where_we_can_be_reached(
    admin_client: Client, configure: Any, twilio: dict[str, str]
) -> None:
    configure(LOTWIRE_PUBLIC_URL="http://lotwire.test")
    await connect(admin_client)
    [connection] = await Connection.objects()
    assert twilio["url"] == f"http://lotwire.test/hooks/twilio/{connection.id}"
    assert connection.hook_id.startswith("PN")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"account_sid": ""}, "account_sid"),
        ({"account_sid": "SK123"}, "account_sid"),
        ({"auth_token": ""}, "auth_token"),
        ({"auth_token": "wrong"}, "auth_token"),
        ({"from_number": ""}, "from_number"),
        ({"from_number": "123"}, "from_number"),
        ({"messaging_service_sid": "PN1"}, "messaging_service_sid"),
        ({"api_key_sid": "SK00112233445566778899aabbccddeeff"}, "api_key_sid"),
    ],
)
async def test_what_cannot_be_right_is_told_at_its_field(
    admin_client: Client, wrong: dict[str, str], field: str
) -> None:
    answer = await connect(admin_client, **wrong)
    assert answer.status_code == 422
    assert f'id="f-{field}-err"' in answer.text
    assert not await Connection.exists()


async def test_its_page_costs_few_queries(admin_client: Client, count_queries: Any) -> None:
    await connect(admin_client)
    with count_queries() as queries:
        assert (await admin_client.get("/apps/twilio")).status_code == 200
    assert queries.count <= 8


async def test_the_window_says_why_no_files_go_along(agent_client: Client, configure: Any) -> None:
    options = {"account_sid": ACCOUNT, "from_number": "+16195550142"}
    secret = json.dumps({"auth_token": "token"})
    await make.connection(kind="twilio", secret=secret, options=json.dumps(options))
    listing = await make.listing(agent_client.user.account)
    why = "Twilio would fetch them here, and Lotwire has no public address."

    assert why in (await agent_client.get(f"/listings/{listing.id}/sends/new")).text
    configure(LOTWIRE_PUBLIC_URL="http://lotwire.test")
    page = (await agent_client.get(f"/listings/{listing.id}/sends/new")).text
    assert why not in page
    assert "PDF" in page
