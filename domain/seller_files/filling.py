"""An archive is filled: tables as JSON, the page that people read, the attached files, and the verifier."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from domain import file_rules, file_store, same_seller
from domain.same_seller import Person
from domain.seller_files import gathering, readable, verify_file
from domain.seller_files.archive import Parts

MOST_BYTES = 200_000_000  # of attached files in one archive; the others are named
USERS = (  # columns that name somebody
    *("user", "main_user", "secondary_user", "added_by", "lifted_by", "captured_by", "created_by", "settled_by"),
    *("reported_by", "undone_by"),
)


@dataclass
class Filling:
    """What is in the archive so far.

    counts    file -> how many entries it has
    files     attachment -> its row, of those that messages took along
    left_out  {name, why} of attached files that are not in it
    """

    parts: Parts
    counts: dict[str, int] = field(default_factory=dict)
    files: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    left_out: list[dict[str, str]] = field(default_factory=list)
    _users: set[UUID] = field(default_factory=set)
    _versions: set[UUID] = field(default_factory=set)
    _page: list[str] = field(default_factory=list)

    async def fill(self, person: Person, about: dict[str, Any]) -> None:
        """Puts all that is known of the person into it. `about` is what its page says of the export."""
        people = await gathering.people(person.account)
        ads, beside = await gathering.listings(person), await gathering.beside(person)
        ids = await same_seller.messages(person)
        self._page.append(readable.top(about, ads))
        await self._add_messages(ids, {row["id"]: row["name"] for row in people})
        subjects = {*person.listings, *ids, *self.files, *(row["id"] for rows in beside.values() for row in rows)}
        audit = await gathering.audit(person.account, subjects)
        templates = await gathering.templates(self._versions)
        for name, rows in {"listings": ads, **beside, "audit": audit, "templates": templates}.items():
            await self._add_table(name, rows)
        await self._add_table("people", [row for row in people if row["id"] in self._users])
        await self._add_files()
        self._page.append(readable.bottom(self.counts, self.left_out))
        await self._add("index.html", "".join(self._page))
        await self._add("verify.py", await asyncio.to_thread(Path(verify_file.__file__).read_text, "utf-8"))

    async def _add_messages(self, ids: list[UUID], names: dict[UUID, str]) -> None:
        """A few hundred at a time, so that ten thousand take no more memory than those."""
        before = "[\n"
        self.counts["messages.json"] = len(ids)
        async for rows in gathering.messages(ids):
            self._note(rows)
            self._page.append("".join(readable.entry(row, names) for row in rows))
            await self._add("messages.json", before + await asyncio.to_thread(_lines, rows))
            before = ",\n"
        await self._add("messages.json", "\n]\n" if ids else "[]\n")

    async def _add_table(self, name: str, rows: list[dict[str, Any]]) -> None:
        self._note(rows)
        self.counts[f"{name}.json"] = len(rows)
        lines = await asyncio.to_thread(_lines, rows)
        await self._add(f"{name}.json", f"[\n{lines}\n]\n" if rows else "[]\n")

    async def _add_files(self) -> None:
        """The bytes of attached files under their SHA-256, each once, as far as there are any and they fit."""
        added: set[str] = set()
        total = 0
        for row in sorted(self.files.values(), key=lambda row: (row["created_at"], row["id"])):
            name, size = file_name(row), row["size"]
            if name in added:
                continue
            if row["removed_at"]:
                self._leave_out(row, "It was removed.")
            elif total + size > MOST_BYTES:
                self._leave_out(row, f"There was no more room: {file_rules.megabytes(MOST_BYTES)} at most.")
            elif (data := await _bytes(row["sha256"])) is None:
                self._leave_out(row, "Its bytes are gone or damaged.")
            else:
                await asyncio.to_thread(self.parts.add, name, data)
                added.add(name)
                total += size

    def _leave_out(self, row: dict[str, Any], why: str) -> None:
        self.left_out.append({"attachment": str(row["id"]), "name": row["name"], "why": why})

    def _note(self, rows: Iterable[dict[str, Any]]) -> None:
        """Remembers whom and what the rows name."""
        for row in rows:
            self._users |= {row[name] for name in USERS if isinstance(row.get(name), UUID)}
            self.files |= {file["id"]: file for file in row.get("files", ())}
            if row.get("template_version"):
                self._versions.add(row["template_version"])

    async def _add(self, name: str, text: str) -> None:
        await asyncio.to_thread(self.parts.add, name, text.encode())


def file_name(attachment: dict[str, Any]) -> str:
    """Where an attached file lies in the archive. The names people gave stand with the messages."""
    _, ending = file_rules.KINDS.get(attachment["media_type"], ("", ""))
    return f"files/{attachment['sha256']}{ending}"


async def _bytes(sha256: str) -> bytes | None:
    try:
        return await file_store.get(sha256)
    except (FileNotFoundError, file_store.Damaged):
        return None


def _lines(rows: list[dict[str, Any]]) -> str:
    """A row a line, as the inside of a JSON list."""
    return ",\n".join(json.dumps(row, ensure_ascii=False, sort_keys=True, default=_plain) for row in rows)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)  # a datetime is a date
