"""A seller opens a file by its link alone, until the link ends; nobody else gets anything out of it."""

import re
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from domain import attachments, file_store
from domain.attachments import Attachment, FileLink
from tests import make
from tests.client import Client
from tests.conftest import Clock
from tests.files import pdf

PUBLIC = "http://lotwire.test"


@pytest.fixture
def public(configure: Any) -> None:
    configure(LOTWIRE_PUBLIC_URL=PUBLIC)


async def kept(client: Client, name: str = "Offer für Dana.pdf") -> Attachment:
    assert client.user
    return await attachments.add(client.user.account, client.user.id, name, pdf())


async def shared(client: Client, file: Attachment | None = None) -> str:
    """The path of a new link."""
    file, listing = file or await kept(client), await make.listing()
    answer = await client.submit(f"/attachments/{file.id}/links", {"listing_id": str(listing.id)}, htmx=True)
    assert answer.status_code == 200
    return urlsplit(answer.text.partition("<")[0].strip()).path


async def the_link() -> FileLink:
    [link] = await FileLink.objects()
    return link


def text(response: httpx.Response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.text).split())


async def test_a_file_becomes_an_address_in_the_text(agent_client: Client, public: None, count_queries: Any) -> None:
    file, listing = await kept(agent_client), await make.listing()
    await agent_client.csrf_token()
    with count_queries() as queries:
        answer = await agent_client.submit(f"/attachments/{file.id}/links", {"listing_id": str(listing.id)}, htmx=True)
    assert queries.count <= 6
    link = await the_link()
    assert (link.attachment, link.listing, link.created_by) == (file.id, listing.id, agent_client.user.id)
    assert answer.headers["hx-trigger"] == "files-changed"
    words, _, beside = answer.text.partition("<hx-partial")
    assert words.strip() == attachments.url(link, file)
    assert words.strip().startswith(f"{PUBLIC}/files/{link.id}/")
    assert f'hx-target="#file-{file.id}"' in beside
    assert f"/links/{link.id}/revocation" in beside
    assert "until 24 Dec 2026" in text(answer)


async def test_without_a_public_address_it_says_what_to_do(agent_client: Client, configure: Any) -> None:
    configure(LOTWIRE_PUBLIC_URL="")
    file, listing = await kept(agent_client), await make.listing()
    answer = await agent_client.submit(f"/attachments/{file.id}/links", {"listing_id": str(listing.id)}, htmx=True)
    assert answer.status_code == 422
    assert "this installation has no public address" in text(answer)
    assert await FileLink.count() == 0


async def test_only_files_and_listings_of_the_account_are_shared(agent_client: Client, public: None) -> None:
    file, listing = await kept(agent_client), await make.listing()
    other = await make.account()
    foreign_file, foreign_listing = await make.attachment(other), await make.listing(other)
    for key, place in (
        (foreign_file.id, listing.id),
        (file.id, foreign_listing.id),
        (file.id, "nonsense"),
        (file.id, ""),
    ):
        answer = await agent_client.submit(f"/attachments/{key}/links", {"listing_id": str(place)}, htmx=True)
        assert answer.status_code == 404
    assert await FileLink.count() == 0


async def test_a_stranger_gets_the_file_without_a_cookie(client: Client, agent_client: Client, public: None) -> None:
    path = await shared(agent_client)
    stranger = Client(client.app)
    answer = await stranger.get(path)
    assert answer.status_code == 200
    assert answer.content == pdf()
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-disposition"].endswith("Offer%20f%C3%BCr%20Dana.pdf")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-robots-tag"] == "noindex, nofollow, noarchive"
    assert answer.headers["cache-control"] == "private, no-store"


async def test_openings_are_counted_and_looks_at_the_head_are_not(agent_client: Client, public: None) -> None:
    path = await shared(agent_client)
    assert (await agent_client.head(path)).status_code == 200
    assert (await the_link()).opened == 0
    await agent_client.get(path)
    await agent_client.get(path.rpartition("/")[0] + "/another-name")  # what opens is the signature
    link = await the_link()
    assert (link.opened, link.opened_at is not None) == (2, True)


async def ended(client: Client, path: str) -> None:
    answer = await Client(client.app).get(path)
    assert answer.status_code == 404
    assert "This link does not open" in text(answer)
    assert "Ask the dealership that sent it for a new one." in text(answer)
    assert answer.headers["x-robots-tag"] == "noindex, nofollow, noarchive"
    assert "set-cookie" not in answer.headers


async def test_a_link_that_expired_says_so_on_a_plain_page(agent_client: Client, public: None, clock: Clock) -> None:
    path = await shared(agent_client)
    clock.advance(days=30, minutes=1)
    await ended(agent_client, path)
    assert (await the_link()).opened == 0


async def test_a_link_that_was_tampered_with_opens_nothing(agent_client: Client, public: None) -> None:
    path, other = await shared(agent_client), await shared(agent_client)
    _, _, link_id, signed, name = path.split("/")
    other_id = other.split("/")[2]
    for tampered in (
        f"/files/{link_id}/{signed[:-1]}/{name}",
        f"/files/{link_id}/{signed.swapcase()}/{name}",
        f"/files/{other_id}/{signed}/{name}",
        f"/files/nonsense/{signed}/{name}",
        f"/files/{link_id}/%00/{name}",
    ):
        await ended(agent_client, tampered)


async def test_a_link_to_lost_bytes_opens_nothing(agent_client: Client, public: None) -> None:
    file = await kept(agent_client)
    path = await shared(agent_client, file)
    await file_store.delete(file.sha256)
    await ended(agent_client, path)


async def test_a_link_is_revoked(agent_client: Client, public: None) -> None:
    path = await shared(agent_client)
    link = await the_link()
    answer = await agent_client.submit(f"/links/{link.id}/revocation", htmx=True)
    assert answer.status_code == 200
    assert "The link no longer opens." in text(answer)
    assert answer.headers["hx-trigger"] == "files-changed, history-changed"
    await ended(agent_client, path)


async def test_revoking_works_as_a_plain_form(agent_client: Client, public: None) -> None:
    path = await shared(agent_client)
    link = await the_link()
    answer = await agent_client.submit(f"/links/{link.id}/revocation")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/listings/{link.listing}")
    await ended(agent_client, path)


async def test_others_share_and_revoke_nothing(client: Client, agent_client: Client, public: None) -> None:
    file = await kept(agent_client)
    path = await shared(agent_client, file)
    link = await the_link()
    stranger = await client.signed_in(await make.user(await make.account()))
    support = await client.signed_in(await make.user(agent_client.user.account, role="support"))
    for somebody, status in ((stranger, 404), (support, 403)):
        assert (await somebody.submit(f"/links/{link.id}/revocation", htmx=True)).status_code == status
        answer = await somebody.submit(f"/attachments/{file.id}/links", {"listing_id": str(link.listing)}, htmx=True)
        assert answer.status_code == status
    assert (await agent_client.get(path)).status_code == 200
    assert await FileLink.count() == 1


async def test_the_log_does_not_tell_the_key(agent_client: Client, public: None, caplog: Any) -> None:
    path = await shared(agent_client)
    with caplog.at_level("INFO", "web.requests"):
        await agent_client.get(path)
    told = [record.getMessage() for record in caplog.records if record.name == "web.requests"]
    assert told[-1] == "GET /files/{link_id}/{token}/{name}"
    assert path.split("/")[3] not in "".join(told)
