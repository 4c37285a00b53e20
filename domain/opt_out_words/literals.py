"""Which pieces of text a pattern cannot match without, so that it need not be tried where none of them stands."""

from importlib import import_module
from typing import Any

MOST = 60  # pieces: with more, looking for them costs as much as trying
START = 3  # characters by which a piece is looked for; shorter ones do not count

# The parser of the standard library, which has no public name. A test compares with trying every pattern everywhere.
_PARSER: Any = import_module("re._parser")
_CONSTANTS: Any = import_module("re._constants")


def one_of(pattern: str) -> frozenset[str]:
    """Every match of the pattern contains one of these; empty when that cannot be told."""
    return _best(_PARSER.parse(pattern)) or frozenset()


def _best(parts: Any) -> frozenset[str] | None:
    """The most telling set of pieces of a sequence: few pieces, and long ones."""
    found = [pieces for pieces in _pieces(parts) if len(pieces) <= MOST]
    return max(found, key=lambda pieces: (-len(pieces), min(map(len, pieces))), default=None)


def _pieces(parts: Any) -> list[frozenset[str]]:
    found, run = [], ""
    for kind, value in [*parts, (None, None)]:
        if kind is _CONSTANTS.LITERAL:
            run += chr(value)
            continue
        if len(run) >= START:
            found.append(frozenset({run}))
        run = ""
        inner: frozenset[str] | None = None
        if kind is _CONSTANTS.SUBPATTERN:
            inner = _best(value[3])
        elif kind is _CONSTANTS.BRANCH:
            branches = [_best(branch) for branch in value[1]]
            inner = frozenset().union(*(each for each in branches if each)) if all(branches) else None
        elif kind in (_CONSTANTS.MAX_REPEAT, _CONSTANTS.MIN_REPEAT) and value[0] >= 1:
            inner = _best(value[2])
        if inner:
            found.append(inner)
    return found
