"""Who may send, what was sent, whose phone shows it, and what is reported back."""

import os
import random
from collections import Counter, OrderedDict, deque
from collections.abc import Set
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import lru_cache
from json import dumps, loads
from pathlib import Path
from typing import Any, Literal, Protocol

import phonenumbers

from domain import clock
from workers.simulator import reports
from workers.simulator.events import Events
from workers.simulator.ledger import Ledger
from workers.simulator.pictures import Pictures
from workers.simulator.reports import Signed
from workers.simulator.switches import Switches

PHONES = 20_000  # shown; older ones stay in the ledger
LINES = 200  # shown per phone
COMPANY = "5000000000000001"
OPT_OUT = "STOP"  # the one word that Dialpad acts on
OPT_IN = {"START", "UNSTOP"}
REJECTIONS = ("invalid_destination", "no_route", "rejected", "rejected_spam", "time_out")
SAYS = {  # the words that Dialpad answers itself
    "STOP": "You are unsubscribed and will get no more texts. Reply START to get them again.",
    "UNSTOP": "You will get texts again. Reply STOP to end them.",
    "HELP": "Reply STOP to end these texts. Message and data rates may apply.",
}


class CannotDo(Exception):
    """What the simulator was asked to do and cannot: one sentence."""


@dataclass
class User:
    """A person with a Dialpad account."""

    id: int
    display_name: str
    emails: list[str]
    phone_numbers: list[str]
    state: str = "active"
    timezone: str = "US/Pacific"
    country: str = "us"

    def shown(self) -> dict[str, Any]:
        """As the API shows a user: ids are text there."""
        fixed = {"license": "talk", "company_id": COMPANY, "office_id": "5000000000000002"}
        return asdict(self) | {"id": str(self.id)} | fixed


@dataclass
class Webhook:
    """Where events go, and the secret that signs them."""

    id: int
    hook_url: str
    secret: str = ""

    def shown(self) -> dict[str, Any]:
        signature = {"algo": "HS256", "type": "jwt", "secret": self.secret} if self.secret else None
        return {"id": str(self.id), "hook_url": self.hook_url, "signature": signature}


@dataclass
class Subscription:
    """Which events go to a webhook."""

    id: int
    endpoint_id: int
    direction: str
    status: bool = False
    enabled: bool = True
    include_internal: bool = False


@dataclass(frozen=True)
class Text:
    """One text between one of our numbers and one phone."""

    id: int
    user: User
    from_number: str
    to: str
    text: str
    at: datetime
    picture: str = ""  # its name


@dataclass(frozen=True)
class Line:
    """What a phone shows: a text it got, one it wrote, or a note of its carrier."""

    side: Literal["got", "wrote", "note"]
    number: str  # ours
    name: str
    text: str
    at: datetime
    picture: str = ""


@dataclass
class Phone:
    """A seller's phone."""

    number: str
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=LINES))

    @property
    def shown(self) -> str:
        return national(self.number)

    @property
    def last(self) -> Line | None:
        return self.lines[-1] if self.lines else None

    @property
    def ours(self) -> str:
        """The number that an answer goes to: that of the last text here."""
        return self.last.number if self.last else ""


class Other(Protocol):
    """A provider beside Dialpad, at one number: whose it is, what stops there, and what it does with what it heard."""

    owner: User

    @property
    def stops(self) -> Set[str]: ...

    def heard(self, message: Text) -> None: ...


class Carrier:
    """The whole state. What is set up (users, keys, webhooks, who said STOP) survives a restart, as do the counts."""

    def __init__(
        self,
        state_dir: Path,
        events: Events,
        *,
        receipt_delays: tuple[float, float, float] = (0.0, 0.3, 1.0),
        seed: int,
    ) -> None:
        state_dir.mkdir(parents=True, exist_ok=True)
        self.ledger = Ledger(state_dir / "messages.jsonl")
        self.pictures = Pictures(state_dir / "pictures")
        self.switches = Switches()
        self.events = events
        self.calls: Counter[str] = Counter()
        self.users: dict[int, User] = {}
        self.keys: set[str] = set()
        self.webhooks: dict[int, Webhook] = {}
        self.subscriptions: dict[int, Subscription] = {}
        self.phones: OrderedDict[str, Phone] = OrderedDict()  # the one that moved last at the end
        self.stopped: dict[str, int] = {}  # phones that said STOP, and when: epoch milliseconds
        self.restarted: dict[str, int] = {}  # those that took it back
        self.changes = 0  # grows with whatever a page shows
        self.receipt_delays = receipt_delays
        self.others: dict[str, Other] = {}  # numbers of providers beside Dialpad
        self._random = random.Random(seed)
        self._set_up = state_dir / "set-up.json"
        self._last_id = 0
        self._recall()

    # Set-up

    def add_users(self, given: Any) -> list[User]:
        """Add users, or replace those with the same id. `given` is a list of objects as the API shows them, or
        {"users": […]}; all but an email may be missing. Raises CannotDo."""
        given = given.get("users") if isinstance(given, dict) else given
        if not isinstance(given, list):
            raise CannotDo("Users come as a JSON list.")
        users = [self._user(each) for each in given]
        self.users.update((user.id, user) for user in users)
        self.save()
        return users

    def _user(self, given: Any) -> User:
        emails = given.get("emails") or [given.get("email")] if isinstance(given, dict) else []
        if not emails or not all(isinstance(email, str) and "@" in email for email in emails):
            raise CannotDo("A user needs emails: a list of addresses.")
        user_id = given.get("id") or self.new_id()
        if not str(user_id).isdigit():
            raise CannotDo("A user's id is a number.")
        numbers = given.get("phone_numbers", [])
        if not isinstance(numbers, list) or not all(map(e164, numbers)):
            raise CannotDo("A user's phone_numbers are a list of numbers such as +16195550142.")
        return User(
            int(user_id),
            str(given.get("display_name") or emails[0].split("@")[0].title()),
            emails,
            [e164(number) for number in numbers],
            str(given.get("state") or "active"),
        )

    def save(self) -> None:
        """Keep the set-up for the next start."""
        kept = {
            "keys": sorted(self.keys),
            "users": [asdict(user) for user in self.users.values()],
            "webhooks": [asdict(webhook) for webhook in self.webhooks.values()],
            "subscriptions": [asdict(subscription) for subscription in self.subscriptions.values()],
            "stopped": self.stopped,
            "restarted": self.restarted,
        }
        aside = self._set_up.with_suffix(".new")
        aside.write_text(dumps(kept))
        os.replace(aside, self._set_up)
        self.changes += 1

    def _recall(self) -> None:
        if self._set_up.exists():
            kept = loads(self._set_up.read_text())
            self.keys = set(kept["keys"])
            self.users = {each["id"]: User(**each) for each in kept["users"]}
            self.webhooks = {each["id"]: Webhook(**each) for each in kept["webhooks"]}
            self.subscriptions = {each["id"]: Subscription(**each) for each in kept["subscriptions"]}
            self.stopped, self.restarted = dict(kept["stopped"]), dict(kept["restarted"])
        for record in self.ledger.tail():
            ours, theirs = (
                (record["to"], record["from"]) if record["kind"] == "reply" else (record["from"], record["to"])
            )
            side: Literal["got", "wrote"] = "wrote" if record["kind"] == "reply" else "got"
            if not record.get("rejected"):
                at, picture = datetime.fromisoformat(record["at"]), record.get("picture", "")
                self._show(theirs, Line(side, ours, record.get("name", ""), record["text"], at, picture))

    def new_id(self) -> int:
        """Ids look like Dialpad's, fit a JSON number, and never come again after a restart."""
        self._last_id = max(self._last_id + 1, int(clock.now().timestamp() * 1_000_000))
        return self._last_id

    # Texts

    def accept(self, user: User, from_number: str, to: str, text: str, picture: str = "") -> Text:
        """Take a text over the API, put it on the phone and report about it. `picture` is the name of a kept one."""
        message, rejection = self.take(user, from_number, to, text, picture)
        if self.subscriptions:
            self._report(message, rejection)
        return message

    def take(self, user: User, from_number: str, to: str, text: str, picture: str = "") -> tuple[Text, str]:
        """The same for a provider that reports by itself; with why it does not arrive, or ""."""
        message = Text(self.new_id(), user, from_number, to, text, clock.now(), picture)
        rejection = self._rejection(to)
        self._record("accepted", message, rejected=rejection, **({"picture": picture} if picture else {}))
        if not rejection:
            self._show(to, Line("got", from_number, user.display_name, text, message.at, picture))
        return message, rejection

    def send_from_app(self, user: User, to: str, text: str) -> Text:
        """A text that somebody typed in Dialpad's own app. Raises CannotDo."""
        if not user.phone_numbers:
            raise CannotDo(f"{user.display_name} has no phone number.")
        message = Text(self.new_id(), user, user.phone_numbers[0], to, text, clock.now())
        self._record("app", message)
        self._show(to, Line("got", message.from_number, user.display_name, text, message.at))
        self._report(message, "")
        return message

    def reply(self, phone_number: str, text: str, to: str = "") -> Text:
        """What the seller writes, to `to` or to the number that wrote last. Raises CannotDo."""
        if not text.strip():
            raise CannotDo("Write something first.")
        phone = self.phone(phone_number)
        to = to or phone.ours
        user = self.numbers().get(to)
        if user is None:
            raise CannotDo("Choose a number of the dealership to write to.")
        message = Text(self.new_id(), user, phone.number, to, text, clock.now())
        self._record("reply", message)
        self._show(phone.number, Line("wrote", to, user.display_name, text, message.at))
        if to in self.others:
            self.others[to].heard(message)
        else:
            for subscription in self._subscribed("inbound"):
                self._plan(0.0, subscription, self._event(message, "inbound", "pending", None))
        self._heed(phone, to, text)
        return message

    def numbers(self) -> dict[str, User]:
        """Every number of the dealership, and whose it is."""
        own = {number: user for user in self.users.values() for number in user.phone_numbers}
        return own | {number: other.owner for number, other in self.others.items()}

    def _heed(self, phone: Phone, ours: str, text: str) -> None:
        """Carriers act on the exact word alone: “STOP please” stops nobody here."""
        word, now = text.upper(), clock.now()
        at = int(now.timestamp() * 1000)
        stops = self.others[ours].stops if ours in self.others else {OPT_OUT}
        if self.switches.get("honour_stop") and word in stops:
            self.stopped[phone.number] = at
            self.restarted.pop(phone.number, None)
            self.save()
        elif word in OPT_IN and self.stopped.pop(phone.number, None) is not None:
            self.restarted[phone.number] = at
            self.save()
        if self.switches.get("answer_words") and (word in SAYS or word in stops):
            self._show(phone.number, Line("note", ours, "Carrier", SAYS.get(word, SAYS[OPT_OUT]), now))

    def _rejection(self, to: str) -> str:
        """The message_delivery_result of a text that will not arrive, or ""."""
        if to in self.stopped and self.switches.get("honour_stop"):
            return "rejected"
        if self.switches.take("invalid_destination"):
            return "invalid_destination"
        share = self.switches.take("reject_percent")
        if share is not None and self._random.random() * 100 < float(share.value or 0):
            return self._random.choice(REJECTIONS)
        return ""

    def _record(self, kind: str, message: Text, **more: str) -> None:
        self.ledger.write(
            kind,
            id=str(message.id),
            user_id=str(message.user.id),
            name=message.user.display_name,
            to=message.to,
            text=message.text,
            at=message.at.isoformat(),
            **{"from": message.from_number},
            **more,
        )

    # Phones

    def phone(self, number: str) -> Phone:
        """The phone with this number, shown from now on."""
        phone = self.phones.get(number)
        if phone is None:
            phone = self.phones[number] = Phone(number)
            if len(self.phones) > PHONES:
                self.phones.popitem(last=False)
        return phone

    def _show(self, number: str, line: Line) -> None:
        self.phone(number).lines.append(line)
        self.phones.move_to_end(number)
        self.changes += 1

    # Reports

    def _report(self, message: Text, rejection: str) -> None:
        end = ("failed", rejection) if rejection else ("success", "accepted")
        steps = [("pending", None), end] if rejection else [("pending", None), ("success", None), end]
        for report in reports.of(self.switches, len(steps), self.receipt_delays):
            event = self._event(message, "outbound", *steps[report.step], report.happens)
            for subscription in self._subscribed("outbound"):
                if subscription.status or event["message_status"] == "pending":
                    for _ in range(report.times):
                        self._plan(report.arrives, subscription, event, report.signed)

    def _subscribed(self, direction: str) -> list[Subscription]:
        return [each for each in self.subscriptions.values() if each.enabled and each.direction in (direction, "all")]

    def _plan(self, after: float, subscription: Subscription, event: dict[str, Any], how: Signed = "right") -> None:
        webhook = self.webhooks.get(subscription.endpoint_id)
        if webhook is not None:
            secret = {"right": webhook.secret, "wrong": f"not {webhook.secret}", "not": ""}[how]
            self.events.plan(after, webhook.hook_url, secret, event)

    def _event(
        self, message: Text, direction: str, status: str, result: str | None, after: float = 0.0
    ) -> dict[str, Any]:
        """As Dialpad's hooks say it: ids are numbers, times epoch milliseconds, `to_number` a list, and the target's
        number is in national format."""
        made = int(message.at.timestamp() * 1000)
        ours, theirs = (
            (message.to, message.from_number) if direction == "inbound" else (message.from_number, message.to)
        )
        return {
            "id": message.id,
            "created_date": made,
            "event_timestamp": made + int(after * 1000),
            "direction": direction,
            "from_number": message.from_number,
            "to_number": [message.to],
            "is_internal": False,
            "contact": {"id": int(theirs.lstrip("+")), "name": national(theirs), "phone_number": theirs},
            "target": {
                "id": message.user.id,
                "name": message.user.display_name,
                "phone_number": national(ours),
                "type": "user",
            },
            "sender_id": None,
            "mms": bool(message.picture),
            "mms_url": f"https://dialpad.com/mms/{message.picture}" if message.picture else None,
            "text": message.text,
            "text_content": message.text,
            "message_status": status,
            "message_delivery_result": result,
        }


def e164(raw: object) -> str:
    """The number as E.164, or "" when it cannot be one."""
    if not isinstance(raw, str):
        return ""
    try:
        number = phonenumbers.parse(raw, "US")
    except phonenumbers.NumberParseException:
        return ""
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(100_000)
def national(number: str) -> str:
    """As people write it: (619) 555-0101."""
    return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.NATIONAL)
