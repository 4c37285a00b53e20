"""Exporting a seller's file, and erasing a seller, from the menu beside them."""

import hashlib
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain import plans
from domain.audit import AuditEntry
from domain.messages import Message, State
from tests import make
from tests.client import Client
from tests.known_seller import MOBILE, STRANGER, Known, known
from tests.sending import again, without


@pytest.fixture
async def there(client: Client, data_dir: Path) -> Known:
    await plans.seed()
    return await known()


def text(response: httpx.Response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.text).split())


def menu(response: httpx.Response) -> dict[str, str]:
    """What the menu beside the seller says of exporting and erasing, and where that leads."""
    _, found, rest = response.text.partition('id="seller-menu"')
    links = re.findall(r'<a href="([^"]+)">.*?</svg>([^<]+)</a>', rest.split("</div>")[0]) if found else []
    return {words: url for url, words in links if words.startswith(("Export", "Erase"))}


@pytest.mark.parametrize(
    ("role", "offered"),
    [
        ("admin", ["Export this seller’s file", "Erase this seller"]),
        ("manager", ["Export this seller’s file"]),
        ("agent", []),
        ("support", ["Export this seller’s file"]),
    ],
)
async def test_the_menu_beside_the_seller_offers_what_one_may(
    client: Client, there: Known, role: str, offered: list[str]
) -> None:
    async with await client.signed_in(await make.user(there.account, role)) as reader:
        links = menu(await reader.get(f"/listings/{there.listing.id}"))
        assert list(links) == offered
        assert [(await reader.get(url)).status_code for url in links.values()] == [200] * len(offered)


async def test_the_page_of_the_vehicle_asks_no_more_than_before(
    client: Client, there: Known, count_queries: Any
) -> None:
    async with await client.signed_in(there.admin) as admin:
        with count_queries() as queries:
            await admin.get(f"/listings/{there.listing.id}")
    assert queries.count <= 8


# Exporting


async def test_the_page_says_what_is_in_the_file(client: Client, there: Known, count_queries: Any) -> None:
    async with await client.signed_in(there.admin) as admin:
        with count_queries() as queries:
            page = await admin.get(f"/listings/{there.listing.id}/seller-files/new")
    assert queries.count <= 8
    said = text(page)
    assert "Export the file of Dana Quillfeather" in said
    assert "2 listings with this seller’s phone or email" in said
    assert "6 messages in both directions" in said
    assert "2 attached files" in said
    assert "+1 480-555-0117" in said or "+1 480 555 0117" in said
    assert "Forester" in said
    assert "Crosstrek" not in said
    assert "Not yet." in said


async def test_the_download_is_whole_and_its_digest_is_shown_afterwards(client: Client, there: Known) -> None:
    url = f"/listings/{there.listing.id}/seller-file.zip"
    async with await client.signed_in(there.admin) as admin:
        answer = await admin.get(url)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/zip"
        assert answer.headers["cache-control"] == "no-store"
        assert int(answer.headers["content-length"]) == len(answer.content)
        digest = hashlib.sha256(answer.content).hexdigest()
        name = f"seller-2019-subaru-outback-{digest[:12]}.zip"
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.testzip() is None
            assert json.loads(archive.read("manifest.json"))["made_by"]["name"] == "Ada Admin"
        page = await admin.get(f"/listings/{there.listing.id}/seller-files/new")
        assert digest in page.text
        assert "by Ada Admin" in text(page)


async def test_the_head_alone_exports_nothing(client: Client, there: Known) -> None:
    async with await client.signed_in(there.admin) as admin:
        assert (await admin.head(f"/listings/{there.listing.id}/seller-file.zip")).status_code == 200
    assert not await AuditEntry.exists().where(AuditEntry.action == "seller.exported")


async def test_an_agent_and_a_stranger_get_no_file(client: Client, there: Known) -> None:
    agent, stranger = await make.user(there.account), await make.user(await make.account(), "admin")
    for user, status in ((agent, 403), (stranger, 404)):
        async with await client.signed_in(user) as reader:
            for page in ("seller-files/new", "seller-file.zip"):
                assert (await reader.get(f"/listings/{there.listing.id}/{page}")).status_code == status
    assert not await AuditEntry.exists().where(AuditEntry.action == "seller.exported")


async def test_what_the_plan_does_not_show_cannot_be_taken_out(client: Client, there: Known) -> None:
    await without("messaging")
    async with await client.signed_in(there.admin) as admin:
        assert (await admin.get(f"/listings/{there.listing.id}/seller-file.zip")).status_code == 422
        links = menu(await admin.get(f"/listings/{there.listing.id}"))
    assert list(links) == ["Erase this seller"]


# Erasing


def form(**values: str) -> dict[str, str]:
    return {"reason": "Letter of 20 November.", "confirm": "ERASE", **values}


async def test_the_page_says_what_goes_and_what_stays(client: Client, there: Known, count_queries: Any) -> None:
    async with await client.signed_in(there.admin) as admin:
        await admin.get("/profile")
        with count_queries() as queries:
            page = await admin.get(f"/listings/{there.listing.id}/erasures/new")
    assert queries.count <= 8
    said = text(page)
    assert "Erase Dana Quillfeather?" in said
    assert "2 listings lose the seller’s name" in said
    assert "6 messages lose their words" in said
    assert "1 message that waits to leave is cancelled first" in said
    assert "1 draft is thrown away" in said
    assert "1 appointment is cancelled" in said
    assert "Nobody writes to them again." in said
    assert (await again(there.sent)).body.startswith("Hi Dana")


async def test_an_admin_erases_and_the_history_stays_readable(client: Client, there: Known) -> None:
    async with await client.signed_in(there.admin) as admin:
        answer = await admin.submit(f"/listings/{there.listing.id}/erasures", form())
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/listings/{there.listing.id}"
        page = await admin.get(answer.headers["location"])
        said = text(page)
        assert "The seller is erased from 2 listings, with the words of 6 messages." in said
        assert "Unknown seller" in said
        assert "Erased on request." in said
        assert "What was known of the seller was erased on request by Ada Admin" in said
        assert "Delivered" in said
        assert "Try again" not in said
        assert "Quillfeather" not in page.text
        assert "The seller asked not to get texts" in text(await admin.get(f"/listings/{there.other.id}"))
        done = await admin.get(f"/listings/{there.listing.id}/erasures/new")
        assert "This seller is erased" in text(done)
        assert "<form" not in done.text.split("<main")[1].split("</main>")[0]
        second = await admin.submit(f"/listings/{there.listing.id}/erasures", form())
        assert "erased already" in text(await admin.get(second.headers["location"]))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"confirm": "yes"}, "Type ERASE, in capital letters, if you are sure."),
        ({"reason": ""}, "Say why: who asked, and how, without their name."),
        ({"reason": "Quillfeather asked"}, "The reason stays in the audit log."),
    ],
)
async def test_what_is_missing_is_said_at_its_field(
    client: Client, there: Known, typed: dict[str, str], sentence: str
) -> None:
    async with await client.signed_in(there.admin) as admin:
        answer = await admin.submit(f"/listings/{there.listing.id}/erasures", form(**typed))
    assert answer.status_code == 422
    assert sentence in text(answer)
    if "confirm" in typed:
        assert "Letter of 20 November." in answer.text
    assert (await make.seller_of(there.listing)).mobile == MOBILE


@pytest.mark.parametrize(("role", "status"), [("manager", 403), ("agent", 403), ("support", 403)])
async def test_nobody_else_erases(client: Client, there: Known, role: str, status: int) -> None:
    async with await client.signed_in(await make.user(there.account, role)) as reader:
        assert (await reader.get(f"/listings/{there.listing.id}/erasures/new")).status_code == status
        assert (await reader.submit(f"/listings/{there.listing.id}/erasures", form())).status_code == status
    assert (await again(there.sent)).state == State.DELIVERED
    assert await Message.count().where(Message.body == "Erased on request.") == 0


async def test_a_number_that_others_have_too_is_named(client: Client, there: Known) -> None:
    shared = await make.listing(there.account, seller={"mobile": STRANGER, "phone": MOBILE})
    async with await client.signed_in(there.admin) as admin:
        page = text(await admin.get(f"/listings/{shared.id}/erasures/new"))
    assert "other sellers have it, too" not in page  # whoever has the same number as the first is the same person
    await make.listing(there.account, seller={"mobile": "+14805550177", "email": "a@b.example"})
    one = await make.listing(there.account, seller={"mobile": "+14805550166", "email": "a@b.example"})
    two = await make.listing(there.account, seller={"mobile": "+14805550166", "phone": "+14805550155"})
    await make.listing(there.account, seller={"mobile": "+14805550155"})
    async with await client.signed_in(there.admin) as admin:
        page = text(await admin.get(f"/listings/{one.id}/erasures/new"))
    assert two.model in page
    assert "0155 stays: other sellers have it, too." in page
