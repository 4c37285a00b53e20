"""The files of a message in its history: seen, kept apart from what cannot be opened, and their links ended."""

import io
from datetime import timedelta

from PIL import Image

from domain import attachments, clock
from domain.attachments import FileLink, MessageAttachment
from tests import make
from tests.browser.dealership import Dealership
from tests.browser.page import Page

EMAIL = "Hi Dana,\n\nhere is what we saw: https://harbor.example/cr-v\n\n-- \nRobin Reyes\nHarbor Motors"


def picture() -> bytes:
    made = io.BytesIO()
    Image.linear_gradient("L").resize((640, 480)).save(made, "JPEG")
    return made.getvalue()


async def test_files_are_seen_and_a_link_is_revoked_where_it_stands(page: Page, dealership: Dealership) -> None:
    listing = await dealership.listing()
    async with dealership.site.opened():
        user = dealership.agent
        text = await make.message(listing, user=user, body="Is this the scratch you meant?")
        mail = await make.message(listing, user=user, channel="email", subject="Your <CR-V>", body=EMAIL)
        front = await attachments.add(listing.account, user.id, "front.jpg", picture())
        report = await make.attachment(listing.account, name="history report.pdf", media_type="application/pdf")
        gone = await make.attachment(listing.account, name="keys.png", removed_at=clock.now())
        link = FileLink(account=listing.account, attachment=report.id, listing=listing.id, opened=2)
        link.expires_at = clock.now() + timedelta(days=30)
        await FileLink.insert(link)
        for message, file, through in ((text, front, None), (mail, report, link), (mail, gone, None)):
            row = MessageAttachment(message=message.id, attachment=file.id, link=through.id if through else None)
            await MessageAttachment.insert(row)
    await dealership.signed_in(page)
    page.open(f"/listings/{listing.id}")
    page.wait_for("front.jpg", f"#message-{text.id}")
    assert page.run("return document.querySelector('.sent-files img').naturalWidth") > 0
    assert "Link opened 2 times" in page.text(f"#message-{mail.id}")
    assert "no longer stored" in page.text(f"#message-{mail.id}")
    assert page.axe() == []
    page.screenshot("history-files")
    if page.engine == "chromium":
        page.be_phone()
        assert page.axe() == []
        page.screenshot("history-files-phone")
        page.be_desktop()
    page.run("window.confirm = () => true")
    page.click(f"#message-{mail.id} form button")
    page.wait_for("Link opened 2 times, revoked", f"#message-{mail.id}")
    assert page.all(f"#message-{mail.id} form") == []
