"""Templates in a browser: their own pages, and the form in the dialog beside a message."""

from pathlib import Path
from typing import Any

from selenium.webdriver.common.keys import Keys

from domain.message_templates import MessageTemplate, TemplateVersion
from domain.template_files import files_of
from tests import files
from tests.browser.dealership import Dealership
from tests.browser.page import Page
from tests.browser.test_accessibility import examine


async def saved(dealership: Dealership) -> list[MessageTemplate]:
    async with dealership.site.opened():
        mine = MessageTemplate.account == dealership.account.id
        rows: list[MessageTemplate] = await MessageTemplate.objects().where(mine).order_by(MessageTemplate.created_at)
    return rows


async def version_of(dealership: Dealership, template: MessageTemplate) -> TemplateVersion:
    async with dealership.site.opened():
        here = (TemplateVersion.template == template.id) & TemplateVersion.current.eq(True)
        version: Any = await TemplateVersion.objects().get(here)
    return version


def choose(page: Page, css: str, value: str) -> None:
    page.run(
        "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change', {bubbles: true}))",
        page.find(css),
        value,
    )


async def test_a_template_is_written_changed_starred_copied_and_deleted(page: Page, dealership: Dealership) -> None:
    await dealership.signed_in(page)
    page.open("/templates")
    page.wait_for("First hello: still for sale?")
    examine(page, "templates")
    page.click(".page-h .btn.primary")
    page.find("#t-name").send_keys("My <b>hello</b>")
    choose(page, "#t-purpose", "initial")
    page.find("#t-body").send_keys("Hi , is it there?")
    page.run("const b = document.getElementById('t-body'); b.focus(); b.setSelectionRange(3, 3)")
    page.click("#t-ins-1")
    page.wait_until(lambda: page.value("#t-body") == "Hi {{seller.first_name}}, is it there?")
    assert page.focused() == "t-body"
    page.wait_for("Hi Dana, is it there?", "#t-preview")
    page.find("#t-body").send_keys(Keys.END, " “ok”")
    page.wait_for("UCS-2", "#t-preview")
    choose(page, "#t-type", "email")
    page.wait_for("Inquiry about your", "#t-preview")
    assert page.find("#t-subject").is_displayed()
    examine(page, "template-new")
    choose(page, "#t-type", "text")
    page.wait_until(lambda: not page.find("#t-subject").is_displayed())
    page.click("#t-save")
    page.wait_for("“My <b>hello</b>” is saved.")
    [template] = await saved(dealership)
    assert (await version_of(dealership, template)).body == "Hi {{seller.first_name}}, is it there? “ok”"
    page.click(f"#template-{template.id} .t-star button")
    page.wait_until(lambda: page.all(f"#template-{template.id} .t-star .on"))
    page.find("#t-q").send_keys("zebra")
    page.wait_for("Nothing matches “zebra”")
    assert "q=zebra" in page.path
    page.open(f"/templates/{template.id}/edit")
    page.fill("#t-body", "{{vehicle.colour}}")
    page.click("#t-save")
    page.wait_for("Did you mean {{vehicle.color}}?")
    assert page.focused() == "t-errors"
    examine(page, "template-refused")
    page.fill("#t-body", "Is it there?")
    page.click("#t-save")
    page.wait_for("is saved.")
    page.open(f"/templates/{template.id}/versions")
    page.wait_for("Version 2")
    examine(page, "template-versions")
    page.open(f"/templates/{template.id}/deletion")
    examine(page, "template-deletion")
    page.button("Delete the template").click()
    page.wait_for("is deleted.")


async def test_files_go_up_when_they_are_chosen(page: Page, dealership: Dealership, tmp_path: Path) -> None:
    await dealership.signed_in(page)
    page.open("/templates/new")
    picture, bad = tmp_path / "front.jpg", tmp_path / "page.jpg"
    picture.write_bytes(files.picture())
    bad.write_bytes(b"<html><script>alert(1)</script></html>")
    page.find("#t-name").send_keys("With a picture")
    page.find(".t-upload input[type=file]").send_keys(f"{picture}\n{bad}")
    page.wait_for("front.jpg", "#t-files .files")
    page.wait_for("page.jpg", "#t-files .err")
    examine(page, "template-files")
    choose(page, "#t-purpose", "initial")
    page.find("#t-body").send_keys("See the picture?")
    page.find(".t-upload input[type=file]").send_keys(str(picture))
    page.wait_until(lambda: len(page.all("#t-files .file")) == 2)
    page.click("#t-files .file button")
    page.wait_until(lambda: len(page.all("#t-files .file")) == 1)
    assert page.value("#t-name") == "With a picture"
    page.click("#t-save")
    page.wait_for("is saved.")
    [template] = await saved(dealership)
    version = await version_of(dealership, template)
    async with dealership.site.opened():
        assert [file.name for file in await files_of(version.id)] == ["front.jpg"]


async def test_beside_a_message_a_template_is_made_and_picked_without_losing_a_word(
    page: Page, dealership: Dealership
) -> None:
    listing = await dealership.listing()
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}")
    page.click(".dock [data-opens]")
    page.find("#body").send_keys("Half a thought")
    page.click("#template-new")
    page.wait_until(lambda: page.find("#t-name").is_displayed())
    page.fill("#t-body", "Hi {{")
    page.wait_until(lambda: page.find("#t-completions").is_displayed())
    page.find("#t-body").send_keys(Keys.ARROW_DOWN, Keys.ENTER)
    page.wait_until(lambda: page.value("#t-body") == "Hi {{vehicle.title}}")
    page.click("#t-save")
    page.wait_for("Give the template a name.", "#side")
    examine(page, "template-beside")
    assert page.value("#t-body") == "Hi {{vehicle.title}}"
    page.find("#t-name").send_keys("Beside")
    choose(page, "#t-purpose", "initial")
    page.click("#t-save")
    page.wait_until(lambda: not page.find("#side").is_displayed())
    assert page.value("#body") == "Half a thought"
    page.wait_until(lambda: "Beside" in page.find("#template").get_attribute("textContent"))
    [template] = await saved(dealership)
    choose(page, "#template", str(template.id))
    page.wait_for("What should “Beside” do?")
    page.button("Replace it").click()
    page.wait_until(lambda: page.value("#body") == "Hi 2019 Subaru Outback")


async def test_without_javascript_a_template_is_made_from_the_message_and_back(
    no_script: Page, dealership: Dealership
) -> None:
    listing = await dealership.listing()
    await dealership.signed_in(no_script)
    no_script.open(f"/templates/new?type=text&listing={listing.id}")
    no_script.find("#t-name").send_keys("By hand")
    no_script.find("#t-purpose").send_keys("Initial")
    no_script.find("#t-body").send_keys("About your ")
    no_script.click("#t-ins-2")
    no_script.wait_until(lambda: no_script.value("#t-body") == "About your {{vehicle.title}}")
    no_script.button("Preview").click()
    no_script.wait_for("About your 2017 Honda CR-V", "#t-preview")
    no_script.click("#t-save")
    no_script.wait_until(lambda: no_script.path.startswith(f"/listings/{listing.id}/sends/new?template_id="))
    assert no_script.value("#body") == "About your 2019 Subaru Outback"
