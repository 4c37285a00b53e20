"""Two pieces of SQL that both databases understand."""

from domain import db


def holes(n: int) -> str:
    return ", ".join(["{}"] * n)


as_table = db.given
