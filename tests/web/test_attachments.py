"""Files come in by upload, and go out only to people of the account, as something that cannot act."""

import gc
import io
import re
import tracemalloc
import warnings
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from PIL import Image

from domain import attachments, file_store, ids, virus_scan
from domain.attachments import Attachment, MessageAttachment
from domain.errors import Refused
from tests import make
from tests.client import HTMX, Client
from tests.files import pdf, picture

MULTIPART = {"content-type": "multipart/form-data; boundary=xxx"}


async def upload(client: Client, name: str, data: bytes, field: str = "file") -> httpx.Response:
    return await client.submit("/attachments", {}, files={field: (name, data)}, htmx=True)


async def uploaded(client: Client, name: str = "front.jpg", data: bytes | None = None) -> Attachment:
    answer = await upload(client, name, data or picture((600, 400)))
    assert answer.status_code == 200
    found = re.search(r'id="file-([0-9a-f-]{36})"', answer.text)
    assert found
    row = await Attachment.objects().get(Attachment.id == found[1])
    assert row is not None
    return row


def text(response: httpx.Response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.text).split())


async def test_an_upload_answers_with_its_row(agent_client: Client, count_queries: Any) -> None:
    data = picture((600, 400))
    await agent_client.csrf_token()
    with count_queries() as queries:
        answer = await upload(agent_client, "IMG 1.PNG", data)
    assert queries.count <= 4
    assert answer.status_code == 200
    assert answer.headers["hx-trigger"] == "files-changed"
    [row] = await Attachment.objects()
    assert (row.account, row.user, row.name) == (agent_client.user.account, agent_client.user.id, "IMG 1.jpg")
    assert answer.text.strip().startswith(f'<li id="file-{row.id}" class="file">')
    assert f'<input type="hidden" name="attachment" value="{row.id}">' in answer.text
    assert f'src="/attachments/{row.id}?size=thumb"' in answer.text
    assert re.search(r"IMG 1\.jpg \d+ KB", text(answer))
    assert 'aria-label="Remove IMG 1.jpg"' in answer.text
    assert 'type="submit"' not in answer.text  # outside the window its buttons must post no form


async def test_a_name_is_text_in_the_page(agent_client: Client) -> None:
    answer = await upload(agent_client, "a&b'onload=alert(1).txt", b"hello")
    assert "a&amp;b&#39;onload=alert(1).txt" in answer.text


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.jpg", b"", "“a.jpg” is empty. Choose another file."),
        ("a.jpg", b"#!/bin/sh\n", "“a.jpg” is a program. Send a picture or a document instead."),
        ("a.jpg", b"<svg onload=alert(1)>", "“a.jpg” is a drawing that can carry programs."),
        ("<b>.exe", b"MZ\x00\x00", "“b .exe” is a program."),
    ],
)
async def test_what_is_refused_says_why_in_its_row(agent_client: Client, name: str, data: bytes, sentence: str) -> None:
    answer = await upload(agent_client, name, data)
    assert answer.status_code == 422
    assert answer.text.strip().startswith('<li id="refused-')
    assert sentence in text(answer)
    assert await Attachment.count() == 0


@pytest.mark.parametrize("files", [{"file": ("", b"")}, {"other": ("a.jpg", b"x")}])
async def test_an_upload_without_a_file_asks_for_one(agent_client: Client, files: Any) -> None:
    answer = await agent_client.submit("/attachments", {}, files=files, htmx=True)
    assert answer.status_code == 422
    assert "Choose a file first." in text(answer)


async def test_what_the_scanner_says_is_shown(agent_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuses(name: str, data: bytes) -> None:
        raise Refused(f"“{name}” could not be scanned for malware, so it was not kept.", "file", "not_scanned")

    monkeypatch.setattr(virus_scan, "check", refuses)
    answer = await upload(agent_client, "a.txt", b"hello")
    assert answer.status_code == 422
    assert "“a.txt” could not be scanned" in text(answer)


class Endless:
    """A multipart body of a hundred megabytes, and how many of them were read."""

    def __init__(self) -> None:
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'--xxx\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
        for _ in range(100):
            self.read += 1
            yield bytes(1_000_000)
        yield b"\r\n--xxx--\r\n"


@pytest.mark.parametrize("by_htmx", [True, False])  # read by the handler, or by the guard against forged forms
async def test_a_hundred_megabytes_are_refused_and_take_no_memory(agent_client: Client, by_htmx: bool) -> None:
    token = {**HTMX, "x-csrftoken": await agent_client.csrf_token()} if by_htmx else {}
    body = Endless()
    tracemalloc.start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # Litestar leaves the part it was reading to the collector
        answer = await agent_client.post("/attachments", content=body, headers={**MULTIPART, **token})
        gc.collect()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answer.status_code == 413
    assert "This file is larger than 25 MB. Choose a smaller file." in text(answer)
    assert answer.text.strip().startswith('<li id="refused-')
    assert body.read <= 27
    assert most < 20_000_000
    assert await Attachment.count() == 0


async def test_a_hundred_megabytes_that_are_announced_are_not_read(agent_client: Client) -> None:
    headers = {**MULTIPART, **HTMX, "x-csrftoken": await agent_client.csrf_token(), "content-length": "100000000"}
    body = Endless()
    answer = await agent_client.post("/attachments", content=body, headers=headers)
    assert answer.status_code == 413
    assert body.read == 0


async def test_a_window_with_too_many_files_in_it_says_so_on_a_page(agent_client: Client) -> None:
    listing = await make.listing()
    headers = {**MULTIPART, "x-csrftoken": await agent_client.csrf_token(), "content-length": "100000000"}
    for path in (f"/listings/{listing.id}/sends/new", f"/listings/{listing.id}/sends"):
        answer = await agent_client.post(path, content=Endless(), headers=headers)
        assert answer.status_code == 413
        assert "Nothing was attached or sent. One file may have 25 MB" in text(answer)


async def test_the_largest_file_comes_through(agent_client: Client) -> None:
    answer = await upload(agent_client, "a.txt", b"a" * 25_000_000)
    assert answer.status_code == 200
    assert "25 MB" in text(answer)


async def test_an_upload_needs_its_token_and_somebody_who_may_send(client: Client, agent_client: Client) -> None:
    files = {"file": ("a.txt", b"hello")}
    assert (await agent_client.post("/attachments", files=files, headers={"x-csrftoken": "0" * 128})).status_code == 403
    support = await client.signed_in(await make.user(role="support"))
    assert (await upload(support, "a.txt", b"hello")).status_code == 403
    signed_out = await client.submit("/attachments", {}, files=files, htmx=True)
    assert (signed_out.status_code, "Sign in in another tab" in signed_out.text) == (401, True)
    assert await Attachment.count() == 0


# Going out


async def test_a_file_is_saved_and_cannot_act(agent_client: Client, count_queries: Any) -> None:
    file = await uploaded(agent_client, 'Überführung; "x".txt', b"hello")
    with count_queries() as queries:
        answer = await agent_client.get(f"/attachments/{file.id}")
    assert queries.count <= 2
    assert answer.content == b"hello"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("attachment; filename=\"_berf_hrung; x.txt\"; filename*=UTF-8''")
    assert disposition.endswith("%C3%9Cberf%C3%BChrung%3B%20x.txt")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cache-control"].startswith("private")
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [("a.pdf", pdf(), "application/pdf"), ("a.png", picture(kind="PNG"), "image/png"), ("a.csv", b"a,b\n", "text/csv")],
)
async def test_every_kind_goes_out_as_what_it_is_and_to_be_saved(
    agent_client: Client, name: str, data: bytes, media_type: str
) -> None:
    file = await uploaded(agent_client, name, data)
    answer = await agent_client.get(f"/attachments/{file.id}")
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert len(answer.content) == file.size


async def test_the_small_picture_is_shown(agent_client: Client) -> None:
    file = await uploaded(agent_client)
    answer = await agent_client.get(f"/attachments/{file.id}?size=thumb")
    assert Image.open(io.BytesIO(answer.content)).size == (240, 160)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-disposition"] == "inline"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    document = await uploaded(agent_client, "a.pdf", pdf())
    assert (await agent_client.get(f"/attachments/{document.id}?size=thumb")).status_code == 404


async def test_a_foreign_removed_lost_or_made_up_file_is_not_found(agent_client: Client) -> None:
    foreign = await make.attachment(await make.account())
    removed = await make.attachment(agent_client.user.account, removed_at=foreign.created_at)
    lost = await uploaded(agent_client, "a.txt", b"hello")
    await file_store.delete(lost.sha256)
    for key in (foreign.id, removed.id, lost.id, ids.new(), "nonsense"):
        assert (await agent_client.get(f"/attachments/{key}")).status_code == 404
    for key in (foreign.id, removed.id, ids.new(), "nonsense"):
        assert (await agent_client.submit(f"/attachments/{key}/deletion", htmx=True)).status_code == 404


async def test_files_need_somebody_signed_in_who_may_read(client: Client, agent_client: Client) -> None:
    file = await uploaded(agent_client)
    assert (await client.get(f"/attachments/{file.id}")).status_code == 303
    support = await client.signed_in(await make.user(agent_client.user.account, role="support"))
    assert (await support.get(f"/attachments/{file.id}")).status_code == 200
    assert (await support.submit(f"/attachments/{file.id}/deletion", htmx=True)).status_code == 403


# Taken back


async def test_a_file_is_taken_back_with_its_row(agent_client: Client) -> None:
    file = await uploaded(agent_client)
    answer = await agent_client.submit(f"/attachments/{file.id}/deletion", htmx=True)
    assert (answer.status_code, answer.text) == (200, "")
    assert answer.headers["hx-trigger"] == "files-changed"
    assert (await agent_client.get(f"/attachments/{file.id}")).status_code == 404


async def test_a_file_of_a_message_leaves_the_window_only(agent_client: Client) -> None:
    file = await uploaded(agent_client)
    await MessageAttachment.insert(MessageAttachment(message=(await make.message()).id, attachment=file.id))
    assert (await agent_client.submit(f"/attachments/{file.id}/deletion", htmx=True)).status_code == 200
    assert (await agent_client.get(f"/attachments/{file.id}")).status_code == 200
    assert await attachments.of(file.account, [file.id])
