"""What a browser loads first: pinned third-party scripts, and the budget in gzipped bytes."""

import gzip
import hashlib

import pytest

from web.render import STATIC

# From the packages' own files: htmx.org 4.0.1 (npm), dist/htmx.min.js and dist/ext/hx-sse.min.js.
VENDORED = {
    "vendor/htmx-4.0.1.min.js": "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
    "vendor/hx-sse-4.0.1.min.js": "18ef2761356ec1fe0bb6d92612315b37517a7c1e9856b661c5ae81fef239d103",
}
KB = 1024


@pytest.mark.parametrize("name", VENDORED)
def test_a_vendored_script_is_the_published_one(name: str) -> None:
    assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == VENDORED[name]


def test_every_vendored_file_has_its_licence_beside_it() -> None:
    texts = {path.name: path.read_text() for path in (STATIC / "vendor").glob("*-LICENSE.txt")}
    assert "Permission to use, copy, modify" in texts["htmx-LICENSE.txt"]
    assert "Lucide" in texts["lucide-LICENSE.txt"]


@pytest.mark.parametrize(("name", "budget"), [("app.js", 4 * KB), ("app.css", 12 * KB), ("icons.svg", 5 * KB)])
def test_our_own_files_stay_small(name: str, budget: int) -> None:
    assert _gzipped(name) <= budget


def test_a_first_load_leaves_room_for_the_page() -> None:
    """50 KB in all, 14 of them for the HTML."""
    static = ("app.css", "app.js", "icons.svg", "mark.svg", "chev.svg", *VENDORED)
    assert sum(map(_gzipped, static)) <= 36 * KB


def test_the_stylesheet_asks_nobody_else() -> None:
    css = (STATIC / "app.css").read_text()
    assert "http" not in css
    assert "@import" not in css
    assert "@font-face" not in css


def _gzipped(name: str) -> int:
    return len(gzip.compress((STATIC / name).read_bytes(), 9))
