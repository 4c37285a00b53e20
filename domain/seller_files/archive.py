"""A ZIP that is written in one way only, so that a changed byte shows: parts are put aside, then sealed in order."""

import hashlib
import json
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from domain.seller_files.verify_file import MANIFEST, PART, central_header, ending, local_header


@dataclass(frozen=True)
class Part:
    """A file of the archive, and where its bytes lie meanwhile."""

    start: int
    size: int
    crc: int
    digest: Any  # SHA-256, goes on with the file


@dataclass(frozen=True)
class Sealed:
    """The whole archive, open at its beginning. Its file has no name and goes when it is closed."""

    file: IO[bytes]
    size: int
    sha256: str


class Parts:
    """Files on their way into an archive: `with Parts(directory) as parts`. They lie in one file without a name there,
    so that nothing stays behind."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file = _Writing(directory)
        self._parts: dict[str, Part] = {}

    def __enter__(self) -> "Parts":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.file.close()

    def add(self, name: str, *chunks: bytes) -> None:
        """Puts a file aside, or what follows of the one that was put aside last. Names are ASCII."""
        part = self._parts.pop(name, Part(self._file.size, 0, 0, hashlib.sha256()))
        if part.start + part.size != self._file.size:
            raise ValueError(f"{name} is closed already.")
        for chunk in chunks:
            self._file.write(chunk)
            part = Part(part.start, part.size + len(chunk), zlib.crc32(chunk, part.crc), part.digest)
            part.digest.update(chunk)
        self._parts[name] = part

    def seal(self, about: Mapping[str, Any]) -> Sealed:
        """The archive of all of them, and of a manifest that holds `about` and what each file is."""
        files = {name: {"sha256": part.digest.hexdigest(), "size": part.size} for name, part in self._parts.items()}
        text = json.dumps({**about, "files": files}, indent=1, sort_keys=True, ensure_ascii=False)
        self.add(MANIFEST, f"{text}\n".encode())
        archive, directory = _Writing(self._directory), b""
        try:
            for name, part in sorted(self._parts.items()):
                plain = name.encode("ascii")
                directory += central_header(plain, part.size, part.crc, archive.size)
                archive.write(local_header(plain, part.size, part.crc))
                self._copy(part, archive)
            archive.write(directory + ending(len(self._parts), len(directory), archive.size))
            archive.file.seek(0)
        except BaseException:
            archive.file.close()
            raise
        return Sealed(archive.file, archive.size, archive.digest.hexdigest())

    def _copy(self, part: Part, archive: "_Writing") -> None:
        self._file.file.seek(part.start)
        left = part.size
        while left:
            data = self._file.file.read(min(left, PART))
            archive.write(data)
            left -= len(data)


class _Writing:
    """A file without a name that knows its size and digest."""

    def __init__(self, directory: Path) -> None:
        self.file: IO[bytes] = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115 - whoever has it closes it
        self.size, self.digest = 0, hashlib.sha256()

    def write(self, data: bytes) -> None:
        self.file.write(data)
        self.digest.update(data)
        self.size += len(data)
