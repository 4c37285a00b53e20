"""What Twilio's error codes mean for a text (twilio.com/docs/api/errors): data, for there is nothing else to go by."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.channels.base import FULL, SPAM, Kind, Tells


@dataclass(frozen=True)
class Meaning:
    """The class of failure, the sentence shown on the message, and what it tells of the number itself."""

    kind: Kind
    words: str
    tells: Tells = ""
    code: str = ""  # where more follows from it than the sentence says


PERMANENT, THROTTLED, RESTS = Kind.PERMANENT, Kind.THROTTLED, Kind.RESTS
BROKEN, NO_MONEY = Kind.CONNECTION_BROKEN, Kind.OUT_OF_CREDIT

NO_KEY = "Twilio no longer accepts the credentials. Ask an admin to connect Twilio again."
SUSPENDED = "Twilio has suspended the account, perhaps for want of money. Add money at Twilio, then try again."
NOT_A_NUMBER = "This number cannot exist. Correct it, or try another number."
CANNOT_TEXT = "This number cannot get texts. Try another number or email."
LANDLINE = "This number is a landline or cannot get texts. Call it, or try email."
STOPPED = "This seller said STOP to your Twilio number."
REGION = "Texts to this country are not switched on at Twilio. Ask whoever runs your Twilio account."
OUR_FROM = "Twilio cannot send texts from your number. Ask an admin to check it at Twilio."
UNREGISTERED = "Carriers stop texts from your number until it is registered. Ask an admin to register it at Twilio."
BUSY = "Twilio is taking no more texts just now."
LIMIT = "Carriers take no more texts from your number today. Try again tomorrow."
SPAM_WORDS = "The carrier took this text for spam. Change the words before you try again."
UNREACHABLE = "The phone could not be reached. It may be off. Try again later."
NO_WORD = "The carrier did not say why this text did not arrive. Try again later, or email."
NOT_TAKEN = "Twilio did not take this text as it was written. Change it before you try again."
FILES = "Twilio could not take the file. Send it as a link."
TOO_LONG = "This text is longer than Twilio takes. Shorten it."

MEANINGS: dict[int, Meaning] = {
    # The account
    10001: Meaning(NO_MONEY, SUSPENDED),
    20003: Meaning(BROKEN, NO_KEY),
    20005: Meaning(NO_MONEY, SUSPENDED),
    20429: Meaning(THROTTLED, BUSY),
    30002: Meaning(NO_MONEY, SUSPENDED),
    90010: Meaning(NO_MONEY, SUSPENDED),
    # The number it goes to
    21211: Meaning(PERMANENT, NOT_A_NUMBER, "untextable"),
    21217: Meaning(PERMANENT, NOT_A_NUMBER, "untextable"),
    21265: Meaning(PERMANENT, "This is a short code, not a phone number. Correct it.", "untextable"),
    21266: Meaning(PERMANENT, "This is your own number. Correct the seller's.", "untextable"),
    21408: Meaning(PERMANENT, REGION),
    21610: Meaning(PERMANENT, STOPPED, "opted_out"),
    21612: Meaning(PERMANENT, "Twilio has no way from your number to this one. Try another number or email."),
    21614: Meaning(PERMANENT, LANDLINE, "untextable"),
    21635: Meaning(PERMANENT, LANDLINE, "untextable"),
    21608: Meaning(PERMANENT, "A trial account texts only numbers that were verified at Twilio. Upgrade the account."),
    # The number it comes from
    14108: Meaning(PERMANENT, OUR_FROM),
    21603: Meaning(PERMANENT, OUR_FROM),
    21606: Meaning(PERMANENT, OUR_FROM),
    21659: Meaning(PERMANENT, OUR_FROM),
    21660: Meaning(PERMANENT, OUR_FROM),
    21661: Meaning(PERMANENT, OUR_FROM),
    21703: Meaning(PERMANENT, "The Messaging Service has no number to send from. Add one at Twilio."),
    # Where we are
    21609: Meaning(PERMANENT, "Twilio cannot call this Lotwire at its address. Ask whoever runs it to check that."),
    # What it says, and its files
    21602: Meaning(PERMANENT, NOT_TAKEN),
    21604: Meaning(PERMANENT, NOT_TAKEN),
    21617: Meaning(PERMANENT, TOO_LONG),
    21620: Meaning(PERMANENT, FILES),
    21623: Meaning(PERMANENT, "Twilio takes ten files with a text. Send some as links."),
    11751: Meaning(PERMANENT, FILES),
    12300: Meaning(PERMANENT, FILES),
    30019: Meaning(PERMANENT, "The file is too large for the seller's carrier. Send it as a link."),
    # Too many
    14107: Meaning(THROTTLED, BUSY),
    21611: Meaning(THROTTLED, BUSY),
    30001: Meaning(THROTTLED, BUSY),
    30022: Meaning(RESTS, LIMIT, code=FULL),
    30023: Meaning(RESTS, LIMIT, code=FULL),
    30027: Meaning(RESTS, LIMIT, code=FULL),
    # What carriers say afterwards
    30003: Meaning(PERMANENT, UNREACHABLE),
    30004: Meaning(PERMANENT, "The seller or their carrier blocks your texts. Call, or try email.", "untextable"),
    30005: Meaning(PERMANENT, "No carrier knows this number. Try another number or email.", "untextable"),
    30006: Meaning(PERMANENT, LANDLINE, "untextable"),
    30007: Meaning(PERMANENT, SPAM_WORDS, code=SPAM),
    30008: Meaning(PERMANENT, NO_WORD),
    30017: Meaning(PERMANENT, "The seller's carrier was too busy. Try again later."),
    30032: Meaning(PERMANENT, "Your toll-free number is not verified yet. Ask an admin to verify it at Twilio."),
    30033: Meaning(PERMANENT, "Your texting campaign is suspended. Ask an admin to look at it at Twilio."),
    30034: Meaning(PERMANENT, UNREGISTERED),
    30035: Meaning(PERMANENT, "Your number is still being set up for texting. Try again in a day."),
    30036: Meaning(PERMANENT, "The seller's phone was off too long, so this text was let go. Try again."),
    30410: Meaning(PERMANENT, "The seller's carrier did not answer in time. Try again later."),
    # Of Twilio's own scheduling, which is never used
    35111: Meaning(PERMANENT, NOT_TAKEN),
    35114: Meaning(PERMANENT, NOT_TAKEN),
    35118: Meaning(PERMANENT, NOT_TAKEN),
}
CARRIERS_DAY = ZoneInfo("America/Los_Angeles")
FAILED = "Twilio could not deliver this text."
CANCELLED = "This text was cancelled at Twilio."


def code_of(raw: object) -> int:
    """A code as answers (numbers) and events (text) say it; 0 when there is none."""
    if isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) < 7:
        return int(raw)
    return raw if isinstance(raw, int) and not isinstance(raw, bool) and 0 < raw < 10_000_000 else 0


def next_day(at: datetime) -> datetime:
    """When carriers count a sender's texts anew: T-Mobile, whose limit it is, does at midnight by the Pacific."""
    midnight = datetime.combine(at.astimezone(CARRIERS_DAY).date() + timedelta(days=1), time(), CARRIERS_DAY)
    return midnight.astimezone(at.tzinfo)
