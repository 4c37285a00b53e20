"""The Outbound Word Tracks: pages of good practice, shipped, and each dealership's own once a manager changed them.

A row is written only when a dealership changes a page or adds one, so that a better shipped text reaches all others.
Put back to the shipped text, the row stays, empty: its revision must not begin again while somebody is writing.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from piccolo.columns import Integer, Text, Varchar
from piccolo.table import Table

from domain import accounts, audit, clock, db, text, users
from domain.accounts import Account
from domain.columns import key, made, parent
from domain.db import DB
from domain.errors import NotFound, Refused
from domain.shipped_guides import SHIPPED, ShippedGuide
from domain.users import Permission, User

LONGEST_BODY = 50_000  # characters
LONGEST_TITLE = 100
MOST = 100  # own pages of a dealership


class Guide(Table, db=DB, tablename="guide"):
    """A dealership's own wording of a shipped page, or a page of its own."""

    id = key()
    account = parent(Account)
    slug = Varchar(60)  # unique per account
    title = Text()
    body = Text()  # Markdown; empty: as shipped
    revision = Integer(default=1)
    updated_by = parent(User, null=True, index=False)
    created_at = made()
    updated_at = made()


@dataclass(frozen=True, slots=True)
class Shown:
    """A page as a dealership sees it.

    body        Markdown
    html        the same, safe to put into a page: see `rendered`
    revision    what `change` wants to hear; 0 before the first change
    own         a page of the dealership's own rather than a shipped one
    changed     a shipped page in the dealership's own wording
    updated_at  and
    updated_by  when and by whose name it was written; None for a shipped text
    """

    slug: str
    title: str
    body: str
    html: str
    revision: int
    own: bool
    changed: bool
    updated_at: datetime | None
    updated_by: str | None


async def listed(account_id: UUID) -> list[dict[str, Any]]:
    """The pages in reading order, the dealership's own behind the shipped ones: slug, title, own, changed."""
    rows = await Guide.select(Guide.slug, Guide.title).where((Guide.account == account_id) & (Guide.body != ""))
    titles = {row["slug"]: row["title"] for row in rows}
    shipped = [
        {"slug": page.slug, "title": titles.get(page.slug, page.title), "own": False, "changed": page.slug in titles}
        for page in SHIPPED
    ]
    own = [
        {"slug": slug, "title": title, "own": True, "changed": False}
        for slug, title in titles.items()
        if slug not in _SHIPPED
    ]
    return shipped + sorted(own, key=lambda page: (str(page["title"]).casefold(), page["slug"]))


async def shown(account_id: UUID, slug: str) -> Shown:
    """One page. Raises NotFound."""
    row = await _row(account_id, slug)
    page = _SHIPPED.get(slug)
    if row and row["body"]:
        title, body, at, by = row["title"], row["body"], row["updated_at"], row["by"]
    elif page:
        title, body, at, by = page.title, page.body, None, None
    else:
        raise NotFound
    return Shown(
        slug=slug,
        title=title,
        body=body,
        html=await rendered(body),
        revision=row["revision"] if row else 0,
        own=page is None,
        changed=page is not None and at is not None,
        updated_at=at,
        updated_by=by,
    )


async def rendered(body: str) -> str:
    """Markdown as HTML that may stand in any of our pages: no markup of the author's, no style, no picture, and links
    by http, https and mailto alone. Headings begin at the third level, below the page's and the guide's own."""
    return await asyncio.to_thread(_html, body)


async def change(account: Account, user: User, slug: str, title: str, body: str, revision: str) -> None:
    """Writes the dealership's own wording of a page. Raises Refused at the field, and `stale` when somebody wrote
    another since `revision` was read; NotFound when there is no such page."""
    users.require(user, Permission.EDIT_ACCOUNT)
    title, body = _checked(title, body)
    page = _SHIPPED.get(slug)
    if page and (title, body) == (page.title, page.body.strip()):
        title = body = ""  # the shipped text once more: its next version shall reach this dealership too
    async with db.writing():
        row = await _row(account.id, slug)
        if row is None and page is None:
            raise NotFound
        if revision != str(row["revision"] if row else 0):
            raise _stale()
        guide = await _write(account, user, slug, title, body, row)
        await audit.record(account.id, user.id, "guide.changed", guide, slug=slug)


async def add(account: Account, user: User, title: str, body: str) -> str:
    """A page of the dealership's own; its slug. Raises Refused at the field."""
    users.require(user, Permission.EDIT_ACCOUNT)
    title, body = _checked(title, body)
    async with db.writing():
        taken = set(await Guide.select(Guide.slug).where(Guide.account == account.id).output(as_list=True))
        if len(taken) >= MOST:
            raise Refused(f"There are {MOST} pages already. Remove one first.")
        slug = _free_slug(title, taken)
        guide = await _write(account, user, slug, title, body, None)
        await audit.record(account.id, user.id, "guide.added", guide, slug=slug)
    return slug


async def restore(account: Account, user: User, slug: str) -> None:
    """Back to the shipped text, which stays current from then on; what stood there is kept in the audit trail. Raises
    NotFound for a page that was never shipped."""
    users.require(user, Permission.EDIT_ACCOUNT)
    if slug not in _SHIPPED:
        raise NotFound
    async with db.writing():
        row = await _row(account.id, slug)
        if row and row["body"]:
            guide = await _write(account, user, slug, "", "", row)
            await audit.record(account.id, user.id, "guide.restored", guide, slug=slug, **_kept(row))


async def remove(account: Account, user: User, slug: str) -> None:
    """Takes a page of the dealership's own away; what stood there is kept in the audit trail. Raises Refused for a
    shipped page and NotFound."""
    users.require(user, Permission.EDIT_ACCOUNT)
    if slug in _SHIPPED:
        raise Refused("This guide comes with Lotwire and stays. Change it, or go back to the shipped text.")
    async with db.writing():
        row = await _row(account.id, slug)
        if row is None:
            raise NotFound
        await Guide.delete().where(Guide.id == row["id"])
        await audit.record(account.id, user.id, "guide.removed", row["id"], slug=slug, **_kept(row))


_SHIPPED: dict[str, ShippedGuide] = {page.slug: page for page in SHIPPED}
_RESERVED = frozenset({"new"})  # a page of the web has this address


async def _row(account_id: UUID, slug: str) -> dict[str, Any] | None:
    if not slug.isprintable():  # from an address; PostgreSQL takes no NUL
        return None
    columns = (
        Guide.id,
        Guide.title,
        Guide.body,
        Guide.revision,
        Guide.updated_at,
        Guide.updated_by.name.as_alias("by"),
    )
    return await Guide.select(*columns).where((Guide.account == account_id) & (Guide.slug == slug)).first()


async def _write(account: Account, user: User, slug: str, title: str, body: str, row: dict[str, Any] | None) -> UUID:
    """The id of the row. Raises Refused when another process was quicker, which only PostgreSQL lets it be."""
    if row is None:
        guide = Guide(account=account.id, slug=slug, title=title, body=body, updated_by=user.id)
        written = await Guide.insert(guide).on_conflict(target=(Guide.account, Guide.slug), action="DO NOTHING")
    else:
        values: dict[Any, Any] = {
            Guide.title: title,
            Guide.body: body,
            Guide.revision: row["revision"] + 1,
            Guide.updated_by: user.id,
            Guide.updated_at: clock.now(),
        }
        same = (Guide.id == row["id"]) & (Guide.revision == row["revision"])
        written = await Guide.update(values).where(same).returning(Guide.id)
    if not written:
        raise _stale()
    guide_id: UUID = written[0]["id"]
    return guide_id


def _stale() -> Refused:
    sentence = "Somebody saved this guide while you were writing. Compare their text below, then save yours again."
    return Refused(sentence, code="stale")


def _checked(title: str, body: str) -> tuple[str, str]:
    title = text.one_line(title)
    body = "\n".join(text.storable(body).splitlines()).strip()
    if not title:
        raise Refused("Give the guide a title.", field="title")
    if len(title) > LONGEST_TITLE:
        raise Refused(f"This title is too long: {LONGEST_TITLE} characters at most.", field="title")
    if not body:
        raise Refused("Write the guide first.", field="body")
    if len(body) > LONGEST_BODY:
        raise Refused(f"This guide is too long: {LONGEST_BODY:,} characters at most. Make two of it.", field="body")
    return title, body


def _free_slug(title: str, taken: set[str]) -> str:
    wanted = accounts.slug_of(title) or "page"
    taken = taken | _SHIPPED.keys() | _RESERVED
    numbered = (f"{wanted[:55]}-{n}" for n in range(2, len(taken) + 3))
    return next(slug for slug in (wanted, *numbered) if slug not in taken)


def _kept(row: dict[str, Any]) -> dict[str, str]:
    return {"title": row["title"], "body": row["body"]}


def _housed(state: StateCore) -> None:
    """What is not the author's to decide: the level of headings, classes, styles, and what a link gives away."""
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(max(int(token.tag[1:]) + 1, 3), 6)}"
        elif token.type in {"th_open", "td_open"}:
            token.attrs.pop("style", None)
        elif token.type == "fence":
            token.info = ""
        if token.children:
            token.children = list(_linked(token.children))


def _linked(words: list[Token]) -> Iterator[Token]:
    """The words of a paragraph; a link that leads nowhere, `[so]()`, is only its words."""
    leads = True
    for word in words:
        if word.type == "link_open":
            leads = bool(word.attrs.get("href"))
            word.attrs |= {"target": "_blank", "rel": "noopener noreferrer nofollow"}
        if leads or word.type not in {"link_open", "link_close"}:
            yield word


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "linkify": True})
    markdown.enable(["table", "linkify"]).disable(["image", "html_block", "html_inline"])
    markdown.validateLink = lambda url: url.strip().lower().startswith(("http://", "https://", "mailto:"))  # type: ignore[method-assign]
    if markdown.linkify is not None:  # a bare `it.is` is more likely a blank forgotten
        markdown.linkify.set({"fuzzy_link": False})
    markdown.core.ruler.push("housed", _housed)
    return markdown


_MARKDOWN = _markdown()


@lru_cache(maxsize=64)
def _html(body: str) -> str:
    rendered: str = _MARKDOWN.render(body)
    return rendered
