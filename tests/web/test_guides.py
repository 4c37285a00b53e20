"""The Outbound Word Tracks as people read and write them."""

import html
import re

import pytest

from domain import guides
from domain.guides import Guide
from domain.shipped_guides import SHIPPED
from tests import make
from tests.client import Client

TYPED = {"title": "Our answers", "body": "# Say **yes**\n\n> Sure, come by.", "revision": "0"}


async def test_everybody_reads_the_guides_in_a_few_queries(client: Client, count_queries) -> None:
    async with await client.signed_in(await make.user(role="support")) as support:
        with count_queries() as queries:
            page = html.unescape((await support.get("/guides")).text)
        assert all(guide.title in page for guide in SHIPPED)
        assert "Add a guide" not in page
        for guide in SHIPPED:
            with count_queries() as more:
                answer = await support.get(f"/guides/{guide.slug}")
            assert answer.status_code == 200
            assert "Change this guide" not in answer.text
            assert more.count <= 6, more.statements
    assert queries.count <= 5, queries.statements


async def test_the_guides_are_a_click_away_from_every_page(agent_client: Client) -> None:
    assert 'href="/guides"' in (await agent_client.get("/profile")).text


async def test_a_page_holds_one_guide_for_the_window_to_take(agent_client: Client) -> None:
    page = (await agent_client.get("/guides/initial-contact")).text
    [guide] = re.findall(r'<article class="guide" id="guide".*?</article>', page, re.DOTALL)
    assert "Initial contact</h2>" in guide
    assert "Is your\n{{vehicle.title}} still for sale?" in html.unescape(guide)
    assert 'href="/guides/reply"' in page


@pytest.mark.parametrize("slug", ["nonsense", "%00", "%FF", "é" * 200])
async def test_a_guide_there_is_not_is_not_found(manager_client: Client, slug: str) -> None:
    for path in (f"/guides/{slug}", f"/guides/{slug}/edit"):
        assert (await manager_client.get(path)).status_code == 404
    for path in (f"/guides/{slug}", f"/guides/{slug}/deletion", f"/guides/{slug}/restoration"):
        assert (await manager_client.submit(path, TYPED)).status_code == 404
    assert not await Guide.exists()


async def test_a_manager_changes_a_guide_and_everybody_sees_it(manager_client: Client, count_queries) -> None:
    with count_queries() as queries:
        form = (await manager_client.get("/guides/reply/edit")).text
    assert queries.count <= 6, queries.statements
    assert 'name="revision" value="0"' in form
    assert "Go back to the shipped text" not in form
    answer = await manager_client.submit("/guides/reply", TYPED)
    assert answer.headers["location"] == "/guides/reply"
    page = (await manager_client.get("/guides/reply")).text
    assert "The guide is saved." in page
    assert "<h3>Say <strong>yes</strong></h3>" in page
    assert f"Written by {manager_client.user.name}" in page
    assert "Changed by your dealership" in (await manager_client.get("/guides")).text


async def test_going_back_to_the_shipped_text(manager_client: Client) -> None:
    await manager_client.submit("/guides/reply", TYPED)
    assert "Go back to the shipped text" in (await manager_client.get("/guides/reply/edit")).text
    answer = await manager_client.submit("/guides/reply/restoration")
    assert answer.headers["location"] == "/guides/reply"
    page = html.unescape((await manager_client.get("/guides/reply")).text)
    assert "This is the shipped text again." in page
    assert "What sellers say, and what to say back" in page


async def test_who_was_too_late_keeps_the_text_sees_the_other_and_may_save_it(manager_client: Client) -> None:
    await manager_client.submit("/guides/reply", {**TYPED, "body": "Theirs"})
    answer = await manager_client.submit("/guides/reply", {**TYPED, "body": "Mine"})
    assert answer.status_code == 422
    assert "Somebody saved this guide while you were writing." in answer.text
    assert re.search(r'name="body"[^>]*>Mine</textarea>', answer.text)
    assert re.search(r"readonly>Theirs</textarea>", answer.text)
    [revision] = re.findall(r'name="revision" value="(\d+)"', answer.text)
    await manager_client.submit("/guides/reply", {**TYPED, "body": "Both", "revision": revision})
    assert (await guides.shown(manager_client.user.account, "reply")).body == "Both"


@pytest.mark.parametrize(("field", "value"), [("title", " "), ("body", ""), ("body", "x" * 50_001)])
@pytest.mark.parametrize("path", ["/guides", "/guides/reply"])
async def test_a_wrong_field_keeps_what_was_typed(manager_client: Client, path: str, field: str, value: str) -> None:
    answer = await manager_client.submit(path, {**TYPED, "title": "Kept title", field: value})
    assert answer.status_code == 422
    assert f'id="f-{field}-err"' in answer.text
    assert ("Kept title" if field == "body" else "Sure, come by.") in answer.text
    assert not await Guide.exists()


async def test_a_guide_of_their_own_is_added_and_removed(manager_client: Client) -> None:
    assert (await manager_client.get("/guides/new")).status_code == 200
    answer = await manager_client.submit("/guides", {"title": "Trade-ins", "body": "<b>Ask</b> for the *title*."})
    assert answer.headers["location"] == "/guides/trade-ins"
    page = (await manager_client.get("/guides/trade-ins")).text
    assert "&lt;b&gt;Ask&lt;/b&gt; for the <em>title</em>." in page
    assert "Added by your dealership" in (await manager_client.get("/guides")).text
    assert "Remove this guide" in (await manager_client.get("/guides/trade-ins/edit")).text
    await manager_client.submit("/guides/trade-ins/deletion")
    assert "The guide is removed." in (await manager_client.get("/guides")).text
    assert (await manager_client.get("/guides/trade-ins")).status_code == 404


@pytest.mark.parametrize("do", ["", "preview"])
async def test_a_guide_removed_while_somebody_writes_leaves_them_their_text(manager_client: Client, do: str) -> None:
    await manager_client.submit("/guides", {"title": "Trade-ins", "body": "Ask for the title."})
    await manager_client.submit("/guides/trade-ins/deletion")
    typed = {"title": "Trade-ins", "body": "Ask *kindly*.", "revision": "1", "do": do}
    answer = await manager_client.submit("/guides/trade-ins", typed)
    assert answer.status_code == 404
    assert "somebody removed it. Your text is still here" in answer.text
    assert "Ask *kindly*.</textarea>" in answer.text
    assert '<form class="card card-b form" method="post" action="/guides">' in answer.text
    saved = await manager_client.submit("/guides", {**typed, "do": ""})
    assert saved.headers["location"] == "/guides/trade-ins"


async def test_a_title_cannot_turn_the_words_behind_it_around(manager_client: Client) -> None:
    answer = await manager_client.submit("/guides", {"title": "Trade\u202e-ins\u2069", "body": "Ask."})
    assert answer.headers["location"] == "/guides/trade-ins"
    assert [row["title"] for row in await Guide.select(Guide.title)] == ["Trade-ins"]


async def test_a_shipped_guide_cannot_be_removed(manager_client: Client) -> None:
    answer = await manager_client.submit("/guides/reply/deletion")
    assert answer.status_code == 422
    assert "comes with Lotwire" in answer.text


@pytest.mark.parametrize("path", ["/guides", "/guides/reply"])
async def test_a_preview_shows_the_text_and_saves_nothing(manager_client: Client, path: str) -> None:
    answer = await manager_client.submit(path, {**TYPED, "do": "preview"})
    assert answer.status_code == 200
    shown = answer.text.partition('id="guide-preview"')[2]
    assert "<blockquote>\n<p>Sure, come by.</p>" in shown
    assert re.search(r'name="body"[^>]*># Say \*\*yes\*\*', answer.text)
    assert not await Guide.exists()


@pytest.mark.parametrize("role", ["agent", "support"])
async def test_only_managers_and_admins_change_guides(client: Client, role: str) -> None:
    async with await client.signed_in(await make.user(role=role)) as browser:
        for path in ("/guides/new", "/guides/reply/edit"):
            assert (await browser.get(path)).status_code == 403
        for path in ("/guides", "/guides/reply", "/guides/reply/restoration", "/guides/reply/deletion"):
            assert (await browser.submit(path, TYPED)).status_code == 403
    assert not await Guide.exists()


async def test_another_dealerships_guide_is_not_there(manager_client: Client) -> None:
    other = await make.account()
    slug = await guides.add(other, await make.user(other, role="admin"), "Secret", "Theirs")
    assert "Secret" not in (await manager_client.get("/guides")).text
    assert (await manager_client.get(f"/guides/{slug}")).status_code == 404
    assert (await manager_client.submit(f"/guides/{slug}", TYPED)).status_code == 404
    assert (await guides.shown(other.id, slug)).body == "Theirs"
