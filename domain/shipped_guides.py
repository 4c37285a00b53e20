"""The Outbound Word Tracks every installation starts with: good practice for writing to a private seller.

Markdown. What stands in a quotation is a wording to take over: its wildcards are filled in by the message window, it
uses GSM characters only and fits one segment with everyday values. A slug never changes, so that a better
text reaches every dealership that did not write its own.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShippedGuide:
    """One page as it comes with Lotwire; `body` is Markdown, its headings start at the second level."""

    slug: str
    title: str
    body: str


OVERVIEW = """\
These pages tell what to write to a private seller, in which order, and when to stop. Take the wordings as they are, or
better, make them sound like you. One click selects a whole wording. Its wildcards are filled in when you paste it into
a message.

## Six rules for every message

1. **Say who you are.** Your name and your dealership belong in the first message. A seller who finds out later that
   the nice private buyer is a dealer stops answering, and is right to.
2. **Ask one question.** One question gets an answer. Three get none.
3. **Write about this car.** The year, the model, a detail from the ad. A text that fits every car reads like spam.
4. **Keep it short.** People read texts on the way to something else. One segment, 160 characters, is a good measure.
5. **Leave the door open.** No deadlines that are not real, no “final offer”, no guilt. A seller who said no today may
   sell next month.
6. **Stop when asked.** In whatever words they say it.

## The usual rhythm

| Day | What | Guide |
|-----|------|-------|
| 1 | First message | Initial contact |
| 3 | No answer yet | Non-responder |
| 7 | A new reason to answer | Non-responder |
| 14 | Last message | Non-responder |
| Any | The seller writes | Reply, within the hour |
| After a talk | Keep your word | Follow-up |
| Once agreed | Confirm and remind | Appointment |

Count all channels together: a text, an email and a call on one day are three messages to the same person.

## Before you press Send

- Read the ad to its end. If it says “no dealers” or “no texts”, do not write.
- Look at the clock where the seller lives. 9 am to 8 pm is decent, on Sundays the afternoon.
- Read the preview aloud. If you would not say it on the phone, do not write it.

## The law, in plain words

Rules for texts, calls and emails differ by country, state and province, and some carry heavy fines. Nearly all of them
agree on this: say truthfully who writes, do not disguise a dealership as a private buyer, write only at decent hours,
make it easy to say stop, and then stop at once, on every channel. In Canada you also need consent or another reason
that the law accepts before the first message. This page is no legal advice. Ask your manager which rules your
dealership follows.
"""

INITIAL_CONTACT = """\
The first message has one aim: an answer. Not a price, not a visit, not a sale. The seller has had ten messages today,
some of them fraud. Yours must show within a second that a real person with a name has read this ad.

## What belongs in it

- The seller's name, if the ad gives it.
- Your first name and your dealership. The word “dealership” says honestly what you are.
- The car, so that a seller with two ads knows which one.
- One question that can be answered with a thumb.

## Wordings

> Hi {{seller.first_name}}, I'm {{agent.first_name}} and I buy cars for {{dealer.name}}, a dealership. Is your
> {{vehicle.title}} still for sale?

*Why it works:* it says everything a careful person wants to know, and yes is an answer.

> Hi {{seller.first_name}}, {{agent.first_name}} from {{dealer.name}}, a dealership. I saw your {{vehicle.title}} on
> {{listing.source|the web}}. Would you sell it to us?

*Why it works:* it is plain. Sellers who never sell to dealers say so now, and you both save a week.

> Hi {{seller.first_name}}, {{agent.first_name}} from {{dealer.name}}, a dealership. We would like to buy your
> {{vehicle.title}}. May I ask you two things about it?

*Why it works:* permission costs the seller nothing, and a yes starts a conversation.

## What to leave out

- **“I have a buyer waiting.”** Everybody has heard it. Say it only if it is true and you could prove it.
- **A price.** Without having seen the car it is either too low and insults, or too high and you take it back later.
- **Links and pictures.** An unknown number with a link is what fraud looks like.
- **Capitals, exclamation marks, emoji in a row.** They read as advertising.
- **“Is this available?”** alone. It is the sentence of every fraud.

## When and how

Write on the day you find the ad; after three days most sellers have an offer. Late morning and early evening get most
answers. Choose one channel, text if there is a number. Email suits a long ad whose author obviously likes to write.

If the ad says “no dealers”, leave it. One angry screenshot costs more than a car.
"""

FOLLOW_UP = """\
A follow-up goes to somebody who has answered you before. You owe them something, or they owe you a decision. It works
when it brings something new: an answer, a date, a better reason. “Just checking in” brings nothing.

## Keep your word first

The best follow-up is a promise kept. If you said “I'll get back to you tonight”, write tonight, even when you only have
half of the answer.

> Hi {{seller.first_name}}, {{agent.first_name}} at {{dealer.name}} as promised. I need until tomorrow noon for the
> price of your {{vehicle.title}}. Is that all right?

*Why it works:* it shows that what you say happens. That is all a seller can judge you by until you meet.

## When they are thinking it over

> Hi {{seller.first_name}}, {{agent.first_name}} at {{dealer.name}} again. We would still like to buy your
> {{vehicle.title}}. What would help you decide?

*Why it works:* it asks for the obstacle. Whatever comes back (the price, the loan, the title, a spouse) can be worked
on.

> Hi {{seller.first_name}}, if price is the question about your {{vehicle.title}}: what figure would make it easy for
> you? {{agent.first_name}} at {{dealer.name}}

*Why it works:* the seller names a number without being pushed to one.

## When something has changed

- **The asking price dropped.** Mention it kindly, never as a weakness: “I saw you changed the price. Should I work out
  a new offer?”
- **A new picture or detail in the ad.** Ask about it.
- **You learned something.** A model that sells well with you is a true reason to write again.

## Rhythm

One follow-up after two days, a second after a week, a third after two or three weeks. Then leave it to the seller.
After each no, wait at least a month, and write again only if they left the door open.

## What not to do

- Do not repeat the last message. If it did not work once, it will not work louder.
- Do not invent a deadline, another buyer, or a boss who needs to know today.
- Do not write on a second channel because the first is silent. Switch only when the seller does.
- Do not forget to note what was said. Your colleague may be the next one to write.
"""

NON_RESPONDER = """\
No answer is not a no, but it is not a yes either. People are at work, the car is sold, the number is wrong, or they do
not want to talk to a dealer. Three more tries, spread over two weeks, reach nearly everybody who can be reached. A
fourth only makes enemies.

## First try, after two days

> Hi {{seller.first_name}}, {{agent.first_name}} from {{dealer.name}}, the dealership that wrote about your
> {{vehicle.title}}. Is it still available?

*Why it works:* it assumes nothing bad. Most people simply forgot.

## Second try, after a week

Bring something new: another question, a concrete offer of time.

> Hi {{seller.first_name}}, {{agent.first_name}} at {{dealer.name}}. I'd like to see your {{vehicle.title}} and make you
> an offer. Is there a day this week that suits you?

*Why it works:* it moves from “whether” to “when” without pressing. Nobody has to explain their silence.

## Last try, after two weeks

> Hi {{seller.first_name}}, {{agent.first_name}} at {{dealer.name}}. This is my last text about your
> {{vehicle.title}}. Has it sold, or may I still make you an offer?

*Why it works:* “my last text” is a relief, and it is true. Many answer now, because it is the last chance and because
the choice is easy. Keep the promise: it was the last one.

## Change the hour, not the tone

If two texts at noon went unanswered, try half past six. If the first try went out on a Monday, send the second on a
Thursday. Blame (“I have written three times now”) and alarm (“Last chance!”) lose the few who would have answered.

## When to stop at once

- The seller writes STOP, “no”, “not interested”, “sold” or anything that means it.
- The ad is gone and stays gone.
- Somebody else answers: a wrong number. Apologize once and do not write again.

> Sorry for the trouble, I had the wrong number. I won't write again.

## After the last try

Set the listing to Pass or leave it. If the seller posts the car again months later, that is a new ad and a fair reason
for one new first message, unless they asked you to stop.
"""

REPLY = """\
A seller who answers is doing you a favor. Answer within the hour while they still have the phone in their hand; after a
day half of them are gone. First answer what they asked, then ask one thing yourself.

## What sellers say, and what to say back

**“Yes, it's still for sale.”**

> Great, thanks {{seller.first_name}}. To price your {{vehicle.title}} fairly, could you tell me its mileage and any
> damage?

**“What would you pay?”** Do not dodge. Say what you need first and when they get the figure.

> Fair question. With the mileage, any damage and a few photos I can give you a figure today. Could you send me those?

**“Are you a dealer?”** Say yes first.

> Yes, I'm a buyer at {{dealer.name}}, a dealership. May I still make you an offer on your {{vehicle.title}}?

*Why it works:* a straight yes costs you some sellers and wins the trust of the others.

**“I want the full asking price.”**

> I understand. I can't promise {{listing.price|your price}} before I have seen the car, but I will show you how I get
> to my figure. Would that be of use to you?

**“I still owe money on it.”**

> That's common, and we deal with it often. Do you know roughly how much is left on the loan?

**“Why so low?”** Name two reasons that can be checked: repairs it needs, what such cars sell for. Then let them decide.

**“No lowballers, no dealers.”** One answer, and keep it.

> Understood, I won't write again. Good luck with the sale.

**“Is this a robot?”** Answer as a person, with a detail from the ad, or offer to call.

## Photos

Ask for a short list, not for “more photos”:

> Could you send me photos of all four sides, the inside, the odometer and any damage? Phone pictures are fine.

## When it gets heated

Do not argue in writing. Thank them, offer a call, or let it rest for a day. You never need the last word.

## What not to do

- No price games: an offer you make in writing is an offer you keep, unless the car is not as described.
- No questions that you could answer from the ad.
- No waiting for the manager in silence. “I'll know by four o'clock” keeps a seller.
"""

APPOINTMENT = """\
A car is bought where it stands. Everything before serves one aim: a day, an hour and a place that suit the seller. A
visit that is easy to picture is a visit that happens.

## Proposing

Say what will happen and how long it takes. Unknown things are put off.

> Hi {{seller.first_name}}, the next step is for us to see your {{vehicle.title}} at {{dealer.name}}. It takes about 20
> minutes. Which day and time suit you?

*Why it works:* one step, a known end, and the seller chooses.

If they hesitate, offer two times, both real: “Tomorrow at five or Saturday at ten?” If they cannot come, offer to come
to them, or to a public place they know. Never press for the home address.

## Confirming

Confirm at once, in writing, with everything in one message.

> Hi {{seller.first_name}}, we're set for {{appointment.date|the day we agreed}} at {{appointment.time|our time}},
> {{appointment.place|our dealership}}. Please bring the title and all keys. Does that still work for you?

Tell what to bring: title or lien papers, registration, all keys, a photo ID, the service book. A missing title is the
most frequent reason why a good visit ends without a sale.

## Reminding

The day before, in the afternoon. Not in the early morning of the day.

> Hi {{seller.first_name}}, a reminder from {{dealer.name}}: we look forward to seeing you and your {{vehicle.title}}
> tomorrow. Will you be there?

*Why it works:* the question invites an honest “I can't”, and then you find a new time instead of waiting in vain.

## When they do not come

Wait half an hour, then write without a reproach. After a second missed visit let the seller propose the next one.

> Hi {{seller.first_name}}, {{agent.first_name}} at {{dealer.name}}. Sorry we missed each other about your
> {{vehicle.title}}. Would another day suit you better?

## At the visit

- Be there, and know the name, the car and what was written. Nobody wants to tell everything twice.
- If the car is as described, the figure you wrote stands.
- If it is not, show what you found before you name another figure.
- If the answer is no, thank them and say how long your offer holds.

> Thank you for your time today, {{seller.first_name}}. Our offer for your {{vehicle.title}} holds for seven days. May I
> answer anything?
"""

SHIPPED: tuple[ShippedGuide, ...] = (
    ShippedGuide("overview", "Writing to sellers", OVERVIEW),
    ShippedGuide("initial-contact", "Initial contact", INITIAL_CONTACT),
    ShippedGuide("follow-up", "Follow-up", FOLLOW_UP),
    ShippedGuide("non-responder", "Non-responder", NON_RESPONDER),
    ShippedGuide("reply", "Reply", REPLY),
    ShippedGuide("appointment", "Appointment", APPOINTMENT),
)
