"""The shapes of the three lists in the API."""

from domain.suppressions import Kind
from domain.suppressions.addresses import CHANNELS, LONGEST
from domain.suppressions.putting import LONGEST_REASON
from web.handlers.api.shapes import ID, TEXT, TIME, Schema, maybe, page_of, taken, whole

LIST: Schema = {
    "type": "string",
    "enum": list(Kind),
    "description": "`dnc`: the dealership does not write to them. `opt_out`: they asked to stop. `block`: what they "
    "write is kept silently, and nothing goes out.",
}
ADDRESS: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": LONGEST,
    "description": "An email address, or a phone number: E.164, or as people of the dealership's country write it.",
}
REASON: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_REASON}

SUPPRESSION_SCHEMAS: dict[str, Schema] = {
    "Suppression": whole(
        {
            "id": ID,
            "list": LIST,
            "channel": {
                "type": "string",
                "enum": list(CHANNELS),
                "description": "Of an opt-out the one it holds for; the other lists hold for every channel.",
            },
            "address": {**TEXT, "description": "E.164, or an email address in lower case."},
            "reason": TEXT,
            "source": {
                **TEXT,
                "description": "How it came about: `seller`, `provider`, `agent`, `email`, `stage`, `report`, "
                "`manual`, `import`. Empty for blocks.",
            },
            "listing_id": {**maybe(ID), "description": "Where it was said or decided."},
            "added_by": {**TEXT, "description": "A name; empty when nobody of the dealership did it."},
            "at": TIME,
            "lifted_at": maybe(TIME),
            "lifted_by": TEXT,
            "lift_reason": TEXT,
        }
    ),
    "SuppressionPage": page_of("Suppression"),
    "SuppressionInput": taken(
        {
            "list": LIST,
            "address": ADDRESS,
            "reason": {**REASON, "description": "Of an opt-out: what you heard, and where."},
        },
        *("list", "address", "reason"),
        examples=[{"list": "opt_out", "address": "+15205550117", "reason": "Said so on the phone to our call center."}],
    ),
}
