"""The Outbound Word Tracks: shipped pages, a dealership's own wording of them, and what Markdown may become."""

import asyncio
import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from domain import guides, text, wildcards
from domain.audit import AuditEntry
from domain.errors import NotFound, Refused
from domain.guides import Guide
from domain.shipped_guides import SHIPPED, ShippedGuide
from tests import make

EXAMPLES = {wildcard.token: wildcard.example for wildcard in wildcards.WILDCARDS.values()}


async def people(role: str = "manager"):
    user = await make.user(role=role)
    return await make.dealership(), user


async def change(account, user, slug="reply", title="Answers", body="Our own.", revision="0") -> guides.Shown:
    await guides.change(account, user, slug, title, body, revision)
    return await guides.shown(account.id, slug)


# What is shipped


@pytest.mark.parametrize("page", SHIPPED, ids=lambda page: page.slug)
def test_a_shipped_page_is_short_and_its_wordings_can_be_sent(page: ShippedGuide) -> None:
    assert 250 <= len(re.findall(r"\w[\w'’]*", page.body)) <= 500
    assert wildcards.problems(page.body) == []
    for quoted in re.findall(r"(?:^> .*\n)+", page.body, re.MULTILINE):
        filled = wildcards.fill(re.sub(r"\s*\n?^> ", " ", quoted, flags=re.MULTILINE).strip(), EXAMPLES)
        assert not filled.missing
        assert text.measure(filled.body).segments == 1, filled.body


def test_there_is_a_page_for_each_step_with_wordings_in_it() -> None:
    steps = ["initial-contact", "follow-up", "non-responder", "reply", "appointment"]
    assert [page.slug for page in SHIPPED] == ["overview", *steps]
    assert all("\n> " in page.body for page in SHIPPED[1:])


# Reading


async def test_a_dealership_begins_with_the_shipped_pages(house) -> None:
    account, _ = await people()
    assert [page["slug"] for page in await guides.listed(account.id)] == [page.slug for page in SHIPPED]
    page = await guides.shown(account.id, "initial-contact")
    assert (page.title, page.revision, page.own, page.changed) == ("Initial contact", 0, False, False)
    assert "<h3>What belongs in it</h3>" in page.html
    assert "<blockquote>" in page.html
    assert not await Guide.exists()


async def test_a_page_there_is_not_is_not_found(house) -> None:
    account, user = await people()
    foreign = await make.account()
    slug = await guides.add(foreign, await make.user(foreign, role="admin"), "Secret", "Theirs")
    for missing in (slug, "nonsense", "new", "", "a\0", "é" * 500):
        with pytest.raises(NotFound):
            await guides.shown(account.id, missing)
        with pytest.raises(NotFound):
            await change(account, user, missing)
        with pytest.raises(NotFound):
            await guides.remove(account, user, missing)
        with pytest.raises(NotFound):
            await guides.restore(account, user, missing)
    assert [page["title"] for page in await guides.listed(account.id)] == [page.title for page in SHIPPED]


# Changing


async def test_a_changed_page_is_the_dealerships_own_alone(house) -> None:
    account, user = await people()
    page = await change(account, user, title="  Our   answers ", body="\r\n# Say **yes**\r\n\r\nAlways.  \r\n")
    assert (page.title, page.body, page.revision) == ("Our answers", "# Say **yes**\n\nAlways.", 1)
    assert page.html == "<h3>Say <strong>yes</strong></h3>\n<p>Always.</p>\n"
    assert (page.own, page.changed, page.updated_by) == (False, True, user.name)
    listed = {page["slug"]: page for page in await guides.listed(account.id)}
    assert listed["reply"] == {"slug": "reply", "title": "Our answers", "own": False, "changed": True}
    assert not (await guides.shown((await make.account()).id, "reply")).changed


async def test_a_better_shipped_text_reaches_whoever_did_not_change_the_page(house, monkeypatch) -> None:
    account, user = await people()
    other = await make.account()
    await change(account, user)
    await change(account, user, "appointment", revision="0")
    await guides.restore(account, user, "appointment")
    newer = {slug: ShippedGuide(slug, page.title, "Better.") for slug, page in guides._SHIPPED.items()}
    monkeypatch.setattr(guides, "_SHIPPED", newer)
    assert (await guides.shown(account.id, "reply")).body == "Our own."
    assert (await guides.shown(account.id, "appointment")).body == "Better."
    assert (await guides.shown(other.id, "reply")).body == "Better."


async def test_saving_the_shipped_text_is_no_change(house) -> None:
    account, user = await people()
    page = await guides.shown(account.id, "reply")
    assert not (await change(account, user, "reply", page.title, page.body)).changed
    page = await change(account, user, revision="1")
    assert page.changed
    shipped = guides._SHIPPED["reply"]
    assert not (await change(account, user, "reply", shipped.title, shipped.body, "2")).changed


@pytest.mark.parametrize("revision", ["0", "2", "", "x", "١", "9" * 400])
async def test_who_writes_over_anothers_change_is_told_and_changes_nothing(house, revision: str) -> None:
    account, user = await people()
    await change(account, user)
    with pytest.raises(Refused) as refused:
        await change(account, user, body="Mine.", revision=revision)
    assert refused.value.code == "stale"
    page = await guides.shown(account.id, "reply")
    assert (page.body, page.revision) == ("Our own.", 1)


async def test_of_two_who_save_at_once_one_is_told(house) -> None:
    account, user = await people()
    for revision in ("0", "1"):
        both = [change(account, user, body=f"{n} at {revision}", revision=revision) for n in range(2)]
        results = await asyncio.gather(*both, return_exceptions=True)
        assert [type(result) for result in results if isinstance(result, Exception)] == [Refused]
    assert (await guides.shown(account.id, "reply")).revision == 2


async def test_restoring_goes_back_to_the_shipped_text_and_keeps_what_stood_there(house) -> None:
    account, user = await people()
    await change(account, user)
    await guides.restore(account, user, "reply")
    await guides.restore(account, user, "reply")  # twice is once
    page = await guides.shown(account.id, "reply")
    assert (page.changed, page.title, page.body) == (False, "Reply", guides._SHIPPED["reply"].body)
    with pytest.raises(Refused):  # whoever began before the restoring
        await change(account, user, revision="1")
    [entry] = await AuditEntry.select().where(AuditEntry.action == "guide.restored").output(load_json=True)
    assert entry["detail"] == {"slug": "reply", "title": "Answers", "body": "Our own."}


@pytest.mark.parametrize(
    ("title", "body", "field"),
    [("", "x", "title"), ("x" * 101, "x", "title"), ("x", " \n\x0c ", "body"), ("x", "x" * 50_001, "body")],
)
async def test_what_cannot_be_a_page_is_refused_at_its_field(house, title: str, body: str, field: str) -> None:
    account, user = await people()
    for write in (change(account, user, title=title, body=body), guides.add(account, user, title, body)):
        with pytest.raises(Refused) as refused:
            await write
        assert refused.value.field == field
    assert not await Guide.exists()


async def test_no_database_stumbles_over_what_was_pasted(house) -> None:
    account, user = await people()
    page = await change(account, user, title="a\0b", body="c\0d\ud800 👩‍👧")
    assert (page.title, page.body) == ("ab", "cd? 👩‍👧")


# Pages of their own


async def test_a_page_of_their_own_stands_behind_the_shipped_ones(house) -> None:
    account, user = await people()
    slugs = [
        await guides.add(account, user, title, "Text") for title in ("Trade-ins", "Trade ins!", "New", "Reply", "日本")
    ]
    assert slugs == ["trade-ins", "trade-ins-2", "new-2", "reply-2", "page"]
    listed = (await guides.listed(account.id))[len(SHIPPED) :]
    assert [page["title"] for page in listed] == ["New", "Reply", "Trade ins!", "Trade-ins", "日本"]
    assert all(page["own"] for page in listed)
    page = await change(account, user, "trade-ins", "Trade-ins", "Better text", "1")
    assert (page.own, page.changed, page.revision) == (True, False, 2)


async def test_long_titles_give_different_addresses_of_at_most_60_characters(house) -> None:
    account, user = await people()
    slugs = {await guides.add(account, user, "x" * 100, "Text") for _ in range(12)}
    assert len(slugs) == 12
    assert all(len(slug) <= 60 for slug in slugs)


async def test_a_removed_page_is_gone_and_a_shipped_one_stays(house) -> None:
    account, user = await people()
    slug = await guides.add(account, user, "Trade-ins", "Text")
    await guides.remove(account, user, slug)
    with pytest.raises(NotFound):
        await guides.shown(account.id, slug)
    with pytest.raises(Refused, match="comes with Lotwire"):
        await guides.remove(account, user, "reply")
    [entry] = await AuditEntry.select().where(AuditEntry.action == "guide.removed").output(load_json=True)
    assert entry["detail"]["body"] == "Text"


async def test_a_dealership_has_a_hundred_pages_at_most(house) -> None:
    account, user = await people()
    await Guide.insert(*[Guide(account=account.id, slug=f"p-{n}", title="x", body="x") for n in range(guides.MOST)])
    with pytest.raises(Refused, match="Remove one first"):
        await guides.add(account, user, "One more", "x")


@pytest.mark.parametrize("role", ["agent", "support"])
async def test_only_managers_and_admins_write(house, role: str) -> None:
    account, user = await people(role)
    for write in (
        change(account, user),
        guides.add(account, user, "x", "x"),
        guides.restore(account, user, "reply"),
        guides.remove(account, user, "reply"),
    ):
        with pytest.raises(Refused) as refused:
            await write
        assert refused.value.code == "no_permission"
    assert not await Guide.exists()


async def test_every_change_stands_in_the_audit_trail(house) -> None:
    account, user = await people()
    await change(account, user)
    await guides.add(account, user, "Trade-ins", "x")
    entries = await AuditEntry.select(AuditEntry.action, AuditEntry.user).order_by(AuditEntry.id)
    assert [entry["action"] for entry in entries] == ["guide.changed", "guide.added"]
    assert {entry["user"] for entry in entries} == {user.id}


# Markdown

PLAIN = {"p", "ul", "li", "blockquote", "pre", "code", "em", "strong", "hr", "br"} | {"h3", "h4", "h5", "h6"}
ELEMENTS: dict[str, set[str]] = {
    **{tag: set() for tag in PLAIN | {"table", "thead", "tbody", "tr", "th", "td"}},
    "ol": {"start"},
    "a": {"href", "title", "target", "rel"},
}


class Page(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


MARKUP = ("<script>", "</p>", "<img src=x onerror=a>", "<!--", "<?", "<![CDATA[", "&lt;script&gt;", '"', "'", "<", ">")
LINKS = (
    "[a](",
    "![b](",
    "javascript:",
    "data:",
    "&#x6a;avascript:",
    "https://x.example",
    "//x.example",
    ")",
    "]",
    "[r]: ",
)
MARKS = (
    "`",
    "```js onclick\n",
    "\n\n",
    "\n",
    "|a|b|\n|:-:|-:|\n|1|2|\n",
    "# ",
    "> ",
    "- ",
    "1. ",
    "*",
    "_",
    "\\",
    "\t",
)
PIECES = some.sampled_from(MARKUP + LINKS + MARKS)


@given(some.lists(some.one_of(PIECES, some.text(max_size=4)), max_size=25).map("".join))
@example('[a](https://x.example "\\" onclick=\\"b()")')
@example("[a](java\nscript:alert(1)) [b]\n\n[b]: JaVaScRiPt:alert(1)")
@example("[a]() [b](<> 'c') [d](https://x.example)")
@example("<https://x.example/\"onclick='a'>")
@example('~~~ a" onclick="b\nx')
async def test_markdown_never_becomes_markup_of_the_authors(body: str) -> None:
    for tag, attributes in Page(await guides.rendered(body)).elements:
        assert tag in ELEMENTS
        assert set(attributes) <= ELEMENTS[tag]
        if tag == "a":
            assert re.match(r"(https?://|mailto:)", attributes["href"] or "", re.IGNORECASE)
            assert attributes["rel"] == "noopener noreferrer nofollow"


async def test_what_authors_need_is_there() -> None:
    shown = await guides.rendered(
        "# A\n## B\n### C\n\n1. **b** *i* `c`\n\n|x|\n|:-:|\n|y|\n\nhttps://x.example it.is\n***"
    )
    for element in (
        "<h3>A</h3>",
        "<h3>B</h3>",
        "<h4>C</h4>",
        "<ol>",
        "<strong>",
        "<em>",
        "<code>",
        "<th>x</th>",
        "<hr",
    ):
        assert element in shown
    assert '<a href="https://x.example" target="_blank" rel="noopener noreferrer nofollow">' in shown
    assert shown.count("<a ") == 1
