"""A second sample dealership, which texts through Twilio."""

from domain import connections, db, passwords
from domain.accounts import Account, Tier
from domain.users import Role, User

NORA = ("Nora Quinn", "nora@lakesideauto.example", Role.ADMIN)
CARS = 8  # of the stock
# What the simulator's Twilio account is called, and lets in.
TWILIO = {
    "account_sid": f"AC{'5' * 32}",
    "auth_token": "simulator-token",
    "from_number": "+16195550199",
}


async def dealership(password: str, simulator_url: str) -> Account:
    """The account, its one person and its connection; still without ads."""
    name, email, role = NORA
    account = Account(
        slug="lakeside",
        name="Lakeside Auto Buyers",
        tier=Tier.ACCELERATED,
        country="US",
        timezone="America/New_York",
        phone="+18605550195",
        email="hello@lakesideauto.example",
        website="lakesideauto.example",
        street="40 Lake Street",
        city="New Britain",
        state="CT",
        postal_code="06051",
    )
    nora = User(
        account=account.id,
        name=name,
        email=email,
        role=role,
        title="Owner",
        phone="+18605550150",
        password_hash=await passwords.hashed(password),
    )
    async with db.writing():
        await Account.insert(account)
        await User.insert(nora)
    await connections.connect(account.id, nora.id, "twilio", TWILIO, simulator_url, unchecked_is_fine=True)
    return account
