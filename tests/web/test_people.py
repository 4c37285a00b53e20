"""Setting up, inviting, links, roles, profiles and plans."""

import html
import re

import pytest

from domain import passwords, plans, sessions
from domain.accounts import Account
from domain.audit import AuditEntry
from domain.house_mail import Mail
from domain.sessions import PasswordLink, Session
from domain.users import User
from tests import make
from tests.client import Client

GOOD = "harbor lights at dawn"
FORM = {
    "dealership": "Harbor Motors",
    "country": "CA",
    "timezone": "America/Vancouver",
    "name": "Ann Owner",
    "email": "Ann@Harbor.example",
    "password": GOOD,
}


def one_time_path(page: str) -> str:
    found = re.search(r"http://lotwire\.test(/password-links/[\w-]+)", page)
    assert found, "no one-time link on the page"
    return found[1]


# Setting up


async def test_an_empty_installation_leads_to_the_set_up_page_and_in(client: Client) -> None:
    assert (await client.get("/")).headers["location"] == "/sign-in"
    assert (await client.get("/sign-in")).headers["location"] == "/set-up"
    token = await sessions.setup_token()
    page = await client.get(f"/set-up?token={token}")
    assert page.status_code == 200
    assert "America/Vancouver" in page.text
    answer = await client.submit("/set-up", {**FORM, "token": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/listings")
    account = await Account.select().first()
    assert (account["name"], account["currency"], account["slug"]) == ("Harbor Motors", "CAD", "harbor-motors")
    owner = await User.select().first()
    assert (owner["email"], owner["role"], owner["owner"]) == ("ann@harbor.example", "admin", True)
    assert "Lotwire is set up." in (await client.get("/listings")).text


async def test_a_set_up_link_works_once_and_says_so(client: Client) -> None:
    token, other = await sessions.setup_token(), await sessions.setup_token()
    await client.submit("/set-up", {**FORM, "token": token})
    for used in (token, other):
        answer = await client.submit("/set-up", {**FORM, "token": used, "email": "second@harbor.example"})
        assert answer.status_code == 404
        assert "Lotwire is set up already" in answer.text
    assert await Account.count() == await User.count() == 1
    assert await sessions.setup_token() is None


@pytest.mark.parametrize("token", ["", "wrong", "x" * 5000])
async def test_a_wrong_set_up_token_makes_nothing_and_tells_where_the_right_one_is(client: Client, token: str) -> None:
    await sessions.setup_token()
    assert "Open the link that Lotwire printed" in (await client.get("/set-up", params={"token": token})).text
    answer = await client.submit("/set-up", {**FORM, "token": token})
    assert answer.status_code == 404
    assert not await User.exists()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("dealership", " ", "Give the name of the dealership."),
        ("country", "FR", "Choose the United States (US) or Canada (CA)."),
        ("timezone", "Mars/Olympus", "Choose a time zone"),
        ("email", "ann", "Give an email address"),
        ("name", "", "Give a name."),
        ("password", "short", "This password is too short."),
        ("password", "ann@harbor.example", "easy to guess"),
        ("password", "aaaaaaaaaaaaaaaa", "easy to guess"),
    ],
)
async def test_a_wrong_field_keeps_the_token_and_what_was_typed(
    client: Client, field: str, value: str, said: str
) -> None:
    token = await sessions.setup_token()
    answer = await client.submit("/set-up", {**FORM, "token": token, field: value})
    assert answer.status_code == 422
    assert said in html.unescape(answer.text)
    assert f'id="f-{field}-err"' in answer.text
    assert GOOD not in answer.text
    assert not await Account.exists()
    assert (await client.submit("/set-up", {**FORM, "token": token})).status_code == 303


# Inviting, links, passwords


async def test_an_invited_person_sets_a_password_with_the_link_shown_once_and_is_in(admin_client: Client) -> None:
    invited = {"name": "New Agent", "email": "New@Harbor.example", "title": "Buyer", "role": "agent"}
    page = await admin_client.submit("/users", invited)
    assert page.status_code == 200
    path = one_time_path(page.text)
    assert page.headers["cache-control"] == "no-store"
    assert path not in (await admin_client.get("/users")).text
    async with Client(admin_client.app) as browser:
        for _ in range(2):  # a mail scanner looks first
            assert "Welcome, New Agent" in (await browser.get(path)).text
        answer = await browser.submit(path, {"password": GOOD})
        assert answer.headers["location"] == "/listings"
        assert "New Agent" in (await browser.get("/profile")).text
        assert (await browser.get(path)).status_code == 404
        again = await browser.submit(path, {"password": "another password"})
        assert "This link does not work any more" in again.text
    user = await User.objects().get(User.email == "new@harbor.example")
    assert await passwords.matches(user.password_hash, GOOD)
    assert user.account == admin_client.user.account
    assert await AuditEntry.exists().where(AuditEntry.action == "user.invited")


async def test_without_mail_nothing_is_mailed_and_with_it_the_link_leads_to_our_own_address(
    admin_client: Client, configure
) -> None:
    await admin_client.submit("/users", {"name": "One", "email": "one@x.example", "role": "agent"})
    assert not await Mail.exists()
    configure(
        LOTWIRE_SMTP_URL="smtp://mail.example",
        LOTWIRE_MAIL_FROM="lotwire@dealer.example",
        LOTWIRE_PUBLIC_URL="http://dealer.example",
    )
    await admin_client.post(
        "/users",
        data={"name": "Two", "email": "two@x.example", "role": "agent", "_csrf_token": await admin_client.csrf_token()},
        headers={"Host": "evil.example"},
    )
    [mail] = await Mail.select()
    assert mail["recipient"] == "two@x.example"
    assert "http://dealer.example/password-links/" in mail["text"]
    assert "evil" not in mail["text"]


async def test_a_new_link_ends_the_one_before(admin_client: Client) -> None:
    user = await make.user(password_hash="")
    first = one_time_path((await admin_client.submit(f"/users/{user.id}/links")).text)
    second = one_time_path((await admin_client.submit(f"/users/{user.id}/links")).text)
    assert (await admin_client.get(first)).status_code == 404
    assert (await admin_client.get(second)).status_code == 200


async def test_a_link_is_too_old_after_its_time(admin_client: Client, clock) -> None:
    user = await make.user()
    path = one_time_path((await admin_client.submit(f"/users/{user.id}/links")).text)
    clock.advance(hours=24, seconds=1)
    assert (await admin_client.get(path)).status_code == 404


async def test_setting_a_password_by_link_signs_out_everywhere_else(admin_client: Client) -> None:
    user = await make.user()
    await make.session(user)
    path = one_time_path((await admin_client.submit(f"/users/{user.id}/links")).text)
    async with Client(admin_client.app) as browser:
        await browser.submit(path, {"password": GOOD})
    assert await Session.count().where(Session.user == user.id) == 1


async def test_asking_for_a_link_never_tells_who_works_here(client: Client, configure) -> None:
    configure(LOTWIRE_SMTP_URL="smtp://m", LOTWIRE_MAIL_FROM="l@d.example", LOTWIRE_PUBLIC_URL="http://d.example")
    user = await make.user()
    known = await client.submit("/password-links", {"email": user.email.upper()})
    unknown = await client.submit("/password-links", {"email": "nobody@x.example"})
    assert known.text == unknown.text
    assert "Look in your mailbox" in known.text
    assert [mail["recipient"] for mail in await Mail.select()] == [user.email]


async def test_three_mails_in_a_quarter_of_an_hour_are_enough(client: Client, configure) -> None:
    configure(LOTWIRE_SMTP_URL="smtp://m", LOTWIRE_MAIL_FROM="l@d.example", LOTWIRE_PUBLIC_URL="http://d.example")
    user = await make.user()
    for _ in range(5):
        assert (await client.submit("/password-links", {"email": user.email})).status_code == 200
    assert await Mail.count() == 3


async def test_without_mail_asking_for_a_link_says_whom_to_ask(client: Client) -> None:
    await make.user()
    answer = await client.submit("/password-links", {"email": "a@b.example"})
    assert answer.status_code == 422
    assert "Ask an admin of your dealership" in answer.text
    assert not await PasswordLink.exists()


# Roles


@pytest.mark.parametrize("role", ["manager", "agent", "support"])
@pytest.mark.parametrize("path", ["/users", "/users/{id}", "/users/{id}/links", "/users/{id}/activations/deletion"])
async def test_only_admins_manage_people(client: Client, role: str, path: str) -> None:
    other = await make.user(name="Someone")
    async with await client.signed_in(await make.user(role=role)) as browser:
        answer = await browser.submit(path.format(id=other.id), {"role": "admin", "name": "x", "email": "x@x.example"})
    assert answer.status_code == 403
    assert "Ask an admin" in answer.text
    assert await User.count() == 2


async def test_a_changed_role_counts_from_the_next_click(admin_client: Client) -> None:
    user = await make.user(role="support")
    listing = await make.listing()
    async with await admin_client.signed_in(user) as browser:
        assert (await browser.get(f"/listings/{listing.id}/edit")).status_code == 403
        await admin_client.submit(f"/users/{user.id}", {"role": "agent"})
        assert (await browser.get(f"/listings/{listing.id}/edit")).status_code == 200


async def trail(user: User) -> list[str]:
    entries = await AuditEntry.objects().where(AuditEntry.subject == user.id).order_by(AuditEntry.at)
    return [entry.action for entry in entries]


def ticked(page: str, name: str) -> bool | None:
    """Whether the person may send batches, by their row; None when it does not ask."""
    row = next(row for row in page.split("<tr ") if f"<b>{name}</b>" in row)
    found = re.search(r'<input type="checkbox" name="may_batch" value="1"( checked)?>', row)
    return bool(found[1]) if found else None


async def test_an_agent_may_send_batches_from_the_next_click_and_no_longer_after_another(admin_client: Client) -> None:
    await plans.seed()
    user = await make.user(name="Robin Agent")
    async with await admin_client.signed_in(user) as browser:
        refused = await browser.get("/batches")
        assert refused.status_code == 403
        assert "You may not send batches. Ask an admin to allow it under People." in refused.text
        assert ticked((await admin_client.get("/users")).text, "Robin Agent") is False
        await admin_client.submit(f"/users/{user.id}", {"role": "agent", "may_batch": "1"})
        page = (await admin_client.get("/users")).text
        assert "Robin Agent is Agent now and may send batches." in page
        assert ticked(page, "Robin Agent") is True
        assert (await browser.get("/batches")).status_code == 200
        await admin_client.submit(f"/users/{user.id}", {"role": "agent"})
        assert (await browser.get("/batches")).status_code == 403
    assert await trail(user) == ["user.batches_allowed", "user.batches_withdrawn"]


@pytest.mark.parametrize("role", ["admin", "manager", "support"])
async def test_only_of_agents_it_is_asked_and_kept(admin_client: Client, role: str) -> None:
    user = await make.user(name="Someone", may_batch=True)
    await admin_client.submit(f"/users/{user.id}", {"role": role, "may_batch": "1"})
    assert ticked((await admin_client.get("/users")).text, "Someone") is None
    assert await trail(user) == ["user.role_changed", "user.batches_withdrawn"]
    await admin_client.submit(f"/users/{user.id}", {"role": "agent"})  # what they may is not a thing of the past
    assert ticked((await admin_client.get("/users")).text, "Someone") is False


async def test_support_hears_of_its_role_and_not_of_a_tick(client: Client) -> None:
    await plans.seed()
    async with await client.signed_in(await make.user(role="support")) as browser:
        answer = await browser.submit("/batches", {})
    assert "Your role does not allow this." in answer.text


async def test_an_agent_may_be_invited_to_send_batches_and_a_wrong_field_keeps_the_tick(admin_client: Client) -> None:
    typed = {"name": "New", "email": "no address", "role": "agent", "may_batch": "1"}
    refused = await admin_client.submit("/users", typed)
    assert refused.status_code == 422
    assert re.search(r'name="may_batch" value="1" aria-describedby="may-batch-hint" checked>', refused.text)
    for name, role in (("agent", "agent"), ("boss", "manager")):
        await admin_client.submit("/users", {**typed, "email": f"{name}@x.example", "role": role})
    people = {row["email"]: row for row in await User.select(User.id, User.email, User.may_batch)}
    assert people["agent@x.example"]["may_batch"]
    assert not people["boss@x.example"]["may_batch"]
    allowed = await AuditEntry.objects().where(AuditEntry.action == "user.batches_allowed")
    assert [(entry.subject, entry.user) for entry in allowed] == [
        (people["agent@x.example"]["id"], admin_client.user.id)
    ]


async def test_others_read_who_may_send_batches(manager_client: Client) -> None:
    await make.user(name="Robin Agent", may_batch=True)
    assert "Agent, may send batches" in (await manager_client.get("/users")).text


async def test_a_deactivated_person_is_out_at_once_and_stays_in_the_list(admin_client: Client) -> None:
    user = await make.user(name="Leaving Soon")
    async with await admin_client.signed_in(user) as browser:
        await admin_client.submit(f"/users/{user.id}/activations/deletion")
        assert (await browser.get("/listings")).status_code == 303
    page = (await admin_client.get("/users")).text
    assert "Leaving Soon" in page
    assert "Not active" in page
    await admin_client.submit(f"/users/{user.id}/activations")
    assert (await User.select().where(User.id == user.id).first())["active"]


async def test_the_last_admin_can_neither_be_demoted_nor_deactivated(admin_client: Client) -> None:
    me = admin_client.user
    for path, data in ((f"/users/{me.id}", {"role": "agent"}), (f"/users/{me.id}/activations/deletion", {})):
        answer = await admin_client.submit(path, data)
        assert answer.status_code == 422
        assert "This is the last admin." in answer.text
    row = await User.select().where(User.id == me.id).first()
    assert (row["role"], row["active"]) == ("admin", True)


async def test_an_email_can_sign_in_once_in_the_whole_installation(admin_client: Client) -> None:
    taken = await make.user(await make.account())
    answer = await admin_client.submit("/users", {"name": "X", "email": taken.email.upper(), "role": "agent"})
    assert answer.status_code == 422
    assert 'id="f-email-err"' in answer.text
    assert 'value="X"' in answer.text


async def test_the_people_page_shows_only_the_own_dealership_in_four_queries(
    admin_client: Client, count_queries
) -> None:
    await make.user(await make.account(), name="Foreign Person")
    with count_queries() as queries:
        page = (await admin_client.get("/users")).text
    assert "Foreign Person" not in page
    assert queries.count <= 4, queries.statements


# Profile


async def test_a_profile_is_saved_and_the_phone_kept_as_e164(agent_client: Client) -> None:
    await agent_client.submit(
        "/profile", {"name": " Robin  Q ", "title": "Buyer", "phone": "(520) 555-0142", "undo_seconds": "0"}
    )
    row = await User.select().where(User.id == agent_client.user.id).first()
    assert (row["name"], row["title"], row["phone"], row["undo_seconds"]) == ("Robin Q", "Buyer", "+15205550142", 0)
    page = (await agent_client.get("/profile")).text
    assert "Your profile is saved." in page
    assert "+1 520 555 0142" in page
    assert "Your profile is saved." not in (await agent_client.get("/profile")).text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("undo_seconds", value) for value in ("31", "-1", "²", "", "00000000099999", "0" * 9 + "9" * 21, "9" * 5000)],
        *[("phone", "12"), ("name", ""), ("title", "x" * 101)],
        *[("signature", "x" * 1001), ("signature", "{{agent.name}}")],
        *[("language", "xx"), ("skin_tone", "6"), ("skin_tone", "-1")],
    ],
)
async def test_a_wrong_profile_field_changes_nothing(agent_client: Client, field: str, value: str) -> None:
    typed = {"name": "Somebody Else", "title": "", "phone": "", "undo_seconds": "5", field: value}
    answer = await agent_client.submit("/profile", typed)
    assert answer.status_code == 422
    assert f'id="f-{field}-err"' in answer.text
    row = await User.select().where(User.id == agent_client.user.id).first()
    assert row["name"] == agent_client.user.name


async def test_the_skin_tones_are_called_as_in_the_emoji_panel(agent_client: Client) -> None:
    panel, profile = (await agent_client.get("/emoji")).text, (await agent_client.get("/profile")).text
    for name in ("Light", "Medium-light", "Medium", "Medium-dark", "Dark"):
        assert name in panel
        assert re.search(rf"👋. {name}<", profile)


async def test_nobody_turns_the_words_behind_their_name_around(agent_client: Client) -> None:
    await agent_client.submit("/profile", {**PROFILE, "name": "Rob\u202ein\u2066 Q", "title": "\u200fBuyer"})
    row = await User.select().where(User.id == agent_client.user.id).first()
    assert (row["name"], row["title"]) == ("Robin Q", "Buyer")


PROFILE = {"name": "Robin", "title": "", "phone": "", "undo_seconds": "5"}


async def test_a_signature_is_kept_as_plain_text_and_shown_as_in_an_email(agent_client: Client) -> None:
    typed = {
        **PROFILE,
        "signature": "  \r\n<b>Robin</b>\t\r\nwww.harbor.example \r\n\r\n",
        "language": "de",
        "skin_tone": "3",
    }
    await agent_client.submit("/profile", typed)
    row = await User.select().where(User.id == agent_client.user.id).first()
    assert row["signature"] == "<b>Robin</b>\nwww.harbor.example"
    assert (row["language"], row["skin_tone"]) == ("de", 3)
    page = (await agent_client.get("/profile")).text
    assert "-- <br>&lt;b&gt;Robin&lt;/b&gt;<br><a href=" in page
    assert '<option value="de" selected>Deutsch</option>' in page
    assert '<option value="3" selected>' in page


async def test_a_signature_can_be_looked_at_before_it_is_saved(agent_client: Client) -> None:
    answer = await agent_client.submit("/profile", {**PROFILE, "name": "", "signature": "Robin *", "do": "preview"})
    assert answer.status_code == 200
    assert "-- <br>Robin *</p>" in answer.text.partition('id="signature-preview"')[2]
    assert not await User.exists().where(User.signature != "")


async def test_a_profile_without_the_choices_keeps_them(agent_client: Client) -> None:
    await agent_client.submit("/profile", {**PROFILE, "language": "ja", "skin_tone": "5"})
    await agent_client.submit("/profile", PROFILE)
    row = await User.select().where(User.id == agent_client.user.id).first()
    assert (row["language"], row["skin_tone"]) == ("ja", 5)


async def test_changing_the_password_signs_out_every_other_device(agent_client: Client) -> None:
    await make.session(agent_client.user)
    answer = await agent_client.submit("/profile/password", {"current": make.PASSWORD, "password": GOOD})
    assert answer.status_code == 303
    assert await Session.count() == 1
    assert (await agent_client.get("/profile")).status_code == 200


async def test_the_old_password_is_needed_for_a_new_one(agent_client: Client) -> None:
    answer = await agent_client.submit("/profile/password", {"current": "wrong", "password": GOOD})
    assert answer.status_code == 422
    assert "This is not your password." in answer.text
    assert GOOD not in answer.text


# Plans


async def test_the_owner_changes_what_a_plan_includes(admin_client: Client) -> None:
    await plans.seed()
    account = await make.account(tier="standard")
    assert not await plans.includes(account, "messaging")
    answer = await admin_client.submit("/plans", {"includes": ["standard:messaging", "professional:dialpad"]})
    assert answer.status_code == 303
    assert await plans.includes(account, "messaging")
    assert not await plans.includes(account, "dialpad")
    assert not await plans.includes(await make.dealership(), "messaging")  # accelerated: nothing was ticked


async def test_another_admin_sees_the_plans_and_changes_nothing(client: Client) -> None:
    await plans.seed()
    async with await client.signed_in(await make.user(role="admin")) as admin:
        assert 'type="checkbox"' not in (await admin.get("/plans")).text
        answer = await admin.submit("/plans", {"includes": ["standard:messaging"]})
    assert answer.status_code == 403
    assert "Only the owner" in answer.text
    assert "messaging" not in (await plans.table())["standard"]


async def test_an_admin_is_warned_of_plain_http_but_not_on_this_machine(admin_client: Client) -> None:
    assert "This page is not encrypted." in (await admin_client.get("/profile")).text
    local = await admin_client.get("/profile", headers={"Host": "127.0.0.1:8000"})
    assert "This page is not encrypted." not in local.text
