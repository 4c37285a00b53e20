"""What goes to the database while a block of a test runs, at most: this process has kept nothing from before."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from domain import db, plans, seller_hours


@dataclass
class Queries:
    statements: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.statements)


@contextmanager
def counting() -> Iterator[Queries]:
    queries = Queries()
    plans.forget()
    seller_hours.forget()
    kind = type(db.DB)
    run = kind.run_querystring

    async def noted(self: Any, querystring: Any, in_pool: bool = True) -> Any:
        queries.statements.append(str(querystring))
        return await run(self, querystring, in_pool)

    with mock.patch.object(kind, "run_querystring", noted):
        yield queries
