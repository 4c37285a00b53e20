"""What an email says: one text for preview, storage and sending, and an HTML made from nothing else."""

import html
import re
from html.parser import HTMLParser

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as some

from domain import email_bodies, wildcards
from domain.email_bodies import as_html, render, subject, subject_missing, tidy

VALUES = {"vehicle.title": "2019 Honda CR-V", "vehicle.make": "Honda"}

# Texts that come near to addresses, markup and white space more often than chance would.
NEARLY_LINKS = (
    "https://",
    "http://",
    "www.",
    "harbor.com",
    "mailto:",
    "javascript:",
    "data:",
    "@",
    "/",
    "//",
    "?q=",
    "(",
)
NEARLY_MARKUP = ("<b>", "&amp;", "<script>", '"', "'", ">")
BLANKS_AND_LETTERS = ("  ", "\n", "\n\n\n", "\t", "\r\n", "-- \n", "é", "пример.рф", "👩‍👧", "x" * 50, "\u202e")
PIECES = some.sampled_from(NEARLY_LINKS + NEARLY_MARKUP + BLANKS_AND_LETTERS)
TEXTS = some.one_of(some.text(), some.lists(some.one_of(PIECES, some.text(max_size=3)), max_size=20).map("".join))


class Page(HTMLParser):
    """What a browser makes of the HTML: its words, and every element with its attributes."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words = ""
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in {"p", "a"}:
            self.open.append(tag)
        if tag == "br":
            self.words += "\n"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "p":
            self.words += "\n"

    def handle_data(self, data: str) -> None:
        self.words += data

    @property
    def links(self) -> list[str]:
        return [attributes["href"] or "" for tag, attributes in self.elements if tag == "a"]


def links(body: str) -> list[str]:
    return Page(render(body).html).links


def test_the_signature_stands_below_its_line():
    assert render("Hi Dana,\n\nstill for sale?", "Luis Ortega\nHarbor Motors").text == (
        "Hi Dana,\n\nstill for sale?\n\n-- \nLuis Ortega\nHarbor Motors"
    )
    assert render("Hi Dana", " \n ").text == "Hi Dana"
    assert render("", "Luis").text == "-- \nLuis"
    assert (render("").text, render(" \r\n").html) == ("", "")


def test_only_our_own_line_parts_the_signature():
    assert render("One\n-- \nTwo", "Luis").text.count("\n-- \n") == 1


def test_a_text_is_tidied_and_keeps_its_shape():
    assert tidy("\r\n\r\n  A \r B\t\x00\x07c\u2028d\ud800\u202e\r\n \n\n") == "  A\n B  c\nd?"
    assert tidy("a\n\n\n\nb") == "a\n\n\n\nb"


def test_paragraphs_line_breaks_and_blanks_are_kept():
    assert render("One\nTwo\n\n  Three  four\n\n\nFive").html == (
        '<p dir="auto">One<br>Two</p>\n<p dir="auto">&nbsp; Three&nbsp; four</p>\n<p dir="auto"><br>Five</p>'
    )


def test_markup_is_shown_not_obeyed():
    assert render("<img src=x onerror=\"a()\"> & 'b'").html == (
        '<p dir="auto">&lt;img src=x onerror=&quot;a()&quot;&gt; &amp; &#x27;b&#x27;</p>'
    )


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("See https://harbor.example/a_(b)?c=1&d=2#e.", ["https://harbor.example/a_(b)?c=1&d=2#e"]),
        ("(https://harbor.example/a), HTTP://HARBOR.COM!", ["https://harbor.example/a", "HTTP://HARBOR.COM"]),
        ("“https://harbor.example/a.” and ‘http://b.example’", ["https://harbor.example/a", "http://b.example"]),
        ("harbor.com, www.harbor.de/x and lot.ca", ["http://harbor.com", "http://www.harbor.de/x", "http://lot.ca"]),
        (
            "mail:luis@harbor.example; or mailto:a.b+c@harbor.com.",
            ["mailto:luis@harbor.example", "mailto:a.b+c@harbor.com"],
        ),
        ("https://bücher.example/ä?q=ü", ["https://xn--bcher-kva.example/%C3%A4?q=%C3%BC"]),
        ("https://pаypal.com", ["https://xn--pypal-4ve.com/"]),  # with a Cyrillic letter: the address tells
        ("luis@bücher.example", ["mailto:luis@xn--bcher-kva.example"]),
        ("I know it.is late. Call me.at 5", []),  # a blank forgotten
        ("javascript:alert(1) data:text/html,x vbscript:x file:///etc/passwd ftp://harbor.com //harbor.com", []),
        ("javascript://harbor.com/%0aalert(1)", []),
        ("https://harbor.com@evil.example/ and https://a:b@evil.example", []),
        ("http://harbor.com:99999 and http://" + "é" * 80 + ".com", []),
    ],
)
def test_addresses_become_links_and_nothing_else_does(body: str, found: list[str]):
    assert [link.removesuffix("/") for link in links(body)] == [link.removesuffix("/") for link in found]
    assert Page(render(body).html).words.strip() == body


def test_a_link_says_whom_it_does_not_speak_for_and_what_stands_around_it_stays_outside():
    assert render("Look: harbor.com.").html == (
        '<p dir="auto">Look: <a href="http://harbor.com" rel="noopener noreferrer nofollow">harbor.com</a>.</p>'
    )


def test_a_long_word_may_break_but_not_within_what_a_person_sees_as_one_character():
    family = "👩‍👩‍👧‍👦"
    shown = render(family * 50).html
    assert shown.count("<wbr>") == 1
    assert all(regex.fullmatch(f"({family})+", part) for part in re.findall(f"[{family}]+", shown))
    address = "https://harbor.example/" + "a" * 100
    assert links(address) == [address]
    assert "<wbr>" in render(address).html


@given(TEXTS, some.one_of(some.just(""), TEXTS))
@example("a\n-- \nb", "\x00")
@example("http://a.example/\"onclick='x", "<")
@example(" \u00a0 x", "")
def test_whatever_is_typed_the_html_holds_its_text_and_our_few_elements_alone(body: str, signature: str):
    written = render(body, signature)
    page = Page(written.html)
    assert page.open == []
    assert {tag for tag, _ in page.elements} <= {"p", "br", "a", "wbr"}
    for tag, attributes in page.elements:
        assert set(attributes) == {"p": {"dir"}, "a": {"href", "rel"}}.get(tag, set())
    assert all(re.match(r"(https?://|mailto:)[^\s<>]", link, re.IGNORECASE) for link in page.links)
    assert all(link.isascii() for link in page.links)
    as_typed = re.sub("\n+", "\n", page.words).strip("\n")
    assert as_typed.replace("\u00a0", " ") == re.sub("\n+", "\n", written.text).replace("\u00a0", " ")
    assert not re.search(r"<(?!/?(p|br|a|wbr)\b)", written.html)


@given(TEXTS, some.one_of(some.just(""), TEXTS))
def test_what_is_stored_gives_the_html_that_was_previewed(body: str, signature: str):
    written = render(body, signature)
    assert as_html(written.text) == written.html
    assert "\r" not in written.text
    assert "\x00" not in written.text
    written.text.encode()


@given(TEXTS)
def test_tidying_twice_changes_nothing(typed: str):
    once = tidy(typed)
    assert tidy(once) == once
    assert all(line == line.rstrip() for line in once.split("\n"))


@given(some.text("\n ab", max_size=40))
def test_every_line_break_of_the_text_is_one_in_the_html(body: str):
    written = render(body)
    undone = written.html.replace("</p>\n", "</p>\n\n").replace("<br>", "\n")
    assert html.unescape(re.sub("<[^>]+>", "", undone)).replace("\u00a0", " ") == written.text


# The subject


def test_an_empty_subject_asks_about_the_vehicle():
    for typed in ("", " \n ", "\u200b", "\x07"):
        assert subject(typed, VALUES) == "Inquiry about your 2019 Honda CR-V"
    assert subject("", {}) == "Inquiry about your vehicle"
    assert email_bodies.DEFAULT_SUBJECT == "Inquiry about your {{vehicle.title}}"


def test_a_subject_is_filled_and_stays_one_line():
    assert subject("Your {{ Vehicle.Make }}\r\nBcc: all@harbor.example", VALUES) == "Your Honda Bcc: all@harbor.example"
    assert subject("{{seller.city}} cars", {"seller.city": "A\r\nX: b"}) == "A X: b cars"


def test_a_subject_names_what_is_missing():
    assert subject_missing("{{seller.city}} {{vehicle.make}} {{nonsense}}", VALUES) == ("seller.city", "nonsense")
    assert subject("{{seller.city}}", VALUES) == "{{seller.city}}"
    assert subject_missing("", {}) == ()


def test_a_long_subject_is_cut_between_what_a_person_sees_as_characters():
    family = "👩‍👩‍👧‍👦"
    cut = subject(family * 60, VALUES)
    assert 190 < len(cut) <= 200
    assert len(cut) % len(family) == 0
    assert subject("e\u0301" * 150, VALUES) == "e\u0301" * 100
    assert len(subject("a" + "\u0301" * 500, VALUES)) == 200  # one character alone too long is cut all the same


@given(TEXTS, some.dictionaries(some.sampled_from(sorted(wildcards.WILDCARDS)), TEXTS))
@example("{{vehicle.title}}" * 20, {"vehicle.title": "x\n" * 40})
def test_a_subject_is_never_empty_never_two_lines_and_never_too_long(typed: str, values: dict[str, str]):
    line = subject(typed, values)
    assert 0 < len(line) <= 200
    assert line == line.strip()
    assert len(line.splitlines()) == 1
    assert not regex.search(r"\p{Cc}", line)
