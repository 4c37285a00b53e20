"""What people say of themselves, and how Lotwire serves them."""

from collections.abc import Mapping
from typing import Any

from domain import email_bodies, emojis, phones, text
from domain.errors import Refused
from domain.users import User, clean_name, clean_title

FIELDS = ("name", "title", "phone", "undo_seconds", "signature", "language", "skin_tone")
LONGEST_SIGNATURE = 1_000  # characters
LONGEST_UNDO = 30  # seconds


async def change(user: User, typed: Mapping[str, str], country: str) -> None:
    """Writes what was typed into FIELDS. An empty language or skin tone stays what it was. Raises Refused at the field
    that is wrong; then nothing is changed."""
    values: dict[Any, Any] = {
        User.name: clean_name(typed["name"]),
        User.title: clean_title(typed["title"]),
        User.phone: phones.parse(typed["phone"], country) if typed["phone"].strip() else "",
        User.undo_seconds: _undo_seconds(typed["undo_seconds"]),
        User.signature: _signature(typed["signature"]),
        User.language: _language(typed["language"] or user.language),
        User.skin_tone: _skin_tone(typed["skin_tone"] or str(user.skin_tone)),
    }
    await User.update(values).where(User.id == user.id)


def _undo_seconds(typed: str) -> int:
    seconds = text.number(typed, LONGEST_UNDO)
    if seconds is None:
        raise Refused("Give the seconds to undo a message: a whole number from 0 to 30.", field="undo_seconds")
    return seconds


def _signature(typed: str) -> str:
    signature = email_bodies.tidy(typed)
    if len(signature) > LONGEST_SIGNATURE:
        raise Refused(f"This signature is too long: {LONGEST_SIGNATURE:,} characters at most.", field="signature")
    if "{{" in signature or "}}" in signature:  # it goes below a text that is filled in already
        raise Refused("Wildcards do not work in a signature. Write the words themselves.", field="signature")
    return signature


def _language(typed: str) -> str:
    if typed not in emojis.LANGUAGES:
        raise Refused("Choose a language from the list.", field="language")
    return typed


def _skin_tone(typed: str) -> int:
    if typed not in {str(tone) for tone in range(len(emojis.TONES))}:
        raise Refused("Choose one of the skin tones.", field="skin_tone")
    return int(typed)
