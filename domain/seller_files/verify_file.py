"""Checks that not one byte of an exported seller's file was changed: python3 verify.py FILE.zip ...

It needs nothing but Python 3.9 or newer. The archive is written in one way only: files in the order of their names, not
compressed, all dates the same. So it can be written anew from what is in it, and must be the same, byte for byte; and
manifest.json tells the SHA-256 of each file. Whoever changes an archive with care can make all of that anew, too. Then
the digest of the whole archive is another one than the audit log of the exporting installation has: compare the two.
"""

import hashlib
import json
import struct
import sys
import zlib
from typing import IO, Any

MANIFEST = "manifest.json"
FILE, DIRECTORY, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
DAY = 33  # 1 January 1980, as ZIP counts
PART = 1 << 20  # bytes read at once


class Changed(Exception):
    """The archive is not as it was exported; says where."""


def local_header(name: bytes, size: int, crc: int) -> bytes:
    """What stands before a file."""
    return struct.pack("<4s5H3L2H", FILE, 20, 0, 0, 0, DAY, crc, size, size, len(name), 0) + name


def central_header(name: bytes, size: int, crc: int, offset: int) -> bytes:
    """What the directory at the end says of a file."""
    numbers = (0x0314, 20, 0, 0, 0, DAY, crc, size, size, len(name), 0, 0, 0, 0, 0o100644 << 16, offset)
    return struct.pack("<4s6H3L5H2L", DIRECTORY, *numbers) + name


def ending(count: int, size: int, offset: int) -> bytes:
    """The last bytes: how many files, and where the directory is."""
    return struct.pack("<4s4H2LH", END, 0, 0, count, count, size, offset, 0)


def check(path: str) -> tuple[str, dict[str, Any]]:
    """The SHA-256 of the whole archive, and its manifest. Raises Changed; OSError when it cannot be read."""
    with open(path, "rb") as archive:
        digest = _digest(archive)
        archive.seek(0)
        return digest, _walk(archive)


def _digest(archive: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while part := archive.read(PART):
        digest.update(part)
    return digest.hexdigest()


def _walk(archive: IO[bytes]) -> dict[str, Any]:
    """Writes anew what must stand there, file by file, and compares. The manifest."""
    files: dict[str, dict[str, Any]] = {}
    manifest, directory, offset, last = b"", b"", 0, b""
    head = archive.read(30)
    while head[:4] == FILE and len(head) == 30:
        size, length = struct.unpack_from("<L", head, 18)[0], struct.unpack_from("<H", head, 26)[0]
        name = archive.read(length)
        called = name.decode("ascii", "replace")
        data, crc, digest = _contents(archive, size, kept=called == MANIFEST)
        if head + name != local_header(name, size, crc) or name <= last:
            raise Changed(f"{_shown(called)} was changed, {offset:,} bytes from the beginning or after that.")
        files[called] = {"sha256": digest, "size": size}
        manifest, last = data or manifest, name
        directory += central_header(name, size, crc, offset)
        offset += len(head) + length + size
        head = archive.read(30)
    rest = directory + ending(len(files), len(directory), offset)
    if head + archive.read(len(rest)) != rest:
        raise Changed(f"What follows the files was changed, {offset:,} bytes from the beginning or after that.")
    return _compared(manifest, files)


def _contents(archive: IO[bytes], size: int, kept: bool) -> tuple[bytes, int, str]:
    """The bytes if they are to be kept, their CRC-32 and their SHA-256."""
    parts, crc, digest, left = [], 0, hashlib.sha256(), size
    while part := archive.read(min(left, PART)):
        crc, left = zlib.crc32(part, crc), left - len(part)
        digest.update(part)
        if kept:
            parts.append(part)
    if left:
        raise Changed("The archive ends too early.")
    return b"".join(parts), crc, digest.hexdigest()


def _compared(data: bytes, files: dict[str, dict[str, Any]]) -> dict[str, Any]:
    files.pop(MANIFEST, None)
    try:
        manifest: dict[str, Any] = json.loads(data)
        told: dict[str, dict[str, Any]] = dict(manifest["files"])
    except (ValueError, KeyError, TypeError):
        raise Changed("There is no manifest that can be read.") from None
    for name in sorted(told.keys() | files.keys()):
        if told.get(name) != files.get(name):
            raise Changed(f"{_shown(name)} is not what the manifest says.")
    return manifest


def _shown(name: str) -> str:
    """A name as it may stand in a sentence, whatever it was changed into."""
    return f"“{''.join(char if char.isprintable() else '?' for char in name[:80])}”"


def main(paths: list[str]) -> int:
    """Exit status 0 when every archive is as it was exported, 1 when one is not, 2 for wrong usage."""
    if not paths:
        print(__doc__)
        return 2
    status = 0
    for path in paths:
        try:
            digest, manifest = check(path)
        except Changed as changed:
            print(f"CHANGED {path}: {changed}")
            status = 1
        except OSError as error:
            print(f"NOT READ {path}: {error.strerror}.")
            status = 1
        else:
            print(f"UNCHANGED {path}: exported {manifest.get('made_at')}, SHA-256 {digest}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
