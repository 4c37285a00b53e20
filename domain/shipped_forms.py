"""The templates for contact forms that every installation starts with, for each purpose.

What is submitted stands alone: the seller answers by phone or email, so each says who writes. Otherwise as those for
conversations. An id never changes.
"""

from uuid import UUID

from domain.shipped_threads import Wording

FORMS: tuple[Wording, ...] = (
    Wording(
        UUID("54bd035e-4d56-48a2-a332-8141e7ce53a2"),
        "initial",
        "First hello: still for sale?",
        "Hi {{seller.first_name}}, my name is {{agent.first_name}} and I buy cars for {{dealer.name}}, a "
        "dealership. I saw your {{vehicle.title}} on {{listing.source|the web}} and would like to make you an "
        "offer. If you would rather not sell to a dealership, tell me and I will not write again. Is it still for "
        "sale?",
    ),
    Wording(
        UUID("ceba3a63-3d5f-4543-bcfb-3ae9cb0d2986"),
        "initial",
        "First hello: would you sell to us?",
        "Hi {{seller.first_name}}, I am {{agent.first_name}} from {{dealer.name}}, a dealership that buys cars "
        "from private sellers. Your {{vehicle.title}} on {{listing.source|the web}} is one we would like to have. "
        "If that is nothing for you, a short no is enough and I will not write again. Would you sell it to us?",
    ),
    Wording(
        UUID("ab88def5-d666-4766-ad43-9e9c90c7ce7f"),
        "follow_up",
        "Follow-up: what would help?",
        "Hi {{seller.first_name}}, this is {{agent.first_name}} from {{dealer.name}}, the dealership that wrote "
        "to you about your {{vehicle.title}}. We would still like to buy it, and I am glad to explain how we "
        "arrive at a price and how you are paid. What would help you decide?",
    ),
    Wording(
        UUID("2a135449-6d80-4a14-afb5-fd2ece41c2f8"),
        "non_responder_1",
        "No answer yet: still available?",
        "Hi {{seller.first_name}}, I wrote to you from {{dealer.name}}, a dealership, about your "
        "{{vehicle.title}}. My name is {{agent.first_name}}. If it is sold, one word is enough. Is it still "
        "available?",
    ),
    Wording(
        UUID("8357e1b7-8155-4bf4-b421-a580e71f6047"),
        "non_responder_2",
        "No answer yet: a day this week?",
        "Hi {{seller.first_name}}, {{agent.first_name}} from {{dealer.name}}. I would like to see your "
        "{{vehicle.title}} and make you an offer. It takes about 20 minutes, and there is no obligation. Is there "
        "a day this week that suits you?",
    ),
    Wording(
        UUID("879ea468-bc89-42c4-86fb-58fc1aafdb6a"),
        "non_responder_last",
        "No answer: last message",
        "Hi {{seller.first_name}}, {{agent.first_name}} from {{dealer.name}}. This is my last message about your "
        "{{vehicle.title}}. If you sell it another way, I wish you a good buyer. Has it sold, or may I still make "
        "you an offer?",
    ),
    Wording(
        UUID("fe8534eb-e24b-496c-9c96-9bdd2bdbbcbc"),
        "reply_details",
        "Ask for mileage, damage and loan",
        "Hi {{seller.first_name}}, this is {{agent.first_name}} from {{dealer.name}}. Thank you for your reply. "
        "To price your {{vehicle.title}} fairly, could you tell me its mileage, any damage or accidents, and "
        "whether there is a loan on it?",
    ),
    Wording(
        UUID("7e8fa82c-f06b-4028-b064-19d59359596e"),
        "reply_photos",
        "Ask for photos",
        "Hi {{seller.first_name}}, this is {{agent.first_name}} from {{dealer.name}}. Thank you for your reply. "
        "Photos help us to name a price that holds. Could you send me some of your {{vehicle.title}}, of all four "
        "sides, the inside, the odometer and any damage?",
    ),
    Wording(
        UUID("6320c5ea-3fca-4e96-8765-e6a77816422a"),
        "reply_offer",
        "Before an offer: how close to your price?",
        "Hi {{seller.first_name}}, this is {{agent.first_name}} from {{dealer.name}}. Thank you for the details. "
        "I would like to make you an offer on your {{vehicle.title}}. How close to "
        "{{listing.price|your asking price}} do you need to be?",
    ),
    Wording(
        UUID("bbdad013-9516-421c-8fa5-9b86f3b78ba4"),
        "appointment_propose",
        "Propose a visit",
        "Hi {{seller.first_name}}, this is {{agent.first_name}} from {{dealer.name}}. The next step is for us to "
        "see your {{vehicle.title}} at {{dealer.address|our dealership}}. It takes about 20 minutes, and you "
        "decide in your own time. Which day and time suit you?",
    ),
    Wording(
        UUID("ae03099c-d8cb-4fd5-a5d8-02138f226804"),
        "appointment_confirm",
        "Confirm the visit",
        "Hi {{seller.first_name}}, this is {{agent.first_name}} from {{dealer.name}}. We look forward to seeing "
        "you on {{appointment.date}} at {{appointment.time}}, {{appointment.place|our dealership}}. Please bring "
        "the title, your ID and all keys. Does that still work for you?",
    ),
    Wording(
        UUID("cd345369-ddcd-4af4-85af-232ee9b396c4"),
        "appointment_remind",
        "Remind of the visit",
        "Hi {{seller.first_name}}, a short reminder from {{agent.first_name}} at {{dealer.name}}: we see your "
        "{{vehicle.title}} on {{appointment.date}} at {{appointment.time}}, "
        "{{appointment.place|at our dealership}}. Will you be there?",
    ),
    Wording(
        UUID("43a4a98e-fcb2-4021-80db-cd289fbfc9f0"),
        "appointment_no_show",
        "Missed each other",
        "Hi {{seller.first_name}}, this is {{agent.first_name}} from {{dealer.name}}. Sorry we missed each other "
        "about your {{vehicle.title}}. These things happen, and our interest has not changed. Would another day "
        "suit you better?",
    ),
    Wording(
        UUID("8b27e739-8594-40d3-be5e-2820ea56cfd2"),
        "missed_call",
        "Sorry I missed your call",
        "Hi {{seller.first_name}}, sorry I missed your call about your {{vehicle.title}}. This is "
        "{{agent.first_name}} from {{dealer.name}}. You can reach me at {{agent.phone|the number you called}}, or "
        "I call you. When is a good time, and at which number?",
    ),
    Wording(
        UUID("1b29ae02-bb11-49ea-b613-4b5f1262ed54"),
        "move_to_phone",
        "Offer a call",
        "Hi {{seller.first_name}}, some things about your {{vehicle.title}} are said faster than written. I am "
        "{{agent.first_name}} from {{dealer.name}}, and you can reach me at {{agent.phone|the dealership}}. Which "
        "number may I call, and when?",
    ),
    Wording(
        UUID("75fbb351-398d-4f10-a0de-77c06f1865d0"),
        "thanks",
        "Thank you",
        "Hi {{seller.first_name}}, thank you for your time and for talking with {{dealer.name}} about your "
        "{{vehicle.title}}. If anything changes, you can reach me at {{agent.phone|the dealership}}. "
        "{{agent.first_name}}",
    ),
)
