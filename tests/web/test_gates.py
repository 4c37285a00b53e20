"""Why can't I text? Every channel and number judged now, with what is on record, and all reasons there are."""

import html
import re
from typing import Any

import pytest

from domain import consents, db, dealerships, gate, installations, plans, reviews, suppressions, verdicts
from domain.accounts import Account
from domain.listings import Listing
from domain.number_facts import NumberFact
from domain.opt_out_words import Outcome, Reading
from domain.settings import ROOT
from domain.suppressions import FirstContact
from domain.users import User
from tests import make
from tests.client import Client

MOBILE, PHONE, MAIL = "+15205550117", "+15205550118", "dana@mail.example"
SELLER = {"first_name": "Dana", "mobile": MOBILE, "phone": PHONE, "email": MAIL, "postal_code": "85701"}

# As they were promised, letter by letter.
CODES = (
    *("tier", "no_permission", "hidden", "dealership_reported", "stage_dnc", "stage_pass", "no_contact"),
    *("phone_invalid", "phone_landline", "phone_untextable", "phone_blocked", "phone_dnc", "opted_out"),
    *("email_invalid", "source_not_messageable", "facebook_without_phone", "outside_window"),
    *("missing_wildcard:<token>", "attachment_unsupported", "duplicate_recipient", "recent_contact"),
    *("frequency_cap", "quiet_hours", "no_connection", "sender_not_linked", "over_quota", "expired"),
)
BATCH_ONLY = ("facebook_without_phone", "duplicate_recipient")
NOT_BY_HAND = ("frequency_cap", "review_open", "expired")
WARNS_BY_HAND = ("phone_landline", "phone_untextable", "quiet_hours")


@pytest.fixture(autouse=True)
async def _plans(house: None) -> None:
    await plans.seed()


async def ready(user: User | None) -> User:
    """Dialpad is connected, and the user has a number there."""
    assert user
    await make.sender_link(await make.connection(user.account, "simulator"), user)
    return user


def text(part: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", part)).split()).replace(" ,", ",")


async def page_of(client: Client, listing: Listing) -> str:
    response = await client.get(f"/listings/{listing.id}/permissions")
    assert response.status_code == 200
    return response.text


def way(page: str, name: str) -> str:
    """What is said of one way to the seller: text-mobile, text-phone, email."""
    found = re.search(rf'<section [^>]*id="way-{name}".*?</section>', page, re.DOTALL)
    assert found, name
    return found[0]


def answer(page: str) -> str:
    found = re.search(r'<p class="alert .*?</p>', page, re.DOTALL)
    assert found
    return text(found[0])


def reason(page: str, code: str) -> list[str]:
    """The cells of one row of all reasons."""
    found = re.search(rf'<tr id="reason-{re.escape(html.escape(code))}">(.*?)</tr>', page, re.DOTALL)
    assert found, code
    return [text(re.sub(r'<small class="only-s">.*?</small>', "", cell)) for cell in found[1].split("</td>")[:-1]]


async def test_all_codes_are_named_with_a_sentence_a_next_step_and_the_kinds_they_apply_to(
    agent_client: Client,
) -> None:
    await ready(agent_client.user)
    page = await page_of(agent_client, await make.listing())
    for code in CODES:
        sentence, step, *cells = reason(page, code)
        assert code in sentence
        bare = code.partition(":")[0]
        known = gate.CODES[bare]
        words = [(known.sentence, known.next_step)]
        if bare in ("no_contact", "no_connection"):  # stand for the email, in its words
            refused = gate.refusal(bare, channel="email")
            words = [(refused.message, refused.next_step)]
        elif bare == "no_permission":  # stands for a batch of this agent
            refused = gate.refusal(bare, channel="batch")
            words = [(refused.message, refused.next_step)]
        assert [(sentence[: len(words[0][0])], step)] == words, code
        by_hand = "Warns" if code in WARNS_BY_HAND else "–" if code in (*BATCH_ONLY, *NOT_BY_HAND) else "Refuses"
        waits = "Waits" if code in ("quiet_hours", "over_quota") else "Refuses"
        others = "–" if code in BATCH_ONLY else waits
        assert [cell.removesuffix(" now") for cell in cells] == [by_hand, waits, others, others], code
    assert {row.partition(":")[0] for row in CODES} <= set(gate.CODES)
    assert page.count('<tr id="reason-') == len(gate.CODES)


def test_the_documentation_says_the_same_of_each_code() -> None:
    told = {}
    for line in (ROOT / "docs" / "gate.md").read_text().splitlines():
        if line.startswith("| `"):
            name, said, *effects = (cell.strip() for cell in line.strip("|").split("|"))
            told[name.strip("`")] = (said.replace(".", ""), [each.strip("–") for each in effects])
    expected = {}
    for code, known in gate.CODES.items():
        name = "missing_wildcard:<token>" if code == "missing_wildcard" else code
        said = f"{known.sentence.removesuffix(' Click here to connect.')} {known.next_step}".replace(".", "")
        expected[name] = (said, [gate.effect(code, kind) for kind in verdicts.KINDS])
    assert told == expected


async def test_where_nothing_stands_against_it_a_text_may_go_and_the_email_says_why_not(agent_client: Client) -> None:
    await ready(agent_client.user)
    page = await page_of(agent_client, await make.listing(seller=SELLER))
    assert "<title>Why can&#39;t I text?" in page
    assert answer(page) == "You may text Dana now."
    assert "Text to their mobile, +1 520 555 0117 May go" in text(way(page, "text-mobile"))
    assert "May go" in way(page, "text-phone")
    email = text(way(page, "email"))
    assert "Email to dana@mail.example Refused Email is not connected. Ask an administrator to connect it." in email
    assert 'href="/apps"' in way(page, "email")
    assert reason(page, "no_connection")[0] == "Email is not connected. Stands now no_connection · Email"
    assert reason(page, "no_connection")[2] == "Refuses now"
    assert "This seller is on no list" in text(page)
    assert "Nobody wrote yet: the next message is a first contact" in text(page)


async def test_what_is_on_record_is_told_with_since_when_by_whom_and_where_to_mend_it(client: Client) -> None:
    async with await client.signed_in(await make.user(role="manager", name="Mara Lindt")) as manager_client:
        manager = await ready(manager_client.user)
        listing = await make.listing(seller=SELLER)
        await suppressions.dnc(manager.account, [MOBILE], "Angry on the phone", user=manager)
        await suppressions.agent_opt_out(manager.account, manager, MOBILE, "text", "Told me <b>twice</b>")
        page = await page_of(manager_client, listing)
        assert answer(page) == "You cannot text Dana now."
        for other in ("text-phone", "email"):  # the number's entry stops every way to them, and its reason stands there
            told = text(way(page, other))
            assert "This seller is on your do-not-contact list." in told
            assert "Since 24 Nov 2026, Mara Lindt: “Angry on the phone”" in told
            assert "Mara Lindt: “Told me <b>twice</b>”" in told
        mobile = way(page, "text-mobile")
        assert "Since 24 Nov 2026, Mara Lindt: “Angry on the phone”" in text(mobile)
        assert "Since 24 Nov 2026, Mara Lindt: “Told me <b>twice</b>”" in text(mobile)
        assert "<b>twice" not in page
        assert "In a batch, scheduled, automated: Refused" in text(mobile)
        for list_name in ("dnc", "opt_out"):
            [entry] = set(re.findall(rf'href="(/suppressions/{list_name}/[0-9a-f-]+)"', mobile))
            assert "Dana" not in entry
            assert (await manager_client.get(entry)).status_code == 200
        assert reason(page, "phone_dnc")[2:] == ["Refuses now"] * 4
        assert "Text to" not in reason(page, "phone_dnc")[0]  # every way: none is named
        assert "Text to" not in reason(page, "opted_out")[0]
        order = re.findall(r'<tr id="reason-(\w+)', page)
        assert set(order[:3]) == {"phone_dnc", "opted_out", "no_connection"}
        assert "Heard by an agent, since 24 Nov 2026" in text(page)


async def test_a_report_hides_the_listing_and_its_page_still_says_why(client: Client) -> None:
    manager = await ready(await make.user(role="manager", name="Mara Lindt"))
    listing = await make.listing(seller=SELLER)
    report = await dealerships.report(manager.account, listing, manager, False)
    async with await client.signed_in(manager) as manager_client:
        page = await page_of(manager_client, listing)
    assert answer(page) == "You cannot text Dana now."
    assert f'href="/dealership-reports/{report.id}"' in way(page, "text-mobile")
    assert "Since 24 Nov 2026, Mara Lindt" in text(way(page, "text-mobile"))
    assert f"/listings/{listing.id}/edit" not in page


async def test_a_review_and_a_landline_keep_back_what_leaves_by_itself_and_warn_a_person(agent_client: Client) -> None:
    user = await ready(agent_client.user)
    listing = await make.listing(seller={**SELLER, "phone": "", "email": ""})
    message = await make.message(listing, direction="in", body="Not now", from_address=MOBILE)
    await reviews.open_(user.account, listing.id, message.id, MOBILE, Reading(Outcome.REVIEW, "not now", "Not now"))
    page = await page_of(agent_client, listing)
    mobile = text(way(page, "text-mobile"))
    assert "May go Nothing stands against a message that you write now." in mobile
    waits = "Scheduled, automated: Waits for somebody to look What this seller wrote has to be looked at first."
    assert waits in mobile
    assert reason(page, "review_open")[2:] == ["–", "Waits now", "Waits now", "Waits now"]
    await NumberFact.insert(
        NumberFact(account=user.account, address=MOBILE, landline=True, reason="Landline, says Dialpad")
    )
    page = await page_of(agent_client, listing)
    mobile = text(way(page, "text-mobile"))
    assert answer(page) == "You may text Dana now, with a warning."
    assert (
        "May go, with a warning This number is a landline. Call it, or use another number. You may still send."
        in mobile
    )
    assert "“Landline, says Dialpad”" in mobile
    assert f'href="/listings/{listing.id}/edit"' in way(page, "text-mobile")
    assert reason(page, "phone_landline")[2:] == ["Warns now", "Refuses now", "Refuses now", "Refuses now"]


async def test_at_night_the_sellers_clock_is_told_with_what_says_so(agent_client: Client, clock: Any) -> None:
    await ready(agent_client.user)
    clock.set(clock.now().replace(hour=6))  # 23:00 in Tucson
    listing = await make.listing(seller={**SELLER, "phone": "+12125550117", "email": ""})
    page = await page_of(agent_client, listing)
    assert answer(page) == "You may text Dana now, with a warning."
    shown = text(page)
    assert "Closed 11:00 PM: closed until tomorrow, 9 AM; 1:00 AM: closed until 9 AM" in shown
    assert "A text must suit every place they may be in." in shown
    assert "By postal code 85701 and area code 212" in shown
    assert "Mon–Sat 9 AM–8 PM, Sun noon–6 PM" in shown
    assert 'href="/quiet-hours?country=US#region-US-AZ"' in page
    mobile = text(way(page, "text-mobile"))
    assert "Waits until 11:00 AM, your time It is outside the hours" not in mobile, "said above already"
    assert "Scheduled, automated: Waits until 11:00 AM, your time" in mobile
    assert reason(page, "quiet_hours")[2:] == ["Warns now", "Waits now", "Waits now", "Waits now"]


async def test_who_wrote_first_about_another_vehicle_is_named_and_linked(agent_client: Client) -> None:
    user = await ready(agent_client.user)
    ben = await make.user(user.account, name="Ben Carter")
    civic = await make.listing(make="Honda", model="Civic", seller={"mobile": MOBILE})
    first = await make.message(civic, user=ben, to_address=MOBILE)
    await FirstContact.insert(
        FirstContact(account=user.account, address=MOBILE, listing=civic.id, user=ben.id, message=first.id, at=first.at)
    )
    page = await page_of(agent_client, await make.listing(seller={**SELLER, "email": ""}))
    mobile = way(page, "text-mobile")
    assert "Ben Carter wrote to this seller about the Honda Civic" in text(mobile)
    assert f'href="/listings/{civic.id}"' in mobile
    assert answer(page) == "You cannot text Dana now."  # their other number is the same person


async def test_messages_that_left_by_themselves_are_counted(agent_client: Client) -> None:
    await ready(agent_client.user)
    listing = await make.listing(seller={**SELLER, "email": ""})
    for _ in range(3):
        await make.message(listing, kind="automated", to_address=MOBILE)
    page = await page_of(agent_client, listing)
    assert "3 of 3 automatic ones in 24 hours, 3 of 3 unanswered" in text(page)
    assert text(page).count("automatic ones in 24 hours") == 1  # of the person, not of a number
    assert reason(page, "frequency_cap")[2:] == ["–", "Refuses now", "Refuses now", "Refuses now"]
    assert answer(page) == "You may text Dana now."


async def test_support_sees_how_it_stands_for_whoever_looks_after_the_vehicle(client: Client) -> None:
    maya = await ready(await make.user(role="agent", name="Maya Ortiz"))
    listing = await make.listing(seller=SELLER, main_user=maya.id)
    async with await client.signed_in(await make.user(role="support")) as support:
        page = await page_of(support, listing)
        assert answer(page).startswith(
            "Maya Ortiz may text Dana now. You only read here; this is how it stands for Maya"
        )
        assert "no_permission" not in text(way(page, "text-mobile"))
        assert f"/listings/{listing.id}/edit" not in page
        alone = await page_of(support, await make.listing(seller={**SELLER, "mobile": "+15205550999"}))
        assert "Your role does not send messages." in text(way(alone, "text-mobile"))


@pytest.mark.parametrize("granted", [True, False])
async def test_an_agent_reads_who_lets_them_send_batches(client: Client, granted: bool) -> None:
    user = await ready(await make.user(role="agent", may_batch=granted))
    listing = await make.listing(seller=SELLER)
    async with await client.signed_in(user) as agent:
        said = text(way(await page_of(agent, listing), "text-mobile"))
    refused = "In a batch: Refused An agent may send batches once an administrator allows it under People."
    assert (refused in said) is not granted
    assert "role does not send" not in said


@pytest.mark.parametrize("role", ["admin", "manager", "agent", "support"])
async def test_every_role_gets_there_from_the_sellers_card(client: Client, role: str) -> None:
    listing = await make.listing(seller=SELLER)
    async with await client.signed_in(await make.user(role=role)) as reader:
        vdp = (await reader.get(f"/listings/{listing.id}")).text
        menu = re.search(r'<div class="menu" id="seller-menu".*?</div>', vdp, re.DOTALL)
        assert menu
        assert f'href="/listings/{listing.id}/permissions"' in menu[0]
        assert "Why can't I text?" in text(menu[0])
        assert "Why can't I text?" in text(await page_of(reader, listing))


async def test_the_window_leads_there_where_it_refuses(agent_client: Client) -> None:
    await ready(agent_client.user)
    listing = await make.listing(seller=SELLER)
    there = rf'<a class="link" href="(/listings/{listing.id}/permissions[^"]*)" data-opens="side"'
    window = f"/listings/{listing.id}/sends/new"
    assert not re.search(there, (await agent_client.get(window)).text)
    await make.opt_out(MOBILE)
    found = re.search(there, (await agent_client.get(window)).text)
    assert found
    page = (await agent_client.get_fragment(html.unescape(found[1]))).text
    assert 'id="permissions"' in page, "what the window takes of it"
    assert 'id="side-title"' in page


async def test_on_a_plan_without_messaging_the_page_says_so(client: Client) -> None:
    account: Account = await make.account(tier="standard")
    async with await client.signed_in(await make.user(account, "agent")) as agent:
        page = await page_of(agent, await make.listing(account, seller=SELLER))
    assert answer(page) == "You cannot text Dana now."
    assert 'href="/plans"' in way(page, "text-mobile")
    assert reason(page, "tier")[2:] == ["Refuses now"] * 4


async def test_a_seller_without_any_datum_has_a_page_too(agent_client: Client) -> None:
    await ready(agent_client.user)
    nobody = {"first_name": "", "last_name": "", "mobile": "", "phone": "", "email": "", "city": "", "state": ""}
    page = await page_of(agent_client, await make.listing(seller=nobody))
    assert answer(page) == "You cannot text this seller now."
    assert "This seller has no phone number. Add a phone or mobile number." in text(way(page, "text"))
    assert "Nothing but the country is known" in text(page)
    assert "It is between 6:00 AM and 12:00 PM there." in text(page)


async def test_another_dealerships_listing_is_not_there(agent_client: Client) -> None:
    foreign = await make.listing(await make.account())
    for listing_id in (foreign.id, "nonsense"):
        assert (await agent_client.get(f"/listings/{listing_id}/permissions")).status_code == 404


async def test_an_address_that_was_erased_is_on_record_as_far_as_anybody_knows(manager_client: Client) -> None:
    manager = await ready(manager_client.user)
    listing = await make.listing(manager.account, seller=SELLER)
    async with db.writing():
        entry = consents.Entry("opt_out", "text", MOBILE)
        await consents.bury(manager.account, await installations.salt(), [entry])
    page = await page_of(manager_client, listing)
    assert "This number asked not to get texts." in text(way(page, "text-mobile"))
    assert "This seller is on no list" not in page
    assert "Opted out +1 520 555 0117 (texts) Erased on request" in text(page)
    there = re.search(r'href="(/suppressions/opt_out/erased[^"]+)"', page)
    assert there
    assert (await manager_client.get(html.unescape(there[1]))).status_code == 200


@pytest.mark.parametrize("role", ["manager", "support"])
async def test_the_page_takes_few_queries_whatever_stands(client: Client, count_queries: Any, role: str) -> None:
    manager = await ready(await make.user(role="manager"))
    source = await make.source(manager.account, "kbb", form_transport="email")
    listing = await make.listing(source=source, seller=SELLER, main_user=manager.id)
    await suppressions.dnc(manager.account, [MOBILE, MAIL], "Angry", user=manager)
    await suppressions.block(manager.account, manager, PHONE, "Threats")
    await make.opt_out(MOBILE)
    message = await make.message(listing, direction="in", body="Not now")
    await reviews.open_(manager.account, listing.id, message.id, MOBILE, Reading(Outcome.REVIEW, "not now", "Not now"))
    reader = manager if role == "manager" else await make.user(role=role)
    async with await client.signed_in(reader) as somebody:
        for reported in (False, True):
            if reported:
                await dealerships.report(manager.account, listing, manager, False)
            with count_queries() as queries:
                await page_of(somebody, listing)
            assert queries.count <= 8, queries.statements
