"""Saved wordings: Global, Local or shipped, each for one message type, every version kept.

What is written about them, with its files, is in `domain.message_templates.keeping`.
"""

from domain.message_templates.picking import (
    GONE,
    PAGE,
    Page,
    counts,
    favorite,
    find,
    is_cursor,
    known_version,
    of,
    offered,
    page,
    unfavorite,
    used,
    wording,
)
from domain.message_templates.shipping import seed
from domain.message_templates.tables import (
    SCOPES,
    TYPES,
    HiddenTemplate,
    MessageTemplate,
    TemplateUse,
    TemplateVersion,
    name_key,
    search_text,
    search_words,
)

__all__ = [
    "GONE",
    "PAGE",
    "SCOPES",
    "TYPES",
    "HiddenTemplate",
    "MessageTemplate",
    "Page",
    "TemplateUse",
    "TemplateVersion",
    "counts",
    "favorite",
    "find",
    "is_cursor",
    "known_version",
    "name_key",
    "of",
    "offered",
    "page",
    "search_text",
    "search_words",
    "seed",
    "unfavorite",
    "used",
    "wording",
]
