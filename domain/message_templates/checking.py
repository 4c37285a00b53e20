"""What somebody typed of a template, and everything that is wrong with it."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from domain import template_files, text, wildcards
from domain.accounts import Account
from domain.errors import Refused
from domain.message_templates.tables import TYPES, MessageTemplate
from domain.shipped_templates import PURPOSES

LONGEST_NAME = 80  # characters, as the subject and the body
LONGEST_SUBJECT = 200
LONGEST_BODY = {"text": 1_500}  # what Dialpad takes in one message
LONGEST_OTHER_BODY = 10_000
MOST_PROBLEMS = 20  # told of one field


@dataclass(frozen=True)
class Typed:
    """What somebody typed. `type` and `scope` (local or global) stay as they are once the template is there."""

    type: str
    scope: str
    purpose: str
    name: str
    body: str
    subject: str = ""
    files: Sequence[UUID] = field(default=())


class NotSaved(Refused):
    """Everything that is wrong with a template; the exception itself is the first of it."""

    def __init__(self, refusals: Sequence[Refused]) -> None:
        super().__init__(refusals[0].message, refusals[0].field, refusals[0].code)
        self.refusals = tuple(refusals)


def cleaned(typed: Typed, template: MessageTemplate | None = None) -> Typed:
    """What was typed as it is kept; type and scope are those of the template that is there."""
    return Typed(
        type=template.type if template else typed.type,
        scope=template.scope if template else typed.scope,
        purpose=typed.purpose.strip(),
        name=text.one_line(typed.name),
        body=text.storable(typed.body).replace("\r\n", "\n").replace("\r", "\n").strip(),
        subject=text.one_line(typed.subject),
        files=tuple(dict.fromkeys(typed.files)),
    )


async def check(account: Account, typed: Typed) -> None:
    """Raises NotSaved with everything that is wrong."""
    told = wrong(typed)
    try:
        await template_files.checked(account.id, typed.files)
    except Refused as refused:
        told.append(refused)
    if told:
        raise NotSaved(told)


def wrong(typed: Typed) -> list[Refused]:
    """What is wrong with the words, field by field."""
    told = []
    if typed.type not in TYPES:
        told.append(Refused("Choose what it is for: text, email, Facebook, Kijiji or form.", field="type"))
    if typed.scope not in ("local", "global"):
        told.append(Refused("Choose who may use it: only you, or everyone.", field="scope"))
    if typed.purpose not in PURPOSES:
        told.append(Refused("Choose what the template is for.", field="purpose"))
    if not any(unicodedata.category(char)[0] not in "ZCM" for char in typed.name):
        told.append(Refused("Give the template a name.", field="name"))
    elif len(typed.name) > LONGEST_NAME:
        told.append(_too_long("This name", LONGEST_NAME, "name"))
    if typed.subject and typed.type != "email":
        told.append(Refused("Only an email has a subject. Leave it out.", field="subject"))
    elif len(typed.subject) > LONGEST_SUBJECT:
        told.append(_too_long("This subject", LONGEST_SUBJECT, "subject"))
    longest = LONGEST_BODY.get(typed.type, LONGEST_OTHER_BODY)
    if text.is_blank(typed.body):
        told.append(Refused("Write what the template says.", field="body"))
    elif len(typed.body) > longest:
        told.append(_too_long("This text", longest, "body"))
    for name, most in (("subject", LONGEST_SUBJECT), ("body", longest)):
        words = getattr(typed, name)
        found = wildcards.problems(words)[:MOST_PROBLEMS] if len(words) <= most else []
        told += [Refused(problem.message, field=name, code="unknown_wildcard") for problem in found]
    return told


def _too_long(what: str, longest: int, field: str) -> Refused:
    return Refused(f"{what} is too long: {longest:,} characters at most.", field=field, code="too_long")
