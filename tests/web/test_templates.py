"""What must hold of every template without rendering a page: names that exist, nothing the browser would refuse."""

import re
from pathlib import Path

import pytest
from jinja2 import Environment

from app import create_app
from web import render

TEMPLATES = Path(render.__file__).parent / "templates"
NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))

# Spellings of htmx 2 that htmx 4 does not know, or means otherwise.
HTMX_2 = (
    "hx-disabled-elt",
    "hx-ext=",
    "hx-vars",
    "hx-params",
    "hx-prompt",
    "sse-connect",
    "sse-swap",
    "htmx:afterSwap",
)

# The Content-Security-Policy allows no inline script and no inline style, and htmx would need eval for the rest.
REFUSED_BY_CSP = (
    r"\son[a-z]+=",
    r"\sstyle=",
    r"<style",
    r"<script(?![^>]*\ssrc=)",
    r"hx-on[:-]",
    r"[\"']js:",
    r"hx-trigger=\"[^\"]*\[",
    r"https?://(?!www\.w3\.org)",
)


@pytest.fixture
def environment() -> Environment:
    engine = render.templates().instance
    assert engine is not None
    return engine.engine


@pytest.mark.parametrize("name", NAMES)
def test_a_template_compiles(environment: Environment, name: str) -> None:
    assert environment.get_template(name).name == name


@pytest.mark.parametrize("name", NAMES)
def test_a_template_holds_nothing_the_browser_would_refuse(name: str) -> None:
    source = _source(name)
    assert [pattern for pattern in REFUSED_BY_CSP if re.search(pattern, source)] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_template_speaks_htmx_4(name: str) -> None:
    source = _source(name)
    assert [word for word in HTMX_2 if word in source] == []


def test_inherited_attributes_are_said_out_loud() -> None:
    """htmx 4 inherits nothing by itself: a body with plain hx-headers would silently send no CSRF token."""
    body = re.search(r"<body[^>]*", _source("layouts/app.html"))
    assert body is not None
    assert "hx-headers:inherited=" in body[0]


def test_a_page_that_posts_carries_the_token() -> None:
    without = [
        (name, form[:80])
        for name in NAMES
        for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", _source(name), re.DOTALL)
        if "csrf_input()" not in form and name != "unsubscribes/show.html"  # its address is the token
    ]
    assert without == []


def test_every_icon_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'id="([a-z0-9-]+)"', (render.STATIC / "icons.svg").read_text()))
    used = {icon for name in NAMES for icon in re.findall(r'icon\("([a-z0-9-]+)"', _source(name))}
    python = {icon for path in _python() for icon in re.findall(r'"icon": "([a-z0-9-]+)"', path.read_text())}
    assert used
    assert used | python <= drawn


def test_every_asset_exists() -> None:
    used = {asset for name in NAMES for asset in re.findall(r"asset\('([^']+)'\)", _source(name))}
    assert {asset for asset in used if not (render.STATIC / asset).is_file()} == set()


def test_every_link_of_a_template_is_a_route(data_dir: Path) -> None:
    routes = {handler.name for route in create_app().routes for handler in getattr(route, "route_handlers", [])}
    linked = {(name, route) for name in NAMES for route in re.findall(r"url_for\([\"']([\w.]+)", _source(name))}
    assert linked
    assert {(name, route) for name, route in linked if route not in routes} == set()


def test_every_template_named_by_a_handler_exists_and_every_template_is_used() -> None:
    named = {name for path in _python() for name in re.findall(r"\"([a-z_]+/[a-z_]+\.html)\"", path.read_text())}
    included = {other for name in NAMES for other in re.findall(r"\"([a-z_]+/[a-z_]+\.html)\"", _source(name))}
    assert named - set(NAMES) == set()
    assert set(NAMES) - named - included == set()


def _source(name: str) -> str:
    """The template without its comments."""
    return re.sub(r"\{#.*?#\}", "", (TEMPLATES / name).read_text(), flags=re.DOTALL)


def _python() -> list[Path]:
    return sorted(Path(render.__file__).parent.rglob("*.py"))
