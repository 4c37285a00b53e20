"""What a rule about words is, and what reading a message comes to."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import regex

from domain.opt_out_words.literals import one_of


class Outcome(StrEnum):
    """What to do after a message. REVIEW: nothing automated goes to this person until somebody has looked."""

    OPT_OUT = "opt_out"
    REVIEW = "review"
    CARRY_ON = "carry_on"
    START = "start"
    YES = "yes"
    HELP = "help"


@dataclass(frozen=True)
class Reading:
    """What a message asks for, the name of the rule that decided, and the words it decided by, as they were
    understood: lower case, without accents, misspellings mended. Both are empty where no rule found anything."""

    outcome: Outcome
    rule: str = ""
    evidence: str = ""


@dataclass(frozen=True)
class Rule:
    """Patterns over the words of one clause, under the name that explains a decision. A pattern is tried only where one
    of the pieces of text stands that it cannot match without: most clauses are then cheap."""

    name: str
    patterns: tuple[tuple[frozenset[str], regex.Pattern[str]], ...]

    def find(self, clause: "Clause") -> str | None:
        """The words that match, or None."""
        for needs, pattern in self.patterns:
            if needs and needs.isdisjoint(clause.pieces):
                continue
            if found := pattern.search(clause.words):
                return str(found[0]).strip()
        return None

    def without(self, clause: "Clause", instead: str) -> "Clause":
        """The clause with another word in the place of what matches."""
        words = clause.words
        for needs, pattern in self.patterns:
            if not needs or not needs.isdisjoint(clause.pieces):
                words = pattern.sub(instead, words)
        return Clause(words, clause.pieces)


@dataclass(frozen=True)
class Clause:
    """Words separated by one space, and those of the pieces that rules need which stand in them, or did."""

    words: str
    pieces: frozenset[str]


@dataclass(frozen=True)
class Language:
    """The rules of a language, in the order they are asked.

    other_senses         set aside: the word in another sense, which also shows that the conversation goes on
    no_demands           set aside: the opposite of a demand, somebody else's demand, a plan
    demands              an opt-out, whatever else the message says
    conditional_demands  an opt-out, unless a condition or another way to be reached stands beside it
    conditions, another_way   those two
    whole                what a message says that says nothing else
    doubts               what somebody should look at
    """

    other_senses: tuple[Rule, ...]
    no_demands: tuple[Rule, ...]
    demands: tuple[Rule, ...]
    conditional_demands: tuple[Rule, ...]
    conditions: tuple[Rule, ...]
    another_way: tuple[Rule, ...]
    whole: tuple[Rule, ...]
    doubts: tuple[Rule, ...]


def rule(name: str, *patterns: str) -> Rule:
    parts = tuple((one_of(pattern), regex.compile(pattern)) for pattern in patterns)
    _PIECES.update(piece for needs, _ in parts for piece in needs)
    return Rule(name, parts)


def clause(words: str) -> Clause:
    return Clause(words, frozenset(piece for piece in _PIECES if piece in words))


def pieces() -> frozenset[str]:
    """What all rules look for, to try every pattern everywhere."""
    return frozenset(_PIECES)


def first(rules: Iterable[Rule], clauses: Iterable[Clause]) -> tuple[str, str] | None:
    """The first rule that matches any clause: (its name, the words), or None."""
    clauses = tuple(clauses)
    for each in rules:
        for said in clauses:
            if found := each.find(said):
                return each.name, found
    return None


_PIECES: set[str] = set()  # of all rules
