"""Messages that belong to no listing: shown to the account until somebody says whose they are, or that nobody's."""

from domain.unmatched.looking import KEPT, colleague, count, linked_to, of, page, suggestions
from domain.unmatched.settling import block, discard, link, restore

__all__ = [
    "KEPT",
    "block",
    "colleague",
    "count",
    "discard",
    "link",
    "linked_to",
    "of",
    "page",
    "restore",
    "suggestions",
]
