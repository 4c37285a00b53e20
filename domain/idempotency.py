"""One message for one idempotency key, however often and however many at once a program asks for it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from domain import composing
from domain.composing import Draft
from domain.errors import Refused
from domain.messages import IdempotencyKey, Message
from domain.scenes import Scene

CONFLICT = "idempotency_conflict"


async def first(account: UUID, key: str, request: Mapping[str, Any]) -> UUID | None:
    """The message this key already stands for; None when the key is new. A refused request leaves no trace.

    Raises Refused (`idempotency_conflict`) when the key was used for another request.
    """
    known = await _known(account, key, request)
    return known["message"] if known else None


async def first_batch(account: UUID, key: str, request: Mapping[str, Any]) -> UUID | None:
    """The same for a batch."""
    known = await _known(account, key, request)
    return known["batch"] if known else None


async def remember_batch(account: UUID, key: str, request: Mapping[str, Any], batch: UUID) -> None:
    """From now on the key stands for this batch. Call it inside the transaction that writes the batch; of many at once
    all but one break its UNIQUE rule."""
    await IdempotencyKey.insert(
        IdempotencyKey(account=account, key_hash=_hash(key), body_hash=_request_hash(request), batch=batch)
    )


async def _known(account: UUID, key: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
    known: dict[str, Any] | None = (
        await IdempotencyKey.select(IdempotencyKey.body_hash, IdempotencyKey.message, IdempotencyKey.batch)
        .where((IdempotencyKey.account == account) & (IdempotencyKey.key_hash == _hash(key)))
        .first()
    )
    if known is not None and known["body_hash"] != _request_hash(request):
        raise Refused(
            "This key was used for another message. Use a new key for each message.", "Idempotency-Key", CONFLICT
        )
    return known


async def send(scene: Scene, draft: Draft, key: str, request: Mapping[str, Any]) -> UUID:
    """Sends the draft unless the key was used before, and remembers what the key stands for, in one transaction.

    Returns the message's id, the first one's when another request with this key was quicker. Raises what
    `composing.send` and `first` raise.
    """

    async def remember(message: Message) -> None:
        await IdempotencyKey.insert(
            IdempotencyKey(
                account=scene.account.id, key_hash=_hash(key), body_hash=_request_hash(request), message=message.id
            )
        )

    # The unique nonce decides between many at once: only who wrote the message writes the key.
    nonce = f"api:{scene.account.id.hex}:{_hash(key)}"[:80]
    message = await composing.send(scene, replace(draft, nonce=nonce, origin="api"), alongside=remember)
    return await first(scene.account.id, key, request) or message.id


def _request_hash(request: Mapping[str, Any]) -> str:
    """The same for the same request, whatever the order of its fields or the spaces between them."""
    return _hash(json.dumps(request, sort_keys=True, separators=(",", ":")))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
