"""Every page in every state: axe finds no fault, nothing runs off the screen, the browser has nothing to complain of.

Each is looked at as a desktop and as a phone, by day, and at night as a desktop. With --screenshots the pictures of it
are kept, of a phone at night, too.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

from domain import clock, sessions, suppressions
from domain.listings import Listing
from tests import make
from tests.browser import dealership as dealerships
from tests.browser.dealership import Dealership
from tests.browser.page import Page
from tests.site import Site

PHONE, NARROWEST = 390, 320
LONG = "averylongnamewithoutanyplacetobreakit" * 3


def examine(page: Page, name: str) -> None:
    """The page as it stands now, at every size and light; afterwards a desktop by day."""
    faults = []
    for width in (0, PHONE) if page.engine == "chromium" else (0,):
        for scheme in ("light", "dark") if page.engine == "chromium" else ("light",):
            if page.engine == "chromium":
                page.set_media(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
            if width:
                page.be_phone(width)
            page.screenshot(f"{name}-{width or 1440}-{scheme}")
            if width and scheme == "dark":
                continue  # night changes colours only, those are a desktop's, and axe takes its time
            found = page.axe("color-contrast" if scheme == "dark" else "")
            faults += [f"{width or 1440} {scheme}: {fault}" for fault in found]
    faults += wide(page)
    if page.engine == "chromium":
        page.be_phone(NARROWEST)
        faults += wide(page)
        faults += [said for said in page.complaints() if "the server responded with a status of 4" not in said]
        page.be_desktop()
    assert faults == []


def wide(page: Page) -> list[str]:
    """What sticks out at the right, unless it scrolls by itself."""
    return list(
        page.run(
            """const room = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= room) return [];
            return [`${room} px are too narrow: ` + [...document.querySelectorAll("body *")]
                .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > room + 1)
                .map(e => e.tagName + "." + e.className).slice(0, 6).join(", ")]"""
        )
    )


# Signed out


async def test_signing_in(page: Page, dealership: Dealership) -> None:
    page.open("/sign-in")
    examine(page, "sign-in")


async def test_signing_in_refused(page: Page, dealership: Dealership) -> None:
    page.open("/sign-in")
    page.fill("[name=email]", "nobody@harborauto.example")
    page.fill("[name=password]", "not the password")
    page.click("form[method=post] [type=submit]")
    page.wait_for("The email address or the password is wrong")
    examine(page, "sign-in-refused")


async def test_asking_for_a_password_link(page: Page, dealership: Dealership) -> None:
    page.open("/password-links/new")
    examine(page, "password-link-new")


async def test_setting_a_password(page: Page, site: Site) -> None:
    async with site.opened():
        account = await make.account()
        link = await sessions.link_for(await make.user(account), await make.user(account, "admin"))
    page.open(f"/password-links/{link}")
    page.find("[name=password]")
    examine(page, "password-link")
    page.open("/password-links/used-before")
    examine(page, "password-link-used")


async def test_setting_lotwire_up(page: Page, start_site: Any) -> None:
    fresh = start_site()
    page = page.on(fresh)
    async with fresh.opened():
        token = await sessions.setup_token()
    page.open(f"/set-up?token={token}")
    page.find("[name=dealership]")
    examine(page, "set-up")
    page.open("/set-up?token=wrong")
    page.wait_for("This set-up link does not work")
    examine(page, "set-up-wrong")


# The inventory


async def test_the_inventory(page: Page, dealership: Dealership) -> None:
    await stock(dealership)
    await dealership.signed_in(page)
    page.open("/listings?view=all&year_from=1990&main_user=nobody")  # with its filters open
    assert len(page.all("#results tbody tr")) == 6
    examine(page, "inventory")
    page.open("/listings?view=all&q=nothing-like-it")
    examine(page, "inventory-nothing-found")


async def test_an_empty_inventory(page: Page, dealership: Dealership) -> None:
    await dealership.signed_in(page)
    page.open("/listings?view=all")
    page.wait_for("No vehicles yet")
    examine(page, "inventory-empty")


async def test_a_vehicle_by_hand(page: Page, dealership: Dealership) -> None:
    await dealership.signed_in(page)
    page.open("/listings/new")
    examine(page, "listing-new")
    page.open("/listings/new")
    page.run("document.querySelector('main form').noValidate = true")
    page.fill("[name=year]", "18")
    page.fill("[name=mobile]", "12")
    page.click("main form [type=submit]")
    page.find("#errors")
    assert page.focused() == "errors"
    examine(page, "listing-new-refused")


async def test_changing_a_vehicle(page: Page, dealership: Dealership) -> None:
    listing = await dealership.listing()
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}/edit")
    examine(page, "listing-edit")


# The vehicle and its conversation


async def test_a_vehicle_with_a_conversation_in_every_state(page: Page, dealership: Dealership) -> None:
    listing = await conversation(dealership)
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}")
    page.wait_until(lambda: "It may have been sent" in log(page), "the conversation is not there")
    examine(page, "listing")
    page.open(f"/listings/{listing.id}/history")
    page.wait_for("Earlier messages", "h1")
    examine(page, "history")


async def test_a_vehicle_nobody_wrote_about(page: Page, dealership: Dealership) -> None:
    listing = await dealership.listing(trim="", vin="", seller={"mobile": "", "city": "", "state": ""})
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}")
    page.wait_for("No messages yet")
    examine(page, "listing-empty")


async def test_a_vehicle_with_words_that_do_not_break(page: Page, dealership: Dealership) -> None:
    seller = {"first_name": LONG[:40], "last_name": LONG[:40], "email": f"{LONG[:60]}@mail.example", "city": LONG[:40]}
    listing = await dealership.listing(model=LONG[:40], trim=LONG[:40], description=LONG, seller=seller)
    async with dealership.site.opened():
        await make.message(listing, body=LONG * 2, user=dealership.agent)
        await make.message(listing, direction="in", body=f"https://ads.example/{LONG}")
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}")
    page.find("#log .msg.in")
    examine(page, "listing-long-words")


async def test_a_vehicle_on_the_standard_plan(page: Page, site: Site) -> None:
    async with dealerships.opened(site, connected=False, tier="standard") as dealership:
        listing = await dealership.listing()
        await dealership.signed_in(page)
        page.open(f"/listings/{listing.id}")
        page.wait_for("Messaging is part of")
        examine(page, "listing-locked")


async def test_a_vehicle_before_somebody_who_only_reads(page: Page, dealership: Dealership) -> None:
    listing = await conversation(dealership)
    async with dealership.site.opened():
        support = await make.user(dealership.account, "support")
    await dealership.signed_in(page, support)
    page.open(f"/listings/{listing.id}")
    page.wait_until(lambda: "It may have been sent" in log(page), "the conversation is not there")
    assert page.all("#log form, [data-opens]") == []
    examine(page, "listing-read-only")


async def test_the_menus_of_a_vehicle(page: Page, dealership: Dealership) -> None:
    listing = await dealership.listing()
    await dealership.signed_in(page)
    for name, opener in (("stages", "stages"), ("number", "num-mobile"), ("me", "me-menu"), ("more", "history-menu")):
        page.open(f"/listings/{listing.id}")
        page.click(f"[popovertarget={opener}]")
        page.wait_until(lambda menu=opener: page.find(f"#{menu}").is_displayed(), "the menu did not open")
        examine(page, f"menu-{name}")


async def test_the_navigation_of_a_phone(page: Page, dealership: Dealership) -> None:
    if page.engine == "chromium":
        await dealership.signed_in(page)
        page.be_phone(PHONE)
        page.open("/listings")
        page.click("[popovertarget=nav]")
        page.wait_until(lambda: page.find("#nav").is_displayed(), "the menu did not open")
        page.screenshot("navigation-390-light")
        assert page.axe() == []


# The Send Message window


async def test_the_window_while_it_is_written_in(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership, trim="")
    page.wait_for("Write a message first.", "#send-why")
    examine(page, "window-empty")
    page.driver.find_element("xpath", "//option[normalize-space()='First hello: would you sell to us?']").click()
    page.wait_until(lambda: page.find("#send-go").is_enabled(), "it may not be sent")
    examine(page, "window-filled")
    page.find("#body").send_keys(" “{{vehicle.trim}}” {{vehicle.colour}}")
    page.wait_for("{{vehicle.trim}}", "#preview .hole")
    examine(page, "window-with-a-hole")
    page.driver.find_element("xpath", "//select[@id='template']//optgroup[2]/option").click()
    page.wait_for("There is a text already.", ".ask")
    examine(page, "window-asks")


async def test_the_window_that_says_no(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Hello")
    page.wait_until(lambda: page.find("#send-go").is_enabled(), "it may not be sent")
    dealership.site.simulator.reply(await dealership.mobile(listing), "STOP", dealership.number)
    page.wait_for("This number asked not to get texts.", "#send-why")
    examine(page, "window-stopped")


async def test_the_window_of_a_refused_send(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("Hello")
    page.wait_until(lambda: page.find("#send-go").is_enabled(), "it may not be sent")
    page.run("document.querySelector('#body').value = ' '")  # without an event: only the server notices
    page.click("#send-go")
    page.wait_for("This message was not sent", "#send-problem")
    assert page.value("#body") == " "
    examine(page, "window-refused")


async def test_the_window_without_a_connection(page: Page, site: Site) -> None:
    async with dealerships.opened(site, connected=False) as dealership:
        await open_window(page, dealership)
        page.wait_for("You need an active DialPad connection", "#send-why")
        examine(page, "window-not-connected")


async def test_the_menus_of_the_window(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    for name, opener in (("insert", "ins-more"), ("channel", "send-menu")):
        page.click(f"[popovertarget={opener}]")
        page.wait_until(lambda menu=opener: page.find(f"#{menu}").is_displayed(), "the menu did not open")
        examine(page, f"window-menu-{name}")
        page.run("document.querySelector(':popover-open').hidePopover()")


async def test_the_window_of_an_email(page: Page, dealership: Dealership) -> None:
    listing = await dealership.listing(seller={"email": "dana.reyes@mail.example"})
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}/sends/new?channel=email")
    page.find("#body").send_keys("Hello Dana, is it sold? See https://harborauto.example")
    page.wait_for("Inquiry about your 2019 Subaru Outback", "#preview")
    page.wait_for("is it sold?", "#preview article")
    examine(page, "window-email")


async def test_the_window_without_any_channel(page: Page, site: Site) -> None:
    async with dealerships.opened(site, connected=False) as dealership:
        await open_window(page, dealership, seller={"mobile": "", "phone": "", "email": ""})
        assert not page.find("#send-go").is_enabled()
        examine(page, "window-no-channel")


async def test_the_templates_of_the_window(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.click("#find-b")
    page.find("#template-results .hit")
    examine(page, "window-template-search")
    page.run("document.querySelector(':popover-open').hidePopover()")
    page.click("#template-new")
    page.wait_until(lambda: page.focused() == "side-title", "the focus is not on the name of the second window")
    page.find("#t-body").send_keys("Hi {{fi")
    page.find("#t-completions [role=option]")
    examine(page, "window-template-form")
    page.click("#t-save")
    page.wait_for("This template was not saved", "#t-errors")
    examine(page, "window-template-refused")


async def test_the_completion_in_the_window(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.find("#body").send_keys("Your {{ve")
    page.find("#completions [role=option]")
    examine(page, "window-completion")


async def test_the_emoji_of_the_window(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.click("#emoji-b")
    page.find("#emoji .emoji")
    examine(page, "window-emoji")


async def test_the_word_tracks_beside_the_window(page: Page, dealership: Dealership) -> None:
    await open_window(page, dealership)
    page.click("#tracks-b")
    page.click("#tracks a")
    page.wait_until(lambda: page.focused() == "beside", "the focus is not on the guide")
    examine(page, "window-guide")


async def test_the_files_of_the_window(page: Page, dealership: Dealership, tmp_path: Path) -> None:
    await open_window(page, dealership)
    for name in ("offer.txt", "second.txt"):
        (tmp_path / name).write_text("We would pay $17,500.")
        page.find("#attach-files").send_keys(str(tmp_path / name))
        page.wait_for(name, "#files")
    page.wait_for("cannot go along", "#files")
    examine(page, "window-file-refused-by-the-channel")
    page.click("#files [name=share]")
    page.wait_for("Goes as a link", "#files")
    (tmp_path / "nothing.pdf").write_bytes(b"")
    page.find("#attach-files").send_keys(str(tmp_path / "nothing.pdf"))
    page.find("#uploads .bad")
    examine(page, "window-file-as-a-link")


async def test_the_draft_of_the_window(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Half a sen")
    page.wait_for("Saved", "#draft-state")
    page.open(f"/listings/{listing.id}")
    page.wait_for("Continue draft", ".dock")
    examine(page, "listing-with-a-draft")
    page.click(".dock [data-opens]")
    page.wait_for("Draft of", "#draft-state")
    examine(page, "window-draft")
    await dealership.drafted(listing, "Written on the phone")
    page.find("#body").send_keys("tence")
    page.wait_for("This draft was changed elsewhere", "#draft-state")
    examine(page, "window-draft-conflict")


async def test_the_window_when_the_seller_writes_meanwhile(page: Page, dealership: Dealership) -> None:
    listing = await open_window(page, dealership)
    page.find("#body").send_keys("Hello")
    dealership.site.simulator.reply(await dealership.mobile(listing), "It is sold", dealership.number)
    page.wait_for("Dana wrote at", "#send-why")
    examine(page, "window-news")


async def test_the_window_as_a_page_of_its_own(page: Page, dealership: Dealership) -> None:
    listing = await dealership.listing()
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}/sends/new")
    page.find("#send-window")
    examine(page, "send-page")


async def test_the_notice_after_sending(page: Page, site: Site) -> None:
    async with dealerships.opened(site, undo_seconds=30) as dealership:
        await open_window(page, dealership)
        page.find("#body").send_keys("Hello")
        page.click("#send-go")
        page.wait_for("Text to Dana leaves in", "#notices")
        examine(page, "listing-undo")


# Imports


async def test_an_import(page: Page, dealership: Dealership, tmp_path: Path) -> None:
    async with dealership.site.opened():
        manager = await make.user(dealership.account, "manager")
    await dealership.signed_in(page, manager)
    page.open("/imports/new")
    examine(page, "import-new")
    file = tmp_path / "ads of november.csv"
    file.write_text("Stock,Year,Make,Model,Price,First Name\nA1,2019,Subaru,Outback,18900,Dana\n,1,,,,\n")
    page.find("[name=file]").send_keys(str(file))
    page.click("main form [type=submit]")
    page.wait_for("2 rows. Say what each column holds")
    examine(page, "import-columns")
    page.click("main form [type=submit]")
    page.wait_for("Refused rows")
    examine(page, "import-done")


# The rest


async def test_apps(page: Page, dealership: Dealership) -> None:
    async with dealership.site.opened():
        admin = await make.user(dealership.account, "admin", owner=True)
    await dealership.signed_in(page, admin)
    page.open("/apps")
    examine(page, "apps")
    page.open("/apps/dialpad")
    page.wait_for("Change the connection")
    examine(page, "dialpad")
    page.run("document.querySelector('form[action$=connections] details').open = true")
    page.fill("[name=api_key]", "not-the-key")
    page.fill("[name=base_url]", dealership.site.simulator.url)
    page.click("form[action$=connections] [type=submit]")
    page.find("#errors")
    examine(page, "dialpad-refused")


async def test_dialpad_before_an_agent_and_before_it_is_connected(page: Page, site: Site) -> None:
    async with dealerships.opened(site, connected=False) as dealership:
        async with site.opened():
            admin = await make.user(dealership.account, "admin")
        await dealership.signed_in(page)
        page.open("/apps/dialpad")
        page.wait_for("Ask your administrator")
        examine(page, "dialpad-agent")
        await dealership.signed_in(page, admin)
        page.open("/apps/dialpad")
        page.wait_for("Connect Dialpad")
        examine(page, "dialpad-new")


async def test_dialpad_outside_of_the_plan(page: Page, site: Site) -> None:
    async with dealerships.opened(site, connected=False, tier="standard") as dealership:
        await dealership.signed_in(page)
        page.open("/apps/dialpad")
        page.wait_for("Not in your plan")
        examine(page, "dialpad-locked")
        page.click("[popovertarget=upgrade]")
        page.wait_for("Dialpad is not part of your plan")
        examine(page, "dialpad-upgrade")


async def test_people(page: Page, dealership: Dealership) -> None:
    async with dealership.site.opened():
        admin = await make.user(dealership.account, "admin")
        await make.user(dealership.account, active=False)
    await dealership.signed_in(page, admin)
    page.open("/users")
    page.wait_for("Add a person")
    examine(page, "people")


async def test_ones_profile(page: Page, dealership: Dealership) -> None:
    await dealership.signed_in(page)
    page.open("/profile")
    examine(page, "profile")


async def test_plans(page: Page, dealership: Dealership) -> None:
    async with dealership.site.opened():
        owner = await make.user(dealership.account, "admin", owner=True)
    await dealership.signed_in(page)
    page.open("/plans")
    examine(page, "plans")
    await dealership.signed_in(page, owner)
    page.open("/plans")
    page.wait_for("Save the plans")
    examine(page, "plans-owner")


async def test_why_a_seller_cannot_be_texted(page: Page, dealership: Dealership) -> None:
    seller = {"email": f"{LONG[:40]}@mail.example", "phone": make.phone(), "postal_code": "85701"}
    listing = await dealership.listing(seller=seller)
    async with dealership.site.opened():
        mobile = (await make.seller_of(listing)).mobile
        support = await make.user(dealership.account, "support")
        await suppressions.dnc(dealership.account.id, [mobile], f"Angry {LONG}", user=dealership.agent)
        await make.opt_out(mobile, dealership.account)
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}")
    page.click("[popovertarget=seller-menu]")
    page.click("#seller-menu a")
    page.wait_for("All reasons there are")
    examine(page, "gate")
    page.open(f"/listings/{listing.id}")
    page.click(".seller .primary[data-opens]")
    page.wait_until(lambda: page.find("#send-why a").is_displayed(), "the window does not lead there")
    page.click("#send-why a")
    page.wait_for("On record", "#side")
    assert page.focused() == "side-title"
    examine(page, "gate-beside-the-window")
    await dealership.signed_in(page, support)
    page.open(f"/listings/{listing.id}/permissions")
    page.wait_for("Your role does not send messages.")
    examine(page, "gate-read-only")


async def test_quiet_hours(page: Page, dealership: Dealership) -> None:
    async with dealership.site.opened():
        manager = await make.user(dealership.account, "manager")
    await dealership.signed_in(page)
    page.open("/quiet-hours?country=CA")
    page.wait_for("Newfoundland and Labrador")
    examine(page, "quiet-hours-read-only")
    await dealership.signed_in(page, manager)
    page.open("/quiet-hours")
    page.wait_for("Change")
    examine(page, "quiet-hours")
    page.open("/quiet-hours/US-KY/edit")
    examine(page, "quiet-hours-edit")
    page.run("document.querySelector('main form').noValidate = true")
    page.run("document.querySelector('[name=from_1]').value = '22:00'")
    page.click("main form [type=submit]")
    page.wait_for("Hours end after they begin")
    assert page.focused() == "errors"
    examine(page, "quiet-hours-refused")
    page.run("document.querySelector('[name=from_1]').value = '07:00'")
    page.fill("[name=reason]", LONG)
    page.click("main form [type=submit]")
    page.wait_for("We may text beyond these hours")
    examine(page, "quiet-hours-wider")
    page.click("[name=knowing]")
    page.click("main form [type=submit]")
    page.wait_for("The hours for Kentucky are saved.")
    page.open("/quiet-hours/US-KY/edit")
    page.wait_for("Go back to the shipped hours")
    examine(page, "quiet-hours-own")


async def test_unmatched_messages(page: Page, dealership: Dealership) -> None:
    async with dealership.site.opened():
        for n in range(3):
            await make.unmatched(dealership.account, body=f"Hello, is this the dealership? {LONG * n}")
    await dealership.signed_in(page)
    page.open("/unmatched")
    page.wait_for("Hello, is this the dealership?")
    examine(page, "unmatched")


async def test_no_contact_lists(page: Page, dealership: Dealership) -> None:
    account = dealership.account.id
    async with dealership.site.opened():
        manager = await make.user(account, "manager")
        for n, number in enumerate(("+15205550100", "+15205550101", "dana.sellers@mail.example")):
            await suppressions.dnc(account, [number], f"Angry on the phone {LONG * (n % 2)}", user=manager)
    await dealership.signed_in(page, manager)
    page.open("/suppressions?kind=dnc")
    page.wait_for("Angry on the phone")
    examine(page, "suppressions")
    page.open("/suppressions?kind=block")
    page.click("details.folded summary")
    page.fill("[name=address]", "555")
    page.fill("[name=reason]", "Threats")
    page.click("details.folded [type=submit]")
    page.wait_for("is not a phone number")
    examine(page, "suppressions-refused")
    page.open("/suppressions?kind=dnc&q=dana")
    page.click("td a")
    page.wait_for("Keep it on the list")
    examine(page, "suppressions-show")


async def test_a_file_for_a_no_contact_list(page: Page, dealership: Dealership, tmp_path: Path) -> None:
    async with dealership.site.opened():
        manager = await make.user(dealership.account, "manager")
    await dealership.signed_in(page, manager)
    file = tmp_path / f"{LONG}.csv"
    file.write_text(f"Phone\n+15205550102\n{LONG}\n")
    page.open("/suppressions/imports/new?kind=dnc")
    examine(page, "suppressions-import-new")
    page.find("[name=file]").send_keys(str(file))
    page.click("main [type=submit]")
    page.wait_for("could not be read")
    examine(page, "suppressions-import")
    page.click(".pager a")
    page.wait_for("Last imports")
    examine(page, "suppressions-imported")


async def test_pages_that_are_not_there_or_not_for_you(page: Page, dealership: Dealership) -> None:
    await dealership.signed_in(page)
    page.open("/listings/nowhere")
    page.wait_for("not here")
    examine(page, "not-found")
    async with dealership.site.opened():
        support = await make.user(dealership.account, "support")
    await dealership.signed_in(page, support)
    page.open("/listings/new")
    page.wait_for("Your role does not allow this.")
    examine(page, "forbidden")


# What is looked at


def log(page: Page) -> str:
    """All that the history says, what has to be scrolled to included."""
    return str(page.run("return document.querySelector('#log').textContent"))


async def open_window(page: Page, dealership: Dealership, **values: Any) -> Listing:
    listing = await dealership.listing(**values)
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}")
    page.click(".seller .primary[data-opens]")
    page.wait_until(lambda: page.find("#send-window #body").is_displayed(), "the window did not open")
    return listing


async def stock(dealership: Dealership) -> None:
    """Six ads with all that a row can show."""
    cars = (
        ("Subaru", "Outback", "not_contacted", 1_890_000, 1_990_000),
        ("Honda", "Civic", "contacted", 1_450_000, 1_400_000),
        ("Ford", "F-150", "appointed", None, None),
        ("Toyota", "Land Cruiser", "acquired", 6_250_000, None),
        ("Mercedes-Benz", "Sprinter 2500 High Roof", "dnc", 3_990_000, None),
        ("Kia", "Soul", "no_show", 990_000, None),
    )
    for n, (brand, model, stage, price, previous) in enumerate(cars):
        contacted = clock.now() - timedelta(days=n) if n else None
        listing = await dealership.listing(
            make=brand, model=model, stage=stage, price=price, previous_price=previous, last_contact_at=contacted
        )
        if n == 1:
            async with dealership.site.opened():
                await make.message(listing, direction="in")
                await Listing.update({Listing.waiting_since: clock.now()}).where(Listing.id == listing.id)


async def conversation(dealership: Dealership) -> Listing:
    """A listing with two days of history: each state, each side, each kind."""
    agent, description = dealership.agent, "One owner, all services, winter tires. " * 8
    listing = await dealership.listing(
        previous_price=1_990_000,
        main_user=agent.id,
        description=description,
        seller={
            "email": "dana.reyes@mail.example",
            "phone": make.phone(),
            "street": "4 Elm St",
            "postal_code": "85701",
        },
    )
    said = [
        {"body": "Hi Dana, is your Outback still for sale? We buy used cars and would look at it this week."},
        {"direction": "in", "body": "Yes. Would you take it as it is, with the scratch on the door?"},
        {"body": "We would. Could you send two pictures of it?", "state": "undelivered", "reason": "Unknown number."},
        {"body": "Hello?", "state": "failed", "code": "forbidden", "reason": "You are not permitted to send."},
        {"body": "Would Thursday suit you?", "state": "unknown", "reason": "The connection broke."},
        {"body": "A slip of the pen", "state": "cancelled", "code": "undone"},
        {"body": "Typed in the app", "origin": "app", "state": "sent"},
        {"body": "Your appointment is tomorrow at 10.", "author_kind": "system", "state": "accepted"},
        {"direction": "in", "body": "Thursday is fine 👍"},
    ]
    async with dealership.site.opened():
        began = clock.now() - timedelta(hours=26)
        for n, values in enumerate(said):
            if values.get("direction") != "in":
                values["user"] = agent
            await make.message(listing, at=began + timedelta(hours=3 * n), **values)
        await make.event(
            listing, "stage", at=began, detail='{"old": "not_contacted", "new": "contacted"}', user=agent.id
        )
        await make.event(listing, "opted_out", at=began, detail='{"address": "+15205550117"}')
        await make.follower(listing, agent)
    return listing
