"""What a rule about words is, and what reading a message comes to."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property

import regex

from domain.opt_out_words.literals import START, one_of


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
    """Patterns over the words of one clause, under the name that explains a decision."""

    name: str
    patterns: tuple[str, ...]


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
    return Rule(name, patterns)


class Rules:
    """Rules in the order they are asked. A pattern is tried only where one of the pieces of text stands that it cannot
    match without, so that most clauses are cheap. Nothing is made ready before the first message: all patterns take
    most of a second, which every start of a process would wait for."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        named = [(each.name, pattern) for each in rules for pattern in each.patterns]
        self._names = [name for name, _ in named]
        self._patterns = [pattern for _, pattern in named]

    def first(self, clauses: Iterable[str]) -> tuple[str, str] | None:
        """The first rule that matches any clause: (its name, the words), or None."""
        asked = sorted((index, at, words) for at, words in enumerate(clauses) for index in self._asked(words))
        for index, _, words in asked:
            if found := _compiled(self._patterns[index]).search(words):
                return self._names[index], found[0].strip()
        return None

    def set_aside(self, words: str, instead: str) -> str:
        """The clause with another word in the place of what matches."""
        for index in sorted(self._asked(words)):
            words = _compiled(self._patterns[index]).sub(instead, words)
        return words

    def _asked(self, words: str) -> set[int]:
        """The patterns that may match."""
        always, by_piece, starts = self._pieces
        asked = set(always)
        for at in range(len(words)):
            for piece in starts.get(words[at : at + START], ()):
                if words.startswith(piece, at):
                    asked.update(by_piece[piece])
        return asked

    @cached_property
    def _pieces(self) -> tuple[list[int], dict[str, list[int]], dict[str, list[str]]]:
        """The patterns that are always tried, those of each piece of text, and the pieces by how they start."""
        always: list[int] = []
        by_piece: dict[str, list[int]] = {}
        for index, pattern in enumerate(self._patterns):
            for wanted in [by_piece.setdefault(piece, []) for piece in one_of(pattern)] or [always]:
                wanted.append(index)
        return always, by_piece, _by_start(by_piece)


@cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    return regex.compile(pattern)


def _by_start(pieces: Iterable[str]) -> dict[str, list[str]]:
    starts: dict[str, list[str]] = {}
    for piece in pieces:
        starts.setdefault(piece[:START], []).append(piece)
    return starts
