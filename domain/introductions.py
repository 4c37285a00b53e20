"""The line of a first text that says who writes and how to stop: its words, and where it stands in a text."""

import re
from collections.abc import Mapping

from domain import text, wildcards

OPT_OUT_LINE = "Reply STOP to opt out"
WHO = "This is {{agent.first_name}} with {{dealer.name}}."
STOP = f"{OPT_OUT_LINE}."

_SAYS_STOP = re.compile(r"\bSTOP\b")


def line(values: Mapping[str, str], wording: str = "") -> str:
    """What a first text of this wording does not say yet; empty when it says everything.

    One that names the dealership says who writes, and one with the word STOP in capitals says how to stop. `values` are
    those of the wildcards.
    """
    said = wildcards.fill(wording, values).body
    missing = [] if _names(said, wildcards.fill("{{dealer.name}}", values).body) else [_who(values)]
    if not _SAYS_STOP.search(said):
        missing.append(STOP)
    return " ".join(filter(None, missing))


def joined(wording: str, below: str) -> str:
    """The wording with the line below it. An empty wording leaves its place free, above the line."""
    return f"{wording}\n{below}" if below else wording


def parted(body: str, values: Mapping[str, str]) -> tuple[str, str]:
    """(wording, line) of a text that was `joined`; the line is empty unless it stands there untouched."""
    wording, _, last = body.rstrip().rpartition("\n")
    return (wording, last) if last in _lines(values) else (body, "")


def is_nothing(body: str, values: Mapping[str, str]) -> bool:
    """Whether there is no word in it beside the line."""
    return text.is_blank(parted(body, values)[0])


def with_opt_out(wording: str) -> str:
    """The wording with the opt-out line below it, once."""
    if OPT_OUT_LINE.casefold() in wording.casefold():
        return wording
    return f"{wording.rstrip()}\n{OPT_OUT_LINE}".lstrip("\n")


def _lines(values: Mapping[str, str]) -> set[str]:
    """Every shape of the line, also after it was made plain."""
    who = _who(values)
    lines = {OPT_OUT_LINE, STOP, who, f"{who} {STOP}"} - {""}
    return lines | {text.plain(each) for each in lines}


def _who(values: Mapping[str, str]) -> str:
    """`This is Robin with Harbor Motors.`; empty when a name is not known."""
    filled = wildcards.fill(WHO, values)
    return filled.body if filled.complete else ""


def _names(said: str, dealer: str) -> bool:
    name = re.escape(text.plain(dealer).casefold())
    return re.search(rf"(?<!\w){name}(?!\w)", text.plain(said).casefold()) is not None
