"""Sessions, links and tokens below the web."""

import asyncio
from datetime import timedelta

import pytest

from domain import passwords, sessions, setups
from domain.errors import NotFound, Refused
from domain.sessions import ApiToken, PasswordLink, Session, SignInFailure, TooManyFailures
from domain.users import User
from tests import make

GOOD = "harbor lights at dawn"


async def test_many_guesses_at_once_are_no_way_around_the_limit(house: None) -> None:
    user = await make.user()
    results = await asyncio.gather(
        *(sessions.sign_in(user.email, "guess", "192.0.2.1", "") for _ in range(25)), return_exceptions=True
    )
    refused = [result for result in results if type(result) is Refused]
    assert len(refused) <= sessions.FAILURES_OF_EMAIL
    assert sum(isinstance(result, TooManyFailures) for result in results) >= 15


async def test_guesses_from_one_address_do_not_keep_the_owner_out_elsewhere(house: None) -> None:
    user = await make.user()
    for _ in range(sessions.FAILURES_OF_EMAIL):
        with pytest.raises(Refused):
            await sessions.sign_in(user.email, "guess", "192.0.2.1", "")
    with pytest.raises(TooManyFailures):
        await sessions.sign_in(user.email, make.PASSWORD, "192.0.2.1", "")
    assert await sessions.sign_in(user.email, make.PASSWORD, "192.0.2.2", "")


async def test_one_email_guessed_from_many_addresses_must_wait(house: None) -> None:
    user = await make.user()
    for n in range(sessions.FAILURES_EVERYWHERE):
        with pytest.raises(Refused):
            await sessions.sign_in(user.email, "guess", f"192.0.2.{n // 9}", "")
    with pytest.raises(TooManyFailures):
        await sessions.sign_in(user.email, make.PASSWORD, "198.51.100.1", "")


async def test_one_address_that_tries_many_emails_must_wait_and_others_need_not(house: None) -> None:
    user = await make.user()
    for n in range(sessions.FAILURES_OF_ADDRESS):
        with pytest.raises(Refused):
            await sessions.sign_in(f"nobody{n}@x.example", "guess", "192.0.2.1", "")
    with pytest.raises(TooManyFailures):
        await sessions.sign_in(user.email, make.PASSWORD, "192.0.2.1", "")
    assert await sessions.sign_in(user.email, make.PASSWORD, "192.0.2.2", "")


async def test_good_sign_ins_from_one_address_never_add_up(house: None) -> None:
    user = await make.user()
    for _ in range(sessions.FAILURES_OF_ADDRESS + 5):
        await sessions.sign_in(user.email, make.PASSWORD, "192.0.2.1", "")
    assert await Session.count() == sessions.FAILURES_OF_ADDRESS + 5


async def test_a_password_hashed_with_other_parameters_is_hashed_anew_at_sign_in(house: None) -> None:
    user = await make.user()
    assert passwords.is_dated(user.password_hash)
    await sessions.sign_in(user.email, make.PASSWORD, "192.0.2.1", "")
    row = await User.select().first()
    assert not passwords.is_dated(row["password_hash"])
    assert await passwords.matches(row["password_hash"], make.PASSWORD)


async def test_nobody_signs_in_to_a_person_without_a_password(house: None) -> None:
    user = await make.user(password_hash="")
    for guess in ("", "nobody has this password"):
        with pytest.raises(Refused):
            await sessions.sign_in(user.email, guess, "192.0.2.1", "")


async def test_a_session_is_resumed_in_one_query(house: None, count_queries) -> None:
    user = await make.user()
    _, token = await make.session(user)
    with count_queries() as queries:
        session = await sessions.resume(token)
    assert session is not None
    assert (session.user.id, session.user.account.id) == (user.id, user.account)
    assert queries.count == 1


@pytest.mark.parametrize("token", ["", "nonsense", "\ud83d", "x" * 100_000])
async def test_a_made_up_cookie_is_nobody(house: None, token: str) -> None:
    await make.session(await make.user())
    assert await sessions.resume(token) is None


async def test_of_two_who_use_one_link_at_once_one_sets_the_password(house: None) -> None:
    user = await make.user(password_hash="")
    token = await sessions.link_for(user, None)
    results = await asyncio.gather(
        *(sessions.set_password(token, f"{GOOD} {n}", "", "") for n in range(3)), return_exceptions=True
    )
    assert sum(isinstance(result, str) for result in results) == 1
    assert sum(isinstance(result, NotFound) for result in results) == 2


async def test_of_two_who_set_the_house_up_at_once_one_does(house: None) -> None:
    fields = {"dealership": "Harbor", "country": "US", "timezone": "America/Phoenix", "name": "Ann", "password": GOOD}
    tokens = [await sessions.setup_token() for _ in range(3)]
    results = await asyncio.gather(
        *(
            setups.create({**fields, "email": f"a{n}@x.example", "token": token or ""}, "", "")
            for n, token in enumerate(tokens)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(result, str) for result in results) == 1
    assert await User.count() == 1


async def test_no_token_lies_readable_in_the_database(house: None) -> None:
    user = await make.user()
    secrets = [
        await sessions.link_for(user, None),
        await sessions.add_token(user, "messages:write"),
        await sessions.sign_in(user.email, make.PASSWORD, "192.0.2.1", ""),
    ]
    rows = str([await table.select() for table in (PasswordLink, ApiToken, Session)])
    assert not [secret for secret in secrets if secret in rows]


async def test_a_bearer_token_stands_for_its_user_until_that_one_leaves(house: None) -> None:
    user = await make.user()
    token = await sessions.add_token(user, "messages:write listings:read")
    found = await sessions.bearer(token)
    assert found is not None
    assert found.user.account.id == user.account
    assert sessions.allows(found, "messages:write")
    assert sessions.allows(found, "messages:read")
    assert not sessions.allows(found, "listings:write")
    await User.update({User.active: False}).where(User.id == user.id)
    assert await sessions.bearer(token) is None
    assert await sessions.bearer("lw_made-up") is None


@pytest.mark.parametrize("scopes", ["", "messages", "messages:delete", "messages:write everything"])
async def test_a_scope_there_is_not_makes_no_token(house: None, scopes: str) -> None:
    with pytest.raises(Refused):
        await sessions.add_token(await make.user(), scopes)
    assert not await ApiToken.exists()


async def test_tidying_takes_what_is_over_and_leaves_the_rest(house: None, clock) -> None:
    user = await make.user()
    now = clock.freeze()
    await make.session(user, expires_at=now - timedelta(seconds=1))
    await make.session(user)
    with pytest.raises(Refused):
        await sessions.sign_in(user.email, "guess", "192.0.2.1", "")
    await sessions.tidy()
    assert await Session.count() == 1
    assert await SignInFailure.count() == 3
    clock.advance(minutes=16)
    await sessions.tidy()
    assert not await SignInFailure.exists()
