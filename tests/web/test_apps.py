"""The apps and their connections, as an admin and as an agent see them."""

import json
from datetime import timedelta
from typing import Any

import pytest

from domain import audit, clock, db, plans, provider_lists
from domain.audit import AuditEntry
from domain.channels.base import ChannelError, Field, Kind
from domain.channels.dialpad import Dialpad
from domain.channels.registry import CHANNELS
from domain.connections import Connection, adapter
from domain.vault import unseal
from tests import make
from tests.client import Client
from tests.sending import Provider


@pytest.fixture
def dialpad(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that takes every key but "wrong", without a network."""

    async def check(self: Dialpad) -> None:
        if "wrong" in repr(vars(self._api)):
            raise ChannelError("Dialpad does not accept this key.", Kind.CONNECTION_BROKEN)

    monkeypatch.setattr(Dialpad, "check", check)


async def test_an_admin_connects_and_sees_hook_and_secret_this_once(admin_client: Client, dialpad: None) -> None:
    await plans.seed()
    assert "Not connected" in (await admin_client.get("/apps")).text
    answer = await admin_client.submit("/apps/dialpad/connections", {"api_key": "the-company-key"})
    assert answer.status_code == 200
    [row] = await Connection.select()
    assert json.loads(unseal(row["secret"])) == {"api_key": "the-company-key"}
    assert f"http://lotwire.test/hooks/dialpad/{row['id']}" in answer.text
    assert unseal(row["hook_secret"]) in answer.text
    assert answer.headers["cache-control"] == "no-store"
    again = (await admin_client.get("/apps/dialpad")).text
    assert unseal(row["hook_secret"]) not in again
    assert "the-company-key" not in answer.text + again
    assert "Connected" in (await admin_client.get("/apps")).text


async def test_a_key_that_the_provider_refuses_is_told_and_not_kept(admin_client: Client, dialpad: None) -> None:
    await plans.seed()
    answer = await admin_client.submit("/apps/dialpad/connections", {"api_key": "wrong"})
    assert answer.status_code == 422
    assert "refused this API key. Copy the whole key again" in answer.text
    assert not await Connection.exists()


async def test_a_wrong_key_for_a_connection_that_works_changes_nothing_and_says_so(
    admin_client: Client, dialpad: None
) -> None:
    await plans.seed()
    connection = await make.connection(admin_client.user.account)
    for typed in ({"api_key": "wrong"}, {"api_key": "right", "webhook_secret": "short"}):
        answer = await admin_client.submit("/apps/dialpad/connections", typed)
        assert answer.status_code == 422
        assert "Nothing is changed: the connection stays as it was" in answer.text
        assert "Not connected" not in answer.text
    assert "This is too short to prove anything: 6 letters at least, better 32." in answer.text
    assert 'id="f-webhook_secret-err"' in answer.text
    fresh = await Connection.objects().get(Connection.id == connection.id)
    assert fresh
    assert (fresh.secret, fresh.hook_secret) == (connection.secret, connection.hook_secret)


async def test_no_key_is_refused_at_its_field(admin_client: Client, dialpad: None) -> None:
    await plans.seed()
    answer = await admin_client.submit("/apps/dialpad/connections", {"api_key": " "})
    assert answer.status_code == 422
    assert 'id="f-api_key-err"' in answer.text


async def test_an_app_outside_the_plan_leads_to_the_plans_and_cannot_be_connected(
    client: Client, dialpad: None
) -> None:
    await plans.seed()
    account = await make.account(tier="standard")
    async with await client.signed_in(await make.user(account, role="admin")) as admin:
        page = (await admin.get("/apps/dialpad")).text
        assert "Compare plans" in page
        answer = await admin.submit("/apps/dialpad/connections", {"api_key": "key"})
    assert answer.status_code == 422
    assert not await Connection.exists()


async def test_an_agent_reads_whom_to_ask_and_may_not_connect(admin_client: Client, agent_client: Client) -> None:
    await plans.seed()
    page = (await agent_client.get("/apps/dialpad")).text
    assert admin_client.user.name in page
    assert 'name="api_key"' not in page
    for path in ("connections", "connections/deletion", "tests"):
        assert (await agent_client.submit(f"/apps/dialpad/{path}", {"api_key": "x"})).status_code == 403


async def test_a_look_at_a_broken_connection_tells_why_and_pauses_it(admin_client: Client, dialpad: None) -> None:
    await plans.seed()
    connection = await make.connection(secret="wrong")
    await make.message(state="queued", connection=connection.id)
    answer = await admin_client.submit("/apps/dialpad/tests")
    assert "Dialpad does not accept this key." in answer.text
    assert "Sending is paused" in answer.text
    assert "<dt>Waiting to leave</dt><dd>1</dd>" in answer.text


async def test_a_look_at_a_good_connection_says_so(admin_client: Client, dialpad: None) -> None:
    await plans.seed()
    await make.connection()
    assert "Dialpad answers and takes the key." in (await admin_client.submit("/apps/dialpad/tests")).text


async def test_an_admin_switches_pictures_on_and_off_and_nothing_else_changes(admin_client: Client) -> None:
    await plans.seed()
    connection = await make.connection(options='{"per_minute": 60}')
    assert "Switch pictures on" in (await admin_client.get("/apps/dialpad")).text
    for on, button in ((True, "Switch pictures off"), (False, "Switch pictures on")):
        answer = await admin_client.submit("/apps/dialpad/options", {"mms": "true" if on else "false"})
        assert answer.status_code == 303
        assert button in (await admin_client.get("/apps/dialpad")).text
        kept = await Connection.objects().get(Connection.id == connection.id)
        assert json.loads(kept.options) == {"per_minute": 60, "mms": on}
        assert (adapter(kept).files is not None) == on
    assert await AuditEntry.count().where(AuditEntry.action == "connection.changed") == 2


async def test_only_admins_switch_pictures_and_only_of_their_own_connection(
    admin_client: Client, agent_client: Client
) -> None:
    await plans.seed()
    await make.connection(await make.account())
    assert (await agent_client.submit("/apps/dialpad/options", {"mms": "true"})).status_code == 403
    assert (await admin_client.submit("/apps/dialpad/options", {"mms": "true"})).status_code == 404
    assert (await admin_client.submit("/apps/fax/options", {"mms": "true"})).status_code == 404
    assert [row["options"] for row in await Connection.select(Connection.options)] == ["{}"]


async def test_an_app_without_a_switch_or_a_day_of_texts_has_none_to_change(admin_client: Client) -> None:
    await plans.seed()
    assert admin_client.user
    for kind in ("email", "form", "facebook"):
        await make.connection(admin_client.user.account, kind=kind)
        assert (await admin_client.submit(f"/apps/{kind}/options", {"mms": "true"})).status_code == 404
        assert (await admin_client.submit(f"/apps/{kind}/quota", {"segments_a_day": "5"})).status_code == 404
    assert {row["options"] for row in await Connection.select(Connection.options)} == {"{}"}


FIELD = 'name="segments_a_day" type="text" value="{}"'


async def test_an_admin_limits_the_segments_a_day_beside_the_pace_and_lifts_that_again(admin_client: Client) -> None:
    await plans.seed()
    connection = await make.connection(options='{"per_minute": 60, "mms": true}')
    page = (await admin_client.get("/apps/dialpad")).text
    assert "Texts leave at 60 a minute and 15 a second at most." in page
    assert FIELD.format("") in page
    for typed, kept, said in (("500", 500, "may send 500 segments a day now."), ("", 0, "Senders have no limit now.")):
        answer = await admin_client.submit("/apps/dialpad/quota", {"segments_a_day": typed})
        assert answer.status_code == 303
        page = (await admin_client.get("/apps/dialpad")).text
        assert said in page
        assert FIELD.format(kept or "") in page
        stored = await Connection.objects().get(Connection.id == connection.id)
        assert json.loads(stored.options) == {"per_minute": 60, "mms": True, "segments_a_day": kept}
    entries = await AuditEntry.objects().where(AuditEntry.action == "connection.changed").order_by(AuditEntry.at)
    assert [(json.loads(entry.detail)["segments_a_day"], entry.user) for entry in entries] == [
        (500, admin_client.user.id),
        (0, admin_client.user.id),
    ]


async def test_the_price_of_a_segment_stands_beside_the_limit_and_is_kept_as_it_was_typed(admin_client: Client) -> None:
    await plans.seed()
    connection = await make.connection(options='{"segments_a_day": 500}')
    assert "Price of a segment (USD)" in (await admin_client.get("/apps/dialpad")).text
    for typed, kept in (("$0.00850", "0.0085"), ("", ""), ("0", "")):
        fields = {"segments_a_day": "500", "price_per_segment": typed}
        assert (await admin_client.submit("/apps/dialpad/quota", fields)).status_code == 303
        stored = await Connection.objects().get(Connection.id == connection.id)
        assert json.loads(stored.options) == {"segments_a_day": 500, "price_per_segment": kept}
    for typed in ("-1", "1e9", "ten", "1000", "0,0085"):
        answer = await admin_client.submit("/apps/dialpad/quota", {"segments_a_day": "", "price_per_segment": typed})
        assert answer.status_code == 422
        assert 'id="f-price_per_segment-err"' in answer.text
        assert f'value="{typed}"' in answer.text


async def test_an_admin_limits_what_one_number_sends_in_a_minute(admin_client: Client) -> None:
    await plans.seed()
    connection = await make.connection(options='{"segments_a_day": 500}')
    field = 'name="per_sender" type="text" value="{}"'
    for typed, kept, said in (
        ("15", 15, "Each sender may send 15 texts a minute and 500 segments a day now."),
        ("0", 0, ""),
    ):
        answer = await admin_client.submit("/apps/dialpad/quota", {"segments_a_day": "500", "per_sender": typed})
        assert answer.status_code == 303
        page = (await admin_client.get("/apps/dialpad")).text
        assert said in page
        assert field.format(kept or "") in page
        stored = await Connection.objects().get(Connection.id == connection.id)
        assert json.loads(stored.options) == {"segments_a_day": 500, "per_sender": kept}
    for typed in ("-1", "1.5", "1000000"):
        answer = await admin_client.submit("/apps/dialpad/quota", {"segments_a_day": "500", "per_sender": typed})
        assert answer.status_code == 422
        assert 'id="f-per_sender-err"' in answer.text
        assert field.format(typed) in answer.text


async def test_where_all_texts_leave_from_one_number_the_connections_pace_is_enough(admin_client: Client) -> None:
    await plans.seed()
    connection = await make.connection(kind="twilio")
    assert 'name="per_sender"' not in (await admin_client.get("/apps/twilio")).text
    await admin_client.submit("/apps/twilio/quota", {"segments_a_day": "5", "per_sender": "15"})
    stored = await Connection.objects().get(Connection.id == connection.id)
    assert "per_sender" not in json.loads(stored.options)


@pytest.mark.parametrize("typed", ["-1", "many", "100001"])
async def test_a_limit_that_is_none_is_told_at_its_field_and_stays_there(admin_client: Client, typed: str) -> None:
    await plans.seed()
    connection = await make.connection()
    answer = await admin_client.submit("/apps/dialpad/quota", {"segments_a_day": typed})
    assert answer.status_code == 422
    assert "Give a whole number of segments, 100,000 at most, or leave it empty for no limit." in answer.text
    assert 'id="f-segments_a_day-err"' in answer.text
    assert FIELD.format(typed) in answer.text
    assert "Not connected" not in answer.text
    assert (await Connection.objects().get(Connection.id == connection.id)).options == "{}"


async def test_the_pace_says_who_used_how_much_of_today_in_eight_queries(admin_client: Client, count_queries) -> None:
    await plans.seed()
    connection = await make.connection(options='{"segments_a_day": 1000}')
    maya = await make.user(name="Maya Ortiz")
    for user, segments in ((maya, 1200), (admin_client.user, 3)):
        await make.message(user=user, connection=connection, state="sent", segments=segments)
    with count_queries() as queries:
        page = (await admin_client.get("/apps/dialpad")).text
    assert f"Used today: Maya Ortiz 1,200 of 1,000, {admin_client.user.name} 3 of 1,000" in page
    assert queries.count <= 8, queries.statements


async def test_only_admins_limit_senders_and_only_of_their_own_connection(
    admin_client: Client, agent_client: Client
) -> None:
    await plans.seed()
    await make.connection(await make.account())
    limit = {"segments_a_day": "5"}
    assert (await agent_client.submit("/apps/dialpad/quota", limit)).status_code == 403
    assert (await admin_client.submit("/apps/dialpad/quota", limit)).status_code == 404
    assert (await admin_client.submit("/apps/fax/quota", limit)).status_code == 404
    assert [row["options"] for row in await Connection.select(Connection.options)] == ["{}"]


async def test_disconnecting_forgets_the_key(admin_client: Client, dialpad: None) -> None:
    await plans.seed()
    connection = await make.connection()
    answer = await admin_client.submit("/apps/dialpad/connections/deletion")
    assert answer.status_code == 303
    row = await Connection.select().where(Connection.id == connection.id).first()
    assert (row["state"], row["secret"]) == ("disconnected", "")
    assert (await admin_client.submit("/apps/dialpad/connections/deletion")).status_code == 404


async def test_another_dealerships_connection_is_not_ours(admin_client: Client) -> None:
    await plans.seed()
    await make.connection(await make.account())
    assert "Not connected" in (await admin_client.get("/apps/dialpad")).text
    assert (await admin_client.submit("/apps/dialpad/tests")).status_code == 404


async def test_an_app_there_is_not_is_not_found(agent_client: Client) -> None:
    assert (await agent_client.get("/apps/fax")).status_code == 404


async def test_the_page_of_an_app_asks_the_database_at_most_six_times(admin_client: Client, count_queries) -> None:
    await plans.seed()
    await make.connection(opt_outs_read_at=clock.now())
    with count_queries() as queries:
        await admin_client.get("/apps/dialpad")
    assert queries.count <= 6, queries.statements


async def test_only_the_owner_of_the_installation_sets_the_address_of_the_api(
    admin_client: Client, dialpad: None
) -> None:
    await plans.seed()
    admin = await make.user(admin_client.user.account, role="admin")
    typed = {"api_key": "right", "base_url": "http://169.254.169.254"}
    async with await admin_client.signed_in(admin) as theirs:
        answer = await theirs.submit("/apps/dialpad/connections", typed)
    assert answer.status_code == 422
    assert "Only the owner of this installation" in answer.text
    assert not await Connection.exists()


# The provider's own list of opt-outs


async def test_the_health_panel_tells_how_the_list_of_opt_outs_was_last_read(admin_client: Client) -> None:
    await plans.seed()
    dialpad = await make.connection(admin_client.user.account)
    page = (await admin_client.get("/apps/dialpad")).text
    assert "Not yet. It is read within minutes." in page
    now = clock.now()
    await Connection.update({Connection.opt_outs_read_at: now - timedelta(hours=3)}).where(Connection.id == dialpad.id)
    async with db.writing():
        await audit.record(dialpad.account, None, "opt_outs.read", dialpad.id, listed=1200, new=7)
    page = (await admin_client.get("/apps/dialpad")).text
    assert "3 h ago: 1,200 on it, 7 new here" in page


async def test_an_admin_has_the_list_read_now(admin_client: Client) -> None:
    await plans.seed()
    made = await make.connection(admin_client.user.account, opt_outs_read_at=clock.now())
    answer = await admin_client.submit("/apps/dialpad/opt-out-readings", {})
    assert answer.headers["location"].endswith("/apps/dialpad")
    assert "list is being read. Look again in a minute." in (await admin_client.get("/apps/dialpad")).text
    assert await provider_lists.due() == [made.id]


async def test_only_who_manages_connections_may(agent_client: Client) -> None:
    await plans.seed()
    await make.connection(agent_client.user.account, opt_outs_read_at=clock.now())
    assert "Read now" not in (await agent_client.get("/apps/dialpad")).text
    assert (await agent_client.submit("/apps/dialpad/opt-out-readings", {})).status_code == 403
    assert await provider_lists.due() == []


async def test_without_a_connection_there_is_no_list(admin_client: Client) -> None:
    await plans.seed()
    assert "Opt-outs" not in (await admin_client.get("/apps/dialpad")).text
    assert (await admin_client.submit("/apps/dialpad/opt-out-readings", {})).status_code == 404


class Post(Provider):
    """A provider that asks for several things."""

    kind, channel, name = "email", "email", "Email"
    summary, feature, events = "Mail.", "email", ("mailbox",)
    fields = (
        Field("host", "Server", owner_only=True),
        Field("security", "Encryption", default="tls", choices=(("starttls", "STARTTLS"), ("tls", "TLS"))),
        Field("password", "Password", secret=True),
    )


async def test_a_provider_is_connected_by_the_fields_it_declares(client: Client, monkeypatch: Any) -> None:
    monkeypatch.setitem(CHANNELS, "email", Post)
    await plans.seed()
    account = await make.account()
    owner = await make.user(account, role="admin", owner=True)
    admin = await make.user(account, role="admin")
    typed = {"host": "mx.example", "security": "starttls", "password": "s3cret"}
    async with await client.signed_in(admin) as person:
        answer = await person.submit("/apps/email/connections", typed)
        assert answer.status_code == 422
        assert "Only the owner of this installation may set this: Server." in answer.text
        assert "s3cret" not in answer.text
    async with await client.signed_in(owner) as person:
        assert (await person.submit("/apps/email/connections", typed)).status_code == 200
        page = (await person.get("/apps/email")).text
    assert 'value="mx.example"' in page
    assert '<option value="starttls" selected>' in page
    assert "s3cret" not in page
    assert "/hooks/email/" not in page  # it calls none
