"""The contact forms of the sites that ads stand on: posted to an address, or emailed as a lead."""

from collections.abc import Mapping
from typing import Any

from domain import clock
from domain.channels import adf, form_posts, read
from domain.channels.base import Accepted, Channel, ChannelError, Form, Kind, Lender, Outgoing, PermitLike

SUBMITTED = "It went to {}. Nobody reports whether the seller reads it."
BY_HAND = "The form of this site is filled in by a person. Open the ad."
NO_FILES = "A form takes no files. Send them as links."
NO_MAIL = "Leads leave by your dealership's email. Ask an administrator to connect it."


class ContactForm(Channel):
    """The forms' part of the contract: how each site is reached comes with each message."""

    kind = "form"
    channel = "form"
    name = "Contact forms"
    icon = "clipboard-list"
    summary = "Write to sellers by the contact form of the site that their ad stands on."
    does = (
        "For each site you say how its form is reached: by its own address, by a lead email (ADF), or by a person.",
        "Lotwire fills in the form with your words and the details of the vehicle, once.",
        "Where a person fills it in, the window gives the words to copy and logs what was sent.",
    )
    needs = (
        "The permission of the site, or a site of your own. Lotwire solves no riddles that keep machines out.",
        "For lead emails: your dealership’s email, connected under Apps.",
    )
    feature = "form"
    per_minute = 30
    per_second = 1
    receipts = False
    borrows = "email"

    def __init__(self, base_url: str, credentials: Mapping[str, str], webhook_secret: str = "", **options: Any) -> None:
        read.pace(options)
        self.lent: Lender | None = None

    def lend(self, lender: Lender | None) -> None:
        self.lent = lender

    async def check(self) -> None:
        """There is nothing to look at before a form is posted."""

    async def send(self, outgoing: Outgoing, permit: PermitLike) -> Accepted:
        permit.spend(outgoing)
        form = outgoing.form
        if form is None or form.kind not in ("http_form", "adf_email"):
            raise ChannelError(BY_HAND, Kind.PERMANENT, code="by_hand")
        if outgoing.media:
            raise ChannelError(NO_FILES, Kind.PERMANENT, code="attachment_unsupported")
        where = await (form_posts.post(form, outgoing.body) if form.kind == "http_form" else self._lead(outgoing, form))
        return Accepted(f"form-{outgoing.message_id.hex}", "sent", SUBMITTED.format(where))

    async def _lead(self, outgoing: Outgoing, form: Form) -> str:
        """Emails it as ADF, from the dealership's own mailbox."""
        if self.lent is None:
            raise ChannelError(NO_MAIL, Kind.NEVER_CONNECTED, code="no_email")  # a moment ago there was one
        if adf.missing(form.values):
            reason = "The vehicle's year, make and model, and your name with a phone or email, have to be known."
            raise ChannelError(reason, Kind.PERMANENT, code="missing_wildcard")
        now = clock.now()
        lead = adf.document(outgoing, form.values, now)
        subject = f"ADF lead: {form.values.get('vehicle.title', '')}"
        try:
            mail = adf.mail(outgoing, lead, self.lent.address, form.endpoint, subject, now)
        except ValueError as error:
            raise ChannelError("The lead's address cannot be written to.", Kind.PERMANENT, code="address") from error
        await self.lent.submit(form.endpoint, mail)
        return form.site or form.endpoint
