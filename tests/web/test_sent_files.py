"""A provider fetches a file at its address, nobody else gets anything out of it, and the address ends by itself."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from domain import attachments, connections, delivery
from domain.attachments import Attachment, MessageAttachment
from domain.delivery import Started
from domain.messages import State
from tests import make
from tests.client import Client
from tests.conftest import Clock
from tests.files import picture
from tests.sending import OUR_NUMBER, OWNER, Shop, again, shop

PUBLIC = "http://lotwire.test"
OPTIONS = json.dumps({"account_sid": "AC00112233445566778899aabbccddeeff", "from_number": OUR_NUMBER})


@pytest.fixture
def public(configure: Any) -> None:
    configure(LOTWIRE_PUBLIC_URL=PUBLIC)


async def by_twilio() -> Shop:
    return await shop(kind="twilio", secret=json.dumps({"auth_token": "token"}), options=OPTIONS)


async def begun(dealer: Shop, file: Attachment) -> list[Started]:
    message = await dealer.text(to_address="+15205550117")
    await MessageAttachment.insert(MessageAttachment(message=message.id, attachment=file.id, position=0))
    _, news = await delivery.start(OWNER, await dealer.claim())
    packed, _ = await delivery.pack(OWNER, news.with_files, connections.adapter(dealer.connection))
    started, _ = await delivery.start(OWNER, list(packed), packed)
    if not started:
        assert (await again(message)).state == State.FAILED
    return started


async def kept(dealer: Shop) -> Attachment:
    return await attachments.add(dealer.account.id, dealer.user.id, "Front für Dana.png", picture())


async def test_a_file_leaves_as_an_address_at_which_the_provider_finds_it(client: Client, public: None) -> None:
    dealer = await by_twilio()
    file = await kept(dealer)

    [started] = await begun(dealer, file)

    [media] = started.outgoing.media
    assert media.url.startswith(f"{PUBLIC}/files/for/{file.id}/")
    assert media.data == b""
    client.cookies.clear()
    answer = await client.get(urlsplit(media.url).path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, file.media_type)
    assert answer.content == await attachments.read(file)
    assert "set-cookie" not in answer.headers


async def test_a_picture_too_large_for_a_text_is_made_smaller_at_its_address(client: Client, public: None) -> None:
    dealer = await by_twilio()
    file = await kept(dealer)
    path = urlsplit(attachments.address(file, file.size - 1, "front.jpg")).path

    answer = await client.get(path)

    assert answer.status_code == 200
    assert len(answer.content) < file.size


async def test_the_address_ends_and_no_other_is_believed(client: Client, public: None, clock: Clock) -> None:
    dealer = await by_twilio()
    file, other = await kept(dealer), await make.attachment(dealer.account)
    path = urlsplit(attachments.address(file, 1_000_000, "front.png")).path
    parts = path.split("/")
    for changed in (
        path.replace(str(file.id), str(other.id)),
        path.replace("1000000", "9000000"),
        path.replace(parts[5], str(int(parts[5]) + 3600)),
        path.replace(parts[6], parts[6][:-1] + ("A" if parts[6][-1] != "A" else "B")),
        path.replace(parts[5], "soon"),
        path.replace(str(file.id), "front"),
    ):
        assert (await client.get(changed)).status_code == 404, changed
    assert (await client.get(path)).status_code == 200
    clock.advance(hours=5, minutes=59)
    assert (await client.get(path)).status_code == 200
    clock.advance(hours=2)
    assert (await client.get(path)).status_code == 404


async def test_without_a_public_address_no_file_goes_and_the_words_say_why(client: Client, configure: Any) -> None:
    configure(LOTWIRE_PUBLIC_URL="")
    dealer = await by_twilio()

    assert await begun(dealer, await kept(dealer)) == []
