"""Bearer tokens: who is let in, how often, and how no is said."""

import pytest
from redis.asyncio import Redis

from domain import plans, sessions
from domain.accounts import PlanFeature, Tier
from domain.connections import Connection, ConnectionState
from domain.sessions import ApiToken
from domain.users import User
from tests import make
from tests.client import Client
from tests.sending import without
from tests.web.api.conftest import Api, codes
from web.handlers.api import access


async def test_without_a_token_nobody_is_let_in(client: Client) -> None:
    answer = await client.get("/api/v1/listings")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="Lotwire"'
    assert codes(answer) == [("", "unauthorized")]


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer ", "Basic YTpi", "nonsense", "Bearer \xff"])
async def test_whatever_is_no_token_is_not_let_in(client: Client, header: str) -> None:
    answer = await client.get("/api/v1/listings", headers={"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401


async def test_a_session_cookie_is_no_token(admin_client: Client) -> None:
    assert (await admin_client.get("/api/v1/listings")).status_code == 401


async def test_a_token_needs_no_csrf_token(api: Api) -> None:
    answer = await api.put("/listings/craigslist/1", {"vehicle": {"year": 2019, "make": "Kia", "model": "Rio"}})
    assert answer.status_code == 201


async def test_a_token_made_by_the_command_line_is_let_in(api: Api) -> None:
    token = await sessions.add_token(api.user, "listings:read")
    assert (await Api(api.client, api.user, token).get("/listings")).status_code == 200


async def test_a_revoked_token_is_not_let_in(api: Api) -> None:
    await ApiToken.update({ApiToken.revoked_at: make.clock.now()}).where(ApiToken.user == api.user.id)
    answer = await api.get("/listings")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_the_token_of_somebody_inactive_is_not_let_in(api: Api) -> None:
    await User.update({User.active: False}).where(User.id == api.user.id)
    assert (await api.get("/listings")).status_code == 401


async def test_a_missing_scope_is_named(api: Api) -> None:
    reader = await api.with_scopes("listings:write messages:read")
    answer = await reader.send(await make.listing())
    assert answer.status_code == 403
    assert codes(answer) == [("", "insufficient_scope")]
    assert "messages:write" in answer.json()["errors"][0]["message"]
    assert 'scope="messages:write"' in answer.headers["www-authenticate"]


async def test_write_includes_read(api: Api) -> None:
    writer = await api.with_scopes("listings:write")
    assert (await writer.get("/listings")).status_code == 200


async def test_read_does_not_include_write(api: Api) -> None:
    reader = await api.with_scopes("listings:read")
    assert (await reader.put("/listings/craigslist/1", {})).status_code == 403


async def test_support_reads_and_changes_nothing(api: Api) -> None:
    listing = await make.listing()
    support = await api.with_scopes("listings:write messages:write", await make.user(role="support"))
    assert (await support.get(f"/listings/{listing.id}")).status_code == 200
    for answer in (await support.send(listing), await support.put("/listings/craigslist/1", {})):
        assert answer.status_code == 403
        assert codes(answer) == [("", "no_permission")]


async def test_a_plan_without_the_api_has_none(api: Api) -> None:
    account = await make.account(tier=Tier.STANDARD)
    standard = await api.with_scopes("listings:read messages:write", await make.user(account))
    read, sent = await standard.get("/listings"), await standard.send(await make.listing(account))
    assert (read.status_code, codes(read)) == (403, [("", "tier")])
    assert (sent.status_code, codes(sent)) == (422, [("", "tier")])


@pytest.mark.parametrize("installed", [True, False])
@pytest.mark.parametrize(
    ("channel", "lead", "feature", "app"),
    [
        ("email", False, "email", "Email is"),
        ("form", False, "form", "Contact forms are"),
        ("form", True, "email", "Email is"),
        ("text", False, "dialpad", "Dialpad is"),
    ],
)
async def test_an_app_outside_the_plan_is_told_as_that_and_not_as_unconnected(
    api: Api, installed: bool, channel: str, lead: bool, feature: str, app: str
) -> None:
    transport = "adf_email" if lead else "http_form"
    source = await make.source(slug="kbb", form_transport=transport)
    listing = await make.listing(source=source, seller={"email": "dana@mail.example"})
    for kind in ("email", "form") if installed else ():
        await make.connection(kind=kind, options="{}")
    if not installed:
        gone = {Connection.state: ConnectionState.DISCONNECTED}
        await Connection.update(gone).where(Connection.account == api.user.account)
    body = {"listing_id": str(listing.id), "channel": channel, "body": "Still for sale?"}

    async def against() -> list[str]:
        return [each["code"] for each in (await api.post("/previews", body)).json()["refusals"]]

    assert await against() == ([] if installed else ["no_connection"])
    await without(feature)
    if not installed:
        await without("twilio")
    refused = await api.send(listing, channel=channel)
    assert (refused.status_code, codes(refused)) == (422, [("channel", "tier")])
    assert refused.json()["errors"][0]["message"] == f"{app} not part of your plan. Compare plans."
    assert await against() == ["tier"]


async def test_what_is_in_the_plan_and_not_connected_is_told_as_that(api: Api) -> None:
    listing = await make.listing(seller={"email": "dana@mail.example"})
    assert codes(await api.send(listing, channel="email")) == [("channel", "no_connection")]


async def test_a_plan_without_messaging_hides_the_history(api: Api) -> None:
    message = await make.message()
    await PlanFeature.update({PlanFeature.included: False}).where(PlanFeature.feature == "messaging")
    plans.forget()
    for path in (f"/messages/{message.id}", f"/listings/{message.listing}/messages"):
        answer = await api.get(path)
        assert (answer.status_code, codes(answer)) == (403, [("", "tier")])
    refused = await api.send(message.listing)
    assert (refused.status_code, codes(refused)) == (422, [("", "tier")])


@pytest.mark.parametrize("queue_is_gone", [False, True])
async def test_one_request_too_many_waits_for_the_next_minute(
    api: Api, monkeypatch: pytest.MonkeyPatch, clock, queue_is_gone: bool
) -> None:
    monkeypatch.setattr(access, "PER_MINUTE", 3)
    monkeypatch.setattr(access, "_alone_until", 0.0)
    clock.freeze()
    if queue_is_gone:
        monkeypatch.setattr(api.client.app.state, "redis", Redis(host="127.0.0.1", port=9))
    answers = [await api.get("/listings") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert codes(answers[3]) == [("", "too_many")]
    wait = int(answers[3].headers["retry-after"])
    assert 1 <= wait <= 61
    clock.advance(seconds=wait)
    assert (await api.get("/listings")).status_code == 200


async def test_an_address_that_is_not_there_is_told_in_json(api: Api) -> None:
    answer = await api.get("/nothing")
    assert (answer.status_code, codes(answer)) == (404, [("", "not_found")])
    answer = await api.call("PATCH", "/listings")
    assert (answer.status_code, codes(answer)) == (405, [("", "method_not_allowed")])
