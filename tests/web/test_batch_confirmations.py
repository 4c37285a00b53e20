"""The page before a batch leaves says the truth to whoever presses, and takes back whoever went to mend something."""

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from domain.accounts import Account
from domain.batches import drafts
from domain.connections import Connection
from domain.message_templates import keeping
from domain.messages import Message
from domain.sellers import Seller
from tests import make
from tests.client import Client
from tests.web.test_batches import batch_of, looked, manager, revision, text, written

__all__ = ["manager"]  # the fixture


async def reach(url: str) -> None:
    """Everybody gets a number."""
    for seller in await Seller.objects().where(Seller.mobile == ""):
        await Seller.update({Seller.mobile: make.phone()}).where(Seller.id == seller.id)


async def pressed(client: Client, url: str, page: str) -> str:
    answer = await client.submit(f"{url}/starts", {"revision": page})
    return text(await client.get(answer.headers["location"]))


async def mixed(client: Client) -> str:
    """One of three can be reached."""
    ids = [str((await make.listing(seller=seller)).id) for seller in ({}, {"mobile": ""}, {"mobile": ""})]
    url = (await client.submit("/batches", {"listing_ids": ids})).headers["location"].removesuffix("/edit")
    await written(client, url)
    return url


async def test_what_changed_since_the_look_is_shown_instead_of_sent(manager: Client) -> None:
    url = await mixed(manager)
    seen = await revision(manager, url)
    await reach(url)
    said = await pressed(manager, url, seen)
    assert "This changed since you looked: 3 instead of 1. Look again and send." in said
    assert "3 of 3 get it" in said
    assert "Send 3 texts" in said
    assert not await Message.exists().where(Message.batch == (await batch_of(url)).id)
    assert "Waiting" in await pressed(manager, url, await revision(manager, url))


async def test_opened_again_it_looks_again_and_says_when(manager: Client, clock: Any) -> None:
    url = await mixed(manager)
    await reach(url)
    clock.advance(minutes=5)
    said = text(await manager.get(f"{url}/look"))
    assert "3 of 3 get it" in said
    assert "Looked at 11:05 AM" in said


async def test_whoever_only_opens_it_does_not_become_its_sender_and_cannot_send_it_as_another(manager: Client) -> None:
    url = await looked(manager)
    colleague = await make.user(role="manager", name="Colleen Marsh", email="colleen@example.com")
    mine = await revision(manager, url)
    async with await manager.signed_in(colleague) as other:
        page = await other.get(f"{url}/look")
        assert manager.user is not None
        assert f"From {manager.user.name}, {manager.user.email}" in text(page)
        assert "Send 2 texts" not in text(page)
        assert (await batch_of(url)).user == manager.user.id
        assert "Press “Send in my name” first" in await pressed(other, url, mine)
        assert (await other.submit(f"{url}/looks")).headers["location"] == f"{url}/look"
        assert "From Colleen Marsh, colleen@example.com" in text(await other.get(f"{url}/look"))
    assert "Colleen Marsh wrote this and would send it" in text(await manager.get(f"{url}/look"))
    assert "Press “Send in my name” first" in await pressed(manager, url, mine)
    assert (await batch_of(url)).state == "draft"


async def test_the_page_says_whether_the_opt_out_line_is_in_it(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = await looked(manager)
    await written(manager, url, opt_out_line="")
    assert "Reply STOP to opt out Left out" in text(await manager.get(f"{url}/look"))
    seen = await revision(manager, url)
    monkeypatch.setattr(drafts, "LOCKED_FROM", 1)
    said = await pressed(manager, url, seen)
    assert "too many texts in a day" in said
    assert "Reply STOP to opt out Ends every text; from 1 texts a day it stays on" in said


async def test_who_has_only_the_other_number_leads_to_the_choice_of_the_number(manager: Client) -> None:
    listing = await make.listing(seller={"mobile": "", "phone": make.phone()})
    made = await manager.submit("/batches", {"listing_ids": [str(listing.id)]})
    url = made.headers["location"].removesuffix("/edit")
    await written(manager, url)
    page = await manager.get(f"{url}/look")
    assert "1 No mobile number. This seller has a phone number: choose Phone." in text(page)
    assert f'<a class="link" href="{url}/edit">Choose Phone as To number.' in page.text
    assert "2019 Subaru Outback" in text(await manager.get(f"{url}/look?code=no_contact%3Amobile"))


# There and back


async def test_mended_from_the_page_it_leads_back_to_a_new_look(manager: Client) -> None:
    listing = await make.listing(seller={"mobile": ""})
    made = await manager.submit("/batches", {"listing_ids": [str(listing.id)]})
    url = made.headers["location"].removesuffix("/edit")
    await written(manager, url)
    fix = f"/listings/{listing.id}/edit?back={quote(f'{url}/look', safe='')}"
    assert fix in html.unescape((await manager.get(f"{url}/look")).text)
    form = await manager.get(fix)
    assert f'<a href="{url}/look?again=1">Back to the batch</a>' in form.text
    save = fix.replace("/edit?", "?")
    assert f'action="{save}"' in html.unescape(form.text)
    fields = {"year": "2019", "make": "Subaru", "model": "Outback"}
    wrong = await manager.submit(save, {**fields, "mobile": "12"})
    assert wrong.status_code == 422
    assert f'action="{save}"' in html.unescape(wrong.text)
    saved = await manager.submit(save, {**fields, "mobile": make.phone()})
    assert saved.headers["location"] == f"{url}/look?again=1"
    assert "Send 1 text" in text(await manager.get(saved.headers["location"]))


async def test_a_write_on_another_page_keeps_the_way_back(manager: Client) -> None:
    url = await looked(manager)
    listing = await make.listing(stage="pass")
    page = f"/listings/{listing.id}?back={quote(f'{url}/look', safe='')}"
    assert "Back to the batch" in text(await manager.get(page))
    manager.headers["referer"] = f"http://lotwire.test{page}"
    moved = await manager.submit(f"/listings/{listing.id}/stages", {"stage": "contacted"})
    assert moved.headers["location"] == page


@pytest.mark.parametrize(
    "back",
    [
        *("https://evil.example", "//evil.example/batches/x/look", "/batches/x/look", "/logout", "javascript:alert(1)"),
        "/batches/01a22662-2082-7d89-b38e-a0f3c3a147e7/look\n",
        "https://evil.example/batches/01a22662-2082-7d89-b38e-a0f3c3a147e7/look",
    ],
)
async def test_the_way_back_leads_nowhere_else(manager: Client, back: str) -> None:
    listing = await make.listing()
    page = f"/listings/{listing.id}/edit?back={quote(back, safe='')}"
    assert "Back to the batch" not in text(await manager.get(page))
    fields = {"year": "2019", "make": "Subaru", "model": "Outback"}
    saved = await manager.submit(page.replace("/edit?", "?"), fields)
    assert saved.headers["location"] == f"/listings/{listing.id}"


async def test_a_colleagues_look_asks_the_database_at_most_eight_times(
    manager: Client, count_queries: Callable[[], Any]
) -> None:
    url = await looked(manager, 3)
    async with await manager.signed_in(await make.user(role="manager")) as other:
        await other.get(f"{url}/look")
        with count_queries() as queries:
            assert (await other.get(f"{url}/look")).status_code == 200
    assert queries.count <= 8, queries.statements


async def test_who_writes_over_a_colleagues_words_is_told_first(manager: Client) -> None:
    url = await looked(manager)
    colleague = await make.user(role="manager", name="Colleen Marsh", email="colleen@example.com")
    async with await manager.signed_in(colleague) as other:
        opened = await seen(other, url)
        await written(manager, url, body="Hi, newer words", seen=await seen(manager, url))
        told = await written(other, url, body="Hi, words of mine", seen=opened)
        assert told.status_code == 422
        assert "Somebody changed this message after you opened it." in text(told)
        assert manager.user is not None
        assert f"What {manager.user.name} wrote Hi, newer words" in text(told)
        assert "Hi, words of mine</textarea>" in told.text
        assert (await batch_of(url)).wording == "Hi, newer words"
        again = await written(other, url, body="Hi, words of mine", seen=mark(told.text))
        assert again.headers["location"] == f"{url}/look"
    assert (await batch_of(url)).wording == "Hi, words of mine"


async def test_one_who_changed_it_alone_is_not_asked(manager: Client) -> None:
    url = await looked(manager)
    opened = await seen(manager, url)
    await manager.submit(f"{url}/looks")  # which counts as a new revision, but says no other words
    assert (await written(manager, url, body="Hi, words of mine", seen=opened)).status_code == 303
    # The second press of the same form finds its own words.
    assert (await written(manager, url, body="Hi, words of mine", seen=opened)).status_code == 303


@pytest.mark.parametrize("whose", ["another dealership's", "nobody's"])
async def test_a_template_that_is_not_of_this_dealership_is_not_noted(manager: Client, whose: str) -> None:
    elsewhere = await make.account(name="Lakeside")
    template = await make.template(account=elsewhere)
    theirs = await keeping.versions(template.id)
    version = theirs[0]["id"] if whose == "another dealership's" else UUID(int=1)
    url = await looked(manager)
    assert (await written(manager, url, template_version=str(version))).status_code == 303
    assert (await batch_of(url)).template_version is None


async def seen(client: Client, url: str) -> str:
    """Tells the words on the page from others."""
    return mark((await client.get(f"{url}/edit")).text)


def mark(page: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


async def test_with_files_as_links_the_message_is_shown_with_them_at_the_same_price(
    manager: Client, configure: Any, count_queries: Callable[[], Any]
) -> None:
    configure(LOTWIRE_PUBLIC_URL="http://lotwire.test")
    url = await mixed(manager)
    file = await make.attachment(name="report.pdf", media_type="application/pdf")
    await written(manager, url, attachment=str(file.id), file_choice="link")
    with count_queries() as queries:
        page = await manager.get(f"{url}/look")
    assert queries.count <= 8, queries.statements
    said = text(page)
    assert re.search(r"http://lotwire\.test/files/\S+/report\.pdf Reply STOP to opt out", said)
    assert "Paid text segments 2" in said


@pytest.mark.parametrize("options", ["{}", '{"segments_a_day": 2, "per_sender": 6}'])
async def test_with_every_limit_there_is_the_look_says_so_in_eight_queries_at_most(
    manager: Client, count_queries: Callable[[], Any], options: str
) -> None:
    url = await looked(manager, 3)
    await Connection.update({Connection.options: options}, force=True)
    assert manager.user is not None
    await Account.update({Account.first_contacts_an_hour: 2}).where(Account.id == manager.user.account)
    with count_queries() as queries:
        page = await manager.get(f"{url}/look")
    assert queries.count <= 8, queries.statements
    assert "Hear from you first now 3, 2 an hour at most" in text(page)
