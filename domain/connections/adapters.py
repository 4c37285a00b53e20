"""The provider of a connection, with its credentials, and whether it may be asked anything."""

import json
from collections.abc import Mapping
from typing import Any

from domain import credentials, hook_secrets
from domain.channels.base import Channel
from domain.channels.registry import CHANNELS
from domain.connections.tables import Connection
from domain.errors import Refused
from domain.installations import tables as installations
from domain.settings import settings


def adapter(connection: Connection) -> Channel:
    """The provider of a connection, with its credentials. Raises Unavailable when they cannot be unsealed."""
    return made_with(connection, options_of(connection))


def options_of(connection: Connection) -> dict[str, Any]:
    """What is set of a connection, those of its fields that are no secrets included."""
    options: dict[str, Any] = json.loads(connection.options or "{}")
    return options


def hook_url(connection: Connection) -> str:
    """Where the provider calls us; only a path when LOTWIRE_PUBLIC_URL is not set."""
    return f"{settings().public_url}/hooks/{connection.kind}/{connection.id}"


async def require_released(name: str) -> None:
    """Raises Refused while nothing may leave: this may be a copy, and what it asks of a provider would be done to the
    original, too."""
    if await installations.is_held():
        raise Refused(
            f"Sending is stopped here until somebody looked, so {name} is not asked. "
            "Release it first: the link stands at the top of every page.",
            code="frozen",
        )


def made_with(connection: Connection, options: Mapping[str, Any], hook_secret: str | None = None) -> Channel:
    provider = CHANNELS[connection.kind]
    known = credentials.unsealed(provider, connection.secret)
    values, others = credentials.parted(provider, {**options, **known})
    if hook_secret is None:
        hook_secret = hook_secrets.read(connection.hook_secret).now
    made = provider(connection.base_url, values, hook_secret, **others)
    made.hook_url = hook_url(connection) if settings().public_url else ""
    return made
