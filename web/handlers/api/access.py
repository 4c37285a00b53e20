"""Who asks, and may they: a bearer token, its pace, its scope, and the plan of its dealership. Cookies say nothing."""

import asyncio
import logging
from collections import Counter
from time import monotonic
from typing import Any
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from domain import clock, plans, sessions
from domain.accounts import Account
from domain.gate import CODES
from web.handlers.api import problems
from web.handlers.api.problems import Problems

logger = logging.getLogger(__name__)

PER_MINUTE = 600  # requests of one token
BUDGET_SECONDS = 0.1  # how long counting may take; then this process counts alone
ALONE_SECONDS = 5.0  # for this long, so that a queue that is gone is not waited for at each request

Connection = ASGIConnection[Any, Any, Any, Any]


async def bearers(connection: Connection, handler: BaseRouteHandler) -> None:
    """A guard: the token's user becomes the request's. The handler's `opt` names the `scope` it needs, and with
    `messaging` that it shows what only plans with messaging do."""
    token = await sessions.bearer(_token(connection))
    if token is None:
        raise _unauthorized("This token is unknown, revoked, or its user is no longer active.", "invalid_token")
    connection.scope["auth"], connection.scope["user"] = token, token.user
    await _count(connection, token.id)
    scope = handler.opt["scope"]
    if not sessions.allows(token, scope):
        raise problems.one(
            403,
            "insufficient_scope",
            f"This token lacks the scope {scope}. Make one that has it with ./lotwire token add.",
            headers={"WWW-Authenticate": f'Bearer realm="Lotwire", error="insufficient_scope", scope="{scope}"'},
        )
    await _require_plan(token.user.account, connection, handler)


def _token(connection: Connection) -> str:
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    if kind.casefold() != "bearer" or not token.strip():
        raise _unauthorized("Send a token: Authorization: Bearer followed by it. ./lotwire token add makes one.")
    return token.strip()


def _unauthorized(message: str, error: str = "") -> Problems:
    challenge = 'Bearer realm="Lotwire"' + (f', error="{error}"' if error else "")
    return problems.one(401, "unauthorized", message, headers={"WWW-Authenticate": challenge})


async def _require_plan(account: Account, connection: Connection, handler: BaseRouteHandler) -> None:
    """Who sends hears it as one of the gate's refusals, everybody else as something that is not theirs."""
    features = (await plans.table()).get(account.tier, frozenset())
    if "api" not in features:
        status = 422 if connection.scope.get("method") == "POST" else 403
        raise problems.one(status, "tier", "The API is not part of this dealership's plan. Compare plans.")
    if handler.opt.get("messaging") and "messaging" not in features:
        raise problems.one(403, "tier", f"{CODES['tier'].sentence} {CODES['tier'].next_step}")


async def _count(connection: Connection, token: UUID) -> None:
    """Raises 429 from the request on that is one too many within this minute."""
    global _alone_until
    now = clock.now().timestamp()
    minute = int(now // 60)
    asked = None
    if monotonic() >= _alone_until:
        try:
            async with asyncio.timeout(BUDGET_SECONDS):
                asked = await _count_together(connection.app.state.redis, token, minute)
        except Exception as error:  # whatever the client throws when the queue is gone
            logger.info("Counting requests without the queue: %s", type(error).__name__)
            _alone_until = monotonic() + ALONE_SECONDS
    if asked is None:
        asked = _count_alone(token, minute)
    if asked > PER_MINUTE:
        raise problems.one(
            429,
            "too_many",
            f"A token may ask {PER_MINUTE} times a minute. Wait until the next one.",
            headers={"Retry-After": str(int(60 - now % 60) + 1)},
        )


async def _count_together(redis: Any, token: UUID, minute: int) -> int:
    name = f"lotwire:api:{token.hex}:{minute}"
    async with redis.pipeline(transaction=False) as pipe:
        asked, _ = await pipe.incr(name).expire(name, 120).execute()
    return int(asked)


def _count_alone(token: UUID, minute: int) -> int:
    if _alone.get("minute") != minute:
        _alone.clear()
        _alone["minute"] = minute
    _alone[token] += 1
    return _alone[token]


_alone: Counter[UUID | str] = Counter()  # of this process, and only of the minute in it
_alone_until = 0.0  # monotonic
