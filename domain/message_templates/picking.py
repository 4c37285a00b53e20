"""Which saved wordings a person may pick, in which order, and what each of them says."""

import base64
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain import clock
from domain.db import found
from domain.errors import NotFound
from domain.message_templates.tables import (
    SCOPES,
    MessageTemplate,
    TemplateUse,
    TemplateVersion,
    search_words,
)

# ruff: noqa: S608 - put together from the pieces below, never from what somebody typed

PAGE = 50
MOST_WORDS = 8
EXCERPT = 160  # characters
GONE = "This template was deleted. Your text is still here."

# Whose templates somebody sees: $1 the account, $2 the user; shipped ones belong to nobody.
_SEEN = "(t.account IS NULL OR (t.account = {} AND (t.scope = 'global' OR t.owner = {})))"
_FAVORITE = "COALESCE(u.favorite, false)"
_RANK = f"""CASE WHEN {_FAVORITE} THEN 0 WHEN t.scope = 'local' THEN 1 WHEN t.scope = 'global' THEN 2
                 ELSE 3 + t.position END"""
_NAME = "SUBSTR(t.search, 1, 200)"  # the words of the name stand first; a long text is not read for its rank
_USE = 'LEFT JOIN template_use u ON u.template = t.id AND u."user" = {}'
_HIDDEN = "LEFT JOIN hidden_template h ON h.template = t.id AND h.account = {}"
_VERSION = "JOIN template_version v ON v.template = t.id AND v.current"


@dataclass(frozen=True)
class Page:
    """`rows` as of `page`; the cursors are None where there is nothing further."""

    rows: list[dict[str, Any]]
    next: str | None
    previous: str | None


async def offered(account_id: UUID, user_id: UUID, channel: str) -> list[dict[str, Any]]:
    """The templates a user may pick for a channel, as {id, name, purpose, scope, favorite, used_at, position, owner}:
    favorites, Local, Global, then shipped ones that are not hidden. One query, no bodies."""
    rows = await MessageTemplate.raw(
        f"""SELECT t.id, t.name, t.purpose, t.scope, t.position, t.owner, u.favorite, u.used_at
            FROM message_template t {_USE} {_HIDDEN}
            WHERE t.type = {{}} AND t.archived_at IS NULL AND h.id IS NULL AND {_SEEN}
            ORDER BY {_RANK}, t.name_key, t.name, t.id""",
        user_id,
        account_id,
        channel,
        account_id,
        user_id,
    )
    return [{**row, "favorite": bool(row["favorite"])} for row in rows]


async def wording(account_id: UUID, user_id: UUID, template_id: UUID, channel: str = "text") -> TemplateVersion:
    """The current version of a template for this channel that this user may pick. Raises NotFound, also when it was
    deleted or hidden meanwhile (GONE is the sentence for whoever had it open)."""
    rows = await MessageTemplate.raw(
        f"""SELECT v.id, v.template, v.n, v.current, v.subject, v.body, v.created_by, v.created_at
            FROM message_template t {_VERSION} {_HIDDEN}
            WHERE t.id = {{}} AND t.type = {{}} AND t.archived_at IS NULL AND h.id IS NULL AND {_SEEN}""",
        account_id,
        template_id,
        channel,
        account_id,
        user_id,
    )
    if not rows:
        raise NotFound
    return TemplateVersion(**rows[0], _exists_in_db=True)


async def known_version(account_id: UUID, version_id: UUID) -> UUID | None:
    """The id when it is a version of a template of the account, or a shipped one, archived ones included; else None."""
    rows = await TemplateVersion.raw(
        """SELECT v.id FROM template_version v JOIN message_template t ON t.id = v.template
           WHERE v.id = {} AND (t.account IS NULL OR t.account = {})""",
        version_id,
        account_id,
    )
    return rows[0]["id"] if rows else None


async def find(account_id: UUID, user_id: UUID, channel: str, words: str, limit: int = PAGE) -> list[dict[str, Any]]:
    """The templates with every one of these words, as {id, name, purpose, scope, favorite, excerpt}: those whose name
    begins so, then those with all words in the name, then the others; of equals favorites and what was used last
    first. Without a word, all of them as they are offered."""
    wanted = search_words(words[:200])[:MOST_WORDS]
    if words.strip() and not wanted:
        return []
    matching = " ".join("AND t.search LIKE {}" for _ in wanted)
    in_name = " AND ".join(f"{_NAME} LIKE {{}}" for _ in wanted) or "false"
    rows = await MessageTemplate.raw(
        f"""SELECT t.id, t.name, t.purpose, t.scope, u.favorite, SUBSTR(v.body, 1, {EXCERPT}) AS excerpt
            FROM message_template t {_VERSION} {_USE} {_HIDDEN}
            WHERE t.type = {{}} AND t.archived_at IS NULL AND h.id IS NULL AND {_SEEN} {matching}
            ORDER BY CASE WHEN {_NAME} LIKE {{}} THEN 0 WHEN {in_name} THEN 1 ELSE 2 END,
                     {_FAVORITE} DESC, u.used_at DESC NULLS LAST, {_RANK}, t.name_key, t.id
            LIMIT {{}}""",
        user_id,
        account_id,
        channel,
        account_id,
        user_id,
        *(f"%{word}%" for word in wanted),
        f"{' '.join(wanted)}%",
        *(f"%{word}%\n%" for word in wanted),
        limit,
    )
    return [{**row, "favorite": bool(row["favorite"])} for row in rows]


async def page(
    account_id: UUID,
    user_id: UUID,
    type: str = "",
    scope: str = "",
    words: str = "",
    after: str = "",
    before: str = "",
    limit: int = PAGE,
) -> Page:
    """The templates a person may look at, in the order of the selector, as {id, type, scope, purpose, name, owner,
    created_at, favorite, used_at, hidden, version, n, subject, body, changed_at}.

    `type` and `scope` narrow it (`hidden`: the shipped ones put away, which are left out otherwise); a cursor that
    cannot be read is the first page.
    """
    wanted = search_words(words[:200])[:MOST_WORDS]
    if words.strip() and not wanted:
        return Page([], None, None)
    cursor, backwards = _read_cursor(before or after), bool(before)
    conditions = ["t.archived_at IS NULL", _SEEN]
    values: list[Any] = [account_id, user_id]
    conditions.append("h.id IS NOT NULL" if scope == "hidden" else "h.id IS NULL")
    for column, value in (("type", type), ("scope", scope if scope in SCOPES else "")):
        if value:
            conditions.append(f"t.{column} = {{}}")
            values.append(value)
    for word in wanted:
        conditions.append("t.search LIKE {}")
        values.append(f"%{word}%")
    if cursor:
        conditions.append(f"({_RANK}, t.name_key, t.id) {'<' if backwards else '>'} ({{}}, {{}}, {{}})")
        values += cursor
    way = "DESC" if backwards and cursor else "ASC"
    rows = await MessageTemplate.raw(
        f"""SELECT t.id, t.type, t.scope, t.purpose, t.name, t.name_key, t.owner, t.created_at, u.favorite, u.used_at,
                   h.id AS hidden, v.id AS version, v.n, v.subject, v.body, v.created_at AS changed_at, {_RANK} AS rank
            FROM message_template t {_VERSION} {_USE} {_HIDDEN}
            WHERE {" AND ".join(conditions)}
            ORDER BY {_RANK} {way}, t.name_key {way}, t.id {way} LIMIT {{}}""",
        user_id,
        account_id,
        *values,
        limit + 1,
    )
    more, rows = len(rows) > limit, rows[:limit]
    if way == "DESC":
        rows.reverse()
    has_next, has_previous = (True, more) if way == "DESC" else (more, cursor is not None)
    return Page(
        [{**row, "favorite": bool(row["favorite"]), "hidden": row["hidden"] is not None} for row in rows],
        _cursor(rows[-1]) if rows and has_next else None,
        _cursor(rows[0]) if rows and has_previous else None,
    )


def is_cursor(text: str) -> bool:
    """Whether it is a place in a list of templates."""
    return _read_cursor(text) is not None


async def counts(account_id: UUID, user_id: UUID) -> dict[str, tuple[int, int]]:
    """type -> how many templates a person may pick, and how many of them somebody here wrote."""
    rows = await MessageTemplate.raw(
        f"""SELECT t.type, COUNT(*) AS n, COUNT(t.account) AS own FROM message_template t {_HIDDEN}
            WHERE t.archived_at IS NULL AND h.id IS NULL AND {_SEEN} GROUP BY t.type""",
        account_id,
        account_id,
        user_id,
    )
    return {row["type"]: (row["n"], row["own"]) for row in rows}


async def of(account_id: UUID, user_id: UUID, template_id: UUID) -> MessageTemplate:
    """A template this person may look at, also a hidden or deleted one (`archived_at`). Raises NotFound."""
    mine = (MessageTemplate.account == account_id) & (
        (MessageTemplate.scope == "global") | (MessageTemplate.owner == user_id)
    )
    where = (MessageTemplate.id == template_id) & (mine | MessageTemplate.account.is_null())
    template: MessageTemplate = await found(MessageTemplate.objects().get(where))
    return template


async def favorite(account_id: UUID, user_id: UUID, template_id: UUID) -> None:
    """Keeps it at the top of this person's list. Raises NotFound."""
    await _keep(account_id, user_id, template_id, favorite=True)


async def unfavorite(account_id: UUID, user_id: UUID, template_id: UUID) -> None:
    """Puts it back into its place. Raises NotFound."""
    await _keep(account_id, user_id, template_id, favorite=False)


async def used(user_id: UUID, template_id: UUID) -> None:
    """Notes when this person last sent with it. One statement, so that it fits into the transaction of a send."""
    use = TemplateUse(user=user_id, template=template_id, used_at=clock.now())
    await TemplateUse.insert(use).on_conflict(
        target=(TemplateUse.user, TemplateUse.template), action="DO UPDATE", values=[TemplateUse.used_at]
    )


async def _keep(account_id: UUID, user_id: UUID, template_id: UUID, *, favorite: bool) -> None:
    template = await of(account_id, user_id, template_id)
    if template.archived_at:
        raise NotFound
    use = TemplateUse(user=user_id, template=template_id, favorite=favorite)
    await TemplateUse.insert(use).on_conflict(
        target=(TemplateUse.user, TemplateUse.template), action="DO UPDATE", values=[TemplateUse.favorite]
    )


def _cursor(row: dict[str, Any]) -> str:
    place = [row["rank"], row["name_key"], str(row["id"])]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[int, str, UUID] | None:
    if not text or len(text) > 2000:
        return None
    try:
        rank, name, id_ = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(rank, int) or not isinstance(name, str) or not 0 <= rank < 2**31 or "\0" in name:
            return None
        name.encode()
        return rank, name, UUID(id_)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
