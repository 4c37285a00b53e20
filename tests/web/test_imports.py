"""Importing on the web: upload, match the columns, watch it run, fetch the refused rows."""

import gc
import re
import warnings
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from arq.connections import ArqRedis
from arq.jobs import JobDef

from domain import imports
from domain.imports import Import
from domain.listings import Listing
from tests import make
from tests.client import Client

HEADER = "Listing ID,Year,Make,Model,Asking Price,Shoe size\n"
GOOD = 'A1,2019,Subaru,Outback,"$18,900",9\n'
BAD = "A2,19,=Subaru,Outback,1,9\n"
MULTIPART = {"content-type": "multipart/form-data; boundary=xxx"}
COLUMNS = {"map.0": "external_id", "map.1": "year", "map.2": "make", "map.3": "model", "map.4": "price", "map.5": ""}


async def upload(client: Client, content: str | bytes, name: str = "my ads.csv", **fields: str) -> httpx.Response:
    body = content.encode() if isinstance(content, str) else content
    files = {"file": (name, body, "text/csv")}
    return await client.submit("/imports", {"source_id": "kijiji", **fields}, files=files)


async def uploaded(client: Client, content: str) -> str:
    """The URL of the import."""
    response = await upload(client, content)
    assert response.status_code == 303
    return response.headers["location"]


async def queued_jobs(queue: str) -> list[JobDef]:
    async with ArqRedis.from_url(queue) as redis:
        return await redis.queued_jobs()


def text(response: httpx.Response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.text).split())


async def test_a_file_becomes_listings_by_way_of_its_columns(manager_client: Client, queue: str) -> None:
    url = await uploaded(manager_client, HEADER + GOOD + BAD)
    page = await manager_client.get(url)
    assert page.status_code == 200
    assert "my ads.csv" in text(page)
    assert '<option value="price" selected>Price</option>' in page.text
    assert "$18,900" in text(page)
    assert await Listing.count() == 0

    started = await manager_client.submit(url, COLUMNS)
    assert (started.status_code, started.headers["location"]) == (303, url)
    [job] = await queued_jobs(queue)
    import_id = url.rpartition("/")[2]
    assert (job.function, job.args) == ("run_import", (import_id,))
    running = await manager_client.get(url)
    assert 'hx-trigger="every 1s"' in running.text
    assert "0 of 2 rows" in text(running)

    await imports.run(UUID(import_id), "a worker")
    done = await manager_client.get(url)
    assert "hx-trigger" not in done.text.split('id="import-progress"')[1].split("</section>")[0]
    assert "Rows 2 Created 1 Updated 0 Refused 1" in text(done)
    assert "Year: “19” may be two different years. Write all four digits." in text(done)
    [listing] = await Listing.select(Listing.make, Listing.source.slug)
    assert (listing["make"], listing["source.slug"]) == ("Subaru", "kijiji")

    refused = await manager_client.get(f"{url}/refused.csv")
    assert refused.headers["content-type"].startswith("text/csv")
    assert "attachment" in refused.headers["content-disposition"]
    assert "my%20ads.refused.csv" in refused.headers["content-disposition"]
    assert "'=Subaru" in refused.text


async def test_a_file_with_a_header_alone_is_not_called_imported(manager_client: Client, queue: str) -> None:
    url = await uploaded(manager_client, HEADER)
    await manager_client.submit(url, COLUMNS)
    await imports.run(UUID(url.rpartition("/")[2]), "a worker")
    page = text(await manager_client.get(url))
    assert "a header and no row below it, so nothing was imported" in page
    assert "every row of it" not in page


async def test_it_works_by_htmx_too(manager_client: Client) -> None:
    response = await manager_client.submit("/imports", {}, files={"file": ("a.csv", HEADER + GOOD)}, htmx=True)
    assert response.status_code == 204
    url = response.headers["hx-redirect"]
    started = await manager_client.submit(url, COLUMNS, htmx=True)
    assert (started.status_code, started.headers["hx-redirect"]) == (204, url)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"file": ("a.pdf", b"%PDF-1.7")}, "This is a PDF."),
        ({"file": ("a.csv", b"")}, "This file is empty."),
        ({"file": ("", b"")}, "Choose a CSV file."),
        ({"other": ("a.csv", b"x")}, "Choose a CSV file."),
    ],
)
async def test_what_is_no_csv_is_refused_at_the_field(
    manager_client: Client, files: dict[str, Any], sentence: str
) -> None:
    response = await manager_client.submit("/imports", {"source_id": "kijiji"}, files=files)
    assert response.status_code == 422
    assert sentence in text(response)
    assert 'id="f-file-err"' in response.text
    assert '<option value="kijiji" selected>' in response.text
    assert await Import.count() == 0


async def test_columns_that_make_no_listing_are_refused_and_stay_as_chosen(manager_client: Client) -> None:
    url = await uploaded(manager_client, HEADER + GOOD)
    response = await manager_client.submit(url, {**COLUMNS, "map.3": "", "map.5": "trim"})
    assert response.status_code == 422
    assert "Choose the column for Model: no listing is without." in text(response)
    assert '<option value="trim" selected>' in response.text
    assert (await Import.select(Import.state))[0]["state"] == "uploaded"


async def test_an_import_is_started_once(manager_client: Client, queue: str) -> None:
    url = await uploaded(manager_client, HEADER + GOOD)
    await manager_client.submit(url, COLUMNS)
    again = await manager_client.submit(url, {**COLUMNS, "map.4": ""})
    assert (again.status_code, again.headers["location"]) == (303, url)
    [job] = await Import.objects()
    assert "price" in imports.columns_of(job)
    [queued] = await queued_jobs(queue)
    assert queued.function == "run_import"


async def test_a_failed_import_says_why(manager_client: Client) -> None:
    url = await uploaded(manager_client, HEADER + GOOD)
    await manager_client.submit(url, COLUMNS)
    job = (await Import.objects())[0]
    imports.upload_path(job).unlink()
    await imports.run(job.id, "a worker")
    assert "The uploaded file is gone. Upload it again." in text(await manager_client.get(url))


async def test_the_page_keeps_html_of_the_file_as_text(manager_client: Client) -> None:
    head, row = HEADER.replace("Shoe size", "<b>Bold</b>"), GOOD.replace("9\n", "<script>x\n")
    url = await uploaded(manager_client, head + row)
    page = await manager_client.get(url)
    assert "<script>x" not in page.text
    assert "<b>Bold</b>" not in page.text
    assert "&lt;script&gt;x" in page.text


class Endless:
    """A multipart body of a gigabyte, and how many of its megabytes were read."""

    def __init__(self) -> None:
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'--xxx\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        for _ in range(1000):
            self.read += 1
            yield bytes(1_000_000)


@pytest.mark.parametrize("by_htmx", [True, False])  # read by the handler, or by the guard against forged forms
async def test_a_gigabyte_is_refused_when_it_has_grown_too_large(manager_client: Client, by_htmx: bool) -> None:
    token = {"x-csrftoken": await manager_client.csrf_token()} if by_htmx else {}
    body = Endless()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # Litestar leaves the part it was reading to the collector
        response = await manager_client.post("/imports", content=body, headers={**MULTIPART, **token})
        gc.collect()
    assert response.status_code == 413
    assert "The file is larger than 200 MB. Split it and import the parts." in text(response)
    assert body.read <= 202
    assert await Import.count() == 0


async def test_a_gigabyte_that_is_announced_is_not_read_at_all(manager_client: Client) -> None:
    headers = {"x-csrftoken": await manager_client.csrf_token(), "content-length": "1000000000", **MULTIPART}
    body = Endless()
    response = await manager_client.post("/imports", content=body, headers=headers)
    assert response.status_code == 413
    assert body.read == 0


async def test_an_import_of_another_dealership_is_not_there(manager_client: Client) -> None:
    url = await uploaded(manager_client, HEADER + GOOD)
    stranger = await manager_client.signed_in(await make.user(await make.account(), role="manager"))
    for path in (url, f"{url}/refused.csv", "/imports/nonsense", "/imports/nonsense/refused.csv"):
        assert (await stranger.get(path)).status_code == 404
    assert (await stranger.submit(url, COLUMNS)).status_code == 404


async def test_support_may_not_import(client: Client) -> None:
    support = await client.signed_in(await make.user(role="support"))
    assert (await support.get("/imports/new")).status_code == 403
    files = {"file": ("a.csv", HEADER + GOOD)}
    assert (await support.submit("/imports", {}, files=files, htmx=True)).status_code == 403
    assert await Import.count() == 0


async def test_nobody_imports_without_signing_in(client: Client) -> None:
    response = await client.get("/imports/new")
    assert response.status_code == 303
    assert response.headers["location"].startswith("/sign-in")


async def test_the_upload_page_names_the_limit_and_the_sites(manager_client: Client) -> None:
    page = await manager_client.get("/imports/new")
    assert "Up to 200 MB." in text(page)
    assert '<option value="craigslist">Craigslist</option>' in page.text


async def test_an_agent_writes_to_sellers_and_imports_nothing(agent_client: Client) -> None:
    assert (await agent_client.get("/imports/new")).status_code == 403
    assert "/imports/new" not in (await agent_client.get("/listings")).text
