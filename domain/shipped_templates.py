"""The templates every installation starts with, one or more for each purpose and each type.

The texts say early who writes and that a dealership buys, fit one segment with everyday values, use GSM characters
only and end with one question. The line that tells how to opt out is not in them: it is added where it is due. An id
never changes, so that a better wording becomes a new version of the same template.
"""

from dataclasses import dataclass
from uuid import UUID

from domain.shipped_emails import EMAILS
from domain.shipped_forms import FORMS
from domain.shipped_threads import FACEBOOK, KIJIJI

PURPOSES: dict[str, str] = {
    "initial": "Initial",
    "follow_up": "Follow-up",
    "non_responder_1": "Non-responder 1",
    "non_responder_2": "Non-responder 2",
    "non_responder_last": "Non-responder, last",
    "reply_details": "Reply: details",
    "reply_photos": "Reply: photos",
    "reply_offer": "Reply: offer",
    "appointment_propose": "Appointment: propose",
    "appointment_confirm": "Appointment: confirm",
    "appointment_remind": "Appointment: remind",
    "appointment_no_show": "Appointment: no-show",
    "missed_call": "Missed call",
    "move_to_phone": "Move to phone",
    "thanks": "Thanks and closing",
}


@dataclass(frozen=True, slots=True)
class Shipped:
    """One template as it comes with Lotwire; `type` is a key of `message_templates.TYPES`, `purpose` of PURPOSES."""

    id: UUID
    type: str
    purpose: str
    name: str
    body: str
    subject: str = ""


TEXTS: tuple[Shipped, ...] = (
    Shipped(
        UUID("fde85bf1-7b30-47ae-949d-b63cae410cf6"),
        "text",
        "initial",
        "First hello: still for sale?",
        "Hi {{seller.first_name}}, I'm {{agent.first_name}} and I buy cars for {{dealer.name}}, a dealership. "
        "Is your {{vehicle.title}} still for sale?",
    ),
    Shipped(
        UUID("d0900194-37fe-4243-a34e-d23930012b8f"),
        "text",
        "initial",
        "First hello: would you sell to us?",
        "Hi {{seller.first_name}}, {{agent.first_name}} from {{dealer.name}}, a dealership. I saw your "
        "{{vehicle.title}} on {{listing.source|the web}}. Would you sell it to us?",
    ),
    Shipped(
        UUID("2ced982a-8b02-4913-9ebf-c1921827e558"),
        "text",
        "follow_up",
        "Follow-up: what would help?",
        "Hi {{seller.first_name}}, {{agent.first_name}} at {{dealer.name}} again. We would still like to buy your "
        "{{vehicle.title}}. What would help you decide?",
    ),
    Shipped(
        UUID("6bd0263c-fc3d-4105-bfe0-0edd785a340f"),
        "text",
        "non_responder_1",
        "No answer yet: still available?",
        "Hi {{seller.first_name}}, {{agent.first_name}} from {{dealer.name}}, the dealership that wrote about your "
        "{{vehicle.title}}. Is it still available?",
    ),
    Shipped(
        UUID("ad87fbf1-ea1c-484f-8fac-0bb635b0c34f"),
        "text",
        "non_responder_2",
        "No answer yet: a day this week?",
        "Hi {{seller.first_name}}, {{agent.first_name}} at {{dealer.name}}. I'd like to see your {{vehicle.title}} and "
        "make you an offer. Is there a day this week that suits you?",
    ),
    Shipped(
        UUID("57e2b8f1-b83c-4a2d-a52b-44ae89fb2357"),
        "text",
        "non_responder_last",
        "No answer: last text",
        "Hi {{seller.first_name}}, {{agent.first_name}} at {{dealer.name}}. This is my last text about your "
        "{{vehicle.title}}. Has it sold, or may I still make you an offer?",
    ),
    Shipped(
        UUID("36878b92-c5af-4a49-bc63-6fc7ffc72692"),
        "text",
        "reply_details",
        "Ask for mileage, damage and loan",
        "Hi {{seller.first_name}}, thanks for your reply. To price your {{vehicle.title}} fairly, could you tell me "
        "its mileage, any damage, and whether there is a loan on it?",
    ),
    Shipped(
        UUID("01fb3692-9988-4e95-80bf-ca12046e0aae"),
        "text",
        "reply_photos",
        "Ask for photos",
        "Hi {{seller.first_name}}, thanks. Could you send me photos of your {{vehicle.title}}: all four sides, the "
        "inside, the odometer and any damage?",
    ),
    Shipped(
        UUID("fa18895d-aab1-4d3d-a532-1dd115d6ad72"),
        "text",
        "reply_offer",
        "Before an offer: how close to your price?",
        "Hi {{seller.first_name}}, thanks for the details. I'd like to make you an offer on your {{vehicle.title}}. "
        "How close to {{listing.price|your asking price}} do you need to be?",
    ),
    Shipped(
        UUID("250006c7-e1f7-44c3-bdb5-95ee9378a370"),
        "text",
        "appointment_propose",
        "Propose a visit",
        "Hi {{seller.first_name}}, the next step is for us to see your {{vehicle.title}} at {{dealer.name}}. "
        "It takes about 20 minutes. Which day and time suit you?",
    ),
    Shipped(
        UUID("259afe23-8feb-410d-92cf-034ade5a683a"),
        "text",
        "appointment_confirm",
        "Confirm the visit",
        "Hi {{seller.first_name}}, we're set for {{appointment.date}} at {{appointment.time}}, "
        "{{appointment.place|our dealership}}. Please bring the title and all keys. Does that still work for you?",
    ),
    Shipped(
        UUID("3ea05adf-6adc-4571-8b90-50d6dfcaddd5"),
        "text",
        "appointment_remind",
        "Remind of the visit",
        "Hi {{seller.first_name}}, a reminder from {{dealer.name}}: we see your {{vehicle.title}} on "
        "{{appointment.date}} at {{appointment.time}}. Will you be there?",
    ),
    Shipped(
        UUID("a0cea6f2-4bc3-4ec9-813d-6324a477c2fc"),
        "text",
        "appointment_no_show",
        "Missed each other",
        "Hi {{seller.first_name}}, {{agent.first_name}} at {{dealer.name}}. Sorry we missed each other about your "
        "{{vehicle.title}}. Would another day suit you better?",
    ),
    Shipped(
        UUID("155d2ec3-1aa8-4c94-948a-f758a6af361a"),
        "text",
        "missed_call",
        "Sorry I missed your call",
        "Hi {{seller.first_name}}, sorry I missed your call about your {{vehicle.title}}. It's {{agent.first_name}} at "
        "{{dealer.name}}. When may I call you back?",
    ),
    Shipped(
        UUID("905d1bb4-0732-4f41-b909-a554e3521fb4"),
        "text",
        "move_to_phone",
        "Offer a call",
        "Hi {{seller.first_name}}, a short call about your {{vehicle.title}} may be easier than texting. "
        "It's {{agent.first_name}} at {{dealer.name}}. When is a good time to reach you?",
    ),
    Shipped(
        UUID("09cda4bc-0f24-4e1a-8932-c85537da4523"),
        "text",
        "thanks",
        "Thank you",
        "Hi {{seller.first_name}}, thank you for your time and for talking with {{dealer.name}} about your "
        "{{vehicle.title}}. If anything changes, just reply here. {{agent.first_name}}",
    ),
)

SHIPPED: tuple[Shipped, ...] = (
    *TEXTS,
    *(Shipped(each.id, "email", each.purpose, each.name, each.body, each.subject) for each in EMAILS),
    *(
        Shipped(each.id, kind, each.purpose, each.name, each.body)
        for kind, wordings in (("facebook", FACEBOOK), ("kijiji", KIJIJI), ("form", FORMS))
        for each in wordings
    ),
)
