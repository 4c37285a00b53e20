"""The name of a file as people may see it and any system may store it."""

import re
import unicodedata

from domain.file_rules import KINDS

LONGEST = 100  # characters, the ending included

# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)", re.IGNORECASE)
_ENDING = re.compile(r"\.(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,4}$")


def cleaned(name: str) -> str:
    """The name alone: no folders, nothing invisible, nothing that turns the direction of reading, not too long."""
    name = re.split(r"[/\\]", name)[-1]
    name = unicodedata.normalize("NFC", name)
    name = "".join(" " if char in '<>:"|?*' or char.isspace() else char for char in name)
    name = "".join(char for char in name if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    name = " ".join(name.split()).strip(". ")
    return _RESERVED.sub(r"\1_", name)[:LONGEST].rstrip(". ") or "file"


def fitting(name: str, media_type: str) -> str:
    """The cleaned name with the ending of what the file is, in place of the one it came with."""
    ending = KINDS[media_type][1]
    stem = _ENDING.sub("", cleaned(name)).strip(". ") or "file"
    return _RESERVED.sub(r"\1_", stem)[: LONGEST - len(ending)].rstrip(". ") + ending
