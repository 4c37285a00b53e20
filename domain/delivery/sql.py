"""A piece of SQL that both databases understand."""


def holes(n: int) -> str:
    return ", ".join(["{}"] * n)
