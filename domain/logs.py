"""One line a happening, as text for people or as JSON for machines; the same for web and workers."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

from domain.settings import settings

request_id: ContextVar[str] = ContextVar("request_id", default="")
message_id: ContextVar[str] = ContextVar("message_id", default="")

# What every LogRecord carries; the rest came with `extra=` and is told.
PLAIN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
QUIET = ("uvicorn.access", "asyncio", "aiosqlite", "arq.jobs", "piccolo")  # our own lines say it better, or it is noise


def set_up(level: int = logging.INFO) -> None:
    """Sends every logger of this process to standard error in the chosen form. May be called again."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Json() if settings().log == "json" else Console())
    root = logging.getLogger()
    root.handlers[:] = [handler, *(other for other in root.handlers if type(other) is not logging.StreamHandler)]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "arq", "arq.worker"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class Console(logging.Formatter):
    """`10:31:07 INFO web.requests: GET /listings status=200 ms=12 request_id=…`"""

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        facts = "".join(f" {name}={value}" for name, value in _facts(record).items())
        line = f"{when} {record.levelname} {record.name}: {record.getMessage()}{facts}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class Json(logging.Formatter):
    """One JSON object a line: at, level, logger, message, then the facts; `trace` when something broke."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_facts(record),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def _facts(record: logging.LogRecord) -> dict[str, object]:
    facts = {name: value for name, value in vars(record).items() if name not in PLAIN}
    for name, value in (("request_id", request_id.get()), ("message_id", message_id.get())):
        if value:
            facts.setdefault(name, value)
    return facts
