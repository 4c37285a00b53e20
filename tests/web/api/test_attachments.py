"""Files over the API: uploaded, sent along, shown with the message they went along with."""

import io
from typing import Any
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from domain import file_store
from domain.attachments import Attachment, MessageAttachment
from domain.connections import Connection
from domain.messages import Message
from domain.users import Role
from tests import make
from tests.web.api.conftest import Api, codes
from web.handlers.api import attachments


def picture(format: str = "PNG") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(made, format)
    return made.getvalue()


async def upload(api: Api, name: str = "front.png", data: bytes | None = None, **more: Any) -> httpx.Response:
    content = picture() if data is None else data
    return await api.call("POST", "/attachments", files={"file": (name, content)}, **more)


@pytest.fixture
async def mms(api: Api) -> Api:
    """Pictures go along with texts."""
    await Connection.update({Connection.options: '{"mms": true}'}).where(Connection.id == api.connection.id)
    return api


async def test_a_file_is_kept_as_what_lies_in_it(api: Api) -> None:
    answer = await upload(api, "front.exe.jpg")
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert set(said) == {"id", "name", "media_type", "size"}
    assert said["media_type"] == "image/png"
    [row] = await Attachment.objects()
    assert (str(row.id), row.size, row.user, row.account) == (
        said["id"],
        said["size"],
        api.user.id,
        api.user.account,
    )
    assert len(await file_store.get(row.sha256)) == said["size"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.png", b""),
        ("a.png", b"MZ\x90\x00" * 20),
        ("a.svg", b"<svg onload='x'/>"),
        ("a.zip", b"PK\x03\x04" + bytes(60)),
    ],
)
async def test_a_file_that_is_not_taken_is_refused_in_a_sentence(api: Api, name: str, data: bytes) -> None:
    answer = await upload(api, name, data)
    assert (answer.status_code, [field for field, _ in codes(answer)]) == (422, ["file"])
    assert name in answer.json()["errors"][0]["message"]
    assert not await Attachment.exists()


async def test_a_file_that_is_too_large_is_refused_before_it_is_read(api: Api) -> None:
    answer = await upload(api, data=b"x" * (attachments.LARGEST_BODY + 1))
    assert (answer.status_code, codes(answer)) == (413, [("file", "too_large")])
    assert "25 MB" in answer.json()["errors"][0]["message"]


async def test_what_is_no_upload_is_refused(api: Api) -> None:
    assert codes(await api.post("/attachments", {})) == [("", "unsupported_media_type")]
    answer = await api.call("POST", "/attachments", files={"other": ("a.png", picture())})
    assert (answer.status_code, codes(answer)) == (422, [("file", "required")])
    broken = {"Content-Type": "multipart/form-data"}
    assert (await api.call("POST", "/attachments", content=b"nothing", headers=broken)).status_code == 400


async def test_who_may_not_send_uploads_nothing(api: Api) -> None:
    support = await api.with_scopes("messages:write", await make.user(role=Role.SUPPORT))
    assert (await upload(support)).status_code == 403
    assert (await upload(await api.with_scopes("messages:read"))).status_code == 403
    assert not await Attachment.exists()


async def test_files_go_along_in_the_order_asked_for_once_each(mms: Api) -> None:
    file = (await upload(mms)).json()["id"]
    answer = await mms.send(await make.listing(), body="Is this a scratch?", attachments=[file, file])
    assert answer.status_code == 202, answer.text
    [row] = await MessageAttachment.objects()
    assert (str(row.message), str(row.attachment), row.link) == (answer.json()["id"], file, None)


async def test_a_picture_needs_no_words(mms: Api) -> None:
    file = (await upload(mms)).json()["id"]
    answer = await mms.send(await make.listing(), body=None, attachments=[file])
    assert answer.status_code == 202, answer.text
    assert (await Message.objects().first()).body == ""


async def test_a_file_the_channel_does_not_take_is_refused_with_the_reason(api: Api) -> None:
    file = (await upload(api)).json()["id"]
    listing = await make.listing()
    answer = await api.send(listing, attachments=[file])
    assert (answer.status_code, codes(answer)) == (422, [("attachments", "attachment_unsupported")])
    body = {"listing_id": str(listing.id), "channel": "text", "body": "Hi", "attachments": [file]}
    said = (await api.post("/previews", body)).json()
    assert [each["message"] for each in said["refusals"]] == [answer.json()["errors"][0]["message"]]
    assert "front.png" in said["refusals"][0]["message"]


async def test_only_files_of_the_dealership_that_are_still_there_go_along(mms: Api) -> None:
    foreign = await make.attachment(await make.account())
    gone = await make.attachment(mms.user.account, removed_at=mms.user.created_at)
    wanted = [str(each) for each in (foreign.id, gone.id, uuid4())]
    answer = await mms.send(await make.listing(), attachments=wanted)
    assert codes(answer) == [(f"attachments[{n}]", "not_found") for n in range(3)]
    assert not await Message.exists()


async def test_a_message_is_shown_with_its_files(mms: Api) -> None:
    listing = await make.listing()
    file = (await upload(mms)).json()
    message = (await mms.send(listing, attachments=[file["id"]])).json()["id"]
    shown = {**file, "as": "file"}
    assert (await mms.get(f"/messages/{message}")).json()["attachments"] == [shown]
    [listed] = (await mms.get(f"/listings/{listing.id}/messages")).json()["items"]
    assert listed["attachments"] == [shown]
