"""The page the house's pages are measured against: Litestar and Jinja2 alone, the same bytes, no database, nobody
signed in. `python -m tests.bench.bare_page --port N --bytes N --rows 50`."""

import argparse
import sys

import uvicorn
from jinja2 import DictLoader, Environment
from litestar import Litestar, get
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.template.config import TemplateConfig

ROW = """<li class="msg {{ row.side }}" id="{{ row.id }}"><b>{{ row.author }}</b><time>{{ row.time }}</time>
<p>{{ row.body }}</p><p class="state">{{ row.state }}</p></li>
"""
PAGE = """<!doctype html><title>{{ title }}</title><ol>{% for row in rows %}""" + ROW + """{% endfor %}</ol>"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bare_page", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--bytes", type=int, required=True)
    parser.add_argument("--rows", type=int, required=True)
    args = parser.parse_args()
    # As workers/cli/web.py serves the house.
    uvicorn.run(
        application(args.bytes, args.rows),
        port=args.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    return 0


def application(size: int, rows: int) -> Litestar:
    """One page at `/` of `size` bytes, rendered from rows at each request as a history is."""
    context = {"title": "2019 Subaru Outback", "rows": [_row(n) for n in range(rows)]}
    loader = DictLoader({"page.html": PAGE})
    environment = Environment(loader=loader, autoescape=True)
    missing = size - len(environment.get_template("page.html").render(context).encode())
    # What a real page has around its history stands still in the template.
    environment = Environment(loader=DictLoader({"page.html": PAGE + "x" * missing}), autoescape=True)

    @get("/")
    async def page() -> Template:
        return Template("page.html", context=context)

    return Litestar(
        [page],
        template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment)),
        logging_config=None,
        openapi_config=None,
    )


def _row(n: int) -> dict[str, str]:
    return {
        "side": "in" if n % 2 else "out",
        "id": f"message-{n}",
        "author": "Ben Carter",
        "time": "Tuesday 4:30 PM",
        "body": "Clean title, two keys, one small dent on the rear door. I can send more pictures tonight.",
        "state": "Delivered",
    }


if __name__ == "__main__":
    sys.exit(main())
