"""Which tests run beside which, where several processes share them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

Test = TypeVar("Test")

BROWSERS = "browser"
INSTALLATIONS = {"chaos", "workers"}


def spread(tests: Sequence[Test], files: Sequence[Path], processes: int) -> list[Test]:
    """The tests in an order of which every process takes its even part.

    What waits for a browser or for a whole installation comes first in each part, file by file, browsers in every
    second one: at the end the quick ones keep all processes busy, and no more than half of them hold a browser.
    """
    first: list[list[Test]] = [[] for _ in range(processes)]
    homes: dict[Path, int] = {}
    seen = {True: 0, False: 0}  # files of browsers, of installations
    quick = []
    for test, file in zip(tests, files, strict=True):
        browser = BROWSERS in file.parts
        if not browser and INSTALLATIONS.isdisjoint(file.parts):
            quick.append(test)
            continue
        if file not in homes:
            parts = range(0 if browser or processes == 1 else 1, processes, 2)
            homes[file] = parts[seen[browser] % len(parts)]
            seen[browser] += 1
        first[homes[file]].append(test)
    order: list[Test] = []
    for part, waiting in enumerate(first):
        room = (len(tests) - len(order)) // (processes - part) - len(waiting)
        order += waiting + quick[: max(0, room)]
        del quick[: max(0, room)]
    return order + quick
