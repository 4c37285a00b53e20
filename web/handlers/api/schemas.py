"""The shapes of what the API takes and gives, in JSON Schema (2020-12): what is documented is what is checked."""

from domain.ad_values import HIGHEST_ODOMETER, HIGHEST_PRICE, LONGEST_NAME, LONGEST_TEXT, MOST_PICTURES
from domain.introductions import OPT_OUT_LINE
from domain.listings import Stage
from domain.messages import State
from web.handlers.api import planning
from web.handlers.api.batch_schemas import BATCH_SCHEMAS
from web.handlers.api.shapes import COUNT, ID, TEXT, TIME, Schema, listed, maybe, named, page_of, taken, whole
from web.handlers.api.suppression_schemas import SUPPRESSION_SCHEMAS
from web.handlers.api.template_schemas import TEMPLATE_SCHEMAS

CHANNELS = ("text", "email", "facebook", "kijiji", "form")
LONGEST_BODY = 20_000  # characters as typed; a text itself may have fewer, which the gate's answer tells

LINE = {"type": ["string", "null"], "maxLength": LONGEST_NAME}
YEAR: Schema = {"type": "integer", "minimum": 1886, "maximum": 2200}
ODOMETER: Schema = {
    "type": ["integer", "null"],
    "minimum": 0,
    "maximum": HIGHEST_ODOMETER,
    "description": "Miles; kilometres for a dealership in Canada.",
}
PRICE: Schema = {
    "type": ["number", "null"],
    "minimum": 0,
    "maximum": HIGHEST_PRICE,
    "description": "In the currency of the dealership, not in cents. Null: none asked.",
}
NUMBER = "E.164 such as +15205550117, or as people of the dealership's country write it."
OTHER_VEHICLE_FIELDS = (
    *("trim", "vin", "odometer", "body_style", "color", "interior_color", "engine", "fuel", "transmission"),
    "drivetrain",
)
SELLER_FIELDS = ("first_name", "last_name", "phone", "mobile", "email", "street", "city", "state", "postal_code")

BODY: Schema = {
    "type": "string",
    "maxLength": LONGEST_BODY,
    "description": "The wording; wildcards such as {{seller.first_name}} are filled from the listing.",
}
SEND_FIELDS: dict[str, Schema] = {
    "listing_id": ID,
    "channel": {
        "enum": list(CHANNELS),
        "type": "string",
        "description": "One that is connected and that this seller can be reached by; else it is refused.",
    },
    "body": {**maybe(BODY), "description": f"{BODY['description']} Give this or `template_id`."},
    "template_id": {**maybe(ID), "description": "A saved wording for the channel, instead of `body`."},
    "subject": {
        **maybe(TEXT),
        "maxLength": 1000,
        "description": "Of an email. Left out: the template's, else an inquiry about the vehicle.",
    },
    "to_number": {
        "type": ["string", "null"],
        "enum": ["mobile", "phone", None],
        "description": "Which of the seller's numbers a text goes to. Left out: mobile, else phone.",
    },
    "attachments": {
        "type": ["array", "null"],
        "items": ID,
        "maxItems": 10,
        "description": "Files that go along, by the ids their upload gave. Left out: those of the template.",
    },
    "opt_out_line": {
        "type": ["boolean", "null"],
        "default": False,
        "description": f"Of a text: true puts “{OPT_OUT_LINE}” below the wording, unless it stands there already.",
    },
}

FILE: dict[str, Schema] = {
    "id": ID,
    "name": TEXT,
    "media_type": {**TEXT, "description": "Found by looking into the file."},
    "size": {**COUNT, "description": "Bytes, as it is stored: camera data taken out."},
}

MESSAGE: dict[str, Schema] = {
    "id": ID,
    "listing_id": {**maybe(ID), "description": "Null: it came in from a number that no listing has."},
    "channel": {"type": "string", "enum": list(CHANNELS)},
    "direction": {"type": "string", "enum": ["in", "out"]},
    "author_kind": {"type": "string", "enum": ["agent", "seller", "system"]},
    "author": {"anyOf": [named("Person"), {"type": "null"}]},
    "kind": {"type": "string", "enum": ["one_to_one", "batch", "scheduled", "automated", "answer"]},
    "origin": {
        "type": "string",
        "enum": ["window", "api", "app", "hook"],
        "description": "`app`: typed in the provider's own app.",
    },
    "state": {"type": "string", "enum": [str(state) for state in State]},
    "code": {**TEXT, "description": "Why it ended so, as a stable word; empty when there is nothing to say."},
    "reason": {**TEXT, "description": "The same as a sentence."},
    "subject": TEXT,
    "body": TEXT,
    "to": {**TEXT, "description": "E.164."},
    "from": {**TEXT, "description": "E.164; empty until the provider said."},
    "attachments": listed(named("MessageAttachment")),
    "encoding": TEXT,
    "segments": COUNT,
    "scheduled_at": {
        **maybe(TIME),
        "description": "When it leaves, or was to leave, by itself. Null: it was not planned.",
    },
    "at": {**TIME, "description": "Where it stands in the history."},
    "changed_at": TIME,
}

SCHEMAS: dict[str, Schema] = {
    "Errors": whole(
        {
            "errors": listed(
                whole(
                    {
                        "field": {**TEXT, "description": "A path such as `vehicle.year`; empty: the whole request."},
                        "code": {**TEXT, "description": "Stable. Of a send: the gate's, such as `opted_out`."},
                        "message": {**TEXT, "description": "A sentence for people."},
                    }
                )
            )
        }
    ),
    "VehicleInput": taken(
        {
            "year": YEAR,
            "make": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME},
            "model": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME},
            **{name: ODOMETER if name == "odometer" else LINE for name in OTHER_VEHICLE_FIELDS},
        },
        *("year", "make", "model"),
    ),
    "SellerInput": taken(
        {name: {**LINE, "description": NUMBER} if name in ("phone", "mobile") else LINE for name in SELLER_FIELDS}
    ),
    "ListingInput": taken(
        {
            "vehicle": named("VehicleInput"),
            "price": PRICE,
            "url": {"type": ["string", "null"], "format": "uri", "maxLength": 2000},
            "description": {"type": ["string", "null"], "maxLength": LONGEST_TEXT},
            "posted_on": {"type": ["string", "null"], "format": "date"},
            "pictures": listed({"type": "string", "format": "uri", "maxLength": 2000}, maxItems=MOST_PICTURES),
            "seller": named("SellerInput"),
        },
        "vehicle",
        description="A field that is left out stays as it is; one that is null or empty becomes empty.",
        examples=[
            {
                "vehicle": {"year": 2019, "make": "Subaru", "model": "Outback", "trim": "Premium", "odometer": 48200},
                "price": 18900,
                "url": "https://ads.example/4711",
                "posted_on": "2026-11-12",
                "seller": {"first_name": "Dana", "mobile": "+15205550117", "city": "Tucson", "state": "AZ"},
            }
        ],
    ),
    "Vehicle": whole(
        {
            "year": {"type": "integer"},
            "make": TEXT,
            "model": TEXT,
            **{name: ODOMETER if name == "odometer" else TEXT for name in OTHER_VEHICLE_FIELDS},
        }
    ),
    "Seller": whole(dict.fromkeys(SELLER_FIELDS, TEXT)),
    "Person": whole({"id": ID, "name": TEXT}),
    "Listing": whole(
        {
            "id": ID,
            "source": {**TEXT, "description": "The slug of the site the ad came from."},
            "external_id": TEXT,
            "vehicle": named("Vehicle"),
            "price": PRICE,
            "previous_price": PRICE,
            "currency": {**TEXT, "examples": ["USD"]},
            "url": TEXT,
            "description": TEXT,
            "posted_on": maybe({"type": "string", "format": "date"}),
            "pictures": listed(TEXT),
            "stage": {"type": "string", "enum": [str(stage) for stage in Stage]},
            "hidden": {
                "type": "boolean",
                "description": "Out of sight, because its seller was reported as a dealership: only the answer to "
                "putting it in shows it.",
            },
            "seller": named("Seller"),
            "main_user": {"anyOf": [named("Person"), {"type": "null"}]},
            "waiting_since": {**maybe(TIME), "description": "Since when the seller waits for an answer."},
            "last_contact_at": maybe(TIME),
            "created_at": TIME,
            "updated_at": TIME,
        }
    ),
    "ListingPage": page_of("Listing"),
    "MessageInput": taken(
        {
            **SEND_FIELDS,
            **planning.ASKED,
        },
        *("listing_id", "channel"),
        examples=[
            {
                "listing_id": "019aa000-0000-7000-8000-000000000000",
                "channel": "text",
                "body": "Hi {{seller.first_name}}, is your {{vehicle.title}} still for sale?",
            }
        ],
    ),
    "PreviewInput": taken(SEND_FIELDS, *("listing_id", "channel")),
    "Accepted": whole(
        {"id": ID, "state": {"type": "string", "enum": [str(state) for state in State]}},
        examples=[{"id": "019aa000-0000-7000-8000-000000000001", "state": "queued"}],
    ),
    "Preview": whole(
        {
            "body": {**TEXT, "description": "Exactly what the seller would read; an email's with your signature."},
            "subject": {**TEXT, "description": "Of an email."},
            "html": {**TEXT, "description": "The same email as HTML, escaped."},
            "encoding": {"type": "string", "enum": ["GSM-7", "UCS-2", ""], "description": "Of a text."},
            "characters": COUNT,
            "segments": {**COUNT, "description": "Of a text; 0 for what is not charged so."},
            "missing": listed(TEXT, description="Wildcards without a value, such as `vehicle.vin`."),
            "refusals": listed(
                whole({"code": TEXT, "message": TEXT}), description="Why it could not go now; empty when it could."
            ),
        }
    ),
    "Attachment": whole(FILE),
    "MessageAttachment": whole(
        {
            **FILE,
            "as": {"type": "string", "enum": ["file", "link"], "description": "`link`: its address is in the body."},
        }
    ),
    "Message": whole(MESSAGE),
    "MessagePage": page_of("Message"),
    "MessageDetail": whole(
        {
            **MESSAGE,
            "attempts": listed(
                whole(
                    {
                        "n": {"type": "integer", "minimum": 1},
                        "provider": TEXT,
                        "outcome": {**TEXT, "description": "`accepted`, or why not; empty: under way."},
                        "reason": TEXT,
                        "provider_id": TEXT,
                        "started_at": TIME,
                        "finished_at": maybe(TIME),
                    }
                )
            ),
            "receipts": listed(
                whole(
                    {
                        "provider_id": TEXT,
                        "state": TEXT,
                        "reason": TEXT,
                        "at": {**maybe(TIME), "description": "By the provider's clock."},
                        "received_at": TIME,
                    }
                )
            ),
        }
    ),
    **BATCH_SCHEMAS,
    **TEMPLATE_SCHEMAS,
    **SUPPRESSION_SCHEMAS,
}
