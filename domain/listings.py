"""One ad at one source, shown on one vehicle page (VDP)."""

from enum import StrEnum

from piccolo.columns import BigInt, Boolean, Date, Integer, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB
from domain.sources import Source
from domain.users import User


class Stage(StrEnum):
    NOT_CONTACTED = "not_contacted"
    CONTACTED = "contacted"
    APPOINTED = "appointed"
    SHOWN = "shown"
    NO_SHOW = "no_show"
    APPRAISED = "appraised"
    ACQUIRED = "acquired"
    PASS = "pass"  # noqa: S105
    DNC = "dnc"


STAGE_LABELS = {
    Stage.NOT_CONTACTED: "Not contacted",
    Stage.CONTACTED: "Contacted",
    Stage.APPOINTED: "Appointed",
    Stage.SHOWN: "Shown",
    Stage.NO_SHOW: "No show",
    Stage.APPRAISED: "Appraised",
    Stage.ACQUIRED: "Acquired",
    Stage.PASS: "Pass",
    Stage.DNC: "Do not contact",
}


class Listing(Table, db=DB, tablename="listing"):
    id = key()
    account = parent(Account)
    source = parent(Source)
    external_id = Varchar(200)  # unique per source: the same ad twice is one listing
    year = Integer()
    make = Text()
    model = Text()
    trim = Text(default="")
    vin = Varchar(20, default="")
    odometer = Integer(null=True, default=None)  # miles in the US, kilometres in Canada
    body_style = Text(default="")
    color = Text(default="")
    interior_color = Text(default="")
    engine = Text(default="")
    fuel = Text(default="")
    transmission = Text(default="")
    drivetrain = Text(default="")
    price = BigInt(null=True, default=None)  # in cents
    previous_price = BigInt(null=True, default=None)
    description = Text(default="")
    url = Text(default="")
    posted_on = Date(null=True, default=None)
    stage = Varchar(20, default=Stage.NOT_CONTACTED)
    main_user = parent(User, null=True)
    secondary_user = parent(User, null=True, index=False)
    hidden = Boolean(default=False)
    search = Text(default="")  # folded words of vehicle, VIN, seller and digits of the phones
    waiting_since = moment()  # the oldest unanswered message of the seller
    last_contact_at = moment()  # the newest message either way
    revision = Integer(default=0)
    created_at = made()
    updated_at = made()


class PriceChange(Table, db=DB, tablename="price_change"):
    id = key()
    listing = parent(Listing)
    price = BigInt(null=True, default=None)
    at = made()


class Picture(Table, db=DB, tablename="picture"):
    """A picture of an ad: fetched by a worker, kept as files of ours, never shown from its origin."""

    id = key()
    listing = parent(Listing)
    position = Integer(default=0)
    url = Text()
    state = Varchar(10, default="wanted")  # wanted | kept | failed
    reason = Text(default="")
    sha256 = Varchar(64, default="")  # names the files in the data directory
    width = Integer(default=0)
    height = Integer(default=0)
    tries = Integer(default=0)
    not_before = made()


class Follower(Table, db=DB, tablename="follower"):
    id = key()
    listing = parent(Listing)
    user = parent(User)
