"""Which files go along with which channel, and what to say of those that do not. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from domain import phones
from domain.channels.base import FileRules

# media type -> (how it is called, how its name ends); the order is that of the sentences.
KINDS = {
    "image/jpeg": ("JPG", ".jpg"),
    "image/png": ("PNG", ".png"),
    "image/gif": ("GIF", ".gif"),
    "image/webp": ("WebP", ".webp"),
    "application/pdf": ("PDF", ".pdf"),
    "text/vcard": ("contact card", ".vcf"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("Word", ".docx"),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("Excel", ".xlsx"),
    "text/csv": ("CSV", ".csv"),
    "text/plain": ("text", ".txt"),
}
BEFORE_CONVERSION = {"image/jpeg": (".jpeg", ".heic", ".heif")}  # what may be chosen and becomes that type here

TEXT_FILES = FileRules(
    types=frozenset({"image/jpeg", "image/png", "image/gif", "application/pdf", "text/vcard"}),
    picture_bytes=1_000_000,
    file_bytes=600_000,
    total_bytes=3_500_000,
    most=10,
)
EMAIL_FILES = FileRules(
    types=frozenset(KINDS) - {"text/vcard"},
    picture_bytes=10_000_000,
    file_bytes=10_000_000,
    total_bytes=20_000_000,
    most=10,
)
SMALLEST = 200_000  # bytes a picture is left at least, when many share what the channel takes: so that it can be seen
STEP = 50_000  # bytes; a limit is a multiple, so that a picture is not made smaller anew for every few bytes
DEFAULTS = {"email": EMAIL_FILES}  # where nothing is connected that says otherwise


class FileLike(Protocol):
    """What is looked at of an attachment; sizes in bytes."""

    id: UUID
    name: str
    media_type: str
    size: int


@dataclass(frozen=True)
class FileProblem:
    """Why a file cannot go along, None for all of them together. As a link it always can."""

    file: UUID | None
    message: str


def problems(files: Sequence[FileLike], rules: FileRules | None, channel: str, to: str = "") -> list[FileProblem]:
    """What stands against these files on a channel; `channel` says it in a sentence, such as `A text`. `to` is the
    number or address they go to, as far as it is known."""
    if rules is None:
        return [FileProblem(each.id, f"{channel} takes no files, so “{each.name}” cannot go along.") for each in files]
    if to and rules.countries and phones.country(to) not in rules.countries:
        sentence = f"{channel} to this number takes no files, so “{{}}” cannot go along."
        return [FileProblem(each.id, sentence.format(each.name)) for each in files]
    found = [problem for each in files if (problem := _problem(each, rules, channel))]
    if not found and len(files) > rules.most:  # those beyond the first few, so that each can go another way
        sentence = f"{channel} takes {_most(rules.most)}, so “{{}}” cannot go along."
        found = [FileProblem(each.id, sentence.format(each.name)) for each in files[rules.most :]]
    total = weight(files, rules)
    if not found and total > rules.total_bytes:
        limit, here = megabytes(rules.total_bytes), megabytes(total)
        found.append(FileProblem(None, f"{channel} takes {limit} in all; these files have {here}."))
    return found


def weight(files: Sequence[FileLike], rules: FileRules) -> int:
    """How many bytes of these files leave at most: a picture is made smaller."""
    most = most_bytes(files, rules)
    return sum(min(each.size, most) if is_picture(each.media_type) else each.size for each in files)


def most_bytes(files: Sequence[FileLike], rules: FileRules) -> int:
    """How large a picture among these files may be: what the channel takes of one, or less when they are too many for
    what it takes of all. Small pictures leave their share to the large ones."""
    pictures = sorted(min(each.size, rules.picture_bytes) for each in files if is_picture(each.media_type))
    left = rules.total_bytes - sum(each.size for each in files if not is_picture(each.media_type))
    for number, size in enumerate(pictures):
        share = left // (len(pictures) - number)
        if size > share:
            return min(rules.picture_bytes, max(SMALLEST, share // STEP * STEP))
        left -= size
    return rules.picture_bytes


def sentence(rules: FileRules | None, channel: str) -> str:
    """What the channel takes, shown before anything is uploaded."""
    if rules is None:
        return f"{channel} takes no files here. You can send a file as a link."
    names = [name for media_type, (name, _) in KINDS.items() if media_type in rules.types]
    kinds = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
    larger = f", {megabytes(rules.file_bytes)} each" if rules.types - _PICTURES else ""
    return f"{channel} takes {_files(rules.most)}: {kinds}{larger}. Large pictures are made smaller."


def accept(rules: FileRules | None) -> str:
    """What a file input offers. Without rules everything that can become a link."""
    types = frozenset(KINDS) if rules is None else rules.types
    endings = [ending for media_type, (_, ending) in KINDS.items() if media_type in types]
    endings += [
        ending for media_type in KINDS if media_type in types for ending in BEFORE_CONVERSION.get(media_type, ())
    ]
    return ",".join(endings)


def is_picture(media_type: str) -> bool:
    return media_type in _PICTURES


def megabytes(size: int) -> str:
    """`1.2 MB`, `340 KB`."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} KB"
    return f"{size / 1_000_000:.1f} MB".replace(".0 ", " ")


_PICTURES = frozenset(media_type for media_type in KINDS if media_type.startswith("image/"))


def _problem(file: FileLike, rules: FileRules, channel: str) -> FileProblem | None:
    if file.media_type not in rules.types:
        kind = KINDS.get(file.media_type, ("This kind of file", ""))[0]
        return FileProblem(file.id, f"{channel} takes no {kind} files, so “{file.name}” cannot go along.")
    if not is_picture(file.media_type) and file.size > rules.file_bytes:
        limit = megabytes(rules.file_bytes)
        return FileProblem(file.id, f"“{file.name}” has {megabytes(file.size)}; {channel} takes {limit}.")
    return None


def _most(number: int) -> str:
    return "one file" if number == 1 else f"{number} files at most"


def _files(number: int) -> str:
    return "one file" if number == 1 else f"up to {number} files"
