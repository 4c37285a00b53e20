"""What came in: stored once, opt-outs first, matched, and told to whom it concerns."""

from domain.inbox.files import fetch_due
from domain.inbox.handling import due, handle, put_off, store
from domain.inbox.hurrying import Hurry
from domain.inbox.intake import Intake
from domain.inbox.tables import IncomingFile, MatchSuggestion, ProviderEvent

__all__ = [
    "Hurry",
    "IncomingFile",
    "Intake",
    "MatchSuggestion",
    "ProviderEvent",
    "due",
    "fetch_due",
    "handle",
    "put_off",
    "store",
]
