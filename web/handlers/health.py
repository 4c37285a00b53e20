"""What machines ask: are you alive, are you ready, how much is waiting."""

import asyncio
from typing import Any

from litestar import MediaType, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from domain import db, vitals
from domain.installations import freezing
from web import metrics

PATIENCE_SECONDS = 2.0


async def alive() -> Response:
    return Response("ok\n", media_type=MediaType.TEXT)


async def ready(request: Request) -> Response:
    """200 when the database and the queue answer, else 503 and which one does not; told if nothing leaves."""
    answers = await asyncio.gather(_answers(db.answers()), _answers(request.app.state.redis.ping()))
    state = {name: "ok" if good else "unreachable" for name, good in zip(("database", "queue"), answers, strict=True)}
    if answers[0] and await freezing.is_frozen():
        state["sending"] = "frozen"  # it is as ready as it can be: a person has to look
    return Response(state, status_code=200 if all(answers) else 503, media_type=MediaType.JSON)


async def show(request: Request) -> Response:
    """Prometheus' text format: this process's requests, and what waits in the database now."""
    lines = [generate_latest(metrics.REGISTRY).decode()]
    for name, help_text, samples in await vitals.gauges():
        lines.append(f"# HELP {name} {help_text}\n# TYPE {name} gauge\n")
        lines.extend(f"{name}{labels} {value}\n" for labels, value in samples)
    return Response("".join(lines), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _answers(asking: Any) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asking
    except Exception:  # whatever it is, it is not an answer
        return False
    return True
