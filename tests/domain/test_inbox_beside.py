"""What comes by channels other than texts: matched by what is sure, guessed by what is not, each thing once."""

import json
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from domain import attachments, clock, connections, delivery, history, inbox, mails, number_facts, suppressions, threads
from domain.address_marks import AddressMark
from domain.attachments import MessageAttachment
from domain.channels.base import (
    Accepted,
    Bounce,
    ChannelError,
    HookEvent,
    Incoming,
    IncomingFile,
    Kind,
    Media,
    ReadUntil,
    Receipt,
    Said,
    Stopped,
)
from domain.channels.email.bounces import OURS as OURS_IN_A_BOUNCE
from domain.channels.registry import CHANNELS
from domain.connections import Connection
from domain.form_transports import FormTransport
from domain.inbox import MatchSuggestion, files
from domain.listings import Listing
from domain.mails import EmailHeader
from domain.messages import Message, State
from domain.reviews import Review
from domain.threads import SellerThread
from tests import make
from tests.files import picture
from tests.sending import OWNER, Provider, Shop, again, end, open_events, shop

LEADS = "leads@site.example"
MAIL, OURS = "dana@mail.example", "sales@lots.example"


class Post(Provider):
    kind, channel, name = "email", "email", "Email"
    senders = "one"


class Page(Provider):
    kind, channel, name = "facebook", "facebook", "Facebook"
    senders = "one"


class Relay(Provider):
    kind, channel, name = "kijiji", "kijiji", "Kijiji"
    senders = "one"
    thread_lives = timedelta(days=60)


@pytest.fixture(autouse=True)
def others(monkeypatch: pytest.MonkeyPatch) -> None:
    for each in (Post, Page, Relay):
        monkeypatch.setitem(CHANNELS, each.kind, each)


async def tell(connection: Connection, monkeypatch: Any, *said: Said) -> Any:
    """One event that says this, stored and handled."""
    provider = connections.adapter(connection)
    monkeypatch.setattr(provider, "parse", lambda payload: list(said), raising=False)
    monkeypatch.setattr(connections, "adapter", lambda connection: provider)
    assert await inbox.store(connection.id, HookEvent(f"{id(said)}-{len(await open_events())}", clock.now(), {}))
    [event] = await open_events()
    return await inbox.handle(event)


def mail(**values: Any) -> Incoming:
    return Incoming(
        **{"provider_id": "uid-1", "from_address": MAIL, "to_address": OURS, "body": "Yes", "at": clock.now(), **values}
    )


async def house_of(kind: str, **seller: Any) -> tuple[Shop, Connection, Listing]:
    dealer = await shop(account=await make.account(country="CA", facebook=True, kijiji=True))
    connection = await make.connection(dealer.account, kind=kind)
    listing = await make.listing(
        dealer.account, url="https://ads.example/9", seller={"email": MAIL, "mobile": "", "phone": "", **seller}
    )
    return dealer, connection, listing


async def sent_to(dealer: Shop, connection: Connection, listing: Listing, to: str) -> Message:
    """A message of ours that the provider took."""
    written = await make.message(
        listing, channel=connection.kind, to_address=to, connection=connection.id, state=State.QUEUED, user=dealer.user
    )
    await Message.update({Message.not_before: clock.now()}).where(Message.id == written.id)
    started, _ = await delivery.start(OWNER, await delivery.claim(OWNER, connection.id, 10))
    await end(started, Accepted("theirs", state="sent"))
    return await again(written)


async def the_inbound() -> Message:
    [message] = await Message.objects().where(Message.direction == "in")
    return message


async def test_an_answer_to_our_address_belongs_where_its_token_says(house: None, monkeypatch: Any) -> None:
    dealer, connection, listing = await house_of("email")
    token = await mails.token_of(dealer.account.id, listing.id, MAIL)
    files = (IncomingFile("part:2", "front.jpg", "image/jpeg"),)
    said = mail(
        from_address="Somebody.Else@mail.example",
        token=token,
        subject="Re: Your Civic",
        html="<p>Yes</p>",
        rfc_id="<a@mail>",
        media=files,
    )
    assert await tell(connection, monkeypatch, said) == listing.id
    message = await the_inbound()
    assert (message.channel, message.subject, message.from_address) == (
        "email",
        "Re: Your Civic",
        "somebody.else@mail.example",
    )
    header = await EmailHeader.objects().get(EmailHeader.message == message.id)
    assert (header.rfc_id, header.html) == ("<a@mail>", "<p>Yes</p>")
    [file] = await inbox.IncomingFile.objects()
    assert (file.message, file.origin, file.name, file.state) == (message.id, "part:2", "front.jpg", "waiting")


async def test_a_file_that_never_comes_is_told_in_the_history(house: None, monkeypatch: Any) -> None:
    dealer, connection, listing = await house_of("email")
    token = await mails.token_of(dealer.account.id, listing.id, MAIL)
    files = (
        IncomingFile("1", "front.jpg", "image/jpeg"),
        IncomingFile("2", "setup.exe"),
        IncomingFile("", "9 more files", problem="Open the email in the mailbox to see them."),
    )
    await tell(connection, monkeypatch, mail(token=token, media=files))

    async def missing() -> list[tuple[str, str, str]]:
        [row] = [row for row in (await history.page(listing.id)).rows if row["direction"] == "in"]
        return [(each["name"], each["state"], each["problem"]) for each in row["files"] if each["state"] != "kept"]

    more = ("9 more files", "refused", "Open the email in the mailbox to see them.")
    assert await missing() == [("front.jpg", "waiting", ""), ("setup.exe", "waiting", ""), more]
    before = await history.stamp(listing.id)

    async def fetch(self: Post, ref: str, payload: Any) -> Media:
        return Media("front.jpg", "image/jpeg", picture()) if ref == "1" else Media("setup.exe", "", b"MZ" + bytes(200))

    monkeypatch.setattr(Post, "fetch", fetch)
    assert await inbox.fetch_due() == {listing.id}
    [(name, state, problem), last] = await missing()
    assert (name, state, last) == ("setup.exe", "refused", more)
    assert "setup.exe" in problem
    assert await history.stamp(listing.id) != before


async def test_an_answer_is_known_by_the_mail_it_answers(house: None, monkeypatch: Any) -> None:
    dealer, connection, listing = await house_of("email")
    ours = await sent_to(dealer, connection, listing, MAIL)
    header = await EmailHeader.objects().get(EmailHeader.message == ours.id)
    said = mail(from_address="x@y.example", references=("<unknown@z>", header.rfc_id))
    assert await tell(connection, monkeypatch, said) == listing.id


async def test_an_address_alone_is_only_a_guess(house: None, monkeypatch: Any) -> None:
    _, connection, listing = await house_of("email")
    assert await tell(connection, monkeypatch, mail(token="not-ours", references=("<other@z>",))) is None
    message = await the_inbound()
    assert message.listing is None
    [guess] = await MatchSuggestion.objects()
    assert (guess.message, guess.listing) == (message.id, listing.id)


async def test_a_machine_of_theirs_asks_nobody_to_look(house: None, monkeypatch: Any) -> None:
    dealer, connection, listing = await house_of("email")
    token = await mails.token_of(dealer.account.id, listing.id, MAIL)
    said = mail(token=token, body="I am away until Monday", automatic=True)
    assert await tell(connection, monkeypatch, said) == listing.id
    assert (await the_inbound()).responded_at is not None
    fresh = await Listing.objects().get(Listing.id == listing.id)
    assert (fresh.waiting_since, await Review.count()) == (None, 0)
    assert not await suppressions.opted_out(dealer.account.id, MAIL, "email")


async def test_stop_by_email_is_an_opt_out_of_email(house: None, monkeypatch: Any) -> None:
    dealer, connection, _ = await house_of("email")
    await tell(connection, monkeypatch, mail(body="STOP"))
    assert await suppressions.opted_out(dealer.account.id, MAIL, "email")
    assert not await suppressions.opted_out(dealer.account.id, MAIL, "text")


async def test_a_bounce_is_believed_of_our_own_mail_alone(house: None, monkeypatch: Any) -> None:
    dealer, connection, listing = await house_of("email")
    ours = await sent_to(dealer, connection, listing, MAIL)
    header = await EmailHeader.objects().get(EmailHeader.message == ours.id)
    now = clock.now()
    await tell(connection, monkeypatch, Bounce(MAIL, "550 No", now), Bounce(MAIL, "550", now, f"<{32 * '0'}@x>"))
    assert not await AddressMark.exists()
    soft = Bounce(MAIL, "452 Full", now, header.rfc_id, for_good=False)
    await tell(connection, monkeypatch, soft)
    assert (await again(ours)).state == State.SENT
    assert await tell(connection, monkeypatch, Bounce(MAIL, "550 No", now, header.rfc_id)) == listing.id
    kept = await again(ours)
    assert (kept.state, kept.reason) == (State.UNDELIVERED, "550 No")
    [mark] = await AddressMark.objects()
    assert (mark.address, mark.message) == (MAIL, ours.id)
    await tell(connection, monkeypatch, mail(at=clock.now()))  # anybody can write that
    assert await AddressMark.exists()
    answer = mail(provider_id="2", at=clock.now(), references=(header.rfc_id,))
    await tell(connection, monkeypatch, answer)  # they answer us from there: it exists after all
    assert not await AddressMark.exists()


async def the_lead(dealer: Shop, listing: Listing) -> tuple[Message, str]:
    """A form of ours that left as a mail to where its site takes leads; and its Message-ID."""
    await FormTransport.insert(
        FormTransport(
            account=dealer.account, source=listing.source, kind="adf_email", endpoint=LEADS, changed_at=clock.now()
        )
    )
    form = await make.connection(dealer.account, kind="form")
    ours = await sent_to(dealer, form, listing, listing.url)
    header = await EmailHeader.objects().get(EmailHeader.message == ours.id)
    return ours, header.rfc_id


async def test_a_lead_that_comes_back_is_not_submitted(house: None, monkeypatch: Any) -> None:
    dealer, connection, listing = await house_of("email")
    ours, rfc_id = await the_lead(dealer, listing)
    assert OURS_IN_A_BOUNCE.fullmatch(rfc_id)
    now = clock.now()
    await tell(connection, monkeypatch, Bounce(LEADS, "It is late: 452 Full", now, rfc_id, for_good=False))
    await tell(connection, monkeypatch, Bounce(LEADS, "They marked this email as spam.", now, rfc_id, spam=True))
    assert (await again(ours)).state == State.SENT
    assert await tell(connection, monkeypatch, Bounce(LEADS, "This email came back: 550 No", now, rfc_id)) == listing.id
    kept = await again(ours)
    assert kept.state == State.UNDELIVERED
    assert kept.reason == ("The site did not get this form. Tell them in another way. This email came back: 550 No")
    assert not await AddressMark.exists()  # the ad's address is no mailbox, and the seller's own was not written to


async def test_a_lead_that_its_mailbox_would_not_have_says_so(house: None, monkeypatch: Any) -> None:
    dealer, connection, listing = await house_of("email")
    ours, rfc_id = await the_lead(dealer, listing)
    said = Bounce(LEADS, "This email came back: 554 Spam", clock.now(), rfc_id, address_good=True)
    assert await tell(connection, monkeypatch, said) == listing.id
    assert (await again(ours)).reason.startswith("The site did not get this form.")


async def test_a_thread_is_remembered_with_its_listing_and_until_when(house: None, monkeypatch: Any) -> None:
    _, connection, listing = await house_of("kijiji")
    relay = "s.1@rts.example"
    at = clock.now() - timedelta(hours=1)
    first = mail(provider_id="1", from_address=relay, about="https://ads.example/9", from_name="Dana", at=at)
    assert await tell(connection, monkeypatch, first) == listing.id
    assert await tell(connection, monkeypatch, mail(provider_id="2", from_address=relay)) == listing.id
    [thread] = await SellerThread.objects()
    assert (thread.listing, thread.name, thread.ours) == (listing.id, "Dana", OURS)
    assert thread.expires_at == at + timedelta(days=60)


async def test_what_was_read_has_arrived_and_what_was_typed_elsewhere_joins_its_thread(
    house: None, monkeypatch: Any
) -> None:
    dealer, connection, listing = await house_of("facebook")
    await threads.heard(dealer.account.id, connection.id, "facebook", "psid-1", clock.now(), listing=listing.id)
    ours = await sent_to(dealer, connection, listing, "psid-1")
    assert await tell(connection, monkeypatch, ReadUntil("psid-1", clock.now())) == listing.id
    assert (await again(ours)).state == State.DELIVERED
    echo = Receipt("mid-9", "sent", "", clock.now(), to="psid-1", body="From the page itself")
    assert await tell(connection, monkeypatch, echo, echo) == listing.id
    [typed] = await Message.objects().where(Message.origin == "app")
    assert (typed.channel, typed.listing, typed.body) == ("facebook", listing.id, "From the page itself")


async def test_a_provider_tells_that_somebody_stopped(house: None, monkeypatch: Any) -> None:
    dealer, connection, _ = await house_of("facebook")
    await tell(connection, monkeypatch, Stopped("psid-1", "blocked", clock.now()))
    assert await suppressions.opted_out(dealer.account.id, "psid-1", "facebook")
    await tell(connection, monkeypatch, Stopped("psid-1", "unblocked", clock.now(), again=True))
    assert not await suppressions.opted_out(dealer.account.id, "psid-1", "facebook")


@pytest.mark.parametrize(("mailbox", "heard"), [("Sales@lots.example", 0), ("cars@lots.example", 1)])
async def test_a_relays_mail_is_left_to_its_connection_only_where_that_reads_the_same_mailbox(
    house: None, monkeypatch: Any, mailbox: str, heard: int
) -> None:
    monkeypatch.setattr(Relay, "relays", "rts.kijiji.ca", raising=False)
    dealer, connection, _ = await house_of("email")
    relay = await make.connection(dealer.account, kind="kijiji")
    for each, address in ((connection, "sales@lots.example"), (relay, mailbox)):
        options = json.dumps({"from_email": address})
        await Connection.update({Connection.options: options}).where(Connection.id == each.id)
    connection = await Connection.objects().get(Connection.id == connection.id)
    await tell(connection, monkeypatch, mail(from_address="s.1234@rts.kijiji.ca"))
    assert await Message.count().where(Message.direction == "in") == heard


async def with_file(monkeypatch: Any, *answers: Media | Exception) -> Message:
    """A mail with one file, which the provider hands out as said: one answer each time it is asked."""
    dealer, connection, listing = await house_of("email")
    token = await mails.token_of(dealer.account.id, listing.id, MAIL)
    await tell(connection, monkeypatch, mail(token=token, media=(IncomingFile("part:2", "front.jpg"),)))
    left = list(answers)

    async def fetch(ref: str, payload: dict[str, Any]) -> Media:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(connections.adapter(connection), "fetch", fetch, raising=False)
    return await the_inbound()


async def test_a_file_that_came_stands_beside_its_message_once(house: None, data_dir: Any, monkeypatch: Any) -> None:
    message = await with_file(monkeypatch, Media("front.jpg", "image/jpeg", picture()))
    assert await inbox.fetch_due() == {message.listing}
    assert await inbox.fetch_due() == set()
    [beside] = await MessageAttachment.objects(MessageAttachment.attachment)
    assert (beside.message, beside.attachment.name) == (message.id, "front.jpg")


async def test_all_files_of_a_mail_are_fetched_in_one_session_and_one_that_fails_keeps_no_other(
    house: None, data_dir: Any, monkeypatch: Any
) -> None:
    dealer, connection, listing = await house_of("email")
    token = await mails.token_of(dealer.account.id, listing.id, MAIL)
    media = tuple(IncomingFile(f"part:{n}", f"{n}.jpg") for n in range(3))
    await tell(connection, monkeypatch, mail(token=token, media=media))
    sessions: list[list[str]] = []

    @asynccontextmanager
    async def fetching(payload: dict[str, Any]) -> Any:
        asked: list[str] = []
        sessions.append(asked)
        if len(sessions) == 1:
            raise ChannelError("Nobody signs in now.", Kind.NEVER_CONNECTED)

        async def fetch(ref: str) -> Media:
            asked.append(ref)
            if ref == "part:1":
                raise ChannelError("This one is gone.", Kind.PERMANENT)
            return Media("", "image/jpeg", picture())

        yield fetch

    monkeypatch.setattr(connections.adapter(connection), "fetching", fetching, raising=False)
    assert await inbox.fetch_due() == set()
    rows = await files.IncomingFile.select(files.IncomingFile.state, files.IncomingFile.problem)
    assert {(row["state"], row["problem"]) for row in rows} == {("waiting", "Nobody signs in now.")}
    await files.IncomingFile.update({files.IncomingFile.not_before: clock.now()}).where(
        files.IncomingFile.state == "waiting"
    )
    assert await inbox.fetch_due() == {listing.id}
    assert sessions == [[], ["part:0", "part:1", "part:2"]]
    rows = await files.IncomingFile.select(files.IncomingFile.state).order_by(files.IncomingFile.position)
    assert [row["state"] for row in rows] == ["kept", "refused", "kept"]


async def test_a_file_that_is_not_there_yet_is_asked_for_again(
    house: None, data_dir: Any, monkeypatch: Any, clock: Any
) -> None:
    away = ChannelError("Away.", Kind.NEVER_CONNECTED)
    message = await with_file(monkeypatch, away, Media("front.jpg", "image/jpeg", picture()))
    assert await inbox.fetch_due() == await inbox.fetch_due() == set()
    clock.advance(minutes=1)
    assert await inbox.fetch_due() == {message.listing}


@pytest.mark.parametrize("kind", [Kind.NEVER_CONNECTED, Kind.THROTTLED, Kind.CONNECTION_BROKEN])
async def test_a_file_outlasts_hours_in_which_its_provider_is_away(
    house: None, data_dir: Any, monkeypatch: Any, clock: Any, kind: Kind
) -> None:
    message = await with_file(
        monkeypatch, *[ChannelError("Away.", kind)] * 40, Media("front.jpg", "image/jpeg", picture())
    )
    for _ in range(40):
        assert await inbox.fetch_due() == set()
        clock.advance(minutes=16)
    assert await inbox.fetch_due() == {message.listing}


@pytest.mark.parametrize(("kind", "state"), [(Kind.NEVER_CONNECTED, "refused"), (Kind.CONNECTION_BROKEN, "waiting")])
async def test_a_provider_that_stays_away_is_waited_for_a_day_and_a_broken_connection_longer(
    house: None, data_dir: Any, monkeypatch: Any, clock: Any, kind: Kind, state: str
) -> None:
    await with_file(monkeypatch, *[ChannelError("Away.", kind)] * 2)
    await inbox.fetch_due()
    clock.advance(hours=25)
    await inbox.fetch_due()
    [file] = await inbox.IncomingFile.objects()
    assert file.state == state


async def test_nothing_is_fetched_by_a_broken_connection(
    house: None, data_dir: Any, monkeypatch: Any, clock: Any
) -> None:
    message = await with_file(monkeypatch, Media("front.jpg", "image/jpeg", picture()))
    await connections.broken(message.connection, "Wrong password.")
    assert await inbox.fetch_due() == set()
    await Connection.update({Connection.state: "connected"}, force=True)
    clock.advance(minutes=1)
    assert await inbox.fetch_due() == {message.listing}


async def test_two_workers_at_one_file_keep_it_once(house: None, data_dir: Any, monkeypatch: Any) -> None:
    message = await with_file(monkeypatch, Media("front.jpg", "image/jpeg", picture()))
    kept = attachments.add

    async def overtaken(*arguments: Any) -> Any:
        await inbox.IncomingFile.update({inbox.IncomingFile.state: "refused"}, force=True)
        return await kept(*arguments)

    monkeypatch.setattr(attachments, "add", overtaken)
    assert await inbox.fetch_due() == set()
    assert not await MessageAttachment.exists().where(MessageAttachment.message == message.id)
    [file] = await inbox.IncomingFile.objects()
    assert (file.state, file.attachment) == ("refused", None)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (
            Media("front.exe", "image/jpeg", b"MZ" + bytes(200)),
            "“front.jpg” is a program. It is not kept here: look at it where it came in.",
        ),
        (ChannelError("It is gone.", Kind.PERMANENT), "It is gone."),
    ],
    ids=["forbidden", "gone"],
)
async def test_a_file_that_may_not_be_kept_says_why(
    house: None, data_dir: Any, monkeypatch: Any, answer: Any, problem: str
) -> None:
    message = await with_file(monkeypatch, answer)
    assert await inbox.fetch_due() == {message.listing}
    [file] = await inbox.IncomingFile.objects()
    assert file.state == "refused"
    assert file.problem == problem
    assert not await MessageAttachment.exists()


async def test_a_line_type_is_kept_with_what_carriers_said(house: None) -> None:
    dealer = await shop()
    number = make.phone()
    await number_facts.cannot_get_texts(dealer.account.id, number, "No")
    await number_facts.looked_up(dealer.account.id, number, "landline", "twilio", "Big Bell")
    [fact] = await number_facts.NumberFact.objects()
    assert (fact.landline, fact.untextable, fact.line_type, fact.reason) == (True, True, "landline", "No")
    await number_facts.looked_up(dealer.account.id, number, "mobile", "twilio")
    [fact] = await number_facts.NumberFact.objects()
    assert (fact.landline, fact.line_type) == (False, "mobile")
