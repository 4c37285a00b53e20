"""The three lists over the API: read, added to, lifted with a reason, each in the name of the token's user."""

import asyncio
from typing import Any

import httpx
import pytest

from domain import suppressions
from domain.audit import AuditEntry
from domain.consents import Consent
from domain.messages import Message, State
from domain.suppressions import DoNotContact
from tests import make
from tests.web.api.conftest import Api, codes

PHONE = "+15205550117"
INPUT = {"list": "dnc", "address": "(520) 555-0117", "reason": "Said so at our booth"}


async def lift(api: Api, **query: str) -> httpx.Response:
    return await api.call(
        "DELETE", "/suppressions", params={"list": "dnc", "address": PHONE, "reason": "Sells", **query}
    )


@pytest.mark.parametrize("kind", ["dnc", "opt_out", "block"])
async def test_an_address_goes_onto_a_list_and_off_it(api: Api, kind: str) -> None:
    waiting = await make.message(to_address=PHONE, state=State.QUEUED)
    added = await api.post("/suppressions", {**INPUT, "list": kind})
    assert added.status_code == 201, added.text
    entry = added.json()
    assert (entry["list"], entry["address"], entry["reason"]) == (kind, PHONE, "Said so at our booth")
    assert (entry["channel"], entry["added_by"], entry["lifted_at"]) == ("text", api.user.name, None)
    again = await api.post("/suppressions", {**INPUT, "list": kind})
    assert (again.status_code, again.json()) == (200, entry)
    assert (await Message.select(Message.state).where(Message.id == waiting.id))[0]["state"] == "cancelled"
    assert (await api.get("/suppressions", list=kind)).json() == {"items": [entry], "next": None}
    lifted = (await lift(api, list=kind)).json()
    assert (lifted["id"], bool(lifted["lifted_at"])) == (entry["id"], True)
    assert api.user.name in lifted["lifted_by"]
    assert (await api.get("/suppressions", list=kind)).json() == {"items": [], "next": None}
    gone = await lift(api, list=kind)
    assert (gone.status_code, codes(gone)) == (404, [("", "not_found")])
    actions = [
        row["action"] for row in await AuditEntry.select(AuditEntry.action).where(AuditEntry.user == api.user.id)
    ]
    assert actions == [f"{kind}.added", f"{kind}.lifted"]
    assert await Consent.count() == (1 if kind == "opt_out" else 0)


async def test_one_address_is_asked_for_on_every_list(api: Api) -> None:
    for kind in ("dnc", "block"):
        await api.post("/suppressions", {**INPUT, "list": kind})
    await api.post("/suppressions", {**INPUT, "address": "Dana@Example.com"})
    items = (await api.get("/suppressions", address="520-555-0117")).json()["items"]
    assert sorted(each["list"] for each in items) == ["block", "dnc"]
    assert [each["list"] for each in (await api.get("/suppressions", address=PHONE, list="dnc")).json()["items"]] == [
        "dnc"
    ]
    [mail] = (await api.get("/suppressions", address="dana@example.com")).json()["items"]
    assert mail["channel"] == "email"
    assert (await api.get("/suppressions", address="+15205550999")).json()["items"] == []


async def test_a_list_is_read_page_by_page_in_few_queries(api: Api, count_queries: Any) -> None:
    numbers = [f"+1520555{n:04}" for n in range(100, 107)]
    for number in numbers:
        await suppressions.dnc(api.user.account, [number], "", user=api.user)
    seen, cursor = [], ""
    while True:
        with count_queries() as queries:
            page = (
                await api.get("/suppressions", list="dnc", limit=3, **({"cursor": cursor} if cursor else {}))
            ).json()
        assert queries.count <= 8
        seen += [each["address"] for each in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert seen == numbers[::-1]


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"list": "friends"}, ("list", "invalid")),
        ({"address": "555"}, ("address", "phone_invalid")),
        ({"address": "dana@"}, ("address", "invalid")),
        ({"address": ""}, ("address", "required")),
        ({"reason": ""}, ("reason", "required")),
        ({"reason": "  "}, ("reason", "required")),
        ({"reason": "x" * 501}, ("reason", "too_long")),
        ({"channel": "text"}, ("channel", "unknown_field")),
    ],
)
async def test_what_breaks_a_rule_is_refused_at_its_field(
    api: Api, wrong: dict[str, Any], expected: tuple[str, str]
) -> None:
    answer = await api.post("/suppressions", {**INPUT, **wrong})
    assert (answer.status_code, codes(answer)) == (422, [expected])
    assert await DoNotContact.count() == 0


async def test_a_question_without_list_or_a_lift_without_reason_is_refused(api: Api) -> None:
    await api.post("/suppressions", INPUT)
    for answer, expected in (
        (await api.get("/suppressions"), [("list", "required")]),
        (await api.get("/suppressions", list="dnc", cursor="x"), [("cursor", "invalid")]),
        (await api.get("/suppressions", address="x"), [("address", "phone_invalid")]),
        (await api.delete("/suppressions"), [("list", "required"), ("address", "required"), ("reason", "required")]),
        (await lift(api, reason=" "), [("reason", "required")]),
    ):
        assert (answer.status_code, codes(answer)) == (422, expected)
    assert await DoNotContact.exists().where(DoNotContact.lifted_at.is_null())


async def test_the_role_of_the_tokens_user_counts(api: Api) -> None:
    await api.post("/suppressions", INPUT)
    account = api.user.account
    agent = await api.with_scopes("suppressions:write", await make.user(account, role="agent"))
    support = await api.with_scopes("suppressions:write", await make.user(account, role="support"))
    for answer in (await lift(agent), await lift(support), await support.post("/suppressions", INPUT)):
        assert (answer.status_code, codes(answer)) == (403, [("", "no_permission")])
    assert (await agent.post("/suppressions", {**INPUT, "list": "block"})).status_code == 201
    assert len((await support.get("/suppressions", address=PHONE)).json()["items"]) == 2


async def test_another_dealerships_lists_are_not_there(api: Api) -> None:
    other = await make.user(await make.account(), role="manager")
    await suppressions.dnc(other.account, [PHONE], "", user=other)
    assert (await api.get("/suppressions", list="dnc")).json()["items"] == []
    assert (await api.get("/suppressions", address=PHONE)).json()["items"] == []
    assert (await lift(api)).status_code == 404


async def test_of_many_at_once_one_adds_and_one_lifts(api: Api) -> None:
    added = await asyncio.gather(*(api.post("/suppressions", INPUT) for _ in range(20)))
    assert sorted(answer.status_code for answer in added) == [200] * 19 + [201]
    lifted = await asyncio.gather(*(lift(api) for _ in range(20)))
    assert sorted(answer.status_code for answer in lifted) == [200] + [404] * 19
