"""The email templates every installation starts with, one or more for each purpose.

They say early who writes and that a dealership buys, ask one question in the last paragraph, and are signed with the
first name; the sender's signature goes below by itself. First contacts tell how to end it, because a mail has no STOP.
Without a subject of their own they get the default one, “Inquiry about your …”. An id never changes.
"""

from typing import NamedTuple
from uuid import UUID


class ShippedEmail(NamedTuple):
    """`purpose` is a key of `domain.shipped_templates.PURPOSES`; an empty subject means the default one."""

    id: UUID
    purpose: str
    name: str
    subject: str
    body: str


EMAILS: tuple[ShippedEmail, ...] = (
    ShippedEmail(
        UUID("e544391f-f8ea-4d14-b822-9007ca36b039"),
        "initial",
        "First hello: still for sale?",
        "",
        "Hi {{seller.first_name}},\n\n"
        "My name is {{agent.first_name}} and I buy cars for {{dealer.name}}, a dealership. I saw your "
        "{{vehicle.title}} on {{listing.source|the web}} and would like to make you an offer. Hearing it costs you "
        "nothing, and you can always say no.\n\n"
        "If you would rather not sell to a dealership, just tell me and I will not write again. "
        "Is it still for sale?\n\n"
        "Thank you,\n{{agent.first_name}}",
    ),
    ShippedEmail(
        UUID("eb39607e-2794-402a-849e-679f3a4291ac"),
        "initial",
        "First hello: would you sell to us?",
        "Would you sell your {{vehicle.title}} to a dealership?",
        "Hi {{seller.first_name}},\n\n"
        "I am {{agent.first_name}} from {{dealer.name}}. We are a dealership and we buy cars from private sellers. "
        "Your {{vehicle.title}} on {{listing.source|the web}} is one we would like to have.\n\n"
        "We look at it with you and make you an offer, and you decide in your own time. If that is nothing for you, a "
        "short no is enough and I will not write again. Would you sell it to us?\n\n"
        "Kind regards,\n{{agent.first_name}}",
    ),
    ShippedEmail(
        UUID("f246b9c9-70c9-477a-bd71-a0dccd71f72a"),
        "follow_up",
        "Follow-up: what would help?",
        "Your {{vehicle.title}}: what would help?",
        "Hi {{seller.first_name}},\n\n"
        "This is {{agent.first_name}} from {{dealer.name}} again. We would still like to buy your "
        "{{vehicle.title}}.\n\n"
        "Perhaps you want to know how we arrive at a price, how payment works, or what happens if there is a loan on "
        "it. I am glad to explain any of it. What would help you decide?\n\n"
        "Kind regards,\n{{agent.first_name}}",
    ),
    ShippedEmail(
        UUID("e38345e7-1455-4208-8717-a3124e228164"),
        "non_responder_1",
        "No answer yet: still available?",
        "Is your {{vehicle.title}} still available?",
        "Hi {{seller.first_name}},\n\n"
        "A few days ago I wrote to you about your {{vehicle.title}}. I am {{agent.first_name}} from {{dealer.name}}, a "
        "dealership that buys cars from private sellers.\n\n"
        "If it is sold, I am happy for you, and one word is enough. Is it still available?\n\n"
        "Kind regards,\n{{agent.first_name}}",
    ),
    ShippedEmail(
        UUID("9cf77304-e6fc-48ca-9971-8369598a20a6"),
        "non_responder_2",
        "No answer yet: a day this week?",
        "A look at your {{vehicle.title}} this week",
        "Hi {{seller.first_name}},\n\n"
        "{{agent.first_name}} from {{dealer.name}}. I would like to see your {{vehicle.title}} and make you an "
        "offer. It takes about 20 minutes, and there is no obligation.\n\n"
        "If you have changed your mind about selling, tell me and I will leave it there. Is there a day this week that "
        "suits you?\n\n"
        "Kind regards,\n{{agent.first_name}}",
    ),
    ShippedEmail(
        UUID("6a423247-b6c4-4107-b508-963e3f69e4a7"),
        "non_responder_last",
        "No answer: last email",
        "My last email about your {{vehicle.title}}",
        "Hi {{seller.first_name}},\n\n"
        "This is my last email about your {{vehicle.title}}. If you sell it another way, I wish you a good buyer.\n\n"
        "Our interest stands: {{dealer.name}} would still like to make you an offer, and you can reply to this email "
        "at any time. Has it sold, or may I?\n\n"
        "Kind regards,\n{{agent.first_name}}",
    ),
    ShippedEmail(
        UUID("8b471c52-b7fd-48e7-9be9-fe2199e278af"),
        "reply_details",
        "Ask for mileage, damage and loan",
        "A few questions about your {{vehicle.title}}",
        "Hi {{seller.first_name}},\n\n"
        "Thank you for your reply. To price your {{vehicle.title}} fairly we need to know:\n\n"
        "- its mileage today\n"
        "- any damage, warning lights or accidents\n"
        "- whether there is a loan on it, and roughly how much is left\n"
        "- how many keys there are\n\n"
        "What you do not know we find out together when {{dealer.name}} looks at it. Could you send me what you "
        "have?\n\n"
        "Thank you,\n{{agent.first_name}}",
    ),
    ShippedEmail(
        UUID("6a36345a-b41c-4fa8-9e57-e54d520e4d6c"),
        "reply_photos",
        "Ask for photos",
        "Photos of your {{vehicle.title}}",
        "Hi {{seller.first_name}},\n\n"
        "Thank you. A few photos help us to give you a price that holds when we see the car. For your "
        "{{vehicle.title}} these are the ones {{dealer.name}} needs:\n\n"
        "- all four sides\n"
        "- the front seats and the back seats\n"
        "- the odometer with the engine running\n"
        "- any damage, close up\n\n"
        "Pictures from your phone are fine; just attach them to your answer. Could you send them to me?\n\n"
        "Thank you,\n{{agent.first_name}}",
    ),
    ShippedEmail(
        UUID("28155412-a5ce-4994-80d1-0429266d5c31"),
        "reply_offer",
        "Before an offer: how close to your price?",
        "An offer for your {{vehicle.title}}",
        "Hi {{seller.first_name}},\n\n"
        "Thank you for the details. {{dealer.name}} would like to make you an offer on your {{vehicle.title}}.\n\n"
        "Our price depends on its condition, on what similar cars sell for here, and on what it takes to get it ready; "
        "I will show you how we arrive at it. So that I do not waste your time: how close to "
        "{{listing.price|your asking price}} do you need to be?\n\n"
        "Kind regards,\n{{agent.first_name}}",
    ),
    ShippedEmail(
        UUID("d372429a-1162-463e-b961-931668492944"),
        "appointment_propose",
        "Propose a visit",
        "A time to look at your {{vehicle.title}}",
        "Hi {{seller.first_name}},\n\n"
        "The next step is for us to see your {{vehicle.title}}. You are welcome at {{dealer.name}}, "
        "{{dealer.address|at our dealership}}. It takes about 20 minutes, and you decide in your own time.\n\n"
        "Please bring the title, your ID and all keys. Which day and time suit you?\n\n"
        "Kind regards,\n{{agent.first_name}}",
    ),
    ShippedEmail(
        UUID("d157df1b-7086-4e32-9be7-dc7fb14fe42b"),
        "appointment_confirm",
        "Confirm the visit",
        "Your visit on {{appointment.date}} at {{appointment.time}}",
        "Hi {{seller.first_name}},\n\n"
        "Thank you for making the time. We look forward to seeing you and your {{vehicle.title}}:\n\n"
        "{{appointment.date}}, {{appointment.time}}\n"
        "{{dealer.name}}, {{appointment.place|our dealership}}\n\n"
        "Please bring:\n\n"
        "- the title, or the papers of the loan\n"
        "- your ID\n"
        "- all keys\n\n"
        "If something comes up, reply to this email and we find another time. Does that still work for you?\n\n"
        "Kind regards,\n{{agent.first_name}}",
    ),
    ShippedEmail(
        UUID("5441695c-4ab0-4ca8-b29b-3588d102d6d5"),
        "appointment_remind",
        "Remind of the visit",
        "Reminder: {{appointment.date}} at {{appointment.time}}",
        "Hi {{seller.first_name}},\n\n"
        "A short reminder from {{agent.first_name}} at {{dealer.name}}: we see you and your {{vehicle.title}} on "
        "{{appointment.date}} at {{appointment.time}}, {{appointment.place|at our dealership}}.\n\n"
        "Please bring the title, your ID and all keys. Will you be there?\n\n"
        "Kind regards,\n{{agent.first_name}}",
    ),
    ShippedEmail(
        UUID("7cae95d2-5bef-4055-95ff-c9b411cd2798"),
        "appointment_no_show",
        "Missed each other",
        "Sorry we missed each other",
        "Hi {{seller.first_name}},\n\n"
        "Sorry we missed each other about your {{vehicle.title}}. These things happen, and our interest has not "
        "changed.\n\n"
        "Tell me what is easiest for you, and I will arrange it at {{dealer.name}}. Would another day suit you "
        "better?\n\n"
        "Kind regards,\n{{agent.first_name}}",
    ),
    ShippedEmail(
        UUID("08aae73c-dc79-4ea2-83e4-51feb245fc58"),
        "missed_call",
        "Sorry I missed your call",
        "Sorry I missed your call",
        "Hi {{seller.first_name}},\n\n"
        "Sorry I missed your call about your {{vehicle.title}}. This is {{agent.first_name}} from {{dealer.name}}.\n\n"
        "You can reach me at {{agent.phone|the number you called}}, or I call you. When is a good time?\n\n"
        "Thank you,\n{{agent.first_name}}",
    ),
    ShippedEmail(
        UUID("1d833a84-8082-47e5-b2c4-2373eea14be7"),
        "move_to_phone",
        "Offer a call",
        "A short call about your {{vehicle.title}}",
        "Hi {{seller.first_name}},\n\n"
        "Some things about your {{vehicle.title}} are said faster than written: its condition, what you need for it, "
        "and how the payment would work. Five minutes on the phone should do.\n\n"
        "I am {{agent.first_name}} at {{dealer.name}}, {{agent.phone|the dealership you are in touch with}}. "
        "When may I call you?\n\n"
        "Kind regards,\n{{agent.first_name}}",
    ),
    ShippedEmail(
        UUID("ea02baec-78f5-4548-b696-9fd028242c5e"),
        "thanks",
        "Thank you",
        "Thank you, {{seller.first_name}}",
        "Hi {{seller.first_name}},\n\n"
        "Thank you for your time and for talking with {{dealer.name}} about your {{vehicle.title}}.\n\n"
        "If anything changes, or if you have another car to sell one day, just reply to this email. It comes straight "
        "to me.\n\n"
        "All the best,\n{{agent.first_name}}",
    ),
)
