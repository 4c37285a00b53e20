"""The hours for texts on the web: read by everybody, set by managers and admins, with a reason and open eyes."""

import html
import re
from typing import Any

import httpx
import pytest

from domain import quiet_hours, regions, seller_hours
from domain.audit import AuditEntry
from tests import make
from tests.client import Client

EDIT = "/quiet-hours/US-KY/edit"
KENTUCKY = {
    **{f"from_{n}": "10:00" for n in range(7)},
    **{f"to_{n}": "20:00" for n in range(7)},
    "holidays": "1",
    "reason": "Kim, our lawyer, on 20 November",
}


def text(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def row(page: str, region: str) -> str:
    found = re.search(rf'<tr id="region-{region}">(.*?)</tr>', page, re.DOTALL)
    assert found, region
    return text(found[1])


async def save(client: Client, region: str = "US-KY", **fields: str | None) -> httpx.Response:
    form = {name: each for name, each in {**KENTUCKY, **fields}.items() if each is not None}
    return await client.submit(f"/quiet-hours/{region}", form)


async def test_everybody_reads_each_state_with_its_hours_source_and_clock(client: Client, count_queries: Any) -> None:
    async with await client.signed_in(await make.user(role="support")) as support:
        with count_queries() as queries:
            page = (await support.get("/quiet-hours")).text
        assert queries.count <= 8, queries.statements
        assert [row(page, region) for region in regions.of("US")]
        florida = row(page, "US-FL")
        assert "Mon–Sat 9 AM–8 PM, Sun noon–6 PM" in florida
        assert "Every day 8 AM–8 PM" in florida
        assert "Public tables of state telephone solicitation laws · Looked up 22 Nov 2026" in florida
        assert "Open until 8 PM It is 10:00 AM or 11:00 AM there." in florida
        assert "No rule of its own" in row(page, "US-OH")
        assert "Sun none, holidays none" in row(page, "US-AL")
        assert "Closed until 9 AM It is 6:00 AM there." in row(page, "US-HI")
        assert "Open until 8 PM It is 9:00 AM there." in row(page, "US-AZ")
        assert "47 CFR 64.1200(c)(1)" in row(page, "US")
        assert "Mon–Sat 9 AM–8 PM, Sun noon–6 PM" in row(page, "default")
        assert "/edit" not in page
        assert "region-CA-ON" not in page


async def test_the_country_is_chosen_and_begins_with_the_dealerships(client: Client) -> None:
    async with await client.signed_in(await make.user(await make.account(country="CA"), "agent")) as agent:
        canada = (await agent.get("/quiet-hours")).text
        assert [row(canada, region) for region in regions.of("CA")]
        assert "Mon–Fri 9 AM–9:30 PM, Sat–Sun 10 AM–6 PM" in row(canada, "CA")
        assert "region-US-AZ" not in canada
        assert "region-US-AZ" in (await agent.get("/quiet-hours?country=US")).text
        assert "region-CA-ON" in (await agent.get("/quiet-hours?country=Peru")).text


async def test_where_a_state_has_several_clocks_each_is_told(client: Client, clock: Any) -> None:
    clock.set(clock.now() + (clock.now().replace(hour=1, minute=30) - clock.now()))  # 19:30 in Chicago on Monday
    async with await client.signed_in(await make.user(role="agent")) as agent:
        florida = row((await agent.get("/quiet-hours")).text, "US-FL")
    assert "Open in part 7:30 PM: open until 8 PM; 8:30 PM: closed until tomorrow, 9 AM" in florida


async def test_it_is_a_click_away_from_every_page_and_from_the_dealerships(
    agent_client: Client, manager_client: Client
) -> None:
    assert 'href="/quiet-hours"' in (await agent_client.get("/profile")).text
    assert "Look at the quiet hours" in (await manager_client.get("/dealership")).text


async def test_a_manager_sets_the_dealerships_own_hours_and_goes_back(
    manager_client: Client, count_queries: Any
) -> None:
    manager = manager_client.user
    assert manager
    with count_queries() as queries:
        form = (await manager_client.get(EDIT)).text
    assert queries.count <= 8, queries.statements
    assert 'name="from_0" type="time" value="10:00"' in form
    assert 'name="to_6" type="time" value="21:00"' in form
    assert "answer for it" not in form
    assert "Go back to the shipped hours" not in form

    saved = await save(manager_client, none_6="1", from_6="", to_6="", holidays=None, to_0="19:30")
    assert (saved.status_code, saved.headers["location"]) == (303, "/quiet-hours?country=US#region-US-KY")
    page = (await manager_client.get("/quiet-hours?country=US")).text
    assert "The hours for Kentucky are saved." in text(page)
    kentucky = row(page, "US-KY")
    assert "Your own" in kentucky
    assert "Mon 10 AM–7:30 PM, Tue–Sat 10 AM–8 PM, Sun none, holidays none" in kentucky
    assert f"Kim, our lawyer, on 20 November · 24 Nov 2026, {manager.name}" in kentucky
    assert (await seller_hours.rules_of(manager.account)).week("US-KY").hours[0] == (600, 1170)

    form = (await manager_client.get(EDIT)).text
    assert 'name="to_0" type="time" value="19:30"' in form
    assert re.search(r'name="none_6" value="1" checked', form)
    back = await manager_client.submit("/quiet-hours/US-KY/restoration")
    assert back.headers["location"] == "/quiet-hours?country=US#region-US-KY"
    page = (await manager_client.get("/quiet-hours")).text
    assert "Kentucky has the shipped hours again." in text(page)
    assert "Your own" not in row(page, "US-KY")
    actions = await AuditEntry.select(AuditEntry.action).order_by(AuditEntry.at).output(as_list=True)
    assert actions == ["quiet_hours.changed", "quiet_hours.restored"]


async def test_hours_beyond_the_shipped_ones_are_warned_of_and_want_a_tick(manager_client: Client) -> None:
    assert manager_client.user
    account = manager_client.user.account
    refused = await save(manager_client, from_2="07:00")
    assert refused.status_code == 422
    page = refused.text
    assert 'name="from_2" type="time" value="07:00"' in page
    assert "Kim, our lawyer" in page
    assert 'href="#f-knowing"' in page
    assert "can cost a dealership hundreds of dollars each. Shipped for Kentucky: Every day 10 AM–9 PM" in text(page)
    assert await seller_hours.own(account) == {}

    again = await save(manager_client, from_2="07:00", knowing="1")
    assert again.status_code == 303
    assert (await seller_hours.own(account))["US-KY"].row.hours[2] == (420, 1200)
    assert "We may text beyond these hours" in (await manager_client.get(EDIT)).text


@pytest.mark.parametrize(
    ("fields", "error", "sentence"),
    [
        ({"reason": " "}, "reason", "Say why, in a few words."),
        ({"from_3": "25:00"}, "from_3", "Give a time, such as 14:30 or 2:30 PM."),
        ({"to_3": ""}, "to_3", "Give a time, such as 14:30 or 2:30 PM."),
        ({"to_3": "09:00"}, "to_3", "Hours end after they begin, on the same day."),
        ({f"none_{n}": "1" for n in range(7)}, "hours", "no time is left at all in Kentucky"),
        (
            {f"{name}_{n}": each for n in range(7) for name, each in (("from", "20:30"), ("to", "21:00"))},
            "hours",
            "no time is left at all in Kentucky",
        ),
    ],
)
async def test_what_is_refused_stays_typed_beside_its_field(
    manager_client: Client, fields: dict[str, str], error: str, sentence: str
) -> None:
    assert manager_client.user
    refused = await save(manager_client, **fields)
    assert refused.status_code == 422
    assert f'id="f-{error}-err"' in refused.text
    assert f'href="#f-{error}"' in refused.text
    assert f'id="f-{error}"' in refused.text
    assert sentence in text(refused.text)
    for name, typed in {**KENTUCKY, **fields}.items():
        if name.startswith(("from", "to")):
            assert f'name="{name}" type="time" value="{typed}"' in refused.text
    assert await seller_hours.own(manager_client.user.account) == {}


async def test_two_days_that_cannot_be_read_are_told_at_once(manager_client: Client) -> None:
    refused = await save(manager_client, from_1="x", to_4="y")
    assert 'id="f-from_1-err"' in refused.text
    assert 'id="f-to_4-err"' in refused.text


async def test_agents_and_support_set_nothing(client: Client) -> None:
    for role in ("agent", "support"):
        async with await client.signed_in(await make.user(role=role)) as somebody:
            assert (await somebody.get(EDIT)).status_code == 403
            assert (await save(somebody)).status_code == 403
            assert (await somebody.submit("/quiet-hours/US-KY/restoration")).status_code == 403
    assert await AuditEntry.count() == 0


@pytest.mark.parametrize("region", ["US-XX", "us-ky", "MX", "%00", "US-KY-1"])
async def test_a_place_there_is_not_is_not_found(manager_client: Client, region: str) -> None:
    assert (await manager_client.get(f"/quiet-hours/{region}/edit")).status_code == 404
    assert (await save(manager_client, region)).status_code == 404
    assert (await save(manager_client, region, reason="")).status_code == 404
    assert (await manager_client.submit(f"/quiet-hours/{region}/restoration")).status_code == 404


async def test_every_place_that_can_be_found_can_be_changed(manager_client: Client) -> None:
    """Each state, territory and province, both countries and the default: one with a rule begins with it, the others
    with the default's hours."""
    for region in ("default", *regions.COUNTRIES, *regions.NAMES):
        page = (await manager_client.get(f"/quiet-hours/{region}/edit")).text
        begins = quiet_hours.ROWS.get(region, quiet_hours.DEFAULT).hours[0]
        assert begins
        assert f'name="from_0" type="time" value="{begins[0] // 60:02}:00"' in page, region
    for region in ("default", "US", "US-PR", "CA-NU"):
        saved = await save(manager_client, region, from_6="12:00", to_6="17:00", from_5="10:00", to_5="17:00")
        assert saved.status_code == 303, region


async def test_the_default_reaches_every_state_but_no_further_than_its_rule(manager_client: Client) -> None:
    early = {f"from_{n}": "08:00" for n in range(7)} | {"knowing": "1"}
    saved = await save(manager_client, "default", **early)
    assert saved.headers["location"] == "/quiet-hours#region-default"
    page = (await manager_client.get("/quiet-hours")).text
    assert "Every day 8 AM–8 PM" in row(page, "US-OH").split("No rule")[0]
    assert row(page, "US-KY").startswith("Kentucky Every day 10 AM–8 PM")


async def test_another_dealerships_hours_are_its_own(manager_client: Client) -> None:
    await save(manager_client, to_0="19:30")
    other = await make.user(await make.account(), "manager")
    async with await manager_client.signed_in(other) as stranger:
        assert "Your own" not in (await stranger.get("/quiet-hours")).text
        assert (await stranger.submit("/quiet-hours/US-KY/restoration")).status_code == 303
    assert "Your own" in row((await manager_client.get("/quiet-hours")).text, "US-KY")
