"""Checks format, lint, types, lock files and house rules. Asks no network."""

import argparse
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from domain.settings import ROOT

SECONDS = 900
STEPS = {
    "format": ("ruff", "format", "--check", "."),
    "lint": ("ruff", "check", "."),
    "types": ("mypy",),
    "house rules": ("pytest", "--quiet", "tests/test_house.py"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "The first line of each lock file tells the command that writes it."


def run(args: argparse.Namespace) -> int:
    """Every check runs, so that one run tells all there is to mend."""
    faults = list(lock_faults(ROOT))
    for fault in faults:
        print(fault)
    passed = {"lock files": not faults}
    for name, command in STEPS.items():
        done = subprocess.run([sys.executable, "-P", "-m", *command], cwd=ROOT, timeout=SECONDS, check=False)
        passed[name] = done.returncode == 0
    print("\n" + "\n".join(f"{'ok    ' if ok else 'FAILED'}  {name}" for name, ok in passed.items()))
    return 0 if all(passed.values()) else 1


def lock_faults(root: Path) -> Iterator[str]:
    """A sentence for everything pyproject.toml asks for, at whatever distance, that a lock file does not give."""
    project = tomllib.loads((root / "pyproject.toml").read_text())
    runtime, development = (locked(root / name) for name in ("requirements.lock", "requirements-dev.lock"))
    asked = project["project"]["dependencies"]
    yield from _uncovered(asked, runtime, "requirements.lock")
    yield from _uncovered([*asked, *project["dependency-groups"]["dev"]], development, "requirements-dev.lock")
    for name, versions in runtime.items():
        if development.get(name) != versions:
            yield f"requirements-dev.lock has another {name} than requirements.lock."


def locked(path: Path) -> dict[str, set[str]]:
    """The versions a lock file gives for each package (several when they depend on the Python)."""
    from packaging.utils import canonicalize_name

    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)(?:\[[^]]*])?==([^\s;]+)", path.read_text(), re.MULTILINE):
        versions.setdefault(canonicalize_name(name), set()).add(version)
    return versions


def _uncovered(asked: Iterable[str], lock: dict[str, set[str]], file: str) -> Iterator[str]:
    """Follows the requirements through what is installed, for this Python and machine."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    todo = [(Requirement(text), "pyproject.toml", "") for text in asked]
    seen = set()
    while todo:
        requirement, by, extra = todo.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        given = {version for version in lock.get(name, ()) if requirement.specifier.contains(version, prereleases=True)}
        if not given:
            yield f"{file} does not give what {by} asks for: {requirement}. Write it anew; its first line tells how."
            continue
        for wanted in ("", *requirement.extras):
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                needs = importlib.metadata.requires(name) or []
                todo.extend((Requirement(text), name, wanted) for text in needs)
