"""The pieces that the schemas of the API are put together from."""

from typing import Any

Schema = dict[str, Any]

MOST_ITEMS = 200  # of a page

ID: Schema = {"type": "string", "format": "uuid"}
TIME: Schema = {"type": "string", "format": "date-time"}
TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}


def maybe(schema: Schema) -> Schema:
    """The same, or null."""
    return {**schema, "type": [schema["type"], "null"]}


def whole(properties: dict[str, Schema], **more: Any) -> Schema:
    """An object that always has all of these and nothing else: what the API gives."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        **more,
    }


def taken(properties: dict[str, Schema], *required: str, **more: Any) -> Schema:
    """An object that may leave out all but some of these: what the API takes."""
    made: Schema = {"type": "object", "properties": properties, "additionalProperties": False, **more}
    return made | ({"required": list(required)} if required else {})


def listed(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def named(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def page_of(name: str) -> Schema:
    following = "Give it as `cursor` for the next page; null on the last one."
    return whole({"items": listed(named(name)), "next": {**maybe(TEXT), "description": following}})
