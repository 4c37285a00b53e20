"""Everything the simulator took, one JSON line each in a file that is only ever added to: what counts are made from."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from json import dumps, loads
from pathlib import Path
from typing import Any

TAIL = 4_000_000  # bytes read back at a start, to show the phones as they were


@dataclass(frozen=True)
class Count:
    """`accepted` texts, of them `distinct` (sender, number, words, picture); `repeated` = how many came again;
    `pictures` = how many brought one."""

    accepted: int
    distinct: int
    pictures: int

    @property
    def repeated(self) -> int:
        return self.accepted - self.distinct


class Ledger:
    """The file. A line is handed to the system at once, so it outlives this process however that ends; it is not
    synced, so it need not outlive the machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")  # the last line of a full disk or a lost machine may be half

    def write(self, kind: str, **record: Any) -> None:
        os.write(self._file, dumps({"kind": kind} | record).encode() + b"\n")

    def tail(self) -> Iterator[dict[str, Any]]:
        """The newest records, oldest first."""
        start = max(0, os.fstat(self._file).st_size - TAIL)
        lines = os.pread(self._file, TAIL, start).split(b"\n")
        yield from _records(lines[1:] if start else lines)

    def accepted(self) -> Iterator[dict[str, Any]]:
        """All texts taken over the API, oldest first."""
        with self.path.open("rb") as file:
            yield from (record for record in _records(file) if record["kind"] == "accepted")

    def count(self) -> Count:
        seen: Counter[int] = Counter()
        pictures = 0
        for record in self.accepted():
            seen[fingerprint(record)] += 1
            pictures += "picture" in record
        return Count(seen.total(), len(seen), pictures)

    def times(self) -> Counter[int]:
        """How often each text was taken, by `fingerprint`."""
        return Counter(map(fingerprint, self.accepted()))

    def close(self) -> None:
        os.close(self._file)


def fingerprint(record: dict[str, Any]) -> int:
    """The same for the same words and picture of the same sender to the same number."""
    return hash((record["user_id"], record["to"], record["text"], record.get("picture", "")))


def _records(lines: Any) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            record = loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and "kind" in record:
            yield record
