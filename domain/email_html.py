"""The HTML that strangers write in emails: made harmless for our pages, and read as plain text."""

import re
from collections import Counter
from html.parser import HTMLParser

import nh3

from domain.text import storable

LONGEST = 300_000  # characters; what an email has beyond that is left out

SHOWN = {
    *("a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4"),
    *("h5", "h6", "hr", "i", "li", "ol", "p", "pre", "q", "s", "small", "span", "strong", "sub", "sup", "table"),
    *("tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul"),
}
GONE = {"script", "style", "title", "head", "template", "noscript", "svg", "math", "iframe", "object", "textarea"}
BLOCKS = {
    *("blockquote", "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre"),
    *("table", "tr", "ul"),
}
PARAGRAPHS = {"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"}
# Where mail programs begin what they quote.
QUOTE = re.compile(
    r"gmail_quote|yahoo_quoted|protonmail_quote|zmail_extra|divRplyFwdMsg|appendonsend|OLK_SRC_BODY_SECTION"
    r"|moz-forward-container|ms-outlook-mobile-reference-message"
)
MARK = "----- Original Message -----"
MOST_TAGS = 20_000
DEEPEST = 300  # elements inside one another; cleaning takes their square in time
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,15})[^<>]{0,5000}>")
_EMPTY = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


def cleaned(html: str) -> str:
    """Words, lists, tables and links, and nothing that loads, runs, or looks like a part of our page. No picture:
    one that is fetched tells its sender that it was seen."""
    return nh3.clean(
        _bounded(html),
        tags=SHOWN,
        clean_content_tags=GONE,
        attributes={"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
    )


def as_text(html: str) -> str:
    """The words alone; each line of a quotation is marked, as in plain mails."""
    safe = nh3.clean(
        _bounded(html),
        tags=SHOWN,
        clean_content_tags=GONE,
        attributes={name: {"class", "id"} for name in ("div", "blockquote", "span")},
        link_rel=None,
    )
    reader = _Words()
    reader.feed(safe)
    reader.close()
    return reader.text()


def _bounded(html: str) -> str:
    """Up to where it is longer, or deeper, than anybody writes."""
    html = html[:LONGEST]
    still_open: Counter[str] = Counter()
    depth = 0
    for n, tag in enumerate(_TAG.finditer(html)):
        closing, name = tag[1], tag[2].lower()
        if n > MOST_TAGS:
            return html[: tag.start()]
        if name in _EMPTY:  # a slash at its end closes no other element: <div/> stays open
            continue
        if not closing:
            still_open[name] += 1
            depth += 1
        elif still_open[name]:
            still_open[name] -= 1
            depth -= 1
        if depth > DEEPEST:
            return html[: tag.start()]
    return html


class _Words(HTMLParser):
    """Reads what was cleaned before, so it is well formed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = [""]
        self._quotes = 0
        self._plain = 0  # inside <pre>

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = " ".join(value or "" for _, value in attrs)
        if QUOTE.search(named):
            self._break(MARK)
        if tag == "blockquote":
            self._break()
            self._quotes += 1
        elif tag in BLOCKS:
            self._break(force=tag == "br")
        if tag == "li":
            self._say("- ")
        elif tag in ("td", "th") and self._lines[-1].strip("> "):
            self._say(" ")
        self._plain += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS - {"br"}:
            self._break()
        if tag == "blockquote":
            self._quotes = max(self._quotes - 1, 0)
        if tag in PARAGRAPHS:
            self._break(force=True)
        self._plain -= tag == "pre" and self._plain > 0

    def handle_data(self, data: str) -> None:
        if self._plain:
            first, *others = data.split("\n")
            self._say(first)
            for line in others:
                self._break(force=True)
                self._say(line)
            return
        words = re.sub(r"[ \t\n\r\f]+", " ", data)
        self._say(words.lstrip(" ") if not self._lines[-1] else words)

    def text(self) -> str:
        text = "\n".join(line.replace("\xa0", " ").rstrip() for line in self._lines)
        return storable(re.sub(r"\n{3,}", "\n\n", text).strip("\n"))

    def _say(self, words: str) -> None:
        if words and not self._lines[-1] and self._quotes and words.strip():
            self._lines[-1] = "> " * min(self._quotes, 5)
        if words.strip() or self._lines[-1]:
            self._lines[-1] += words

    def _break(self, line: str = "", *, force: bool = False) -> None:
        if self._lines[-1] or force:
            self._lines.append("")
        if line:
            self._lines[-1] = line
            self._lines.append("")
