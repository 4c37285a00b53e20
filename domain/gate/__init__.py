"""May this message go to this address, now, this way? A Permit, or the reasons why not and what to do.

One pure function, `decide`, answers for the window, the API, batches and the worker's last look alike: the same facts,
the same answer. Only this package can make a Permit, and no adapter sends without one.
"""

from domain.gate.codes import (
    ANSWER,
    BY_ITSELF,
    BY_NAME,
    CODES,
    EVERY_KIND,
    NO_DIALPAD_ACCOUNT,
    NO_DIALPAD_CONNECTION,
    TEST,
    TEXT_UNSUBSCRIBED,
    WAITS,
    WARNS,
    Code,
    Refusal,
    effect,
    refusal,
)
from domain.gate.deciding import (
    LOOK_AGAIN,
    MOST_AUTOMATIC,
    MOST_UNANSWERED,
    TOO_LATE,
    Decision,
    Facts,
    SenderState,
    decide,
)
from domain.gate.permits import Permit, permit

__all__ = [
    "ANSWER",
    "BY_ITSELF",
    "BY_NAME",
    "CODES",
    "EVERY_KIND",
    "LOOK_AGAIN",
    "MOST_AUTOMATIC",
    "MOST_UNANSWERED",
    "NO_DIALPAD_ACCOUNT",
    "NO_DIALPAD_CONNECTION",
    "TEST",
    "TEXT_UNSUBSCRIBED",
    "TOO_LATE",
    "WAITS",
    "WARNS",
    "Code",
    "Decision",
    "Facts",
    "Permit",
    "Refusal",
    "SenderState",
    "decide",
    "effect",
    "permit",
    "refusal",
]
