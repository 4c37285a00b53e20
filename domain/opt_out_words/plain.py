"""Reads a message in plain language: does the seller want no more messages, should somebody look, or does it go on?"""

import regex

from domain.opt_out_words import spelling
from domain.opt_out_words.english import ENGLISH
from domain.opt_out_words.exact import Word, read
from domain.opt_out_words.french import FRENCH
from domain.opt_out_words.going_on import goes_on
from domain.opt_out_words.rules import Outcome, Reading, Rules
from domain.opt_out_words.spanish import SPANISH

LANGUAGES = (ENGLISH, FRENCH, SPANISH)
OTHER_SENSE = "__"  # stands for words that mean something harmless
LONGEST_WHOLE = 80  # characters of a message that is taken as one phrase


def understand(body: str) -> Reading:
    """What a message asks for, by which rule, and the words it decided by.

    The order is: a word that is the whole message; words that only look like a demand are set aside; a demand in any
    clause is an opt-out, but one with a condition, or beside a wish for another way, is for somebody to look at; so is
    a demanding word nobody could place, and what people write when they are no longer, or not, sellers.
    """
    exact = read(body)
    if exact:
        return Reading(_OUTCOMES[exact], "exact_word", exact.value)
    written = spelling.clauses(body)
    whole = written.whole
    mended = read(whole)
    if mended is Word.STOP and not whole.endswith("?"):
        return Reading(Outcome.OPT_OUT, "misspelt_word", whole)
    if spelling.resembles_stop(whole):
        return Reading(Outcome.REVIEW, "resembles_stop", whole)
    said = tuple(_set_aside(each) for each in written.said)
    return (
        _demand(said)
        or _capitals(body, said)
        or _doubt(said, whole)
        or _unread(written, said)
        or Reading(Outcome.CARRY_ON)
    )


def _set_aside(words: str) -> str:
    """The clause without what only looks like a demand ("stop by", "don't stop texting")."""
    return _NO_DEMANDS.set_aside(_OTHER_SENSES.set_aside(words, OTHER_SENSE), "_")


def _demand(said: tuple[str, ...]) -> Reading | None:
    if found := _DEMANDS.first(said):
        return Reading(Outcome.OPT_OUT, *found)
    if found := _CONDITIONAL_DEMANDS.first(said):
        excuse = _EXCUSES.first(said)
        return Reading(Outcome.REVIEW, *excuse) if excuse else Reading(Outcome.OPT_OUT, *found)
    return None


def _capitals(body: str, said: tuple[str, ...]) -> Reading | None:
    """STOP among words that are not in capitals is the word people were told to write."""
    written = _IN_CAPITALS.search(body)
    if written and not body.isupper() and any(" stop " in f" {words} " for words in said):
        return Reading(Outcome.OPT_OUT, "stop_in_capitals", written[0])
    return None


def _doubt(said: tuple[str, ...], whole: str) -> Reading | None:
    short = (whole,) if len(whole) <= LONGEST_WHOLE else ()
    found = _WHOLE.first(short) or _DOUBTS.first(said)
    return Reading(Outcome.REVIEW, *found) if found else None


def _unread(written: spelling.Clauses, said: tuple[str, ...]) -> Reading | None:
    """For a message nobody here knows the meaning of: it is not taken for consent."""
    whole = written.whole
    if written.quoted and not whole:
        return Reading(Outcome.REVIEW, "only_a_quote")
    if written.angry:
        return Reading(Outcome.REVIEW, "angry_sign", written.angry)
    if goes_on(whole) or any(OTHER_SENSE in words for words in said):
        return None
    return Reading(Outcome.REVIEW, "nothing_familiar", whole[:LONGEST_WHOLE])


_OTHER_SENSES = Rules(each for language in LANGUAGES for each in language.other_senses)
_NO_DEMANDS = Rules(each for language in LANGUAGES for each in language.no_demands)
_DEMANDS = Rules(each for language in LANGUAGES for each in language.demands)
_CONDITIONAL_DEMANDS = Rules(each for language in LANGUAGES for each in language.conditional_demands)
_EXCUSES = Rules(each for language in LANGUAGES for each in (*language.conditions, *language.another_way))
_WHOLE = Rules(each for language in LANGUAGES for each in language.whole)
_DOUBTS = Rules(each for language in LANGUAGES for each in language.doubts)
_IN_CAPITALS = regex.compile(r"(?<!\b(?:reply|say|text|send|word|with|replying|saying)\W{1,3})\bSTOP\b")
_OUTCOMES = {
    Word.STOP: Outcome.OPT_OUT,
    Word.START: Outcome.START,
    Word.YES: Outcome.YES,
    Word.HELP: Outcome.HELP,
}
