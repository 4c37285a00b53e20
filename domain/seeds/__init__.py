"""A small dealership to look at: people, ads with pictures, and conversations in every state."""

import asyncio
import json
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from domain import ads, clock, connections, db, ids, passwords, pictures, text
from domain.accounts import Account, Tier
from domain.attempts import Attempt
from domain.connections import Connection
from domain.history import Event
from domain.listings import Listing, Picture, Stage
from domain.messages import RANKS, Message, State
from domain.seeds import lakeside, mailbox, sites
from domain.seeds.stock import CARS, SELLERS, TALKS
from domain.sellers import Seller
from domain.settings import settings
from domain.users import Role, User

PASSWORD = "drive-it-home-2026"  # noqa: S105 - of a throw-away dealership on this machine alone
API_KEY = "simulator-key"
PICTURES = Path(__file__).parent / "pictures"
PEOPLE = (
    ("Maya Ortiz", "maya@harborauto.example", Role.ADMIN, "Purchasing manager", "+18605550140"),
    ("Ben Carter", "ben@harborauto.example", Role.AGENT, "Buyer", "+18605550141"),
    ("Priya Shah", "priya@harborauto.example", Role.MANAGER, "General manager", "+18605550142"),
    ("Sam Lee", "sam@harborauto.example", Role.SUPPORT, "Support", "+18605550143"),
)


async def demo(simulator_url: str, mail_ports: str = "") -> list[dict[str, str]]:
    """Fills an empty database, once. Returns who can sign in: {email, password, role}.

    The dealership texts through Dialpad's protocol, a second one through Twilio's, both spoken by the simulator at
    `simulator_url`; it mails through the simulator's SMTP and IMAP, at two ports with a comma between them.
    """
    if not await Account.exists().where(Account.slug == "harbor"):
        account, people = await _dealership()
        connection, _ = await connections.connect(
            account.id,
            people[0].id,
            "dialpad",
            {"api_key": API_KEY},
            simulator_url,
            {"max_event_age_days": 30},
            unchecked_is_fine=True,
        )
        listings = await _inventory(account)
        await _conversations(account, people, connection, listings)
        await sites.connect(account, people[0], simulator_url, listings)
        await mailbox.connect(account, people[0], mail_ports)
        await _inventory(await lakeside.dealership(PASSWORD, simulator_url), lakeside.CARS)
    else:  # a kept data directory: the simulator may have moved to another port
        await Connection.update({Connection.base_url: simulator_url, Connection.hook_id: ""}).where(
            Connection.kind.is_in(["dialpad", "twilio"])
        )
        await sites.moved(simulator_url)
        await mailbox.moved(mail_ports)
    _tell_simulator()
    people_of_both = [(email, role) for _, email, role, _, _ in PEOPLE] + [lakeside.NORA[1:]]
    return [{"email": email, "password": PASSWORD, "role": str(role)} for email, role in people_of_both]


async def _dealership() -> tuple[Account, list[User]]:
    account = Account(
        slug="harbor",
        name="Harbor Auto Buyers",
        tier=Tier.ACCELERATED,
        country="US",
        timezone="America/New_York",
        phone="+18605550190",
        email="hello@harborauto.example",
        website="harborauto.example",
        street="218 Wethersfield Ave",
        city="Hartford",
        state="CT",
        postal_code="06114",
    )
    hashed = await passwords.hashed(PASSWORD)
    people = [
        User(
            account=account.id,
            name=name,
            email=email,
            role=role,
            title=title,
            phone=phone,
            password_hash=hashed,
            owner=role == Role.ADMIN,
        )
        for name, email, role, title, phone in PEOPLE
    ]
    async with db.writing():
        await Account.insert(account)
        await User.insert(*people)
    return account, people


async def _inventory(account: Account, most: int = len(CARS)) -> dict[int, UUID]:
    """The ads, each through the front door, then their pictures."""
    rng = random.Random(7)  # the same dealership every time
    made: dict[int, UUID] = {}
    today = clock.now().date()
    # The first of the list goes in last, so that the inventory begins with the ads that have a conversation.
    for n, (car, person) in reversed(list(enumerate(zip(CARS[:most], SELLERS[:most], strict=True)))):
        year, make, model, trim, color, body, drivetrain, engine, odometer, price, source = car
        first, last, city, state, postal_code = person
        number = f"86055501{n % 40:02}" if n < 40 else f"20355501{n % 40:02}"
        typed = {
            "external_id": f"{source[:2].upper()}-{48210 + n * 37}",
            "source": source,
            "year": str(year),
            "make": make,
            "model": model,
            "trim": trim,
            "color": color,
            "body_style": body,
            "drivetrain": drivetrain,
            "engine": engine,
            "fuel": "Hybrid" if "hybrid" in engine.lower() else "Gasoline",
            "transmission": "Automatic",
            "odometer": str(odometer),
            "price": str(price),
            "url": f"https://{source.lower().replace(' ', '')}.example/ads/{48210 + n * 37}",
            "description": f"{year} {make} {model} {trim} in {color.lower()}. {rng.choice(WORDS)}",
            "posted_on": (today - timedelta(days=n % 23)).isoformat(),
            "first_name": first,
            "last_name": last,
            "mobile": "" if n % 11 == 5 else number,
            "phone": f"86055502{n % 90:02}" if n % 4 == 0 else "",
            "email": f"{first.lower()}.{last.lower()}@mail.example" if n % 3 else "",
            "city": city,
            "state": state,
            "postal_code": postal_code,
        }
        outcome = await ads.put(account.id, source, ads.read(typed, account.country))
        made[n] = outcome.listing_id
        if n % 5 == 2:  # the seller came down with the price
            cheaper = {**typed, "price": str(round(price * 0.955, -2))[:-2]}
            await ads.put(account.id, source, ads.read(cheaper, account.country))
        await _hang_pictures(outcome.listing_id, color)
    return made


async def _hang_pictures(listing: UUID, color: str) -> None:
    first = PICTURES / f"{PAINTS.get(color, 'silver')}.jpg"
    for position, path in enumerate([first, *[each for each in sorted(PICTURES.glob("*.jpg")) if each != first][:2]]):
        kept = await asyncio.to_thread(pictures.store, path.read_bytes())
        row = Picture(listing=listing, position=position, url=f"sample:{position}", state="kept")
        row.sha256, row.width, row.height = kept.sha256, kept.width, kept.height
        await Picture.insert(row)


async def _conversations(
    account: Account, people: list[User], connection: Connection, listings: dict[int, UUID]
) -> None:
    agents = {"maya": people[0], "ben": people[1]}
    for n, talk in TALKS.items():
        await _talk(account, agents, connection, listings[n], talk)


async def _talk(
    account: Account, agents: dict[str, User], connection: Connection, listing: UUID, talk: tuple[tuple[str, ...], ...]
) -> None:
    """Lines of (who, hours ago, words, state) become messages as if they had been sent and received."""
    number = await _number(listing)
    waiting, last = None, clock.now()
    for who, hours, words, *state in talk:
        at = clock.now() - timedelta(hours=float(hours))
        last = at
        message = Message(account=account.id, listing=listing, channel="text", body=words, at=at, changed_at=at)
        message.connection, message.created_at = connection.id, at
        if who == "seller":
            message.direction, message.author_kind, message.state = "in", "seller", State.RECEIVED
            message.from_address, message.origin = number, "hook"
            waiting = waiting or at
        else:
            reached = State(state[0] if state else State.DELIVERED)
            cost = text.measure(words)
            message.direction, message.author_kind, message.user = "out", "agent", agents[who].id
            message.state, message.rank, message.to_address, message.to_field = (
                reached,
                RANKS[reached],
                number,
                "mobile",
            )
            message.reason = state[1] if len(state) > 1 else ""
            message.attempts, message.segments, message.encoding = 1, cost.segments, cost.encoding
            if reached not in (State.FAILED, State.UNDELIVERED):
                waiting = None
        async with db.writing():
            await Message.insert(message)
            if message.direction == "out":
                await Attempt.insert(_attempt(message, connection))
            if waiting is None:
                await Message.update({Message.responded_at: at}).where(
                    (Message.listing == listing) & (Message.direction == "in") & Message.responded_at.is_null()
                )
    main = next((agents[who].id for who, *_ in talk if who in agents), None)
    await Listing.update(
        {
            Listing.stage: Stage.CONTACTED,
            Listing.waiting_since: waiting,
            Listing.last_contact_at: last,
            Listing.main_user: main,
        }
    ).where(Listing.id == listing)
    first = clock.now() - timedelta(hours=float(talk[0][1]), minutes=-1)
    detail = json.dumps({"old": str(Stage.NOT_CONTACTED), "new": str(Stage.CONTACTED)})
    await Event.insert(Event(account=account.id, listing=listing, kind="stage", detail=detail, at=first))


def _attempt(message: Message, connection: Connection) -> Attempt:
    outcome = "permanent" if message.state == State.FAILED else "accepted"
    attempt = Attempt(id=ids.new(), message=message.id, n=1, connection=connection.id, provider="dialpad")
    attempt.started_at = attempt.finished_at = message.at
    attempt.outcome, attempt.reason = outcome, message.reason
    return attempt


async def _number(listing: UUID) -> str:
    row = await Seller.select(Seller.mobile, Seller.phone).where(Seller.listing == listing).first()
    return (row["mobile"] or row["phone"]) if row else ""


def _tell_simulator() -> None:
    """Who has a Dialpad account, for the simulator's start."""
    path = settings().data_dir / "simulator" / "users.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(list(_dialpad_users())))


def _dialpad_users() -> Iterator[dict[str, object]]:
    for n, (name, email, role, _, phone) in enumerate(PEOPLE):
        if role != Role.SUPPORT:
            yield {"id": 5_700_000_001 + n, "display_name": name, "emails": [email], "phone_numbers": [phone]}


PAINTS = {
    "Blue": "blue",
    "Red": "red",
    "Silver": "silver",
    "Gray": "silver",
    "Black": "black",
    "White": "white",
    "Green": "green",
    "Gold": "gold",
}
WORDS = (
    "One owner, all services on file, never smoked in. Two keys. Clean title in hand.",
    "Runs great, new brakes and tires last spring. Small scratch on the rear bumper, see the pictures.",
    "Selling because we need a bigger car. Garage kept. Happy to send more pictures.",
    "Moving at the end of the month, so the price is fair and a little negotiable. No trades, please.",
)
