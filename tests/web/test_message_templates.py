"""The Templates pages, with and without JavaScript, and what the Send Message window takes from them."""

import asyncio
import re
from typing import Any
from uuid import uuid4

import pytest

from domain import clock, message_templates, template_files
from domain.accounts import Account
from domain.attachments import Attachment
from domain.message_templates import MessageTemplate, TemplateUse, TemplateVersion, keeping
from domain.message_templates.keeping import Typed
from domain.shipped_templates import PURPOSES, SHIPPED
from domain.users import Role
from tests import files, make

FIELDS = {
    "type": "text",
    "scope": "local",
    "purpose": "initial",
    "name": "First hello",
    "subject": "",
    "body": "Hi {{seller.first_name}}, is it still there?",
}


@pytest.fixture
async def shipped(house) -> None:
    await message_templates.seed()


async def saved(user, **typed: Any) -> MessageTemplate:
    account = await Account.objects().get(Account.id == user.account)
    values = {**FIELDS, **typed}
    return await keeping.create(account, user, Typed(**values))


async def body_of(template: MessageTemplate) -> str:
    return (await keeping.current(template.id)).body


# The list


async def test_the_page_lists_what_one_may_pick_and_what_one_may_do_with_it(agent_client, shipped):
    mine = await saved(agent_client.user, name="My hello 🚗")
    everyones = await saved(agent_client.user, name="Our <b>hello</b>", scope="global")
    colleagues = await saved(await make.user(), name="A colleague's secret")
    page = (await agent_client.get("/templates")).text
    assert page.index("My hello 🚗") < page.index("Our &lt;b&gt;hello&lt;/b&gt;") < page.index(SHIPPED[0].name)
    assert "secret" not in page
    for each in (mine, everyones):
        assert f'href="/templates/{each.id}/edit"' in page
    assert f"/templates/{SHIPPED[0].id}/edit" not in page
    assert f"/templates/{SHIPPED[0].id}/hiding" in page
    assert f"/templates/{colleagues.id}" not in page
    assert 'aria-current="page">Text <span' in page
    assert "Email" in page
    assert ">Kijiji" not in page


@pytest.mark.parametrize("kind", ["facebook", "kijiji"])
async def test_templates_of_a_way_that_is_switched_off_are_shown_where_somebody_wrote_one(agent_client, shipped, kind):
    await saved(agent_client.user, type=kind, name="By hand")
    page = (await agent_client.get(f"/templates?type={kind}")).text
    assert "By hand" in page
    assert SHIPPED[-1].name in page


async def test_the_page_takes_few_queries_however_many_templates_there_are(agent_client, shipped, count_queries):
    for n in range(60):
        await saved(agent_client.user, name=f"Wording {n:02}")
    with count_queries() as queries:
        page = await agent_client.get("/templates")
    assert page.text.count("<tr id=") == 50
    assert queries.count <= 8
    [following] = re.findall(r'rel="next" href="([^"]+)"', page.text)
    second = (await agent_client.get(following.replace("&amp;", "&"))).text
    assert "Wording 49" not in second
    assert "Wording 50" in second
    assert 'rel="prev"' in second


async def test_the_list_is_narrowed_by_type_owner_and_words(agent_client, shipped):
    await saved(agent_client.user, name="My offer")
    await saved(agent_client.user, name="Our offer", scope="global")
    await saved(agent_client.user, name="Offer by mail", type="email")
    found = (await agent_client.get("/templates?type=email&q=OFFER&whose=local")).text
    assert "Offer by mail" in found
    assert "My offer" not in found
    mine = (await agent_client.get("/templates?q=offer&whose=global")).text
    assert ("Our offer" in mine, "My offer" in mine) == (True, False)
    nothing = (await agent_client.get("/templates?q=%3Cb%3Ezebra")).text
    assert "Nothing matches “&lt;b&gt;zebra”" in nothing


@pytest.mark.parametrize("query", ["type=fax", "whose=nobody", "after=x", "before=W10", "q=%00%25_", "q=" + "x" * 3000])
async def test_a_strange_address_shows_a_page(agent_client, shipped, query):
    assert (await agent_client.get(f"/templates?{query}")).status_code == 200


async def test_support_sees_templates_and_changes_nothing(client, shipped):
    support = await client.signed_in(await make.user(role=Role.SUPPORT))
    ours = await saved(await make.user(), name="Our hello", scope="global")
    page = (await support.get("/templates")).text
    assert "Our hello" in page
    assert "<form method" not in page[page.index("<main") :]
    assert (await support.get(f"/templates/{ours.id}/versions")).status_code == 200
    for url in ("/templates/new", f"/templates/{ours.id}/edit", f"/templates/{ours.id}/deletion"):
        assert (await support.get(url)).status_code == 403
    for url in ("", f"/{ours.id}", f"/{ours.id}/deletion", f"/{ours.id}/copies", f"/{ours.id}/favorites", "/files"):
        assert (await support.submit(f"/templates{url}", FIELDS)).status_code == 403
    for url in (f"/{SHIPPED[0].id}/hiding", f"/{SHIPPED[0].id}/hiding/deletion"):
        assert (await support.submit(f"/templates{url}")).status_code == 403
    assert await body_of(ours) == FIELDS["body"]
    assert not await TemplateUse.exists()


async def test_a_visitor_is_asked_to_sign_in(client):
    answer = await client.get("/templates")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/templates")


# Writing


async def test_a_new_template_is_saved_and_shown_in_its_tab(agent_client):
    form = (await agent_client.get("/templates/new?type=email")).text
    assert '<option value="email" selected>' in form
    answer = await agent_client.submit("/templates", {**FIELDS, "type": "email", "subject": "Your {{vehicle.title}}"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/templates?type=email")
    page = (await agent_client.get(answer.headers["location"])).text
    assert "“First hello” is saved." in page
    template = await MessageTemplate.objects().first()
    assert (template.scope, template.owner, template.type) == ("local", agent_client.user.id, "email")
    assert (await keeping.current(template.id)).subject == "Your {{vehicle.title}}"


async def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(agent_client):
    typed = {**FIELDS, "name": " ", "purpose": "", "body": "Hi {{vehicle.colour}} <script>"}
    answer = await agent_client.submit("/templates", typed)
    assert answer.status_code == 422
    page = answer.text
    for field, sentence in (
        ("name", "Give the template a name."),
        ("purpose", "Choose what the template is for."),
        ("body", "“{{vehicle.colour}}” at character 4 is not a wildcard. Did you mean {{vehicle.color}}?"),
    ):
        assert f'<a href="#t-{field}">{sentence}</a>' in page
        assert re.search(rf'id="t-{field}"[^>]* aria-invalid="true"[^>]*aria-describedby="t-{field}-err', page)
    assert "Hi {{vehicle.colour}} &lt;script&gt;</textarea>" in page
    assert "<title>Error: " in page
    assert not await MessageTemplate.exists()


async def test_a_subject_left_in_the_form_of_a_text_is_not_kept(agent_client):
    assert (await agent_client.submit("/templates", {**FIELDS, "subject": "Left over"})).status_code == 303
    template = await MessageTemplate.objects().first()
    assert (await keeping.current(template.id)).subject == ""


async def test_two_who_choose_one_name_at_once_do_not_both_get_it(agent_client):
    typed = {**FIELDS, "scope": "global"}
    answers = await asyncio.gather(*(agent_client.submit("/templates", typed) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [303] + [422] * 19
    refused = next(answer for answer in answers if answer.status_code == 422)
    assert "Everyone has a text template named “First hello” already. Choose another name." in refused.text
    assert await MessageTemplate.count() == 1


@pytest.mark.parametrize("name", ["🚗" * 80, "<img src=x onerror=alert(1)>", "x" * 80, "“quoted” & 'so'", "{{x}}"])
async def test_a_strange_name_is_only_a_name(agent_client, name):
    assert (await agent_client.submit("/templates", {**FIELDS, "name": name})).status_code == 303
    template = await MessageTemplate.objects().first()
    assert template.name == name
    for url in ("/templates", f"/templates/{template.id}/edit", f"/templates/{template.id}/versions"):
        page = await agent_client.get(url)
        assert page.status_code == 200
        assert "<img src=x" not in page.text


async def test_a_text_of_nearly_a_megabyte_is_refused_in_a_sentence(agent_client):
    answer = await agent_client.submit("/templates", {**FIELDS, "body": "{{" * 450_000})
    assert answer.status_code == 422
    assert "This text is too long: 1,500 characters at most." in answer.text


async def test_the_form_shows_a_change_before_it_is_saved_without_javascript(agent_client):
    pressed = {**FIELDS, "insert": "vehicle.make", "name": "Half written"}
    page = (await agent_client.submit("/templates", pressed)).text
    assert "is it still there?{{vehicle.make}}</textarea>" in page
    assert 'value="Half written"' in page
    assert "<mark>Honda</mark>" in page
    again = (await agent_client.submit("/templates", {**FIELDS, "do": "preview"})).text
    assert "Hi <mark>Dana</mark>, is it still there?" in again
    assert (await agent_client.submit("/templates", {**FIELDS, "insert": "vehicle.colour"})).status_code == 404
    assert not await MessageTemplate.exists()


# Changing


async def test_an_edited_template_gets_a_version_that_the_versions_page_shows(agent_client, count_queries):
    template = await saved(agent_client.user)
    with count_queries() as queries:
        form = (await agent_client.get(f"/templates/{template.id}/edit")).text
    assert queries.count <= 8
    assert FIELDS["body"] in form
    answer = await agent_client.submit(f"/templates/{template.id}", {**FIELDS, "body": "New words?", "version": "1"})
    assert answer.headers["location"] == "/templates?type=text"
    with count_queries() as queries:
        page = (await agent_client.get(f"/templates/{template.id}/versions")).text
    assert queries.count <= 8
    assert page.index("Version 2") < page.index("New words?") < page.index("Version 1") < page.index(FIELDS["body"])
    assert page.count(agent_client.user.name) >= 2


async def test_who_saves_over_anothers_change_is_told_and_may_save_again(manager_client):
    template = await saved(manager_client.user, scope="global")
    mine = {**FIELDS, "scope": "global", "body": "Mine?", "version": "1"}
    await manager_client.submit(f"/templates/{template.id}", {**mine, "body": "Theirs?"})
    refused = await manager_client.submit(f"/templates/{template.id}", mine)
    assert refused.status_code == 422
    assert "Somebody changed this template while you wrote." in refused.text
    assert ">Mine?</textarea>" in refused.text
    assert await body_of(template) == "Theirs?"
    [version] = re.findall(r'name="version" value="(\d+)"', refused.text)
    assert (await manager_client.submit(f"/templates/{template.id}", {**mine, "version": version})).status_code == 303
    assert await body_of(template) == "Mine?"


@pytest.mark.parametrize("version", ["9" * 5000, "0" * 5000, "0", "²", "-1", "x", str(2**40)])
async def test_a_version_that_never_was_is_no_leave_to_save_over(agent_client, version):
    template = await saved(agent_client.user)
    answer = await agent_client.submit(f"/templates/{template.id}", {**FIELDS, "body": "Mine.", "version": version})
    assert answer.status_code == 422
    assert "Your text is still here; save again to replace theirs." in answer.text
    assert 'name="version" value="1"' in answer.text
    assert await body_of(template) == FIELDS["body"]


async def test_a_template_deleted_while_open_can_be_saved_as_a_new_one(manager_client):
    template = await saved(manager_client.user, scope="global")
    await MessageTemplate.update({MessageTemplate.archived_at: clock.now()}).where(MessageTemplate.id == template.id)
    typed = {**FIELDS, "body": "Hours of work?", "version": "1"}
    refused = await manager_client.submit(f"/templates/{template.id}", typed)
    assert refused.status_code == 422
    assert "This template was deleted. Your text is still here. Save it as a new template to keep it." in refused.text
    assert ">Hours of work?</textarea>" in refused.text
    assert 'action="/templates"' in refused.text
    assert '<option value="global" selected>' in refused.text
    assert (await manager_client.get(f"/templates/{template.id}/edit")).status_code == 404
    assert await TemplateVersion.count() == 1
    assert "Deleted" in (await manager_client.get(f"/templates/{template.id}/versions")).text


async def test_a_foreign_template_is_not_there(client, agent_client):
    stranger = await make.user(await make.account(), role=Role.ADMIN)
    colleague = await make.user(agent_client.user.account, role=Role.ADMIN)
    foreign = await saved(stranger, scope="global")
    secret = await saved(colleague)
    for template in (foreign.id, secret.id, uuid4(), "x"):
        for url in ("edit", "versions", "deletion"):
            assert (await agent_client.get(f"/templates/{template}/{url}")).status_code == 404
        for url in ("", "/deletion", "/copies", "/favorites", "/favorites/deletion", "/hiding", "/hiding/deletion"):
            assert (await agent_client.submit(f"/templates/{template}{url}", FIELDS)).status_code == 404
    assert await MessageTemplate.count() == 2


async def test_an_agent_keeps_to_local_ones_where_managers_own_the_others(client):
    account = await make.account(managers_own_global_templates=True)
    manager, agent = await make.user(account, role=Role.MANAGER), await make.user(account)
    ours = await saved(manager, scope="global")
    browser = await client.signed_in(agent)
    page = (await browser.get("/templates")).text
    assert f"/templates/{ours.id}/edit" not in page
    assert "Copy for everyone" not in page
    assert '<option value="global"' not in (await browser.get("/templates/new")).text
    refused = await browser.submit("/templates", {**FIELDS, "scope": "global"})
    assert refused.status_code == 422
    assert "Only managers of your dealership change templates for everyone." in refused.text
    for url in ("", "/deletion", "/hiding"):
        assert (await browser.submit(f"/templates/{ours.id}{url}", FIELDS)).status_code == 403
    assert (await browser.get(f"/templates/{ours.id}/edit")).status_code == 403


# Files


async def test_files_are_attached_taken_out_and_saved_without_javascript(agent_client):
    chosen = {"files": ("front.jpg", files.picture(), "image/jpeg")}
    page = (await agent_client.submit("/templates", {**FIELDS, "do": "attach"}, files=chosen)).text
    [file] = await Attachment.objects()
    assert f'name="attachment" value="{file.id}"' in page
    assert "front.jpg" in page
    assert f">{FIELDS['body']}</textarea>" in page
    assert not await MessageTemplate.exists()
    assert "Choose a file first" in (await agent_client.submit("/templates", {**FIELDS, "do": "attach"})).text
    without = await agent_client.submit("/templates", {**FIELDS, "attachment": str(file.id), "detach": str(file.id)})
    assert "front.jpg" not in without.text
    await agent_client.submit("/templates", {**FIELDS, "attachment": str(file.id)})
    template = await MessageTemplate.objects().first()
    version = await keeping.current(template.id)
    assert [each.id for each in await template_files.files_of(version.id)] == [file.id]
    assert "front.jpg" in (await agent_client.get(f"/templates/{template.id}/edit")).text
    assert "front.jpg" in (await agent_client.get(f"/templates/{template.id}/versions")).text


async def test_files_that_were_chosen_and_not_attached_are_saved_too(agent_client):
    chosen = {"files": ("front.jpg", files.picture(), "image/jpeg")}
    assert (await agent_client.submit("/templates", {**FIELDS, "do": "save"}, files=chosen)).status_code == 303
    template = await MessageTemplate.objects().first()
    first = await template_files.files_of((await keeping.current(template.id)).id)
    assert [each.name for each in first] == ["front.jpg"]
    kept = {**FIELDS, "do": "save", "version": "1", "attachment": str(first[0].id)}
    more = {"files": ("terms.txt", b"Our terms", "text/plain")}
    assert (await agent_client.submit(f"/templates/{template.id}", kept, files=more)).status_code == 303
    both = await template_files.files_of((await keeping.current(template.id)).id)
    assert [each.name for each in both] == ["front.jpg", "terms.txt"]


async def test_a_chosen_file_that_cannot_be_kept_stops_the_save_and_the_text_stays(agent_client):
    program = {"files": ("setup.exe", b"MZ" + b"\0" * 200, "application/octet-stream")}
    answer = await agent_client.submit("/templates", {**FIELDS, "do": "save"}, files=program)
    assert answer.status_code == 422
    assert 'class="err" role="alert"' in answer.text
    assert "is it still there?</textarea>" in answer.text
    assert not await MessageTemplate.exists()


async def test_a_form_without_a_chosen_file_saves_as_before(agent_client):
    """A browser sends an empty part for a file field that was left alone."""
    nothing = {"files": ("", b"", "application/octet-stream")}
    assert (await agent_client.submit("/templates", {**FIELDS, "do": "save"}, files=nothing)).status_code == 303
    assert not await Attachment.exists()


async def test_chosen_files_are_uploaded_at_once_and_what_cannot_be_kept_is_told(agent_client, count_queries):
    kept = await make.attachment(agent_client.user.account, name="kept.pdf")
    chosen = [
        ("files", ("one.jpg", files.picture(), "image/jpeg")),
        ("files", ("page.html", b"<html><script>alert(1)</script>", "image/jpeg")),
        ("files", ("empty.jpg", b"", "image/jpeg")),
    ]
    answer = await agent_client.submit("/templates/files", {"attachment": str(kept.id)}, htmx=True, files=chosen)
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div class="f" id="t-files"')
    assert answer.text.index("kept.pdf") < answer.text.index("one.jpg")
    assert re.search(r'class="err" role="alert">.*page\.html.*empty\.jpg', answer.text, re.DOTALL)
    assert answer.text.count('name="attachment"') == 2
    gone = await agent_client.submit(
        "/templates/files", {"attachment": str(kept.id), "detach": str(kept.id)}, htmx=True
    )
    assert 'name="attachment"' not in gone.text


async def test_a_file_that_was_removed_meanwhile_or_is_foreign_is_told_and_the_text_stays(agent_client):
    foreign = await make.attachment(await make.account(), name="secret.pdf")
    for file in (str(foreign.id), str(uuid4())):
        answer = await agent_client.submit("/templates", {**FIELDS, "attachment": file})
        assert answer.status_code == 422
        assert "A file is no longer here." in answer.text
        assert "secret.pdf" not in answer.text
        assert f">{FIELDS['body']}</textarea>" in answer.text
    assert not await MessageTemplate.exists()


# Copying, hiding, favorites, deleting


async def test_a_shipped_template_is_copied_and_the_copy_is_open_for_changes(agent_client, shipped):
    answer = await agent_client.submit(f"/templates/{SHIPPED[0].id}/copies", {"scope": "local"})
    copied = await MessageTemplate.objects().get(MessageTemplate.scope == "local")
    assert answer.headers["location"] == f"/templates/{copied.id}/edit"
    page = (await agent_client.get(answer.headers["location"])).text
    assert f"{SHIPPED[0].name} (copy)" in page
    assert (await agent_client.submit(f"/templates/{SHIPPED[0].id}", FIELDS)).status_code == 422
    assert (await agent_client.get(f"/templates/{SHIPPED[0].id}/edit")).status_code == 422


async def test_a_hidden_template_is_found_under_hidden_and_comes_back(manager_client, shipped):
    first = SHIPPED[0]
    await manager_client.submit(f"/templates/{first.id}/hiding")
    assert f"template-{first.id}" not in (await manager_client.get("/templates")).text
    hidden = (await manager_client.get("/templates?whose=hidden")).text
    assert f"template-{first.id}" in hidden
    await manager_client.submit(f"/templates/{first.id}/hiding/deletion")
    assert f"template-{first.id}" in (await manager_client.get("/templates")).text


async def test_a_star_puts_a_template_on_top_and_comes_back_to_the_list_as_it_was(agent_client, shipped):
    last = [each for each in SHIPPED if each.type == "text"][-1]
    here = {"referer": "http://lotwire.test/templates?type=text&q=hi"}
    token = await agent_client.csrf_token()
    answer = await agent_client.post(f"/templates/{last.id}/favorites", data={"_csrf_token": token}, headers=here)
    assert (answer.status_code, answer.headers["location"]) == (303, "/templates?type=text&q=hi")
    page = (await agent_client.get("/templates")).text
    assert page.index(f"template-{last.id}") < page.index(f"template-{SHIPPED[0].id}")
    assert f"/templates/{last.id}/favorites/deletion" in page
    answer = await agent_client.submit(f"/templates/{last.id}/favorites/deletion", htmx=True)
    assert answer.headers["hx-trigger"] == "templates-changed"
    assert (await TemplateUse.objects().first()).favorite is False


async def test_deleting_asks_first_and_says_so_afterwards(agent_client):
    template = await saved(agent_client.user)
    question = (await agent_client.get(f"/templates/{template.id}/deletion")).text
    assert "Delete “First hello”?" in question
    assert FIELDS["body"] in question
    assert await MessageTemplate.exists().where(MessageTemplate.archived_at.is_null())
    answer = await agent_client.submit(f"/templates/{template.id}/deletion")
    assert answer.headers["location"] == "/templates?type=text"
    assert "“First hello” is deleted." in (await agent_client.get("/templates")).text
    await agent_client.submit(f"/templates/{template.id}/deletion")
    assert "was deleted already" in (await agent_client.get("/templates")).text


async def test_the_question_about_a_template_that_is_gone_says_so(agent_client):
    template = await saved(agent_client.user)
    await agent_client.submit(f"/templates/{template.id}/deletion")
    page = await agent_client.get(f"/templates/{template.id}/deletion")
    assert page.status_code == 200
    assert "“First hello” is deleted" in page.text
    assert "Somebody deleted this template before you." in page.text
    assert "Delete the template" not in page.text


# Beside a message


async def test_from_a_message_one_comes_back_to_it_with_the_template_picked(agent_client):
    listing = await make.listing(agent_client.user.account)
    form = (await agent_client.get(f"/templates/new?type=text&listing={listing.id}")).text
    assert f'name="listing" value="{listing.id}"' in form
    assert 'hx-status:422="target:#template-form swap:outerHTML"' in form
    answer = await agent_client.submit("/templates", {**FIELDS, "listing": str(listing.id)})
    template = await MessageTemplate.objects().first()
    assert answer.headers["location"] == f"/listings/{listing.id}/sends/new?template_id={template.id}"
    gone = await agent_client.submit(f"/templates/{template.id}/deletion", {"listing": str(listing.id)})
    assert gone.headers["location"] == f"/listings/{listing.id}/sends/new"


async def test_a_new_template_starts_with_what_is_being_written(agent_client):
    listing = await make.listing(agent_client.user.account)
    await make.draft(listing, agent_client.user, channel="text", body="Half a thought")
    await make.draft(listing, body="A colleague's thought")
    form = (await agent_client.get(f"/templates/new?type=text&listing={listing.id}")).text
    assert ">Half a thought</textarea>" in form
    assert "Half a thought" not in (await agent_client.get(f"/templates/new?type=email&listing={listing.id}")).text
    for strange in ("x", str(uuid4())):
        assert (await agent_client.get(f"/templates/new?listing={strange}")).status_code == 200


async def test_the_dialog_is_told_what_happened_and_keeps_what_was_refused(agent_client):
    listing = await make.listing(agent_client.user.account)
    typed = {**FIELDS, "listing": str(listing.id)}
    answer = await agent_client.submit("/templates", typed, htmx=True)
    assert (answer.status_code, answer.headers["hx-trigger"]) == (200, "templates-changed, side-done")
    assert "“First hello” is saved." in answer.text
    template = await MessageTemplate.objects().first()
    made = f'<input type="hidden" name="made" value="{template.id}" hx-swap-oob="beforeend:#template-picker">'
    assert made in answer.text
    refused = await agent_client.submit("/templates", typed, htmx=True)
    assert refused.status_code == 422
    assert refused.text.lstrip().startswith('<div class="t-form" id="template-form">')
    assert "You have a text template named “First hello” already." in refused.text


async def test_the_same_form_on_a_page_of_its_own_leads_back_to_the_message(agent_client):
    listing = await make.listing(agent_client.user.account)
    token = await agent_client.csrf_token()
    headers = {
        "HX-Request": "true",
        "x-csrftoken": token,
        "HX-Current-URL": "http://lotwire.test/templates/new?type=text",
    }
    answer = await agent_client.post("/templates", data={**FIELDS, "listing": str(listing.id)}, headers=headers)
    assert (answer.status_code, answer.headers["hx-redirect"][:30]) == (204, f"/listings/{listing.id}"[:30])


async def test_the_search_of_the_window_answers_with_templates_to_press(agent_client, shipped, count_queries):
    mine = await saved(agent_client.user, name="My <i>hello</i>")
    await message_templates.favorite(agent_client.user.account, agent_client.user.id, mine.id)
    with count_queries() as queries:
        found = (await agent_client.get_fragment("/templates/search?type=text&q=hello")).text
    assert queries.count <= 4
    assert found.lstrip().startswith('<div id="template-results"')
    assert "My &lt;i&gt;hello&lt;/i&gt;" in found
    assert found.index(f'value="{mine.id}"') < found.index(f'value="{SHIPPED[0].id}"')
    assert f'data-template="{mine.id}"' in found
    assert 'form="send-window"' in found
    nothing = (await agent_client.get_fragment("/templates/search?type=email&q=zebra%3Cb")).text
    assert "No template has “zebra&lt;b” in its name or text." in nothing
    assert "There are no templates of this type yet." in (await agent_client.get("/templates/search?type=fax")).text


async def test_the_preview_follows_the_typing(agent_client, count_queries):
    typed = {**FIELDS, "body": "Hi {{seller.first_name}}, {{dealer.name}} “here” {{vehicle.colour}}"}
    with count_queries() as queries:
        shown = (await agent_client.submit("/templates/preview", typed, htmx=True)).text
    assert queries.count <= 4
    assert "Hi <mark>Dana</mark>" in shown
    assert '<span class="hole">{{vehicle.colour}}</span>' in shown
    assert "1 segment · UCS-2" in shown
    assert "is not a wildcard" in shown
    email = {**FIELDS, "type": "email", "subject": "", "body": "See https://cars.example/1\n\n<b>no</b>"}
    mail = (await agent_client.submit("/templates/preview", email, htmx=True)).text
    assert "Inquiry about your 2017 Honda CR-V" in mail
    assert "&lt;b&gt;no&lt;/b&gt;" in mail
    assert "segment" not in mail
    assert (await agent_client.submit("/templates/preview", {}, htmx=True)).status_code == 200


async def test_a_wildcard_button_puts_its_token_at_the_caret(agent_client):
    answer = await agent_client.submit("/templates/insertion", {"insert": "vehicle.make"}, htmx=True)
    assert answer.text == "{{vehicle.make}}"
    assert (await agent_client.submit("/templates/insertion", {"insert": "<b>"}, htmx=True)).status_code == 404
    form = (await agent_client.get("/templates/new")).text
    assert form.count('hx-swap="caret"') == 39
    assert all(f'<option value="{purpose}"' in form for purpose in PURPOSES)
