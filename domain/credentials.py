"""What connecting a provider asks for: a value for each of its fields, of which the secret ones are sealed together."""

import json
import unicodedata
from collections.abc import Mapping
from typing import Any

from domain.channels.base import Channel
from domain.errors import Refused
from domain.vault import seal, unseal

LONGEST = 4_000  # characters; access tokens have up to two thousand, and servers take headers of eight
GONE = "disconnected"  # in the place of a secret that was forgotten

Provider = type[Channel]


def parted(provider: Provider, given: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """A value for each of the provider's fields, empty where there is none, and the options beside them."""
    fields = {field.name: field.default for field in provider.fields}
    credentials = {name: str(given.get(name) or default).strip() for name, default in fields.items()}
    return credentials, {name: value for name, value in given.items() if name not in fields}


def complete(provider: Provider, credentials: Mapping[str, str]) -> None:
    """Raises Refused at the first field that has to be filled in and is not, that names none of its choices, or that
    holds what none of them can: several lines, or a whole document."""
    for field in provider.fields:
        value = credentials[field.name]
        label = field.label if field.label[1:2].isupper() else field.label[:1].lower() + field.label[1:]
        if len(value) > LONGEST:
            raise Refused(f"This is too long for the {label}. Copy it once more.", field=field.name)
        if any(unicodedata.category(char) == "Cc" for char in value):
            raise Refused(f"The {label} is one line without tabs. Copy it once more.", field=field.name)
        if field.required and not value:
            raise Refused(f"{'Paste' if field.secret else 'Give'} the {label} first.", field=field.name)
        if field.choices and value and value not in {choice for choice, _ in field.choices}:
            raise Refused(f"Choose one of these: {', '.join(label for _, label in field.choices)}.", field=field.name)


def sealed(provider: Provider, credentials: Mapping[str, str]) -> str:
    """The secret ones as they may lie in a database."""
    return seal(json.dumps({field.name: credentials[field.name] for field in provider.fields if field.secret}))


def unsealed(provider: Provider, kept: str) -> dict[str, str]:
    """The secret ones again; one key alone, as it was kept when there was no more than one, is the first of them. Those
    of a provider that was disconnected are GONE: what it said before still has to be read. Raises Unavailable."""
    secret = [field.name for field in provider.fields if field.secret]
    opened = unseal(kept)
    if not opened:
        return dict.fromkeys(secret, GONE)
    found: dict[str, str] = json.loads(opened) if opened.startswith("{") else dict.fromkeys(secret[:1], opened)
    return found


def shown(provider: Provider, credentials: Mapping[str, str]) -> dict[str, str]:
    """Those that are no secrets, as far as they were filled in: they are kept among the options."""
    named = [field.name for field in provider.fields if not field.secret]
    return {name: credentials[name] for name in named if credentials[name]}


def first(provider: Provider) -> str:
    """The field at which a provider's refusal is shown."""
    return next((field.name for field in provider.fields if field.secret), "")


def refused(provider: Provider, reason: str) -> Refused:
    """What is said when the provider takes the credentials for wrong."""
    field = first(provider)
    if field == "api_key":
        words = f"{provider.name} refused this API key. Copy the whole key again from {provider.name}."
    else:
        words = f"{provider.name} refused to let Lotwire in. {reason}"
    return Refused(words, field=field)
