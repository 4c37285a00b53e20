"""Composition root: settings, templates, routes, errors -> the application that `litestar run` and uvicorn serve."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.config.compression import CompressionConfig
from litestar.middleware import DefineMiddleware

from domain import db, emojis, logs
from web import auth, envelope, errors, lookups, queue, render, requests, routes
from web.csrf import MaskedCSRF
from web.live import Live

# Pictures and documents are compressed already, and events must leave as they happen.
UNCOMPRESSED = ["^/pictures/", "^/attachments/", "^/files/", "/seller-file.zip$", "/stream$", "^/healthz$", "^/readyz$"]


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    """The database, the queue's client and the ear for changes, open while the application runs."""
    logs.set_up()
    await db.start()
    app.state.redis = queue.client()
    app.state.live = Live(app.state.redis)
    warming = asyncio.create_task(emojis.ready(emojis.ENGLISH))  # beside the first requests, which need not wait
    try:
        yield
    finally:
        await asyncio.wait([warming])
        await app.state.live.stop()
        await app.state.redis.aclose()
        await db.stop()


def create_app() -> Litestar:
    application = Litestar(
        route_handlers=routes.ROUTES,
        dependencies=lookups.DEPENDENCIES,
        exception_handlers=errors.HANDLERS,
        middleware=[DefineMiddleware(MaskedCSRF, config=auth.csrf_config())],
        compression_config=CompressionConfig(
            backend="gzip", gzip_compress_level=5, minimum_size=700, exclude=UNCOMPRESSED
        ),
        template_config=render.templates(),
        lifespan=[lifespan],
        logging_config=None,  # domain.logs
        openapi_config=None,  # the API brings its own document
        request_class=requests.Request,
        request_max_body_size=requests.LARGEST_BODY,
    )
    application.asgi_handler = envelope.wrap(application.asgi_handler)
    render.attach(application)
    return application


app = create_app()
