"""Two pieces of SQL that both databases understand."""

from collections.abc import Sequence
from typing import Any

from domain import db


def holes(n: int) -> str:
    return ", ".join(["{}"] * n)


def as_table(types: Sequence[str], rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    """`(VALUES …) AS given` with its arguments; its columns are column1, column2 … on both databases."""
    plain = f"({holes(len(types))})"
    first = f"({', '.join('{}::' + each for each in types)})" if db.on_postgres() else plain
    clause = ", ".join([first, *[plain] * (len(rows) - 1)])
    return f"(VALUES {clause}) AS given", [value for row in rows for value in row]
