"""What is wrong with a JSON value by its schema: everything at once, each with the path of its field and a sentence.

Reads the part of JSON Schema (2020-12) that `schemas` is written in, so that what is documented is what is checked.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from web.handlers.api.problems import Problem

Schema = Mapping[str, Any]

TYPES = {
    "object": "an object",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
FORMATS = {
    "uuid": "an id such as 019aa000-0000-7000-8000-000000000000",
    "date": "a day such as 2026-11-24",
    "date-time": "a time with its zone such as 2026-11-24T16:00:00Z",
    "uri": "a web address that starts with https://",
}


def check(value: Any, schema: Schema, known: Mapping[str, Schema], path: str = "") -> Iterator[Problem]:
    """The problems of a value; `known` are the schemas a `$ref` may name. Pure."""
    if name := schema.get("$ref"):
        schema = {**known[name.rpartition("/")[2]], **{key: each for key, each in schema.items() if key != "$ref"}}
    if "anyOf" in schema:
        yield from _any_of(value, schema["anyOf"], known, path)
        return
    types = _types(schema)
    if types and not any(_is(value, each) for each in types):
        yield Problem(path, "invalid", f"{_named(path)} must be {_either([TYPES[each] for each in types])}.")
        return
    if "enum" in schema and value not in schema["enum"]:
        choices = [str(each) for each in schema["enum"] if each is not None]
        yield Problem(path, "invalid", f"{_named(path)} must be {_either(choices)}.")
    elif isinstance(value, str):
        yield from _check_text(value, schema, path)
    elif isinstance(value, dict):
        yield from _check_object(value, schema, known, path)
    elif isinstance(value, list):
        yield from _check_list(value, schema, known, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _check_number(value, schema, path)


def _any_of(value: Any, schemas: list[Schema], known: Mapping[str, Schema], path: str) -> Iterator[Problem]:
    tried = [list(check(value, each, known, path)) for each in schemas]
    if all(tried):
        yield from min(tried, key=len)


def _check_object(
    value: Mapping[str, Any], schema: Schema, known: Mapping[str, Schema], path: str
) -> Iterator[Problem]:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield Problem(_join(path, name), "required", f"{_named(_join(path, name))} is missing. It is needed.")
    for name, each in value.items():
        if name in properties:
            yield from check(each, properties[name], known, _join(path, name))
        elif schema.get("additionalProperties") is False:
            meant = difflib.get_close_matches(name[:60], properties, n=1)
            hint = f"Did you mean “{_join(path, meant[0])}”?" if meant else "Leave it out."
            shown = _join(path, name[:60])
            yield Problem(shown, "unknown_field", f"There is no field {_named(shown)} here. {hint}")


def _check_list(value: list[Any], schema: Schema, known: Mapping[str, Schema], path: str) -> Iterator[Problem]:
    most = schema.get("maxItems")
    if most is not None and len(value) > most:
        yield Problem(path, "invalid", f"{_named(path)} may hold {most} at most.")
        return
    for place, each in enumerate(value):
        yield from check(each, schema.get("items", {}), known, f"{path}[{place}]")


def _check_text(value: str, schema: Schema, path: str) -> Iterator[Problem]:
    if len(value) < schema.get("minLength", 0):
        yield Problem(path, "required", f"{_named(path)} is empty. It is needed.")
    elif len(value) > schema.get("maxLength", len(value)):
        yield Problem(path, "too_long", f"{_named(path)} is too long: {schema['maxLength']:,} characters at most.")
    elif (wanted := schema.get("format")) and not _has_format(value, wanted):
        yield Problem(path, "invalid", f"{_named(path)} must be {FORMATS[wanted]}.")
    elif (pattern := schema.get("pattern")) and not re.search(pattern, value):
        yield Problem(path, "invalid", f"{_named(path)} is not written as it must be.")


def _check_number(value: float, schema: Schema, path: str) -> Iterator[Problem]:
    if value < schema.get("minimum", value):
        yield Problem(path, "invalid", f"{_named(path)} must be {schema['minimum']:,} or more.")
    elif value > schema.get("maximum", value):
        yield Problem(path, "invalid", f"{_named(path)} must be {schema['maximum']:,} or less.")


def _types(schema: Schema) -> list[str]:
    wanted = schema.get("type", [])
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    classes: dict[str, Any] = {"object": dict, "array": list, "string": str, "number": int | float, "null": type(None)}
    return kind in classes and isinstance(value, classes[kind])


def _has_format(value: str, name: str) -> bool:
    try:
        if name == "uuid":
            return str(UUID(value)) == value.lower()
        if name == "date":
            return date.fromisoformat(value).isoformat() == value
        if name == "date-time":
            return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
    return re.fullmatch(r"https?://[^\s|]+", value) is not None


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _named(path: str) -> str:
    return f"“{path}”" if path else "The body"


def _either(choices: list[str]) -> str:
    return choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"
