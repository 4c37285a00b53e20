"""Messages as sellers write them, each with what a fair reader takes it for, in a half to tune on and one to judge by.

`opt_outs.csv` has the columns label (opt_out, review, carry_on), language (en, fr, es), why, text. Every message was
made up for this file; most were written before the rules that are measured by them. The labels follow one policy:

    opt_out   a reasonable person reads "no more messages to this number": in any words, however rude, misspelt or
              short; also "wrong number", because whoever has the number now never asked for messages
    review    no clear demand, but nothing automated should go out before somebody has looked: no interest, sold, who
              are you, call me instead, threats, a demand with a condition ("not after 9 pm"), what may be a slip
    carry_on  the conversation goes on; the word, if any, means something else ("stop by", "end of the street")

When in doubt between two of them, the more careful one counts.
"""

import csv
import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from domain.opt_out_words import Outcome, understand

FILE = Path(__file__).with_name("opt_outs.csv")
LABELS = ("opt_out", "review", "carry_on")


@dataclass(frozen=True)
class Labelled:
    """One line of the corpus; `label` is a value of `Outcome`."""

    label: str
    language: str
    why: str
    text: str

    @property
    def is_held_back(self) -> bool:
        """Whether it belongs to the half that judges. Spellings that differ in nothing but case, spaces and marks fall
        into the same half, so that the tuned half does not give away the other."""
        folded = unicodedata.normalize("NFKC", self.text).casefold()
        letters = "".join(each for each in folded if each.isalnum())
        return hashlib.sha256((letters or self.text).encode()).digest()[0] % 2 == 1


def tuned() -> tuple[Labelled, ...]:
    """The half whose mistakes may be looked at to change a rule."""
    return tuple(each for each in everything() if not each.is_held_back)


def held_back() -> tuple[Labelled, ...]:
    """The half that judges: its mistakes are counted and never mended one by one."""
    return tuple(each for each in everything() if each.is_held_back)


def everything() -> tuple[Labelled, ...]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(Labelled(**row) for row in csv.DictReader(file))


@dataclass(frozen=True)
class Confusion:
    """How often messages of a label were read as an outcome: (label, outcome) -> number. START, YES, HELP carry on."""

    counts: Counter[tuple[str, str]]

    @property
    def recall(self) -> float:
        """Percent of the opt-outs that stop at once."""
        return self._share("opt_out")

    @property
    def false_stops(self) -> float:
        """Percent of the messages that carry on, and were taken for opt-outs."""
        return self._share("carry_on")

    @property
    def hasty_stops(self) -> float:
        """Percent of the messages somebody should look at, and were taken for opt-outs."""
        return self._share("review")

    @property
    def overheard(self) -> int:
        """Opt-outs taken for a conversation that goes on."""
        return self.counts["opt_out", "carry_on"]

    def _share(self, label: str) -> float:
        return 100 * self.counts[label, "opt_out"] / sum(self.counts[label, outcome] for outcome in LABELS)


def confusion(messages: Iterable[Labelled]) -> Confusion:
    return Confusion(Counter((each.label, _read(each.text)) for each in messages))


def _read(text: str) -> str:
    outcome = understand(text).outcome
    return outcome if outcome in (Outcome.OPT_OUT, Outcome.REVIEW) else Outcome.CARRY_ON
