"""The emoji page, whose panel the Send Message window takes."""

import gzip
import re
from typing import Any

import pytest

from domain import emojis, plans
from domain.emojis import searching
from domain.users import User
from tests import make
from tests.client import Client
from web import emoji_panel, render
from web.forms import Form

THUMB, TONED_THUMB = "👍", "👍🏽"
BUTTON = re.compile(r'<button class="emoji"[^>]*? value="([^"]+)" aria-label="([^"]+)"[^>]*>([^<]+)</button>')


@pytest.fixture(autouse=True)
async def _plans(house: None) -> None:
    await plans.seed()


def shown(page: str) -> list[str]:
    """The emoji that can be pressed, in their order."""
    return [value for value, _, _ in BUTTON.findall(page)]


async def kept(user: User | None) -> User:
    assert user
    again = await User.objects().get(User.id == user.id)
    assert again
    return again


# The page


async def test_the_page_opens_with_handy_ones_and_smileys(agent_client: Client) -> None:
    page = (await agent_client.get("/emoji")).text
    smileys = list(emojis.groups()[0].emoji)
    assert shown(page) == [*emoji_panel.HANDY.split(), *smileys]
    assert "Handy" in page
    assert 'id="emoji-panel"' in page
    assert "<title>Emoji - Lotwire</title>" in page


async def test_those_of_late_come_before_the_smileys(agent_client: Client) -> None:
    await agent_client.submit("/emoji/insertions", {"insert_emoji": "🚗"}, htmx=True)
    page = (await agent_client.get("/emoji")).text
    assert shown(page)[:2] == ["🚗", "😀"]
    assert "Recently used" in page
    assert "Handy" not in page


@pytest.mark.parametrize("group", emojis.groups(), ids=lambda group: group.slug)
async def test_a_group_shows_all_of_its_emoji_and_nothing_else(agent_client: Client, group: emojis.Group) -> None:
    page = (await agent_client.get(f"/emoji?group={group.slug}")).text
    assert shown(page) == list(group.emoji)
    current = re.findall(r'<a id="emoji-g-(\w+)"[^>]*aria-current="true"', page)
    assert current == [group.slug]
    assert f"{group.name}, {len(group.emoji)} emoji.".replace("&", "&amp;") in page


async def test_a_search_shows_what_it_finds_and_says_how_many(agent_client: Client) -> None:
    page = (await agent_client.get("/emoji?q=truck")).text
    assert shown(page) == ["🛻", "🚚", "🚛"]
    assert re.search(r'role="status">3 emoji found for “truck”\.<', page)
    assert 'name="q" value="truck"' in page
    assert 'aria-current="true"' not in re.findall(r'<nav id="emoji-groups".*?</nav>', page, re.DOTALL)[0]


async def test_a_search_without_a_hit_says_so_and_what_to_do(agent_client: Client) -> None:
    page = (await agent_client.get("/emoji?q=xyzzy")).text
    assert shown(page) == []
    assert re.search(r'role="status">No emoji found for “xyzzy”\.<', page)
    assert "Try a shorter or another word" in page


async def test_somebody_searches_and_hears_names_in_their_language(client: Client) -> None:
    async with await client.signed_in(await make.user(language="de")) as agent:
        page = (await agent.get("/emoji?q=schlussel")).text
        assert '<div class="grid" lang="de">' in page
        labels = {value: label for value, label, _ in BUTTON.findall(page)}
        assert labels["🔑"] == "schlüssel"
        assert shown((await agent.get("/emoji?q=key")).text)[0] == "🔑"


async def test_an_unknown_language_is_english(client: Client) -> None:
    async with await client.signed_in(await make.user(language="xx")) as agent:
        page = (await agent.get("/emoji?q=key")).text
        assert ("🔑", "key", "🔑") in BUTTON.findall(page)
        assert 'class="grid" lang' not in page


async def test_emoji_come_in_the_persons_tone_or_the_one_asked_for(client: Client) -> None:
    async with await client.signed_in(await make.user(skin_tone=3)) as agent:
        assert shown((await agent.get("/emoji?q=thumbs up")).text) == [TONED_THUMB]
        assert shown((await agent.get("/emoji?q=thumbs up&tone=0")).text) == [THUMB]
        assert shown((await agent.get("/emoji?q=thumbs up&tone=99")).text) == [TONED_THUMB]
        page = (await agent.get("/emoji?group=people")).text
        assert ("👋🏽", "waving hand", "👋🏽") in BUTTON.findall(page)


async def test_every_button_works_with_and_without_script(agent_client: Client) -> None:
    """With htmx at the caret; without it is posted with the form that has its name."""
    page = (await agent_client.get("/emoji?q=car")).text
    [button] = re.findall(r'<button class="emoji"[^>]*value="🚗"[^>]*>', page)
    for attribute in ("data-insert", 'name="insert_emoji"', 'hx-post="/emoji/insertions"', 'form="emoji-field"'):
        assert attribute in button
    [results] = re.findall(r'<div id="emoji-results"[^>]*>', page)
    assert 'hx-target:inherited="#body"' in results
    assert 'hx-swap:inherited="caret"' in results
    panel = page[page.index('id="emoji-panel"') :]
    assert "<form" not in panel[: panel.index("</main>")], "the panel may stand inside the window's form"
    for form in ("emoji-field", "emoji-search", "emoji-tones"):
        assert f'id="{form}"' in page[: page.index('id="emoji-panel"')]


@pytest.mark.parametrize(
    "words", ["<script>alert(1)</script>", '"><img src=x>', "{{7*7}}", "%00", "a" * 5_000, "👍" * 400, "\u202e", " "]
)
async def test_hostile_words_are_shown_as_words(agent_client: Client, words: str) -> None:
    answer = await agent_client.get("/emoji", params={"q": words})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert len(answer.text) < 60_000


@pytest.mark.parametrize("query", ["group=nothing", "group=<b>", "tone=x", "tone=", "q=", "listing=1", "page=9"])
async def test_what_is_no_group_or_tone_opens_the_page_as_it_is(agent_client: Client, query: str) -> None:
    answer = await agent_client.get(f"/emoji?{query}")
    assert answer.status_code == 200
    assert shown(answer.text)[-1] == emojis.groups()[0].emoji[-1]


async def test_a_visitor_signs_in_first(client: Client) -> None:
    assert (await client.get("/emoji")).status_code == 303
    assert (await client.submit("/emoji/insertions", {"insert_emoji": THUMB})).status_code == 303


# Pressing one


async def test_a_press_answers_the_emoji_and_makes_it_the_most_recent(agent_client: Client) -> None:
    answer = await agent_client.submit("/emoji/insertions", {"insert_emoji": TONED_THUMB}, htmx=True)
    assert (answer.status_code, answer.text) == (200, TONED_THUMB)
    await agent_client.submit("/emoji/insertions", {"insert_emoji": "🚗"}, htmx=True)
    assert emojis.recent(await kept(agent_client.user)) == ["🚗", TONED_THUMB]


@pytest.mark.parametrize("text", ["", "a", "<script>alert(1)</script>", "👍👍", "🏽", "{{seller.name}}", "x" * 100_000])
async def test_only_known_emoji_are_answered(agent_client: Client, text: str) -> None:
    answer = await agent_client.submit("/emoji/insertions", {"insert_emoji": text}, htmx=True)
    assert answer.status_code == 422
    assert "Choose one from the list." in answer.text
    assert "<script>alert" not in answer.text
    assert answer.headers["HX-Retarget"] == "#notices"
    assert emojis.recent(await kept(agent_client.user)) == []


async def test_two_megabytes_are_too_big(agent_client: Client) -> None:
    answer = await agent_client.submit("/emoji/insertions", {"insert_emoji": THUMB * 500_000}, htmx=True)
    assert answer.status_code == 413
    assert "too big" in answer.text


async def test_without_a_token_nothing_is_remembered(agent_client: Client) -> None:
    answer = await agent_client.submit("/emoji/insertions", {"insert_emoji": THUMB}, token="wrong")
    assert answer.status_code == 403
    assert emojis.recent(await kept(agent_client.user)) == []


async def test_without_script_presses_gather_in_the_field(agent_client: Client) -> None:
    page = await agent_client.submit("/emoji", {"body": "Sold ", "insert_emoji": "🎉", "q": "party", "group": ""})
    assert page.status_code == 200
    assert ">Sold 🎉</textarea>" in page.text
    assert shown(page.text)[0] == "🎉"
    page = await agent_client.submit("/emoji", {"body": "Sold 🎉", "insert_emoji": "🚗", "q": "", "group": "travel"})
    assert ">Sold 🎉🚗</textarea>" in page.text
    assert shown(page.text)[0] == "🌍"
    assert emojis.recent(await kept(agent_client.user)) == ["🚗", "🎉"]


async def test_without_script_what_is_no_emoji_is_refused_and_the_field_stays(agent_client: Client) -> None:
    page = await agent_client.submit("/emoji", {"body": "<b>Sold</b>", "insert_emoji": "<i>"})
    assert page.status_code == 422
    assert ">&lt;b&gt;Sold&lt;/b&gt;</textarea>" in page.text
    assert "Choose one from the list." in page.text


# Tones


async def test_a_tone_is_remembered_and_shown_at_once(agent_client: Client) -> None:
    answer = await agent_client.submit("/emoji/tones", {"tone": "3", "q": "thumbs up", "group": ""}, htmx=True)
    assert answer.text.lstrip().startswith('<div class="emoji-panel" id="emoji-panel"')
    assert shown(answer.text) == [TONED_THUMB]
    assert re.search(r'id="emoji-tone-3"[^>]* checked', answer.text)
    assert (await kept(agent_client.user)).skin_tone == 3


async def test_without_script_a_tone_is_remembered_too(agent_client: Client) -> None:
    answer = await agent_client.submit("/emoji/tones", {"tone": "5"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/emoji")
    page = (await agent_client.get("/emoji?q=thumbs up")).text
    assert "Your skin tone is saved." in page
    assert shown(page) == ["👍🏿"]


@pytest.mark.parametrize("tone", ["", "6", "x", "-1"])
async def test_a_tone_that_does_not_exist_is_refused(agent_client: Client, tone: str) -> None:
    answer = await agent_client.submit("/emoji/tones", {"tone": tone})
    assert answer.status_code == 422
    assert "Choose one of the skin tones." in answer.text


# Inside the window


async def test_inside_the_window_every_control_posts_the_window_and_never_sends_it() -> None:
    user = await make.user()
    panel = await emoji_panel.in_window(user, Form({"q": "car", "do": "emoji"}), "listing")
    page = render_panel(panel)
    assert shown(page)[0] == "🚗"
    for control in re.findall(r"<(?:button|input)[^>]*>", page):
        assert 'form="send-window"' in control
    for button in re.findall(r"<button[^>]*>", page):
        assert 'formaction="/listings/listing/sends/new"' in button
        assert "formnovalidate" in button
    assert '<input type="hidden" name="panel" value="emoji" form="send-window">' in page
    assert '<fieldset class="tones"' not in page


async def test_inside_the_window_a_group_or_a_search_is_opened_by_a_button() -> None:
    user = await make.user()
    food = emojis.groups()[3]
    opened = await emoji_panel.in_window(user, Form({"q": "car", "do": "emoji-food"}), "listing")
    assert shown(render_panel(opened)) == list(food.emoji)
    after_a_press = await emoji_panel.in_window(user, Form({"q": "", "group": "food", "insert_emoji": "🍕"}), "listing")
    assert shown(render_panel(after_a_press)) == list(food.emoji)
    first = await emoji_panel.in_window(user, Form({"do": "emoji"}), "listing")
    assert shown(render_panel(first))[: len(emoji_panel.HANDY.split())] == emoji_panel.HANDY.split()


async def test_the_window_without_script_opens_the_panel_and_takes_what_is_pressed(agent_client: Client) -> None:
    listing = await make.listing(agent_client.user.account)
    url = f"/listings/{listing.id}/sends/new"
    typed = {"body": "Hello ", "nonce": "n", "panel": "emoji"}
    opened = (await agent_client.submit(url, typed)).text
    assert shown(opened)[:2] == ["👍", "🙂"]
    assert "Hello </textarea>" in opened
    food = (await agent_client.submit(url, {**typed, "do": "emoji-food"})).text
    assert shown(food)[0] == "🍇"
    found = (await agent_client.submit(url, {**typed, "do": "emoji", "q": "wave"})).text
    assert shown(found)[0] == "👋"
    pressed = (await agent_client.submit(url, {**typed, "q": "wave", "insert_emoji": "👋"})).text
    assert "Hello 👋</textarea>" in pressed
    assert shown(pressed)[0] == "👋", "the panel stays open"
    assert 'id="emoji-panel"' not in (await agent_client.submit(url, {"body": "Hello ", "do": "preview"})).text


def render_panel(panel: dict[str, Any]) -> str:
    from app import app  # url_for() needs its routes

    render.attach(app)
    render.templates()
    return render.TEMPLATES.get_template("emojis/_panel.html").render(emoji=panel)


# What it costs


@pytest.mark.parametrize("url", ["/emoji", "/emoji?q=car", "/emoji?group=people"])
async def test_the_page_costs_few_queries(agent_client: Client, count_queries: Any, url: str) -> None:
    with count_queries() as queries:
        await agent_client.get(url)
    assert queries.count <= 8


async def test_a_press_costs_one_update_beside_who_it_is(agent_client: Client, count_queries: Any) -> None:
    await agent_client.csrf_token()
    with count_queries() as queries:
        await agent_client.submit("/emoji/insertions", {"insert_emoji": THUMB}, htmx=True)
    assert sum(bool(re.match(r'UPDATE "?app_user', statement)) for statement in queries.statements) == 1
    assert queries.count <= 4


async def test_forty_hits_are_a_kilobyte_and_the_largest_group_ten(agent_client: Client) -> None:
    page = (await agent_client.get("/emoji?q=face")).text
    forty = "".join(match[0] for match in re.finditer(r'<button class="emoji".*?</button>', page))
    buttons = re.findall(r'<button class="emoji".*?</button>', forty)[:40]
    assert len(buttons) == 40
    assert len(gzip.compress("".join(buttons).encode(), 5)) <= 1024
    people = (await agent_client.get("/emoji?group=people")).text
    assert len(gzip.compress(people.encode(), 5)) < 12_000


async def test_what_the_panel_needs_is_loaded_while_the_house_opens(house: None, queue: str) -> None:
    from app import app, lifespan

    searching._ready.clear()
    async with lifespan(app):
        assert not searching._ready  # nobody waits for it
    assert searching._ready == {"en"}
