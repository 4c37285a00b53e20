"""In which language somebody asked, so that the answer is in the same."""

from dataclasses import fields
from enum import StrEnum

from domain.opt_out_words import exact
from domain.opt_out_words.french import FRENCH
from domain.opt_out_words.rules import Language, Reading
from domain.opt_out_words.spanish import SPANISH


class Tongue(StrEnum):
    """The languages answers are written in."""

    ENGLISH = "en"
    FRENCH = "fr"
    SPANISH = "es"


def tongue(body: str, reading: Reading) -> Tongue:
    """The language of the rule that decided, or of the word that is the whole message; English where neither tells."""
    if reading.rule in _FRENCH or {exact.folded(body), reading.evidence} & exact.FRENCH:
        return Tongue.FRENCH
    return Tongue.SPANISH if reading.rule in _SPANISH else Tongue.ENGLISH


def _rules(language: Language) -> frozenset[str]:
    return frozenset(rule.name for part in fields(language) for rule in getattr(language, part.name))


_FRENCH, _SPANISH = _rules(FRENCH), _rules(SPANISH)
