"""What a provider calls us with: the call as it came, whether it is the provider's, and what it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

MOST_FIELDS = 1_000  # of a form


class BadSignature(Exception):
    """A hook call that is not the provider's: refused and counted, never stored."""


class TooOld(BadSignature):
    """A hook call that is the provider's but from too long ago to be anything but a replay."""


class NotUnderstood(Exception):
    """A signed hook call whose content cannot be read."""


@dataclass(frozen=True)
class HookCall:
    """One call as it came. `url` is the one that the provider was told, with the query it called: never a proxy's view
    of it. Names of headers are in lower case; the body is never written anew, because signatures are over its bytes."""

    url: str
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    method: str = "POST"

    @property
    def query(self) -> list[tuple[str, str]]:
        """Names and values of the URL, in their order."""
        return parse_qsl(urlsplit(self.url).query, keep_blank_values=True)

    @property
    def form(self) -> list[tuple[str, str]]:
        """Names and values of a form's body, in their order. Raises NotUnderstood when it is none, or has no end."""
        try:
            return parse_qsl(self.body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
        except ValueError:
            raise NotUnderstood("The body is not a form.") from None


@dataclass(frozen=True)
class HookEvent:
    """One thing a verified call tells: `key` (64 characters at most) names it for ever, so a replay is recognised."""

    key: str
    at: datetime
    payload: dict[str, Any]


@dataclass(frozen=True)
class HookAnswer:
    """What the provider wants to read once its events are kept."""

    body: str = "ok\n"
    media_type: str = "text/plain"
