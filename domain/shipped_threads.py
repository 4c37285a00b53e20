"""The templates for conversations on Facebook and Kijiji that every installation starts with, for each purpose.

They say early who writes and that a dealership buys, and end with one question. The first ones are copied by a person
into the ad's own form, because no program may send them; they tell how to end it, because there is no STOP. Later ones
are answers in the same conversation. An id never changes.
"""

from typing import NamedTuple
from uuid import UUID


class Wording(NamedTuple):
    """`purpose` is a key of `domain.shipped_templates.PURPOSES`."""

    id: UUID
    purpose: str
    name: str
    body: str


FACEBOOK: tuple[Wording, ...] = (
    Wording(
        UUID("82217b47-9091-4031-ac6b-96c9205bdc18"),
        "initial",
        "First hello: still for sale?",
        "Hi {{seller.first_name}}, I'm {{agent.first_name}} and I buy cars for {{dealer.name}}, a dealership. I "
        "saw your {{vehicle.title}} on {{listing.source|Facebook}}. If you would rather not sell to a dealership, "
        "tell me and I will not write again. Is it still for sale?",
    ),
    Wording(
        UUID("1d380632-7c2d-4832-8c97-9e0cce6269fc"),
        "initial",
        "First hello: would you sell to us?",
        "Hi {{seller.first_name}}, {{agent.first_name}} from {{dealer.name}} here, a dealership. We would like to "
        "make you an offer on your {{vehicle.title}}. If that is nothing for you, a short no is enough and I will "
        "not write again. Would you sell it to us?",
    ),
    Wording(
        UUID("a6adbcb2-951e-4c4a-a5d9-85211044644c"),
        "follow_up",
        "Follow-up: what would help?",
        "Hi {{seller.first_name}}, {{agent.first_name}} at {{dealer.name}} again. We would still like to buy your "
        "{{vehicle.title}}. I am glad to explain how we price it, how you are paid or what happens with a loan. "
        "What would help you decide?",
    ),
    Wording(
        UUID("4f46d109-8b66-4ef1-8510-596ce3400067"),
        "non_responder_1",
        "No answer yet: still available?",
        "Hi {{seller.first_name}}, {{agent.first_name}} from {{dealer.name}}, the dealership that wrote about "
        "your {{vehicle.title}}. If it is sold, one word is enough. Is it still available?",
    ),
    Wording(
        UUID("2775ead1-0bae-412b-8e55-a78eac2352b0"),
        "non_responder_2",
        "No answer yet: a day this week?",
        "Hi {{seller.first_name}}, {{agent.first_name}} at {{dealer.name}}. I'd like to see your "
        "{{vehicle.title}} and make you an offer. It takes about 20 minutes, and you can always say no. Is there "
        "a day this week that suits you?",
    ),
    Wording(
        UUID("3a2b9062-63f1-4af7-8aad-4b5e8ffb6a20"),
        "non_responder_last",
        "No answer: last message",
        "Hi {{seller.first_name}}, {{agent.first_name}} at {{dealer.name}}. This is my last message about your "
        "{{vehicle.title}}, and you can answer here at any time. Has it sold, or may I still make you an offer?",
    ),
    Wording(
        UUID("b34cd72b-6228-483f-b01b-ab1adf4be285"),
        "reply_details",
        "Ask for mileage, damage and loan",
        "Hi {{seller.first_name}}, thanks for your answer. To price your {{vehicle.title}} fairly, could you tell "
        "me its mileage, any damage or warning lights, and whether there is a loan on it?",
    ),
    Wording(
        UUID("71a1b29e-5a6e-4eb5-a275-9ee90b55dfd3"),
        "reply_photos",
        "Ask for photos",
        "Hi {{seller.first_name}}, thanks. Photos help us to name a price that holds. Could you send some of your "
        "{{vehicle.title}} right here: all four sides, the inside, the odometer and any damage?",
    ),
    Wording(
        UUID("a0a94fa1-2ff5-41d6-a8fd-afc4483e9457"),
        "reply_offer",
        "Before an offer: how close to your price?",
        "Hi {{seller.first_name}}, thanks for the details. I'd like to make you an offer on your "
        "{{vehicle.title}}. How close to {{listing.price|your asking price}} do you need to be?",
    ),
    Wording(
        UUID("9e7d2e8c-b97d-42f3-82f7-33f2927f41b9"),
        "appointment_propose",
        "Propose a visit",
        "Hi {{seller.first_name}}, the next step is for us to see your {{vehicle.title}} at {{dealer.name}}. It "
        "takes about 20 minutes, and you decide in your own time. Which day and time suit you?",
    ),
    Wording(
        UUID("84c0173c-a5cc-411f-9a15-b3e3eb148854"),
        "appointment_confirm",
        "Confirm the visit",
        "Hi {{seller.first_name}}, we're set for {{appointment.date}} at {{appointment.time}}, "
        "{{appointment.place|our dealership}}. Please bring the title, your ID and all keys. Does that still work "
        "for you?",
    ),
    Wording(
        UUID("fe1a35cb-f7a2-44ce-a1fe-46fa47382361"),
        "appointment_remind",
        "Remind of the visit",
        "Hi {{seller.first_name}}, a reminder from {{dealer.name}}: we see your {{vehicle.title}} on "
        "{{appointment.date}} at {{appointment.time}}, {{appointment.place|at our dealership}}. Will you be "
        "there?",
    ),
    Wording(
        UUID("dcda6a27-8184-4926-aa1d-027b0611e3ca"),
        "appointment_no_show",
        "Missed each other",
        "Hi {{seller.first_name}}, {{agent.first_name}} at {{dealer.name}}. Sorry we missed each other about your "
        "{{vehicle.title}}. These things happen, and we are still interested. Would another day suit you better?",
    ),
    Wording(
        UUID("f55740f9-d1da-4766-8f47-cff87822c23c"),
        "missed_call",
        "Sorry I missed your call",
        "Hi {{seller.first_name}}, sorry I missed your call about your {{vehicle.title}}. It's "
        "{{agent.first_name}} at {{dealer.name}}. When may I call you back, and at which number?",
    ),
    Wording(
        UUID("6e76a0ef-6fe6-483c-bd21-7b15a9d833b3"),
        "move_to_phone",
        "Offer a call",
        "Hi {{seller.first_name}}, a short call about your {{vehicle.title}} may be easier than writing. It's "
        "{{agent.first_name}} at {{dealer.name}}. Which number may I call, and when?",
    ),
    Wording(
        UUID("b82384e5-0e98-425e-af04-193d62d55f3f"),
        "thanks",
        "Thank you",
        "Hi {{seller.first_name}}, thank you for your time and for talking with {{dealer.name}} about your "
        "{{vehicle.title}}. If anything changes, just write here again. {{agent.first_name}}",
    ),
)

KIJIJI: tuple[Wording, ...] = (
    Wording(
        UUID("4b1c5303-ec65-467d-8dfc-e173e4765ae7"),
        "initial",
        "First hello: still for sale?",
        "Hi {{seller.first_name}}, my name is {{agent.first_name}} and I buy cars for {{dealer.name}}, a "
        "dealership. I saw your {{vehicle.title}} on {{listing.source|Kijiji}} and would like to make you an "
        "offer. If you would rather not sell to a dealership, tell me and I will not write again. Is it still for "
        "sale?",
    ),
    Wording(
        UUID("22b7bc4f-e374-4409-a70a-5c8516cfc9bf"),
        "initial",
        "First hello: would you sell to us?",
        "Hi {{seller.first_name}}, I am {{agent.first_name}} from {{dealer.name}}. We are a dealership and buy "
        "cars from private sellers, and your {{vehicle.title}} is one we would like to have. If that is nothing "
        "for you, a short no is enough and I will not write again. Would you sell it to us?",
    ),
    Wording(
        UUID("95a6572f-d37a-47f3-8954-b54c4dc54618"),
        "follow_up",
        "Follow-up: what would help?",
        "Hi {{seller.first_name}}, this is {{agent.first_name}} from {{dealer.name}} again. We would still like "
        "to buy your {{vehicle.title}}. I am glad to explain how we arrive at a price, how you are paid or what "
        "happens with a loan. What would help you decide?",
    ),
    Wording(
        UUID("97f3ed77-8d12-49ce-86fb-b1949819e898"),
        "non_responder_1",
        "No answer yet: still available?",
        "Hi {{seller.first_name}}, a few days ago I wrote to you about your {{vehicle.title}}. I am "
        "{{agent.first_name}} from {{dealer.name}}, a dealership. If it is sold, one word is enough. Is it still "
        "available?",
    ),
    Wording(
        UUID("bc04161f-2f4d-4af4-839a-8af2072baccd"),
        "non_responder_2",
        "No answer yet: a day this week?",
        "Hi {{seller.first_name}}, {{agent.first_name}} from {{dealer.name}}. I would like to see your "
        "{{vehicle.title}} and make you an offer. It takes about 20 minutes, and there is no obligation. Is there "
        "a day this week that suits you?",
    ),
    Wording(
        UUID("c0b3af8c-3192-42a2-9733-6cd0e456f446"),
        "non_responder_last",
        "No answer: last message",
        "Hi {{seller.first_name}}, {{agent.first_name}} from {{dealer.name}}. This is my last message about your "
        "{{vehicle.title}}. If you sell it another way, I wish you a good buyer; if not, you can reply to this "
        "message. Has it sold, or may I still make you an offer?",
    ),
    Wording(
        UUID("fdd3787b-6046-4fd8-a82f-d9de55c9d28f"),
        "reply_details",
        "Ask for mileage, damage and loan",
        "Hi {{seller.first_name}}, thank you for your reply. To price your {{vehicle.title}} fairly, could you "
        "tell me its mileage in kilometres, any damage or accidents, and whether there is a loan on it?",
    ),
    Wording(
        UUID("71c1fb8f-5b75-468c-bbde-4af683d11e0a"),
        "reply_photos",
        "Ask for photos",
        "Hi {{seller.first_name}}, thank you. Photos help us to name a price that holds. Could you tell me "
        "whether the ones in the ad show your {{vehicle.title}} as it is today, or reply with some of all four "
        "sides, the inside, the odometer and any damage?",
    ),
    Wording(
        UUID("c1f9bafc-00c4-42ea-890f-858c39d57f21"),
        "reply_offer",
        "Before an offer: how close to your price?",
        "Hi {{seller.first_name}}, thank you for the details. I would like to make you an offer on your "
        "{{vehicle.title}}. How close to {{listing.price|your asking price}} do you need to be?",
    ),
    Wording(
        UUID("eed0cd88-0348-4956-a001-ef6bd93b70d7"),
        "appointment_propose",
        "Propose a visit",
        "Hi {{seller.first_name}}, the next step is for us to see your {{vehicle.title}}. You are welcome at "
        "{{dealer.name}}, {{dealer.address|our dealership}}. It takes about 20 minutes, and you decide in your "
        "own time. Which day and time suit you?",
    ),
    Wording(
        UUID("544821cf-55a0-4d1d-ae3f-2fb848fca8a6"),
        "appointment_confirm",
        "Confirm the visit",
        "Hi {{seller.first_name}}, we look forward to seeing you on {{appointment.date}} at {{appointment.time}}, "
        "{{appointment.place|our dealership}}. Please bring the ownership papers, your ID and all keys. Does that "
        "still work for you?",
    ),
    Wording(
        UUID("8b2aa1a6-7574-45ef-9128-2271c5ca8924"),
        "appointment_remind",
        "Remind of the visit",
        "Hi {{seller.first_name}}, a short reminder from {{agent.first_name}} at {{dealer.name}}: we see your "
        "{{vehicle.title}} on {{appointment.date}} at {{appointment.time}}, "
        "{{appointment.place|at our dealership}}. Will you be there?",
    ),
    Wording(
        UUID("ee0bc489-0769-48f8-a481-d8c8f6f85aa5"),
        "appointment_no_show",
        "Missed each other",
        "Hi {{seller.first_name}}, {{agent.first_name}} from {{dealer.name}}. Sorry we missed each other about "
        "your {{vehicle.title}}. These things happen, and our interest has not changed. Would another day suit "
        "you better?",
    ),
    Wording(
        UUID("db870e79-20b5-4922-a508-68a0274c9037"),
        "missed_call",
        "Sorry I missed your call",
        "Hi {{seller.first_name}}, sorry I missed your call about your {{vehicle.title}}. This is "
        "{{agent.first_name}} from {{dealer.name}}. You can reach me at {{agent.phone|the number you called}}, or "
        "I call you. When is a good time, and at which number?",
    ),
    Wording(
        UUID("a3839bdf-695b-4be2-8a42-bfc6cf715f47"),
        "move_to_phone",
        "Offer a call",
        "Hi {{seller.first_name}}, some things about your {{vehicle.title}} are said faster than written. I am "
        "{{agent.first_name}} from {{dealer.name}}, {{agent.phone|the dealership you are in touch with}}. Which "
        "number may I call, and when?",
    ),
    Wording(
        UUID("fca66a72-732c-4926-a138-d3ecada85c29"),
        "thanks",
        "Thank you",
        "Hi {{seller.first_name}}, thank you for your time and for your messages to {{dealer.name}} about your "
        "{{vehicle.title}}. If anything changes, just reply to this message. {{agent.first_name}}",
    ),
)
