"""The rules of the house that a program can check. Each is shown to catch what it forbids before it is believed."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from html.parser import HTMLParser
from pathlib import Path

import pytest

from domain.settings import ROOT
from workers.settings import FUNCTIONS

LONGEST = 320  # lines; a noun that outgrows it becomes a package split by ability

# Longer, and why.
LONG = {
    "domain/ads.py": "one noun, top to bottom",
    "domain/csv_files.py": "everything a CSV file can do to a reader",
    "domain/imports.py": "one noun, top to bottom",
    "domain/sessions.py": "one noun, top to bottom",
    "web/routes.py": "every URL on one page",
    "workers/simulator/carrier.py": "a whole carrier in a box",
    "workers/simulator/dialpad.py": "one provider's whole API",
}

# Who may look at the real clock: ids must be unique and in order whatever the house's clock says, logs tell when things
# happened, and the demo computes the offset of the house's clock.
REAL_TIME = {"domain/clock.py", "domain/ids.py", "workers/supervisor.py", "workers/cli/demo.py"}

# Before the packages are there nothing of domain can be imported.
ENVIRONMENT = {"domain/settings.py", "workers/environment.py"}

FORBIDDEN_IMPORTS = {
    "domain": {"app", "web", "workers", "tests", "litestar", "arq"},
    "web": {"app", "workers", "tests", "piccolo"},
    "workers": {"app", "web", "tests", "litestar"},
    "migrations": {"app", "web", "workers", "tests", "litestar", "arq"},
    "app.py": {"workers", "tests", "piccolo"},
}

# Calls that open a way to another machine -> what bounds their waiting (keyword, or position of the argument).
BOUNDED: dict[str, tuple[set[str], int | None]] = {
    "ClientSession": ({"timeout"}, None),
    "urlopen": ({"timeout"}, 2),
    "create_connection": ({"timeout"}, 1),
    "HTTPConnection": ({"timeout"}, None),
    "HTTPSConnection": ({"timeout"}, None),
    "SMTP": ({"timeout"}, None),
    "create_pool": ({"conn_timeout", "timeout"}, None),
    "from_url": ({"socket_connect_timeout", "socket_timeout"}, None),
}

# Fragments that fill an element of the page, which keeps its id: notices, and what follows the typing in the window.
INSIDE = {
    "attachments/_shared.html",
    "errors/_problem.html",
    "sends/_channel.html",
    "sends/_filling.html",
    "sends/_preview.html",
    "sends/_undo.html",
    "ui/_notice.html",
}

RESPONSE_HEADERS = r"HX-(Location|Push-Url|Redirect|Refresh|Replace-Url|Reselect|Reswap|Retarget|Trigger)"


@dataclass(frozen=True)
class Source:
    """A file of the project; `path` such as domain/db.py."""

    path: str
    text: str = field(repr=False)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Of the whole tree: a dozen rules look at each."""
        return list(ast.walk(self.tree))

    @property
    def room(self) -> str:
        return self.path.split("/")[0]

    def calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))


Rule = Callable[[Source], Iterable[str]]


# The rules. Each yields a sentence for every fault it finds in a file.


def imports_point_one_way(source: Source) -> Iterator[str]:
    forbidden = FORBIDDEN_IMPORTS[source.room]
    for name, line in _imports(source):
        if name.split(".")[0] in forbidden:
            yield f"{source.path}:{line} imports {name}."


def one_module_reads_the_environment(source: Source) -> Iterator[str]:
    if source.path in ENVIRONMENT:
        return
    for node in source.nodes:
        is_attribute = isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}
        if is_attribute and isinstance(node.value, ast.Name) and node.value.id == "os":
            yield f"{source.path}:{node.lineno} reads os.{node.attr}: ask domain.settings."
    for name, line in _imports(source):
        if name in {"os.environ", "os.getenv"}:
            yield f"{source.path}:{line} imports {name}: ask domain.settings."


def time_comes_from_the_clock(source: Source) -> Iterator[str]:
    if source.path in REAL_TIME:
        return
    for call in source.calls():
        if _dotted(call.func).endswith(
            ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns")
        ):
            yield f"{source.path}:{call.lineno} asks {_dotted(call.func)}(): ask clock.now()."


def a_cancellation_is_heard(source: Source) -> Iterator[str]:
    for call in source.calls():
        if _dotted(call.func) in {"asyncio.wait_for", "wait_for"}:
            yield f"{source.path}:{call.lineno} may swallow a cancellation in Python 3.11: say asyncio.timeout()."


def every_call_to_another_machine_is_bounded(source: Source) -> Iterator[str]:
    for call in source.calls():
        keywords, position = BOUNDED.get(_dotted(call.func).rpartition(".")[2], (set(), None))
        given = {keyword.arg for keyword in call.keywords}
        if keywords and not keywords & given and None not in given and (position is None or len(call.args) <= position):
            yield f"{source.path}:{call.lineno} calls {_dotted(call.func)}() without {' or '.join(sorted(keywords))}."


def a_module_says_what_it_holds(source: Source) -> Iterator[str]:
    if source.text.strip() and not ast.get_docstring(source.tree):  # an empty __init__.py holds nothing
        yield f"{source.path} does not open with a docstring."


def a_module_is_short(source: Source) -> Iterator[str]:
    lines = source.text.count("\n")
    if lines > LONGEST and source.path not in LONG:
        yield f"{source.path} has {lines} lines: split it by ability, or say in LONG why it must be so long."


def types_are_real(source: Source) -> Iterator[str]:
    """Litestar and Piccolo read annotations at run time."""
    for name, line in _imports(source):
        if name == "__future__.annotations" or name.endswith(".TYPE_CHECKING"):
            yield f"{source.path}:{line} imports {name}."


def the_engine_is_asked_for_by_name_of_its_module(source: Source) -> Iterator[str]:
    """A `DB` kept under a name of its own would stay the old one when another database is bound."""
    tables = {
        id(keyword.value)
        for node in source.nodes
        if isinstance(node, ast.ClassDef)
        for keyword in node.keywords
        if keyword.arg == "db"
    }
    if source.path in {"domain/db.py", "domain/piccolo_conf.py"}:
        return
    for node in source.nodes:
        if isinstance(node, ast.Name) and node.id == "DB" and id(node) not in tables:
            yield f"{source.path}:{node.lineno} uses DB: say db.DB, db.writing() or db.on_postgres()."


def one_module_writes_htmx_headers(source: Source) -> Iterator[str]:
    if source.path == "web/render.py":
        return
    for node in source.nodes:
        if isinstance(node, ast.Constant) and re.fullmatch(RESPONSE_HEADERS, str(node.value), re.IGNORECASE):
            yield f"{source.path}:{node.lineno} writes {node.value}: that is web/render.py's."


def a_job_that_is_enqueued_exists(source: Source) -> Iterator[str]:
    jobs = {getattr(job, "name", getattr(job, "__name__", "")) for job in FUNCTIONS}
    for call in source.calls():
        verb = _dotted(call.func).rpartition(".")[2]
        if verb not in {"kick", "enqueue_job"} or source.path == "web/queue.py":
            continue
        named = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if not named:
            yield f"{source.path}:{call.lineno} enqueues a job that is not named there."
        elif named[0] not in jobs:
            yield f"{source.path}:{call.lineno} enqueues {named[0]}, which is not in workers.settings."


def no_test_is_skipped(source: Source) -> Iterator[str]:
    for node in source.nodes:
        name = _dotted(node) if isinstance(node, ast.Attribute) else ""
        if re.fullmatch(r"(pytest|pytest\.mark|unittest)\.(skip\w*|xfail|importorskip)", name):
            yield f"{source.path}:{node.lineno} says {name}: mend the test or delete it."


def a_test_claims_something(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            claims = any(
                isinstance(inner, ast.Assert)
                or (
                    isinstance(inner, ast.Call)
                    and re.search(r"raises|fail|assert|expect|wait_for|wait_until", _dotted(inner.func))
                )
                for inner in ast.walk(node)
            )
            if not claims and not _calls_a_claim(node, source):
                yield f"{source.path}:{node.lineno} {node.name} asserts nothing."


def the_project_speaks_of_itself_alone(source: Source) -> Iterator[str]:
    for number, line in enumerate(source.text.splitlines(), 1):
        if found := ELSEWHERE.search(line):
            yield f"{source.path}:{number} speaks of {found[0].strip()}."
        for page in re.findall(r"(?<![\w/.-])((?:[\w.-]+/)*[\w-]+\.md)\b", line):
            if not any((ROOT / folder / page).is_file() for folder in ("", "docs")):
                yield f"{source.path}:{number} points to {page}, which is not in the project."


# Written so that this file does not find itself.
ELSEWHERE = re.compile(
    r"(?<![\w.])/wor[k]/|\.\./share[d]|/tmp/brief[s]|--(extra-)?index-ur[l]"
    r"|https?://[^/\s]*(pyp[i]|npmj[s]|python[h]osted|artifac[t]ory|regist[r]y)[^/\s]*"
)


def a_fragment_is_one_element_and_a_page_has_a_layout(source: Source) -> Iterator[str]:
    """`_x.html` extends nothing, and what it shows has one root with an id; every other template extends a layout."""
    name = source.path.removeprefix("web/templates/")
    if name.startswith(("layouts/", "mail/")):
        return
    text = re.sub(r"\{#.*?#\}", "", source.text, flags=re.DOTALL)
    extends = re.search(r"\{%-?\s*extends\s+[\"']layouts/", text)
    if not Path(name).name.startswith("_"):
        if not extends:
            yield f"{source.path} is a page and extends no layout."
        return
    if "{% extends" in text:
        yield f"{source.path} is a fragment and extends something."
    if name in _fragments():
        roots = _roots(text)
        if len({(tag, id_) for tag, id_ in roots}) != 1 or not roots[0][1]:
            shown = ", ".join(f"<{tag}{f' id={id_}' if id_ else ''}>" for tag, id_ in roots) or "nothing"
            yield f"{source.path} is answered as a fragment, so it has one root with an id, not {shown}."


def no_path_is_typed(source: Source) -> Iterator[str]:
    for number, line in enumerate(source.text.splitlines(), 1):
        if found := re.search(r"\b(href|action|formaction|src|hx-(get|post|put|patch|delete))=[\"']/", line):
            yield f"{source.path}:{number} types a path at {found[1]}: use url_for or asset."


@dataclass(frozen=True)
class Case:
    """Where a rule holds, a file that keeps it, and files that break it."""

    where: str  # glob patterns
    good: Source
    bad: tuple[Source, ...]


RULES: dict[Rule, Case] = {
    imports_point_one_way: Case(
        where="app.py domain/**/*.py web/**/*.py workers/**/*.py migrations/*.py",
        good=Source("web/queue.py", "from arq import ArqRedis\nfrom domain import sellers\nimport litestar\n"),
        bad=(
            Source("domain/sellers.py", "def f():\n    from web import render\n"),
            Source("domain/sellers.py", "import arq.connections\n"),
            Source("web/render.py", "from piccolo.table import Table\n"),
            Source("web/handlers/sends.py", "from workers import delivery\n"),
            Source("workers/mail.py", "import web.render\n"),
            Source("workers/mail.py", "from tests import make\n"),
        ),
    ),
    one_module_reads_the_environment: Case(
        where="app.py domain/**/*.py web/**/*.py workers/**/*.py migrations/*.py",
        good=Source("domain/settings.py", "import os\nx = os.environ['X']\n"),
        bad=(
            Source("workers/mail.py", "import os\nx = os.environ.get('X')\n"),
            Source("web/render.py", "import os\nx = os.getenv('X')\n"),
            Source("web/render.py", "from os import environ\n"),
        ),
    ),
    time_comes_from_the_clock: Case(
        where="app.py domain/**/*.py web/**/*.py workers/**/*.py",
        good=Source("workers/mail.py", "import time\nx = time.monotonic()\ny = clock.now()\n"),
        bad=(
            Source("domain/sellers.py", "x = datetime.now(UTC)\n"),
            Source("domain/sellers.py", "import datetime\nx = datetime.datetime.utcnow()\n"),
            Source("workers/mail.py", "import time\nx = time.time()\n"),
            Source("web/filters.py", "x = date.today()\n"),
        ),
    ),
    a_cancellation_is_heard: Case(
        where="app.py domain/**/*.py web/**/*.py workers/**/*.py",
        good=Source("workers/mail.py", "async with asyncio.timeout(5):\n    await f()\n"),
        bad=(Source("workers/mail.py", "await asyncio.wait_for(f(), 5)\n"),),
    ),
    every_call_to_another_machine_is_bounded: Case(
        where="app.py domain/**/*.py web/**/*.py workers/**/*.py",
        good=Source("workers/mail.py", "x = aiohttp.ClientSession(timeout=T)\ny = socket.create_connection(a, 5)\n"),
        bad=(
            Source("workers/mail.py", "x = aiohttp.ClientSession()\n"),
            Source("workers/mail.py", "x = urlopen(url)\n"),
            Source("workers/mail.py", "x = socket.create_connection(('h', 1))\n"),
            Source("web/queue.py", "x = ArqRedis.from_url(url)\n"),
            Source("workers/mail.py", "x = aiosmtplib.SMTP(hostname=h)\n"),
        ),
    ),
    a_module_says_what_it_holds: Case(
        where="app.py domain/**/*.py web/**/*.py workers/**/*.py tests/*.py tests/browser/*.py tests/chaos/*.py",
        good=Source("domain/sellers.py", '"""The private person behind an ad."""\n'),
        bad=(Source("domain/sellers.py", "import os\n"), Source("web/render.py", "# a comment\nx = 1\n")),
    ),
    a_module_is_short: Case(
        where="app.py domain/**/*.py web/**/*.py workers/**/*.py",
        good=Source("domain/sellers.py", "\n" * LONGEST),
        bad=(Source("domain/sellers.py", "\n" * (LONGEST + 1)),),
    ),
    types_are_real: Case(
        where="app.py domain/**/*.py web/**/*.py workers/**/*.py tests/**/*.py",
        good=Source("domain/sellers.py", "from typing import Any\n"),
        bad=(
            Source("domain/sellers.py", "from __future__ import annotations\n"),
            Source("web/render.py", "from typing import TYPE_CHECKING\n"),
        ),
    ),
    the_engine_is_asked_for_by_name_of_its_module: Case(
        where="app.py domain/**/*.py web/**/*.py workers/**/*.py migrations/*.py tests/**/*.py",
        good=Source("domain/sellers.py", "class Seller(Table, db=DB):\n    pass\nx = db.DB.pool\n"),
        bad=(
            Source("domain/sellers.py", "async def f():\n    async with DB.transaction():\n        pass\n"),
            Source("migrations/third.py", "async def f():\n    await DB.run_ddl('x')\n"),
        ),
    ),
    one_module_writes_htmx_headers: Case(
        where="app.py web/**/*.py",
        good=Source("web/errors.py", "x = request.headers.get('HX-Request')\n"),
        bad=(
            Source("web/handlers/sends.py", "response.headers['HX-Trigger'] = 'x'\n"),
            Source("web/errors.py", "headers = {'hx-redirect': url}\n"),
        ),
    ),
    a_job_that_is_enqueued_exists: Case(
        where="app.py domain/**/*.py web/**/*.py workers/**/*.py",
        good=Source("web/handlers/sends.py", "await queue.kick(request, 'dispatch', job_id='x')\n"),
        bad=(
            Source("web/handlers/sends.py", "await queue.kick(request, 'despatch')\n"),
            Source("workers/mail.py", "await pool.enqueue_job('sned_mail')\n"),
            Source("workers/mail.py", "await pool.enqueue_job(job)\n"),
        ),
    ),
    no_test_is_skipped: Case(
        where="tests/**/*.py",
        good=Source("tests/test_x.py", "@pytest.mark.parametrize('x', [1])\ndef test_x(x):\n    assert x\n"),
        bad=(
            Source("tests/test_x.py", "@pytest.mark.skip\ndef test_x():\n    pass\n"),
            Source("tests/test_x.py", "def test_x():\n    pytest.skip('later')\n"),
            Source("tests/test_x.py", "@pytest.mark.xfail(reason='x')\ndef test_x():\n    pass\n"),
            Source("tests/test_x.py", "@pytest.mark.skipif(True, reason='x')\ndef test_x():\n    pass\n"),
        ),
    ),
    a_test_claims_something: Case(
        where="tests/**/*.py",
        good=Source("tests/test_x.py", "def test_x():\n    _check()\ndef _check():\n    assert 1\n"),
        bad=(
            Source("tests/test_x.py", "def test_x():\n    f()\n"),
            Source("tests/test_x.py", "async def test_x():\n    _f()\ndef _f():\n    return 1\n"),
        ),
    ),
    the_project_speaks_of_itself_alone: Case(
        where=(
            "*.py *.md *.toml *.lock lotwire .ci/run .gitignore domain/**/*.py web/**/*.py web/templates/**/*.html "
            "web/static/*.css web/static/*.js workers/**/*.py migrations/*.py tests/**/*.py deploy/**/* docs/**/*.md"
        ),
        good=Source("README.md", "See [the licence](LICENSE) and pyproject.toml. Work/life: https://example.com/x\n"),
        bad=(
            Source("domain/sellers.py", "# see /wor" + "k/notes\n"),
            Source("domain/sellers.py", "# see ../share" + "d/spec\n"),
            Source("requirements.lock", "--index-ur" + "l https://example.com/simple\n"),
            Source("README.md", "from https://pyp" + "i.org/simple\n"),
            Source("domain/sellers.py", "# read more in elsewhere" + ".md\n"),
        ),
    ),
    a_fragment_is_one_element_and_a_page_has_a_layout: Case(
        where="web/templates/**/*.html",
        good=Source("web/templates/x/show.html", '{% extends "layouts/app.html" %}'),
        bad=(
            Source("web/templates/x/show.html", "<p>Naked</p>"),
            Source("web/templates/x/_x.html", '{% extends "layouts/app.html" %}'),
            Source("web/templates/sends/_window.html", "<p id='a'>One</p><p id='b'>Two</p>"),
            Source("web/templates/sends/_window.html", "<div><p id='inner'>No id at the root</p></div>"),
        ),
    ),
    no_path_is_typed: Case(
        where="web/templates/**/*.html",
        good=Source("web/templates/x/_x.html", "<a href=\"{{ url_for('listings.index') }}\">x</a>"),
        bad=(
            Source("web/templates/x/_x.html", '<a href="/listings">x</a>'),
            Source("web/templates/x/_x.html", '<form method="post" action="/sends">'),
            Source("web/templates/x/_x.html", "<div hx-get='/history'>"),
        ),
    ),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: Rule) -> None:
    files = _files(RULES[rule].where)
    assert files
    faults = [fault for source in files for fault in rule(source)]
    assert not faults, "\n" + "\n".join(faults)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_catches_what_it_forbids_and_nothing_else(rule: Rule) -> None:
    case = RULES[rule]
    assert list(rule(case.good)) == []
    assert [source for source in case.bad if not list(rule(source))] == []


@pytest.mark.parametrize("allowed", [*LONG, *sorted(REAL_TIME), *sorted(ENVIRONMENT)])
def test_an_exception_is_still_one(allowed: str) -> None:
    """A file that no longer needs its exception must lose it."""
    [source] = _files(allowed)
    probe = Source("elsewhere/" + Path(allowed).name, source.text)
    rules = [a_module_is_short] if allowed in LONG else []
    rules += [time_comes_from_the_clock] if allowed in REAL_TIME else []
    rules += [one_module_reads_the_environment] if allowed in ENVIRONMENT else []
    assert all(list(rule(probe)) for rule in rules)


def _files(patterns: str) -> list[Source]:
    """The project's own files of these patterns: nothing vendored, nothing made by running."""
    found = {path for pattern in patterns.split() for path in ROOT.glob(pattern) if path.is_file()}
    ours = [path for path in sorted(found) if not {"vendor", "__pycache__", "payloads"} & set(path.parts)]
    return [_source(path) for path in ours]


@cache
def _source(path: Path) -> Source:
    return Source(str(path.relative_to(ROOT)), path.read_text())


def _imports(source: Source) -> Iterator[tuple[str, int]]:
    """Every module or name imported, dotted, wherever in the file."""
    for node in source.nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def _dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute; what cannot be named is left out."""
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def _calls_a_claim(test: ast.AST, source: Source) -> bool:
    """Whether it calls a function of its module that asserts."""
    claiming = {
        node.name
        for node in source.nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and any(isinstance(inner, ast.Assert) for inner in ast.walk(node))
    }
    return any(isinstance(node, ast.Call) and _dotted(node.func) in claiming for node in ast.walk(test))


@cache
def _fragments() -> set[str]:
    """The templates that handlers answer with by themselves, but for those that go inside their target."""
    constants = {
        str(node.value) for source in _files("web/**/*.py") for node in source.nodes if isinstance(node, ast.Constant)
    }
    return {name for name in constants if re.fullmatch(r"[a-z_]+/_[a-z_]+\.html", name)} - INSIDE


class _Roots(HTMLParser):
    VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.roots: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.depth == 0 and tag != "hx-partial":  # an htmx answer may carry other regions beside its root
            self.roots.append((tag, dict(attrs).get("id") or ""))
        if tag not in self.VOID:
            self.depth += 1

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag not in self.VOID


def _roots(template: str) -> list[tuple[str, str]]:
    """Tag and id of the elements that stand at the top, with the statements of Jinja taken out."""
    shown = re.sub(r"\{%-?\s*macro.*?endmacro\s*-?%\}", "", template, flags=re.DOTALL)
    shown = re.sub(r"\{%-?\s*set (\w+)\s*-?%\}.*?\{%-?\s*endset\s*-?%\}", "", shown, flags=re.DOTALL)
    shown = re.sub(r"\{%.*?%\}", "", shown, flags=re.DOTALL)
    parser = _Roots()
    parser.feed(re.sub(r"\{\{.*?\}\}", "x", shown, flags=re.DOTALL))
    return parser.roots
