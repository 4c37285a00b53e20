"""What an email says: its subject on one line, its plain text, and the same text as HTML with its links.

One render for preview, storage and sending: `text` is what is stored and sent as text/plain, and the HTML is made from
nothing but that text, so `as_html(stored)` is the HTML that was previewed.
"""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import regex
from linkify_it import LinkifyIt
from linkify_it.main import Match
from yarl import URL

from domain import wildcards
from domain.text import storable

DEFAULT_SUBJECT = "Inquiry about your {{vehicle.title}}"
LONGEST_SUBJECT = 200  # characters
SIGNATURE_LINE = "-- "  # RFC 3676, 4.3: with its blank; mail programs fold away what stands below it


@dataclass(frozen=True, slots=True)
class EmailBody:
    """`text` for text/plain and for the database, `html` for text/html and the preview: escaped, and without style or
    script, so that our own page may show it. Both are empty when nothing was written."""

    text: str
    html: str


def render(body: str, signature: str = "", below: str = "") -> EmailBody:
    """The body exactly as the seller will read it, the signature below its line, and last what stands `below`. The body
    is final: wildcards are filled in before. What stands below is there to be seen: then the signature has no line, for
    mail programs would fold away both."""
    body, signature, below = tidy(body), tidy(signature), tidy(below)
    signed = f"{SIGNATURE_LINE}\n{signature}" if signature and not below else signature
    text = "\n\n".join(part for part in (body, signed, below) if part)
    return EmailBody(text, as_html(text))


def as_html(text: str) -> str:
    """A text of ours as HTML: paragraphs, line breaks and leading blanks as they are, addresses as links, and long
    words that may break. No element carries a style, and every value in it is escaped."""
    return "\n".join(
        f'<p dir="auto">{"<br>" * (len(gap) - 2)}{"<br>".join(map(_line, paragraph.split(LF)))}</p>'
        for gap, paragraph in _paragraphs(text)
    )


def subject(typed: str, values: Mapping[str, str]) -> str:
    """The subject with its wildcards filled in; the default one when nothing was typed. One line, 200 characters at
    most, no letter parted from its accent. A token without a value stays: ask `subject_missing` before sending."""
    return _shortened(wildcards.fill(_subject_wording(typed), values).body)


def subject_missing(typed: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """The wildcards of the subject that have no value, each once, in order."""
    return wildcards.fill(_subject_wording(typed), values).missing


def subject_tokens(typed: str) -> tuple[str, ...]:
    """The wildcards the subject asks for, each once, in order."""
    return wildcards.tokens(_subject_wording(typed))


def tidy(typed: str) -> str:
    """The text with \\n at its line ends, without blanks there, control characters or blank lines around it; a tab is
    up to four blanks. Doing it twice changes nothing."""
    lines = _CONTROLS.sub("", _LINE_ENDS.sub(LF, storable(typed))).split(LF)
    return LF.join(line.expandtabs(4).rstrip() for line in lines).strip(LF)


LF = "\n"
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# Controls, and the overrides that write a text (or the address of a link) backwards.
_CONTROLS = regex.compile(r"[^\P{Cc}\n\t]|[\u202d\u202e]")
_VISIBLE = regex.compile(r"[^\p{Z}\p{C}\p{M}\p{Default_Ignorable_Code_Point}\u2800]")
_CLUSTER = regex.compile(r"\X")  # UAX 29: what a person sees as one character

_BLANKS = re.compile("^ +| {2,}")
_LONG_WORD = re.compile(r"(\S{41,})")
_WORD_PART = 40  # characters after which a long word may break

# Whatever may end a host is taken for one here; _links decides. Only these schemes: no ftp, no `//host`.
_FINDER = LinkifyIt({"ftp:": None, "//": None}).tlds("[a-z]{2,63}", keep_old=True)
# A bare `harbor.com` is a link; in a bare `it.is` somebody forgot a blank. With `www.` or a scheme any ending will do.
_BARE_ENDINGS = frozenset({"biz", "ca", "com", "edu", "gov", "info", "net", "org"})
_CLOSING = "”’»›…‥、。！？：；，）】』」》〉.,;:!?"  # these end a sentence or a quotation rather than an address
_EMAIL = re.compile(r"([A-Za-z0-9_][A-Za-z0-9._+\-]*)@([^@]+)")


def _subject_wording(typed: str) -> str:
    line = " ".join(tidy(typed).split())
    return line if _VISIBLE.search(line) else DEFAULT_SUBJECT


def _shortened(line: str) -> str:
    end = 0
    for cluster in _CLUSTER.finditer(line[: LONGEST_SUBJECT + 1]):
        if cluster.end() > LONGEST_SUBJECT:
            break
        end = cluster.end()
    return line[: end or LONGEST_SUBJECT].rstrip()


def _paragraphs(text: str) -> Iterator[tuple[str, str]]:
    """Each paragraph with the line feeds before it: two, or more where blank lines were left on purpose."""
    gap = LF * 2
    for piece in re.split("(\n{2,})", text):
        if piece.startswith(LF * 2):
            gap = piece
        elif piece:
            yield gap, piece


def _line(line: str) -> str:
    shown, read = [], 0
    for start, end, url in _links(line):
        shown += [_breakable(line[read:start]), _link(line[start:end], url)]
        read = end
    return _BLANKS.sub(_kept_blanks, "".join([*shown, _breakable(line[read:])]))


def _link(label: str, url: str) -> str:
    return f'<a href="{html.escape(url)}" rel="noopener noreferrer nofollow">{_breakable(label)}</a>'


def _kept_blanks(found: re.Match[str]) -> str:
    """As wide as typed, and still able to wrap: every other blank is one that browsers do not fold."""
    pairs, odd = divmod(len(found[0]), 2)
    return "&nbsp; " * pairs + "&nbsp;" * odd


def _breakable(words: str) -> str:
    """The words escaped, with places where the long ones may break."""
    return "".join(
        "<wbr>".join(map(html.escape, _parts(piece))) if place % 2 else html.escape(piece)
        for place, piece in enumerate(_LONG_WORD.split(words))
    )


def _parts(word: str) -> list[str]:
    clusters = _CLUSTER.findall(word)
    return ["".join(clusters[start : start + _WORD_PART]) for start in range(0, len(clusters), _WORD_PART)]


def _links(line: str) -> Iterator[tuple[int, int, str]]:
    """Where addresses stand, [start, end), and where they lead: http, https and mailto alone."""
    for found in _FINDER.match(line) or ():
        try:
            link = _email(found) if found.schema == "mailto:" else _web(found)
        except ValueError:  # no such host or port can be
            continue
        if link:
            yield link


def _email(found: Match) -> tuple[int, int, str] | None:
    """Without what was written before the address, such as `mail:`."""
    address = _EMAIL.search(found.raw)
    if not address:
        return None
    host = URL(f"http://{address[2]}").raw_host
    return found.index + address.start(), found.last_index, f"mailto:{address[1]}@{host}"


def _web(found: Match) -> tuple[int, int, str] | None:
    """None for a bare name that is more likely a typing slip, and for `https://harbor.com@elsewhere.com`, which is
    written to mislead. A name in another alphabet is shown as typed and leads to what it is in ASCII."""
    shown = found.raw.rstrip(_CLOSING)
    typed = shown if found.schema else f"http://{shown}"
    url = URL(typed)
    host = url.raw_host or ""
    likely = found.schema or shown.lower().startswith("www.") or host.rpartition(".")[2] in _BARE_ENDINGS
    if not host or not likely or url.user is not None or url.password is not None:
        return None
    return found.index, found.index + len(shown), typed if typed.isascii() else str(url)
