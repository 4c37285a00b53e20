"""Which files go along: each that the channel takes, pictures made small enough to go together, and a sentence else."""

import dataclasses
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from domain import ids
from domain.channels.base import FileRules
from domain.file_rules import DEFAULTS, SMALLEST, TEXT_FILES, most_bytes, problems, weight


@dataclass(frozen=True)
class File:
    size: int
    name: str = "front.jpg"
    media_type: str = "image/jpeg"
    id: UUID = field(default_factory=ids.new)


def pdf(size: int) -> File:
    return File(size, "offer.pdf", "application/pdf")


def said(files: list[File], rules: FileRules | None = TEXT_FILES, to: str = "") -> list[str]:
    return [each.message for each in problems(files, rules, "A text", to)]


@pytest.mark.parametrize("number", range(1, 11))
def test_as_many_large_pictures_as_a_text_takes_are_made_to_fit_together(number: int) -> None:
    files = [File(8_000_000) for _ in range(number)]
    assert said(files) == []
    assert weight(files, TEXT_FILES) <= TEXT_FILES.total_bytes
    assert SMALLEST <= most_bytes(files, TEXT_FILES) <= TEXT_FILES.picture_bytes


def test_pictures_that_fit_are_left_as_they_are() -> None:
    assert most_bytes([File(8_000_000)], TEXT_FILES) == TEXT_FILES.picture_bytes
    assert most_bytes([File(1_000_000)] * 3 + [File(100_000)] * 5, TEXT_FILES) == TEXT_FILES.picture_bytes
    assert most_bytes([pdf(500_000)], TEXT_FILES) == TEXT_FILES.picture_bytes
    assert most_bytes([File(9_000_000)], DEFAULTS["email"]) == 10_000_000


def test_small_pictures_leave_their_share_to_the_large_ones() -> None:
    assert most_bytes([File(100_000)] * 5 + [File(8_000_000)] * 4, TEXT_FILES) == 750_000


def test_documents_come_first_because_they_cannot_be_made_smaller() -> None:
    files = [pdf(600_000)] * 3 + [File(8_000_000)] * 4
    assert most_bytes(files, TEXT_FILES) == 400_000
    assert said(files) == []


def test_pictures_are_not_made_so_small_that_nothing_can_be_seen() -> None:
    files = [pdf(600_000)] * 5 + [File(8_000_000)] * 5
    assert most_bytes(files, TEXT_FILES) == SMALLEST
    assert said(files) == ["A text takes 3.5 MB in all; these files have 4 MB."]


def test_a_number_of_a_country_that_gets_no_pictures_is_known_before() -> None:
    rules = dataclasses.replace(TEXT_FILES, countries=frozenset({"US", "CA"}))
    for number in ("+15205550117", "+14165550123", ""):
        assert said([File(1000)], rules, number) == []
    assert said([File(1000)], rules, "+493012345678") == [
        "A text to this number takes no files, so “front.jpg” cannot go along."
    ]
    assert said([File(1000)], TEXT_FILES, "+493012345678") == []
    assert said([], rules, "+493012345678") == []
