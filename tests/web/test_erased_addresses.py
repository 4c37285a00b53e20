"""Addresses that were erased and stay on a list: whoever has one finds it there, and a manager lifts it."""

import re
from typing import Any

import httpx
import pytest

from domain import consents, db, installations
from domain.accounts import Account
from domain.audit import AuditEntry
from domain.consents import Consent, Entry
from tests import make
from tests.client import Client

ADDRESS, SHOWN = "+14805550117", "+1 480 555 0117"
EMAIL = "dana@private.example"


async def erased(*entries: Entry) -> Account:
    account = await make.dealership()
    async with db.writing():
        await consents.bury(account.id, await installations.salt(), entries)
    return account


def text(response: httpx.Response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.text).split())


async def searched(client: Client, kind: str, q: str, **more: str) -> httpx.Response:
    return await client.get("/suppressions", params={"kind": kind, "q": q, **more})


async def test_who_has_the_address_finds_it_on_its_list_however_it_is_typed(manager_client: Client) -> None:
    await erased(Entry("dnc", "text", ADDRESS), Entry("opt_out", "email", EMAIL))
    for q in (ADDRESS, "(480) 555-0117", "480.555.0117"):
        found = await searched(manager_client, "dnc", q)
        assert f"{SHOWN} is on this list. Erased on request: only a fingerprint of the address is kept." in text(found)
        assert "is not on this list" not in text(found)
    assert f"{EMAIL} (email) is on this list." in text(await searched(manager_client, "opt_out", EMAIL.upper()))


async def test_nobody_else_finds_it(manager_client: Client) -> None:
    await erased(Entry("dnc", "text", ADDRESS))
    for kind, q, more in (
        ("dnc", "0117", {}),
        ("dnc", "", {}),
        ("block", ADDRESS, {}),
        ("dnc", ADDRESS, {"show": "lifted"}),
        ("dnc", "+14805550118", {}),
    ):
        assert "Erased on request" not in text(await searched(manager_client, kind, q, **more))


async def test_a_search_asks_two_queries_more_at_most(manager_client: Client, count_queries: Any) -> None:
    await erased(Entry("dnc", "text", ADDRESS))
    with count_queries() as queries:
        await searched(manager_client, "dnc", ADDRESS)
    assert queries.count <= 8


async def test_a_manager_takes_it_off_and_says_why(manager_client: Client) -> None:
    account = await erased(Entry("dnc", "text", ADDRESS), Entry("block", "text", ADDRESS))
    found = await searched(manager_client, "dnc", ADDRESS)
    [url] = re.findall(r'href="(/suppressions/dnc/erased[^"]+)"', found.text)
    page = await manager_client.get(url)
    assert SHOWN in text(page)
    assert "Since" not in text(page)
    form = dict(re.findall(r'name="(address|channel)" value="([^"]+)"', page.text))
    assert form == {"address": ADDRESS, "channel": "text"}
    there = "/suppressions/dnc/erased"
    empty = await manager_client.submit(there, {**form, "reason": " "})
    assert empty.status_code == 422
    assert "Say why, in a few words." in text(empty)
    done = await manager_client.submit(there, {**form, "reason": "Wrote to us about another car"})
    assert done.status_code == 303
    assert f"{SHOWN} may be written to again" in text(await manager_client.get(done.headers["location"]))
    assert await consents.tombstoned(account.id, [ADDRESS]) == {ADDRESS: {("block", "text")}}
    [entry] = await AuditEntry.select().where(AuditEntry.action == "dnc.lifted").output(load_json=True)
    assert (entry["user"], entry["reason"]) == (manager_client.user.id, "Wrote to us about another car")
    assert entry["detail"] == {"erased": True}
    assert (await manager_client.submit(there, {**form, "reason": "Again"})).status_code == 404


async def test_an_opt_out_is_lifted_by_written_consent_which_is_kept(manager_client: Client) -> None:
    account = await erased(Entry("opt_out", "text", ADDRESS))
    form = {"address": ADDRESS, "channel": "text"}
    refused = await manager_client.submit("/suppressions/opt_out/erased", {**form, "reason": ""})
    assert "Say where the seller’s written consent is kept" in text(refused)
    await manager_client.submit("/suppressions/opt_out/erased", {**form, "reason": "Form of 1 December, deal folder"})
    assert await consents.tombstoned(account.id, [ADDRESS]) == {}
    [consent] = await Consent.select()
    assert (consent["basis"], consent["address"], consent["channel"]) == ("express_written", ADDRESS, "text")
    assert consent["captured_by"] == manager_client.user.id


@pytest.mark.parametrize("role", ["agent", "support"])
async def test_others_see_it_and_lift_nothing(client: Client, role: str) -> None:
    account = await erased(Entry("dnc", "text", ADDRESS))
    async with await client.signed_in(await make.user(account, role)) as reader:
        found = await searched(reader, "dnc", ADDRESS)
        assert "Erased on request" in text(found)
        assert "/suppressions/dnc/erased" not in found.text
        form = {"address": ADDRESS, "channel": "text", "reason": "Please"}
        assert (await reader.submit("/suppressions/dnc/erased", form)).status_code == 403
    assert len(await consents.tombstoned(account.id, [ADDRESS])) == 1


async def test_an_address_that_was_not_erased_has_no_page(manager_client: Client) -> None:
    await make.dealership()
    for url in (
        "/suppressions/dnc/erased",
        "/suppressions/dnc/erased?address=%2B14805550117",
        "/suppressions/x/erased",
    ):
        assert (await manager_client.get(url)).status_code == 404
