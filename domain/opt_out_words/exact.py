"""The words that mean stop, start or help when they are a seller's whole message."""

import unicodedata
from enum import StrEnum

import regex


class Word(StrEnum):
    """What a whole message asks for. YES lifts an opt-out only where there is one; elsewhere it is just a yes."""

    STOP = "stop"
    START = "start"
    YES = "yes"
    HELP = "help"


def read(body: str) -> Word | None:
    """The word this message consists of, or None when it says anything else.

    Case, accents, width, and the punctuation, quotes, white space and emoji around it do not count; a word inside a
    sentence ("cancel the appointment") is not one.
    """
    return _WORDS.get(folded(body))


def folded(body: str) -> str:
    """The message without what does not count."""
    plain = unicodedata.normalize("NFKD", _bare(body)).casefold()
    words: str = _BETWEEN.sub(" ", _bare(_MARKS.sub("", plain)))
    return words


# Stop: CTIA's universal words, the FCC's list of 11 April 2025 (47 CFR 64.1200(a)(10)), and what Twilio (STOPALL,
# OPTOUT) and AWS (REMOVE, ARRET, TD) add. Start and help: Twilio's defaults; AIDE is the French help.
_WORDS: dict[str, Word] = {
    word: meaning
    for meaning, words in {
        Word.STOP: (
            *("stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke", "remove"),
            *("optout", "opt out", "arret", "arrete", "desabonner", "td"),
        ),
        Word.START: ("start", "unstop"),
        Word.YES: ("yes",),
        Word.HELP: ("help", "info", "aide"),
    }.items()
    for word in words
}

FRENCH = frozenset({"arret", "arrete", "desabonner", "td", "aide"})  # of these

_MARKS = regex.compile(r"[\p{M}\p{Cf}]+")  # accents, and what has no width
_AROUND = regex.compile(r"\A[^\p{L}\p{N}]+|[^\p{L}\p{N}]+\Z")
_BETWEEN = regex.compile(r"[\s\p{Pd}]+")  # opt-out, opt out and opt  out are one


def _bare(text: str) -> str:
    bare: str = _AROUND.sub("", text)
    return bare
