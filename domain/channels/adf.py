"""A lead as ADF/XML 1.0, which dealership programs read from a plain email that holds nothing else. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from domain.channels.base import Outgoing

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")  # which no XML may hold
VEHICLE = ("year", "make", "model", "vin", "trim")
NEEDED = ("vehicle.year", "vehicle.make", "vehicle.model", "agent.name", "dealer.name")


def missing(values: Mapping[str, str]) -> list[str]:
    """What programs that read leads do not do without, as far as it is not known."""
    lost = [token for token in NEEDED if not values.get(token)]
    return lost if values.get("agent.email") or values.get("agent.phone") else [*lost, "agent.email"]


def document(outgoing: Outgoing, values: Mapping[str, str], at: datetime) -> str:
    """The lead: we are the customer, who wants to buy; whoever sells is the vendor. ASCII alone, so that no mail server
    on the way has to pack it."""
    known = {token: value for token, value in values.items() if value}
    vehicle = "".join(_element(name, known.get(f"vehicle.{name}", "")) for name in VEHICLE)
    miles = re.sub(r"\D", "", known.get("vehicle.odometer", ""))
    if miles:
        units = "km" if "km" in known["vehicle.odometer"].casefold() else "mi"
        vehicle += f'<odometer status="original" units="{units}">{miles}</odometer>'
    first, _, last = known.get("agent.name", "").partition(" ")
    contact = _name("first", first) + _name("last", last) + _element("email", known.get("agent.email", ""))
    if phone := known.get("agent.phone") or known.get("dealer.phone"):
        contact += f'<phone type="voice">{_text(phone)}</phone>'
    vehicle += _element("comments", known.get("listing.link", ""))
    vendor = known.get("seller.name") or known.get("listing.source") or "Seller"
    source = _text(known.get("dealer.name", "")).replace('"', "&#34;")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<?adf version="1.0"?>\n<adf>\n<prospect status="new">\n'
        f'<id sequence="1" source="{source}">{outgoing.message_id}</id>\n'
        f"<requestdate>{at.isoformat(timespec='seconds')}</requestdate>\n"
        f'<vehicle interest="buy" status="used">{vehicle}</vehicle>\n'
        f"<customer><contact>{contact}</contact>{_element('comments', outgoing.body)}</customer>\n"
        f"<vendor><contact>{_name('full', vendor)}</contact></vendor>\n"
        f"<provider>{_name('full', known.get('dealer.name', ''))}</provider>\n"
        "</prospect>\n</adf>\n"
    )


def mail(outgoing: Outgoing, lead: str, sender: str, to: str, subject: str, at: datetime) -> bytes:
    """The email around it. Raises ValueError for an address that no header can hold."""
    message = EmailMessage(policy=policy.SMTP.clone(max_line_length=990, cte_type="7bit"))
    message["From"] = Address(addr_spec=sender)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = " ".join(subject.split())[:200]
    message["Date"] = format_datetime(at)
    own = outgoing.mail.message_id if outgoing.mail else ""  # by which it is known when it comes back
    message["Message-ID"] = own or f"<{outgoing.message_id.hex}@{sender.rpartition('@')[2]}>"
    message["MIME-Version"] = "1.0"
    message.set_content(lead, subtype="plain")
    return message.as_bytes()


def _element(name: str, value: str) -> str:
    return f"<{name}>{_text(value)}</{name}>" if value else ""


def _name(part: str, value: str) -> str:
    return f'<name part="{part}">{_text(value)}</name>' if value else ""


def _text(value: str) -> str:
    clean = _CONTROLS.sub("", value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return clean.encode("ascii", "xmlcharrefreplace").decode()
