"""The no-contact lists on the web: read by everybody, added to, lifted, imported and exported by who may."""

import html
import re
from typing import Any
from uuid import UUID

import httpx
import pytest
from arq.connections import ArqRedis

from domain import suppressions
from domain.consents import Consent
from domain.standing import Standing
from domain.suppressions import Block, DoNotContact, ListImport, OptOut, files, paging
from tests import make
from tests.client import Client
from tests.sending import standing_of

PHONE, SHOWN = "+15205550117", "+1 520 555 0117"
KINDS = ("opt_out", "dnc", "block")


def text(response: httpx.Response) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.text)).split())


async def add(client: Client, kind: str, **fields: str) -> httpx.Response:
    return await client.submit(
        "/suppressions", {"kind": kind, "address": "(520) 555-0117", "reason": "Angry", **fields}
    )


def entry_url(response: httpx.Response) -> str:
    found = re.search(r'href="(/suppressions/\w+/[0-9a-f-]{36})"', response.text)
    assert found
    return found[1]


async def standing(client: Client) -> Standing:
    assert client.user
    return await standing_of(client.user.account, PHONE)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_address_goes_onto_a_list_and_a_manager_takes_it_off(
    agent_client: Client, client: Client, kind: str
) -> None:
    added = await add(agent_client, kind)
    assert (added.status_code, added.headers["location"]) == (303, f"/suppressions?kind={kind}")
    page = await agent_client.get(added.headers["location"])
    assert f"{SHOWN} is on the list now." in text(page)
    assert agent_client.user
    assert re.search(rf"{re.escape(SHOWN)}.* Angry .*{agent_client.user.name}", text(page))
    again = await add(agent_client, kind)
    assert f"{SHOWN} was on the list already." in text(await agent_client.get(again.headers["location"]))

    url = entry_url(page)
    assert "Keep it on the list" not in (await agent_client.get(url)).text
    assert (await agent_client.submit(f"{url}/deletion", {"reason": "Calm again"})).status_code == 403
    async with await client.signed_in(await make.user(role="manager", name="Mara Lindt")) as manager:
        empty = await manager.submit(f"{url}/deletion", {"reason": " "})
        assert (empty.status_code, 'id="f-reason-err"' in empty.text) == (422, True)
        lifted = await manager.submit(f"{url}/deletion", {"reason": "Calm again"})
        assert (lifted.status_code, lifted.headers["location"]) == (303, f"/suppressions?kind={kind}")
        page = await manager.get(lifted.headers["location"])
        assert "may be written to again" in text(page)
        assert "Nobody is on this list" in text(page)
        told = text(await manager.get(f"/suppressions?kind={kind}&show=lifted"))
        assert SHOWN in told
        assert "Mara Lindt" in told
        again = await manager.submit(f"{url}/deletion", {"reason": "Calm again"})
        assert "was lifted already" in text(await manager.get(again.headers["location"]))
    assert await standing(agent_client) == Standing()
    assert await Consent.count() == (1 if kind == "opt_out" else 0)


async def test_what_an_agent_heard_is_put_down_from_the_sellers_menu(agent_client: Client) -> None:
    listing = await make.listing(seller={"mobile": PHONE})
    page = html.unescape((await agent_client.get(f"/listings/{listing.id}")).text)
    [link] = re.findall(r'href="(/suppressions\?[^"]*)"[^>]*>(?:<svg.*?</svg>)?They told me to stop', page, re.DOTALL)
    form = html.unescape((await agent_client.get(link)).text)
    assert f'value="{PHONE}"' in form
    assert '<details class="folded" open>' in form


@pytest.mark.parametrize("kind", KINDS)
async def test_support_reads_and_changes_nothing(client: Client, kind: str) -> None:
    manager = await make.user(role="manager")
    await suppressions.dnc(manager.account, [PHONE], "Angry", user=manager)
    await suppressions.block(manager.account, manager, PHONE, "Angry")
    await suppressions.agent_opt_out(manager.account, manager, PHONE, "text", "Angry")
    async with await client.signed_in(await make.user(role="support")) as support:
        page = await support.get(f"/suppressions?kind={kind}")
        assert SHOWN in page.text
        assert 'method="post" action="/suppressions' not in page.text
        assert "export.csv" not in page.text
        url = entry_url(page)
        assert 'action="/suppressions' not in (await support.get(url)).text
        assert (await add(support, kind)).status_code == 403
        assert (await support.submit(f"{url}/deletion", {"reason": "Calm again"})).status_code == 403
        for path in (f"/suppressions/{kind}/export.csv", "/suppressions/imports/new"):
            assert (await support.get(path)).status_code == 403
    assert len((await paging.page(suppressions.Kind(kind), manager.account, "US"))[0]) == 1


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"address": "555"}, "f-address-err"), ({"reason": ""}, "f-reason-err"), ({"address": ""}, "f-address-err")],
)
async def test_what_is_refused_stays_typed_beside_its_field(
    agent_client: Client, fields: dict[str, str], error: str
) -> None:
    response = await add(agent_client, "dnc", **fields)
    assert response.status_code == 422
    assert f'id="{error}"' in response.text
    for name, typed in {"address": "(520) 555-0117", "reason": "Angry", **fields}.items():
        assert f'name="{name}" type="text" value="{typed}"' in response.text
    assert '<details class="folded" open>' in response.text
    assert await DoNotContact.count() == 0


async def test_lists_are_turned_over_page_by_page_and_searched_in_few_queries(
    manager_client: Client, count_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert manager_client.user
    monkeypatch.setattr(paging.page, "__kwdefaults__", {**(paging.page.__kwdefaults__ or {}), "limit": 3})
    account = manager_client.user.account
    numbers = [f"+1520555{n:04}" for n in range(100, 107)]
    for number in numbers:
        await suppressions.dnc(account, [number], "Angry", user=manager_client.user)
    seen: list[str] = []
    url = "/suppressions?kind=dnc"
    while url:
        with count_queries() as queries:
            page = await manager_client.get(url)
        assert queries.count <= 8
        seen += re.findall(r'<b class="num">(.*?)</b>', page.text)
        following = re.search(r'rel="next" href="(.*?)"', page.text)
        url = html.unescape(following[1]) if following else ""
    assert seen == [f"+1 520 555 0{n}" for n in range(106, 99, -1)]
    found = await manager_client.get("/suppressions?kind=dnc&q=(520)+555-0103")
    assert re.findall(r'<b class="num">(.*?)</b>', found.text) == ["+1 520 555 0103"]
    nothing = await manager_client.get("/suppressions?kind=block&q=<b>5550103")
    assert "“<b>5550103” is not on this list" in html.unescape(nothing.text)
    assert "<b>5550103" not in nothing.text


async def test_another_dealerships_lists_are_not_there(manager_client: Client) -> None:
    other = await make.user(await make.account(), role="manager")
    await suppressions.dnc(other.account, [PHONE], "Angry", user=other)
    entry = (await DoNotContact.select(DoNotContact.id))[0]["id"]
    assert SHOWN not in (await manager_client.get("/suppressions?kind=dnc")).text
    for url in (f"/suppressions/dnc/{entry}", "/suppressions/dnc/x", f"/suppressions/friends/{entry}"):
        assert (await manager_client.get(url)).status_code == 404
        assert (await manager_client.submit(f"{url}/deletion", {"reason": "Calm again"})).status_code == 404
    assert (await manager_client.get("/suppressions?kind=friends")).status_code == 404
    assert PHONE not in (await manager_client.get("/suppressions/dnc/export.csv")).text
    assert await DoNotContact.exists().where(DoNotContact.lifted_at.is_null())


async def test_a_stop_shows_whose_words_they_were(agent_client: Client) -> None:
    message = await make.message(direction="in", body="Stop it!")
    await make.opt_out(message.from_address, message=message.id, word="Stop it!")
    page = await agent_client.get("/suppressions")
    assert "Stop it! The seller said so" in text(page)
    assert f'href="/listings/{message.listing}"' in (await agent_client.get(entry_url(page))).text


# Files


async def upload(client: Client, content: str, **fields: str) -> httpx.Response:
    given = {"file": ("scrub.csv", content.encode(), "text/csv")}
    return await client.submit("/suppressions/imports", {"kind": "dnc", **fields}, files=given)


async def test_a_file_goes_into_a_list_and_the_page_tells_how_far(manager_client: Client, queue: str) -> None:
    page = await manager_client.get("/suppressions/imports/new?kind=block")
    assert '<option value="block" selected>Blocked</option>' in page.text
    started = await upload(manager_client, f"Phone\n{PHONE}\n=nonsense\n", scrubbed_on="2026-11-20")
    url = started.headers["location"]
    import_id = url.rpartition("/")[2]
    async with ArqRedis.from_url(queue) as redis:
        [job] = await redis.queued_jobs()
    assert (job.function, job.args) == ("run_list_import", (import_id,))
    running = await manager_client.get(url)
    assert 'hx-trigger="every 1s"' in running.text
    assert "0 of about 3 rows" in text(running)
    await files.run(UUID(import_id))
    done = await manager_client.get(url)
    assert 'hx-trigger="every 1s"' not in done.text
    assert "Rows 2 New on the list 1 On it before 0 Refused 1" in text(done)
    assert "“=nonsense” is not a phone number" in text(done)
    listed = text(await manager_client.get("/suppressions?kind=dnc"))
    assert "Imported from scrub.csv" in listed
    assert "scrub.csv Do not contact 24 Nov 2026 20 Nov 2026 1" in listed


async def test_a_file_without_addresses_is_refused_at_its_field(manager_client: Client) -> None:
    for response in (
        await upload(manager_client, "Name\nDana\n"),
        await manager_client.submit("/suppressions/imports", {"kind": "dnc"}),
    ):
        assert response.status_code == 422
        assert 'id="f-file-err"' in response.text
    for day in ("2027-01-01", "0001-01-01"):
        refused = await upload(manager_client, f"{PHONE}\n", scrubbed_on=day)
        assert 'id="f-scrubbed_on-err"' in refused.text
    assert await ListImport.count() == 0


async def test_a_file_with_a_header_alone_is_not_called_imported(manager_client: Client, queue: str) -> None:
    url = (await upload(manager_client, "Phone\n")).headers["location"]
    await files.run(UUID(url.rpartition("/")[2]))
    page = text(await manager_client.get(url))
    assert "a header and no row below it, so nothing was imported" in page
    assert "every row of it" not in page


async def test_only_who_imports_listings_imports_lists(agent_client: Client) -> None:
    file = {"file": ("scrub.csv", PHONE)}
    assert (await agent_client.submit("/suppressions/imports", {}, files=file, htmx=True)).status_code == 403
    assert (await agent_client.get("/suppressions/imports/new")).status_code == 403
    assert await ListImport.count() == 0


async def test_another_dealerships_import_is_not_there(manager_client: Client) -> None:
    other = await make.user(await make.account(), role="manager")
    job = ListImport(account=other.account, kind="dnc", name="theirs.csv")
    await ListImport.insert(job)
    assert (await manager_client.get(f"/suppressions/imports/{job.id}")).status_code == 404
    assert "theirs.csv" not in (await manager_client.get("/suppressions")).text


async def test_a_list_is_handed_out_as_a_file(manager_client: Client) -> None:
    assert manager_client.user
    await suppressions.block(manager_client.user.account, manager_client.user, PHONE, "=1+1")
    response = await manager_client.get("/suppressions/block/export.csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in response.headers["content-disposition"]
    assert f"'{PHONE},text,'=1+1,," in response.text
    assert (await Block.count(), await OptOut.count()) == (1, 0)
