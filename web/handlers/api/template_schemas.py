"""The shapes of saved wordings in the API."""

from domain.message_templates import SCOPES, TYPES, checking
from domain.shipped_templates import PURPOSES
from domain.template_files import MOST_FILES
from web.handlers.api.shapes import ID, TEXT, TIME, Schema, listed, maybe, page_of, taken, whole

TYPE: Schema = {"type": "string", "enum": list(TYPES), "description": "The one channel it is for; it stays so."}
SCOPE: Schema = {
    "type": "string",
    "enum": ["local", "global"],
    "description": "`local`: of the token's user alone. `global`: of the whole dealership.",
}
PURPOSE: Schema = {"type": "string", "enum": list(PURPOSES)}
NAME: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": checking.LONGEST_NAME,
    "description": "Unique per scope, type and owner, whatever its case.",
}
LONGEST: Schema = {"type": "string", "maxLength": checking.LONGEST_OTHER_BODY}
CHANGEABLE: dict[str, Schema] = {
    "purpose": PURPOSE,
    "name": NAME,
    "subject": {**TEXT, "maxLength": checking.LONGEST_SUBJECT, "description": "Of an email; empty: the default one."},
    "body": {
        **LONGEST,
        "minLength": 1,
        "description": "With wildcards such as {{seller.first_name}}. A text may have "
        f"{checking.LONGEST_BODY['text']:,} characters.",
    },
    "attachments": {**listed(ID, maxItems=MOST_FILES), "description": "Files, by the ids their upload gave."},
}

TEMPLATE_SCHEMAS: dict[str, Schema] = {
    "Template": whole(
        {
            "id": ID,
            "type": TYPE,
            "scope": {**SCOPE, "enum": list(SCOPES), "description": "`shipped`: it comes with Lotwire, read only."},
            "purpose": TEXT,
            "name": TEXT,
            "subject": TEXT,
            "body": TEXT,
            "attachments": listed(ID),
            "version": {"type": "integer", "minimum": 1, "description": "Counts up with every change of its words."},
            "created_at": TIME,
            "changed_at": {**TIME, "description": "When this version was written."},
        }
    ),
    "TemplatePage": page_of("Template"),
    "TemplateInput": taken(
        {"type": TYPE, "scope": SCOPE, **CHANGEABLE},
        *("type", "scope", "purpose", "name", "body"),
        examples=[
            {
                "type": "text",
                "scope": "global",
                "purpose": "follow_up",
                "name": "Follow-up: the price",
                "body": "Hi {{seller.first_name}}, is {{listing.price|your price}} still what you ask?",
            }
        ],
    ),
    "TemplateChange": taken(
        {
            **CHANGEABLE,
            "version": {
                **maybe({"type": "integer", "minimum": 1}),
                "description": "The version you changed. Another one there now: 409. Left out: whatever is there.",
            },
        },
        description="A field that is left out stays as it is.",
    ),
}
