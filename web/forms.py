"""What was typed into a form and what is wrong with it, a sentence a field."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request
from litestar.datastructures import UploadFile

from domain import text
from domain.errors import Refused

FILE_FIELDS = ("file", "files")
NOT_A_FILE = "[object File]"  # what a script makes of a file field, left alone, in a form that is not multipart


class Form:
    """Strings in, strings out: `value(name)` is what was typed, `error(name)` the sentence beside the field.

    `files` are the files chosen in a field `file` or `files`, in order; they are closed when the request ends.
    """

    def __init__(self, values: Mapping[str, Any] | None = None, errors: Mapping[str, str] | None = None) -> None:
        self.values = {name: "" if value is None else str(value) for name, value in (values or {}).items()}
        self.lists: dict[str, list[str]] = {}
        self.files: list[UploadFile] = []
        self.errors: dict[str, str] = dict(errors or {})

    def value(self, name: str) -> str:
        """What stands in the field; empty when it was not there."""
        return self.values.get(name, "")

    def all(self, name: str) -> list[str]:
        """Every value of a field that may come several times, such as tick boxes."""
        return self.lists.get(name, [self.values[name]] if name in self.values else [])

    def ticked(self, name: str) -> bool:
        """Whether a tick box was ticked."""
        return bool(self.value(name))

    def number(self, name: str, most: int) -> int | None:
        """The whole number from 0 to `most` in the field; None for anything else, however long it is."""
        return text.number(self.value(name), most)

    def error(self, name: str) -> str | None:
        """The sentence beside the field; the empty name is about the whole form."""
        return self.errors.get(name)

    def refuse(self, refused: Refused, fields: Sequence[str] = ()) -> "Form":
        """Puts the domain's sentence beside its field; with the whole form when the form has no such field."""
        field = refused.field if not fields or refused.field in fields else ""
        self.errors.setdefault(field, refused.message)
        return self

    def without(self, *names: str) -> "Form":
        """Forgets what must not be sent back, such as passwords."""
        for name in names:
            self.values.pop(name, None)
        return self


async def read(request: Request[Any, Any, Any]) -> Form:
    """The posted form. Control characters are dropped (no database takes NUL), line ends become \\n, ends are kept."""
    posted = await request.form()
    form = Form()
    for name, value in posted.multi_items():
        if name in FILE_FIELDS and value == NOT_A_FILE:
            continue
        if isinstance(value, str):
            form.lists.setdefault(name, []).append(clean(value))
        elif name in FILE_FIELDS:
            form.files.append(value)
    form.values = {name: values[-1] for name, values in form.lists.items()}
    return form


def clean(typed: str) -> str:
    """The text in Unicode's composed form, without control characters except tab and line feed."""
    typed = unicodedata.normalize("NFC", typed.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(char for char in typed if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"})
