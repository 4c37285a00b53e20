"""The tables of saved wordings, and the words by which one is found."""

import unicodedata

from piccolo.columns import Boolean, Integer, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB
from domain.users import User

TYPES = {"text": "Text", "email": "Email", "facebook": "Facebook", "kijiji": "Kijiji", "form": "Form"}
SCOPES = {"local": "Only me", "global": "Everyone", "shipped": "Comes with Lotwire"}


class MessageTemplate(Table, db=DB, tablename="message_template"):
    id = key()
    account = parent(Account, null=True)  # None: shipped with Lotwire
    owner = parent(User, null=True)  # Local: its creator
    type = Varchar(10)
    scope = Varchar(10)  # global | local | shipped
    purpose = Varchar(40)
    name = Text()
    name_key = Text(default="")  # the name folded: unique per scope, type and owner while not archived
    search = Text(default="")  # what search_text() makes of name, subject and body
    position = Integer(default=0)
    archived_at = moment()
    created_at = made()


class TemplateVersion(Table, db=DB, tablename="template_version"):
    id = key()
    template = parent(MessageTemplate)
    n = Integer(default=1)
    current = Boolean(default=True)
    subject = Text(default="")
    body = Text()
    created_by = parent(User, null=True, index=False)
    created_at = made()


class TemplateUse(Table, db=DB, tablename="template_use"):
    """What a person does with a template: keeps it at the top, used it last."""

    id = key()
    user = parent(User)  # unique with the template
    template = parent(MessageTemplate)
    favorite = Boolean(default=False)
    used_at = moment()


class HiddenTemplate(Table, db=DB, tablename="hidden_template"):
    """A shipped template that a dealership does not want to see."""

    id = key()
    account = parent(Account)  # unique with the template
    template = parent(MessageTemplate)
    hidden_by = parent(User, null=True, index=False)
    created_at = made()


def name_key(name: str) -> str:
    """The name as two templates may not share it: case and the width of letters do not count, accents do."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def search_text(name: str, subject: str, body: str) -> str:
    """What a search looks through: the words of the name, a line feed, then those of subject and body, each once."""
    return f"{' '.join(search_words(name))}\n{' '.join(dict.fromkeys(search_words(f'{subject} {body}')))}"


def search_words(text: str) -> list[str]:
    """The words of a text as they are compared: no case, no accents, no punctuation; an emoji is a word, too.

    Nothing that LIKE takes for a placeholder is left in them.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.casefold()).casefold())
    parts = ("".join(char for char in part if _counts(char)) for part in folded.split())
    return [part for part in parts if part]


def _counts(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char) == "So"
