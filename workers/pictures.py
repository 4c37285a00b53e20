"""The pictures of new ads are fetched, a few at a time."""

from typing import Any

from domain import pictures


async def fetch_pictures(ctx: dict[str, Any]) -> None:
    """Fetches until nothing is due. Several at once share the work."""
    while await pictures.fetch_due():
        pass
