"""The secret with which a provider signs its calls, and the one before it, good for a day after a change."""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain import clock
from domain.errors import Refused
from domain.vault import seal, unseal

SHORTEST = 6  # letters of one that somebody chose; fewer are guessed in no time
BOTH_FOR = timedelta(hours=24)  # calls that were signed before, and a provider in which somebody has to change it


@dataclass(frozen=True)
class HookSecrets:
    now: str = ""
    before: str = ""
    until: datetime | None = None  # the one before counts

    @property
    def good(self) -> tuple[str, ...]:
        """Those that a call may be signed with."""
        old = self.before and self.until is not None and clock.now() < self.until
        return (self.now, self.before) if old else (self.now,)

    def sealed(self) -> str:
        """As it may lie in a database."""
        if not self.before:
            return seal(self.now)
        until = self.until.isoformat() if self.until else ""
        return seal(json.dumps({"now": self.now, "before": self.before, "until": until}))

    def changed(self, to: str) -> "HookSecrets":
        return HookSecrets(to, self.now, clock.now() + BOTH_FOR if self.now else None)


def read(kept: str) -> HookSecrets:
    """What is kept of them; a secret alone is the one that counts now. Raises Unavailable for another key's."""
    opened = unseal(kept)
    if opened.startswith("{"):
        with suppress(ValueError, KeyError, TypeError):  # else somebody's secret looks like that
            found = json.loads(opened)
            until = datetime.fromisoformat(found["until"]) if found["until"] else None
            return HookSecrets(str(found["now"]), str(found["before"]), until)
    return HookSecrets(opened)


def chosen(secret: str) -> str:
    """One that somebody chose, or empty where nobody did. Raises Refused for one that proves nothing."""
    secret = secret.strip()
    if 0 < len(secret) < SHORTEST:
        raise Refused(
            f"This is too short to prove anything: {SHORTEST} letters at least, better 32. "
            "Leave it empty and Lotwire makes one.",
            field="webhook_secret",
        )
    return secret
