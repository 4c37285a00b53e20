"""Saved wordings over the API: listed page by page, written, changed by version, deleted."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from domain import message_templates
from domain.accounts import Account
from domain.message_templates import MessageTemplate, TemplateVersion
from domain.shipped_templates import SHIPPED
from domain.users import Role
from tests import make
from tests.web.api.conftest import Api, codes

INPUT = {
    "type": "text",
    "scope": "global",
    "purpose": "initial",
    "name": "First hello",
    "body": "Hi {{seller.first_name}}, is it still there?",
}


async def change(api: Api, template_id: str, **body: Any) -> httpx.Response:
    return await api.call("PATCH", f"/templates/{template_id}", json=body)


async def saved(api: Api, **body: Any) -> dict[str, Any]:
    answer = await api.post("/templates", {**INPUT, **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_template_is_saved_shown_and_listed_and_a_message_can_be_sent_with_it(api: Api) -> None:
    file = await make.attachment(api.user.account)
    made = await saved(api, type="email", subject="Your {{vehicle.title}}", attachments=[str(file.id)])
    assert (made["version"], made["attachments"], made["subject"]) == (1, [str(file.id)], "Your {{vehicle.title}}")
    assert (await api.get(f"/templates/{made['id']}")).json() == made
    assert (await api.get("/templates")).json() == {"items": [made], "next": None}
    text = await saved(api)
    answer = await api.send(await make.listing(), template_id=text["id"])
    assert answer.status_code == 202, answer.text


async def test_the_list_is_read_page_by_page_and_can_be_narrowed(api: Api, count_queries: Any) -> None:
    await message_templates.seed()
    mine = await saved(api, scope="local", name="Mine")
    names, cursor = [], ""
    while True:
        with count_queries() as queries:
            page = (await api.get("/templates", limit=9, **({"cursor": cursor} if cursor else {}))).json()
        assert queries.count <= 8
        names += [each["name"] for each in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert names == ["Mine", *(each.name for each in SHIPPED)]
    assert [each["id"] for each in (await api.get("/templates", scope="local")).json()["items"]] == [mine["id"]]
    emails = (await api.get("/templates", type="email", limit=200)).json()["items"]
    assert {each["type"] for each in emails} == {"email"}
    assert [each["id"] for each in (await api.get("/templates", q="MINE")).json()["items"]] == [mine["id"]]
    for query in ({"type": "fax"}, {"cursor": "x"}, {"limit": 0}, {"sort": "name"}):
        assert (await api.get("/templates", **query)).status_code == 422


async def test_everything_that_is_wrong_is_told_at_once(api: Api) -> None:
    body = {
        **INPUT,
        "name": " ",
        "subject": "For a text",
        "body": "{{vehicle.colour}} {{",
        "attachments": [str(uuid4())],
    }
    answer = await api.post("/templates", body)
    assert answer.status_code == 422
    assert codes(answer) == [
        ("name", "invalid"),
        ("subject", "invalid"),
        ("body", "unknown_wildcard"),
        ("body", "unknown_wildcard"),
        ("attachments", "invalid"),
    ]
    assert not await MessageTemplate.exists()


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"type": "fax"}, ("type", "invalid")),
        ({"scope": "shipped"}, ("scope", "invalid")),
        ({"purpose": ""}, ("purpose", "invalid")),
        ({"name": "x" * 81}, ("name", "too_long")),
        ({"body": "x" * 1501}, ("body", "too_long")),
        ({"body": ""}, ("body", "required")),
        ({"attachments": ["x"]}, ("attachments[0]", "invalid")),
        ({"favorite": True}, ("favorite", "unknown_field")),
    ],
)
async def test_a_template_that_breaks_a_rule_is_refused_at_its_field(
    api: Api, wrong: dict[str, Any], expected: tuple[str, str]
) -> None:
    answer = await api.post("/templates", {**INPUT, **wrong})
    assert (answer.status_code, codes(answer)) == (422, [expected])


async def test_two_hundred_at_once_with_one_name_make_one_template(api: Api) -> None:
    answers = await asyncio.gather(*(api.post("/templates", INPUT) for _ in range(200)))
    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 199
    refused = next(answer for answer in answers if answer.status_code == 422)
    assert codes(refused) == [("name", "name_taken")]
    assert "“First hello”" in refused.json()["errors"][0]["message"]
    assert (await MessageTemplate.count(), await TemplateVersion.count()) == (1, 1)


async def test_what_is_left_out_of_a_change_stays(api: Api) -> None:
    file = await make.attachment(api.user.account)
    made = await saved(api, type="email", subject="Kept", attachments=[str(file.id)])
    changed = (await change(api, made["id"], body="Another?")).json()
    assert changed["version"] == 2
    assert changed == {**made, "body": "Another?", "version": 2, "changed_at": changed["changed_at"]}
    assert (await change(api, made["id"], name="Renamed")).json() == {**changed, "name": "Renamed"}
    without = (await change(api, made["id"], attachments=[])).json()
    assert (without["attachments"], without["version"]) == ([], 3)


async def test_a_change_of_a_version_that_was_replaced_is_a_conflict(api: Api) -> None:
    made = await saved(api)
    answers = await asyncio.gather(*(change(api, made["id"], body=f"Number {n}?", version=1) for n in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert {code for answer in answers if answer.status_code == 409 for code in codes(answer)} == {
        ("", "version_conflict")
    }
    told = {answer.json()["errors"][0]["message"] for answer in answers if answer.status_code == 409}
    assert told == {"This template has a newer version than yours. Read it again and send your change with that one."}
    assert (await api.get(f"/templates/{made['id']}")).json()["version"] == 2


async def test_a_deleted_template_is_gone_and_deleting_again_says_so(api: Api) -> None:
    made = await saved(api)
    assert (await api.delete(f"/templates/{made['id']}")).json() == made
    for answer in (
        await api.delete(f"/templates/{made['id']}"),
        await api.get(f"/templates/{made['id']}"),
        await change(api, made["id"], body="Again?"),
    ):
        assert (answer.status_code, codes(answer)) == (404, [("", "not_found")])
    assert (await api.get("/templates")).json()["items"] == []
    refused = await api.send(await make.listing(), template_id=made["id"])
    assert ("template_id", "not_found") in codes(refused)


async def test_shipped_ones_are_read_only(api: Api) -> None:
    await message_templates.seed()
    path = f"/templates/{SHIPPED[0].id}"
    assert (await api.get(path)).json()["scope"] == "shipped"
    for answer in (await api.delete(path), await api.call("PATCH", path, json={"body": "Mine?"})):
        assert (answer.status_code, codes(answer)) == (422, [("", "shipped")])


async def test_foreign_and_other_peoples_local_ones_are_not_there(api: Api) -> None:
    stranger = await make.user(await make.account(), role=Role.ADMIN)
    colleague = await make.user(api.user.account, role=Role.ADMIN)
    foreign = await saved(await api.with_scopes("templates:write", stranger))
    secret = await saved(await api.with_scopes("templates:write", colleague), scope="local")
    for each in (foreign["id"], secret["id"], str(uuid4()), "x"):
        assert (await api.get(f"/templates/{each}")).status_code == 404
        assert (await api.delete(f"/templates/{each}")).status_code == 404
        assert (await change(api, each, body="Mine?")).status_code == 404
    assert (await api.get("/templates")).json()["items"] == []
    file = await make.attachment(stranger.account)
    assert codes(await api.post("/templates", {**INPUT, "attachments": [str(file.id)]})) == [("attachments", "invalid")]


async def test_who_may_not_write_is_told_so(api: Api) -> None:
    made = await saved(api)
    await Account.update({Account.managers_own_global_templates: True}).where(Account.id == api.user.account)
    support = await api.with_scopes("templates:write", await make.user(role=Role.SUPPORT))
    agent = await api.with_scopes("templates:write", await make.user(role=Role.AGENT))
    for program, field in ((support, "scope"), (agent, "scope")):
        for answer in (
            await program.post("/templates", INPUT),
            await change(program, made["id"], body="Mine?"),
            await program.delete(f"/templates/{made['id']}"),
        ):
            assert (answer.status_code, codes(answer)) == (403, [(field, "no_permission")])
    assert (await support.post("/templates", {**INPUT, "scope": "local"})).status_code == 403
    assert (await agent.post("/templates", {**INPUT, "scope": "local"})).status_code == 201
    reader = await api.with_scopes("templates:read")
    assert (await reader.get(f"/templates/{made['id']}")).status_code == 200
    assert codes(await reader.post("/templates", INPUT)) == [("", "insufficient_scope")]
