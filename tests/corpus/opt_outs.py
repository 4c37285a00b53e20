"""Messages as sellers write them, each with what a fair reader takes it for, in a half to tune on and one to judge by.

`opt_outs.csv` has the columns label (opt_out, review, carry_on), language (en, fr, es), why, text. Every message was
made up for this file, before the rules that are measured by it. The labels follow one policy:

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
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("opt_outs.csv")


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
