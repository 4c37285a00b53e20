"""What is posted to a form, what its answer means, and that no address leads anywhere but out on the internet."""

import asyncio
import email
import ipaddress
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import UTC, datetime
from email import policy
from time import monotonic
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import ids
from domain.channels import adf, form_posts
from domain.channels.base import Accepted, ChannelError, Form, Kind, Mail, Outgoing
from domain.channels.email import bounces
from domain.channels.form import NO_MAIL, ContactForm
from domain.channels.registry import CHANNELS
from tests.domain.channels.local_servers import Permit, Scripted, WrongPermit

OWN = "127.0.0.0/8"
FIELDS = {"name": "{{agent.name}}", "car": "{{vehicle.year}} {{vehicle.make}}", "text": "{{message}}", "source": "lots"}
VALUES = {
    "agent.name": "Robin Agent",
    "agent.email": "robin@lots.example",
    "agent.phone": "+1 520 555 0142",
    "dealer.name": "Harbor Motors",
    "vehicle.year": "2019",
    "vehicle.make": "Subaru",
    "vehicle.model": "Outback",
    "vehicle.vin": "4S4BSANC7K3000001",
    "vehicle.odometer": "48,200 mi",
    "vehicle.title": "2019 Subaru Outback",
    "listing.link": "https://ads.example/9",
    "seller.name": "Dana Seller",
}
SUCCESS = {"body": "Thank you"}


@pytest.fixture(autouse=True)
def _own_network(configure: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    configure(LOTWIRE_FORM_NETWORKS=OWN)
    monkeypatch.setattr(form_posts, "BETWEEN", 0.0)
    form_posts._next_call.clear()


def outgoing(form: Form | None, **changes: Any) -> Outgoing:
    given_ = {"message_id": ids.new(), "channel": "form", "to": "https://ads.example/9", "sender": "", "form": form}
    return Outgoing(**{"body": "Is it still for sale?\n{{agent.name}}", **given_, **changes})


def form_at(url: str, **changes: Any) -> Form:
    return Form(
        **{"kind": "http_form", "endpoint": url, "fields": FIELDS, "success": SUCCESS, "values": VALUES} | changes
    )


async def send(form: Form | None, lender: Any = None, **changes: Any) -> Accepted:
    channel = ContactForm("", {})
    channel.lend(lender)
    message = outgoing(form, **changes)
    return await channel.send(message, Permit(message))


async def refusal(form: Form | None, lender: Any = None, **changes: Any) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await send(form, lender, **changes)
    return caught.value


def test_it_is_registered():
    assert CHANNELS["form"] is ContactForm
    assert ContactForm.receipts is False


# What is posted


async def test_a_form_is_filled_in_and_posted_once(provider: Scripted):
    provider.answers(200, b"<p>Thank you!</p>")
    accepted = await send(form_at(f"{provider.url}/contact"))
    [asked] = provider.asked
    assert (asked.method, asked.path) == ("POST", "/contact")
    assert asked.body == [
        ("name", "Robin Agent"),
        ("car", "2019 Subaru"),
        ("text", "Is it still for sale?\n{{agent.name}}"),  # what was written is never read as wildcards again
        ("source", "lots"),
    ]
    assert accepted.state == "sent"
    assert accepted.reason == "It went to 127.0.0.1. Nobody reports whether the seller reads it."


async def test_a_field_whose_value_is_not_known_keeps_the_form_here(provider: Scripted):
    said = await refusal(form_at(provider.url, fields={"t": "{{message}}", "c": "{{vehicle.color}}"}))
    assert (said.kind, said.reason) == (Kind.PERMANENT, "The form asks for what is not known: Color.")
    assert provider.asked == []


async def test_a_permit_is_for_one_message(provider: Scripted):
    provider.answers(200, b"Thank you")
    message = outgoing(form_at(provider.url))
    with pytest.raises(WrongPermit):
        await ContactForm("", {}).send(message, Permit(outgoing(None)))
    assert provider.asked == []


async def test_a_host_is_called_once_a_second(provider: Scripted, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(form_posts, "BETWEEN", 0.15)
    provider.answers(200, b"Thank you")
    began = monotonic()
    await asyncio.gather(*(send(form_at(provider.url)) for _ in range(3)))
    assert monotonic() - began >= 0.29


@pytest.mark.parametrize("kind", ["", "assisted"])
async def test_what_a_person_fills_in_is_not_filled_in_here(kind: str):
    assert (await refusal(form_at("https://x.example", kind=kind))).code == "by_hand"
    assert (await refusal(None)).code == "by_hand"


# What its answer means


@pytest.mark.parametrize(
    ("status", "body", "success", "kind"),
    [
        (200, b"thank YOU", SUCCESS, None),
        (201, b"", {"status": "201", "redirect": ""}, None),
        (200, b"Please fill in your name", SUCCESS, Kind.UNKNOWN),
        (200, b"Thank you", {**SUCCESS, "status": "201 202"}, Kind.UNKNOWN),
        (204, b"", SUCCESS, Kind.UNKNOWN),
        (400, b"Thank you", SUCCESS, Kind.PERMANENT),
        (403, b"", SUCCESS, Kind.PERMANENT),
        (408, b"", SUCCESS, Kind.UNKNOWN),
        (429, b"", SUCCESS, Kind.PERMANENT),
        (500, b"", SUCCESS, Kind.UNKNOWN),
        (503, b"Thank you", SUCCESS, Kind.UNKNOWN),
    ],
)
async def test_an_answer_means_what_the_rule_says(
    provider: Scripted, status: int, body: bytes, success: dict[str, str], kind: Kind | None
):
    provider.answers(status, body)
    form = form_at(provider.url, success=success)
    if kind is None:
        assert (await send(form)).state == "sent"
    else:
        assert (await refusal(form)).kind is kind
    assert len(provider.asked) == 1  # never a second time by itself


async def test_the_page_a_form_leads_to_at_the_same_site_is_read(provider: Scripted):
    provider.answers(303, b"", {"Location": "/thanks"}).answers(200, b"Thank you")
    await send(form_at(f"{provider.url}/contact"))
    assert [(each.method, each.path) for each in provider.asked] == [("POST", "/contact"), ("GET", "/thanks")]


@pytest.mark.parametrize("status", [403, 404, 408, 429, 500])
async def test_a_page_that_fails_after_a_form_was_taken_makes_no_failure_of_it(provider: Scripted, status: int):
    provider.answers(302, b"", {"Location": "/thanks"}).answers(status, b"")
    assert (await send(form_at(provider.url, success={"redirect": "/thanks"}))).state == "sent"
    assert [each.method for each in provider.asked] == ["POST", "GET"]


@pytest.mark.parametrize("status", [403, 404, 429, 500])
async def test_a_page_that_fails_after_a_form_leaves_open_whether_it_was_taken(provider: Scripted, status: int):
    provider.answers(303, b"", {"Location": "/next"}).answers(status, b"")
    assert (await refusal(form_at(provider.url, success={"redirect": "/thanks"}))).kind is Kind.UNKNOWN


async def test_where_a_site_leads_first_counts_as_well(provider: Scripted):
    provider.answers(302, b"", {"Location": "/thanks"}).answers(302, b"", {"Location": "/home"}).answers(200, b"")
    assert (await send(form_at(provider.url, success={"redirect": "/thanks"}))).state == "sent"


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("success", [SUCCESS, {"redirect": "/again"}])
async def test_a_form_is_not_posted_again_elsewhere(provider: Scripted, status: int, success: dict[str, str]):
    provider.answers(status, b"", {"Location": "/again"})
    assert (await refusal(form_at(provider.url, success=success))).kind is Kind.UNKNOWN
    assert len(provider.asked) == 1


async def test_another_host_is_never_called(provider: Scripted):
    provider.answers(302, b"", {"Location": "https://evil.example/thanks"})
    assert (await refusal(form_at(provider.url))).kind is Kind.UNKNOWN
    assert (await send(form_at(provider.url, success={"redirect": "evil.example/thanks"}))).state == "sent"
    assert [each.method for each in provider.asked] == ["POST", "POST"]


async def test_a_site_that_leads_in_circles_ends(provider: Scripted):
    provider.answers(302, b"", {"Location": "/again"})
    assert (await refusal(form_at(provider.url))).kind is Kind.UNKNOWN
    assert len(provider.asked) == 1 + form_posts.MOST_REDIRECTS


async def test_an_answer_without_end_is_cut(provider: Scripted):
    provider.answers(200, b"x" * form_posts.LARGEST_ANSWER + b"Thank you")
    assert (await refusal(form_at(provider.url))).kind is Kind.UNKNOWN


async def test_a_slow_site_is_unknown(tcp_server: Any, monkeypatch: pytest.MonkeyPatch):
    async def talk(reader: Any, writer: Any) -> None:
        await reader.read()
        writer.close()

    monkeypatch.setattr(form_posts, "TIMEOUT", 0.2)
    async with tcp_server(talk) as url:
        assert (await refusal(form_at(url))).kind is Kind.UNKNOWN


async def test_a_site_that_is_not_there_was_sent_nothing():
    assert (await refusal(form_at("http://127.0.0.1:9/"))).kind is Kind.NEVER_CONNECTED


# Where it may go

PRIVATE = [
    "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/",
    "https://localhost/", "https://10.0.0.1/", "https://172.16.0.1/", "https://192.168.1.1/", "https://169.254.169.254/",
    "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:a9fe:a9fe]/", "https://[fe80::1]/",
    "https://[fc00::1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://0.0.0.0/", "https://[::]/",
    "https://127。0。0。1/", "https://１２７.0.0.1/", "https://①②⑦.0.0.1/", "https://127．0．0．1/", "https://0x7f。0。0。1/",
    "https://127.0.0.1./", "https://127.0.0.0x1/", "https://%31%32%37.0.0.1/", "https://[fe80::1%25eth0]/",
    "https://[::ffff:7f00:1]/", "https://[::127.0.0.1]/",
    "https://100.64.0.1/", "https://224.0.0.1/", "https://255.255.255.255/", "https://168.63.129.16/",
]  # fmt: skip
WRONG = [
    "http://site.example/", "ftp://site.example/", "file:///etc/passwd", "gopher://127.0.0.1/", "javascript:alert(1)",
    "https://user:pass@site.example/", "https://", "https:///path", "site.example", "", "https://site.example:99999/",
    "https://site.example/a b", "https://site.example/\r\nX: 1", "https://[::1", "//site.example/",
]  # fmt: skip


@pytest.mark.parametrize("url", PRIVATE)
async def test_no_address_leads_into_a_private_network(url: str, configure: Callable[..., Any]):
    configure(LOTWIRE_FORM_NETWORKS="")
    said = await refusal(form_at(url))
    assert said.kind is Kind.PERMANENT
    assert "private network" in said.reason


@pytest.mark.parametrize("url", WRONG)
async def test_only_https_is_called(url: str):
    said = await refusal(form_at(url))
    assert (said.kind, said.reason) == (Kind.PERMANENT, form_posts.NOT_WEB)


async def test_a_name_that_leads_home_is_refused_after_it_was_looked_up(
    monkeypatch: pytest.MonkeyPatch, configure: Callable[..., Any]
):
    configure(LOTWIRE_FORM_NETWORKS="")
    asked: list[str] = []

    async def answers(self: Any, host: str, port: int, **more: Any) -> list[Any]:
        asked.append(host)
        return [(2, 1, 6, "", ("93.184.216.34", port)), (2, 1, 6, "", ("10.0.0.7", port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", answers, raising=False)
    monkeypatch.setattr(type(asyncio.get_running_loop()), "getaddrinfo", answers, raising=False)
    said = await refusal(form_at("https://rebinding.example/"))
    assert (said.kind, said.code, asked) == (Kind.PERMANENT, "private", ["rebinding.example"])  # looked up once


async def test_a_network_the_owner_named_may_be_called(configure: Callable[..., Any], provider: Scripted):
    provider.answers(200, b"Thank you")
    configure(LOTWIRE_FORM_NETWORKS="10.0.0.0/8")
    assert "private network" in (await refusal(form_at(provider.url))).reason
    configure(LOTWIRE_FORM_NETWORKS=f"10.0.0.0/8, {OWN}")
    assert (await send(form_at(provider.url))).state == "sent"


def test_ipv6_of_our_own_is_no_ipv4_of_it():
    assert form_posts.allowed(ipaddress.ip_address("127.0.0.1"))
    assert not form_posts.allowed(ipaddress.ip_address("::1"))
    assert not form_posts.allowed(ipaddress.ip_address("10.0.0.1"))


# Leads


class Mailbox:
    address = "sales@lots.example"

    def __init__(self, error: ChannelError | None = None) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self.error = error

    async def submit(self, to: str, mail: bytes) -> None:
        if self.error:
            raise self.error
        self.sent.append((to, mail))


LEAD = {"kind": "adf_email", "endpoint": "leads@site.example"}
BODY = "Is it <still> for sale & where?\nÀ bientôt \x00\ud800 ]]> 🚗"


async def test_a_lead_has_the_id_by_which_it_is_known_when_it_comes_back():
    box = Mailbox()
    await send(form_at("", **LEAD), box, mail=Mail(message_id="<0a@lots.example>"))
    await send(form_at("", **LEAD), box)
    kept, made = [email.message_from_bytes(raw, policy=policy.default)["Message-ID"] for _, raw in box.sent]
    assert kept == "<0a@lots.example>"
    assert bounces.OURS.fullmatch(made)


async def test_a_lead_is_an_email_that_holds_nothing_but_the_xml():
    box = Mailbox()
    accepted = await send(form_at("", **LEAD), box, body=BODY)
    [(to, raw)] = box.sent
    mail = email.message_from_bytes(raw, policy=policy.default)
    assert to == "leads@site.example"
    assert accepted.reason.startswith("It went to leads@site.example.")
    assert (mail["From"], mail["To"], mail.get_content_type()) == (
        *("sales@lots.example", "leads@site.example", "text/plain"),
    )
    assert not mail.is_multipart()
    text = mail.get_content().replace("\r\n", "\n")
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<?adf version="1.0"?>\n<adf>')
    assert text.isascii()
    root = ET.fromstring(text)
    prospect = root.find("prospect")
    assert prospect is not None
    assert prospect.get("status") == "new"
    said = {path: prospect.findtext(path) for path in ("vehicle/year", "vehicle/make", "vehicle/model", "vehicle/vin")}
    assert list(said.values()) == ["2019", "Subaru", "Outback", "4S4BSANC7K3000001"]
    vehicle, odometer = prospect.find("vehicle"), prospect.find("vehicle/odometer")
    assert vehicle is not None
    assert odometer is not None
    assert (vehicle.get("interest"), vehicle.get("status")) == ("buy", "used")
    assert (odometer.get("units"), odometer.text) == ("mi", "48200")
    names = {each.get("part"): each.text for each in prospect.findall("customer/contact/name")}
    assert names == {"first": "Robin", "last": "Agent"}
    assert prospect.findtext("customer/contact/email") == "robin@lots.example"
    assert prospect.findtext("customer/comments") == "Is it <still> for sale & where?\nÀ bientôt  ]]> 🚗"
    assert prospect.findtext("vendor/contact/name") == "Dana Seller"
    assert prospect.findtext("provider/name") == "Harbor Motors"
    assert datetime.fromisoformat(str(prospect.findtext("requestdate"))).tzinfo


@given(st.dictionaries(st.sampled_from(sorted(VALUES)), st.text()), st.text())
def test_any_lead_is_xml(values: dict[str, str], body: str):
    text = adf.document(outgoing(None, body=body), values, datetime(2026, 11, 29, tzinfo=UTC))
    assert ET.fromstring(text).tag == "adf"


@pytest.mark.parametrize("token", ["vehicle.year", "vehicle.make", "agent.name", "dealer.name"])
async def test_a_lead_without_what_programs_need_stays_here(token: str):
    box = Mailbox()
    said = await refusal(form_at("", **LEAD, values={**VALUES, token: ""}), box)
    assert (said.kind, box.sent) == (Kind.PERMANENT, [])


async def test_a_lead_needs_the_dealerships_email():
    assert (await refusal(form_at("", **LEAD))).reason == NO_MAIL


async def test_what_the_mail_server_says_of_a_lead_is_what_becomes_of_it():
    unknown = ChannelError("The connection broke.", Kind.UNKNOWN)
    assert (await refusal(form_at("", **LEAD), Mailbox(unknown))) is unknown


async def test_an_address_with_a_line_break_is_refused():
    said = await refusal(form_at("", kind="adf_email", endpoint="a@b.example\r\nBcc: x@y.example"), Mailbox())
    assert said.code == "address"
