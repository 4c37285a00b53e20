"""The shapes of batches in the API."""

from domain.batches import choosing
from domain.batches.drafts import CHANNELS, FILE_CHOICES, TO_FIELDS
from domain.batches.watching import GROUP_OF
from domain.introductions import OPT_OUT_LINE
from domain.inventory import DEFAULT_VIEW, VIEWS
from domain.messages import State
from web.handlers.api import narrowing, planning
from web.handlers.api.shapes import COUNT, ID, TEXT, TIME, Schema, listed, maybe, named, page_of, taken, whole

LONGEST_BODY = 20_000
STATES = [str(state) for state in State if state in GROUP_OF]
CHANNEL: Schema = {
    "type": "string",
    "enum": list(CHANNELS),
    "description": "`auto`: for each seller the first that works of text, form and email.",
}


def _with_null(schema: Schema) -> Schema:
    return {"enum": [*schema["enum"], None]} if "enum" in schema else {}


ASKED: dict[str, Schema] = {
    "listing_ids": {
        "type": ["array", "null"],
        "items": ID,
        "maxItems": choosing.MOST,
        "description": "Whose sellers, each once. Give this, or `view`, with or without what narrows it.",
    },
    "view": {
        "type": ["string", "null"],
        "enum": [*VIEWS, None],
        "description": f"All listings of a view of the inventory, such as `{DEFAULT_VIEW}`, as they are now.",
    },
    **{name: {**maybe(each), **_with_null(each)} for name, each in narrowing.QUERY.items()},
    "channel": CHANNEL,
    "to_number": {
        "type": ["string", "null"],
        "enum": [*TO_FIELDS, None],
        "default": "mobile",
        "description": "The field of the seller a text goes to.",
    },
    "body": {
        "type": ["string", "null"],
        "maxLength": LONGEST_BODY,
        "description": "The wording with its wildcards, filled in for each seller. Give this or `template_id`.",
    },
    "template_id": {**maybe(ID), "description": "A saved wording for the channel (`auto`: for texts)."},
    "subject": {
        **maybe(TEXT),
        "maxLength": 1000,
        "description": "Of an email. Left out: the template’s, or the default.",
    },
    "opt_out_line": {
        "type": ["boolean", "null"],
        "default": True,
        "description": f"Whether texts end with “{OPT_OUT_LINE}”. From 500 texts a day they always do.",
    },
    "attachments": {
        "type": ["array", "null"],
        "items": ID,
        "maxItems": 10,
        "description": "Files that go along, by the ids their upload gave. Left out: those of the template.",
    },
    "files": {
        "type": ["string", "null"],
        "enum": [*FILE_CHOICES, None],
        "default": "skip",
        "description": "Where a file cannot go along: skip those sellers, send without it, or as a link.",
    },
    **planning.ASKED,
}
CODE = whole(
    {
        "code": {**TEXT, "description": "Why, as a stable word; empty: nothing is to be said."},
        "message": {**TEXT, "description": "The same as a sentence."},
        "number": COUNT,
    }
)
EXAMPLE = {
    "view": "not-contacted",
    "q": "outback",
    "channel": "text",
    "body": "Hi {{seller.first_name}}, is your {{vehicle.title}} still for sale?",
}

BATCH_SCHEMAS: dict[str, Schema] = {
    "BatchInput": taken(ASKED, "channel", examples=[EXAMPLE]),
    "BatchPreviewInput": taken(ASKED, "channel", examples=[EXAMPLE]),
    "BatchCode": CODE,
    "BatchPreview": whole(
        {
            "size": {**COUNT, "description": "Listings chosen: `sendable` and the numbers of `codes` together."},
            "sendable": COUNT,
            "channels": whole({name: COUNT for name in CHANNELS if name != "auto"}),
            "codes": {**listed(named("BatchCode")), "description": "Why the others would not get it."},
            "waits": {**listed(named("BatchCode")), "description": "What sendable ones would wait for."},
            "segments": COUNT,
            "cost": {
                "type": ["number", "null"],
                "description": "About what the texts cost, in your currency; null where no price is known.",
            },
            "first_contacts": {**COUNT, "description": "Sellers to whom nobody wrote about this listing before."},
            "canaries": {**COUNT, "description": "How many go first; a minute later the others, if those went well."},
            "leaves_at": {**maybe(TIME), "description": "When the last one that need not wait will have left."},
            "messages": {
                **listed(named("BatchMessage")),
                "description": "The longest, as they would leave; 20 at most.",
            },
            "skipped": {**listed(named("BatchSkipped")), "description": "The first 500 who would not get it."},
        }
    ),
    "BatchMessage": whole(
        {
            "listing_id": ID,
            "channel": TEXT,
            "subject": TEXT,
            "body": TEXT,
            "segments": COUNT,
            "fallbacks": {**COUNT, "description": "Blanks filled with the word given for a missing value."},
        }
    ),
    "BatchSkipped": whole({"listing_id": ID, "code": TEXT, "message": TEXT}),
    "BatchAccepted": whole({"id": ID, "state": {"type": "string", "enum": ["expanding"]}}),
    "Batch": whole(
        {
            "id": ID,
            "state": {
                "type": "string",
                "enum": ["draft", "expanding", "running", "paused", "stopped", "done"],
                "description": "`done`: every recipient has a final state.",
            },
            "size": COUNT,
            "channel": CHANNEL,
            "body": TEXT,
            "subject": TEXT,
            "states": {
                **whole(dict.fromkeys(STATES, COUNT)),
                "description": "Recipients by the state of their message; they sum to `size`.",
            },
            "codes": {**listed(named("BatchCode")), "description": "Recipients by code; they sum to `size`."},
            "held_reason": {**TEXT, "description": "Why it paused by itself."},
            "send_at": {**maybe(TIME), "description": "When it begins; null: at once."},
            "send_local": {**TEXT, "description": "The same on the clock it was planned by; empty: at once."},
            "send_zone": {**TEXT, "description": "Whose clock that is; `seller`: each seller’s own."},
            "leaves_at": {**maybe(TIME), "description": "When the last one will have left, as far as can be told."},
            "created_at": TIME,
            "started_at": maybe(TIME),
            "finished_at": maybe(TIME),
        }
    ),
    "BatchRetried": whole({"retried": COUNT, "batch": named("Batch")}),
    "BatchRecipient": whole(
        {
            "message_id": ID,
            "listing_id": ID,
            "state": {"type": "string", "enum": STATES},
            "code": TEXT,
            "reason": TEXT,
            "channel": TEXT,
            "to": TEXT,
            "segments": COUNT,
            "attempts": COUNT,
            "changed_at": TIME,
        }
    ),
    "BatchRecipientPage": page_of("BatchRecipient"),
}
