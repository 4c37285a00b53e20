"""What the simulator can be told to do wrong, for the next N calls or until told otherwise."""

from dataclasses import dataclass
from typing import Any, Literal

Unit = Literal["", "seconds", "percent", "words"]
AppliesTo = Literal["sms", "users", "all"]


class WrongSwitch(Exception):
    """A switch that is not there, or a value it cannot have: one sentence."""


@dataclass(frozen=True)
class Definition:
    """One switch: `unit` says what its value is, `default` what it is turned on with when nothing is said."""

    name: str
    group: str
    label: str
    does: str
    unit: Unit = ""
    default: float | str | None = None
    applies_to: AppliesTo = "sms"


# In this order: of several answers that are on, the first is given.
DEFINITIONS = {
    definition.name: definition
    for definition in (
        Definition(
            "slow", "Answers", "Slow", "Takes the text, answers this much later.", unit="seconds", default=3.0
        ),
        Definition("reset_before", "Answers", "Reset before accepting", "Breaks the connection; nothing is sent."),
        Definition("hang", "Answers", "Hang", "Never answers; nothing is sent."),
        Definition("hang_after", "Answers", "Hang after accepting", "Sends the text, then never answers."),
        Definition(
            "drip", "Answers", "Drip", "Sends the text, answers a few bytes at a time for so long.", unit="seconds",
            default=30.0,
        ),
        Definition(
            "bad_request", "Answers", "400", "Refuses, in these words.", unit="words", default="A parameter is wrong."
        ),
        Definition("unauthorized", "Answers", "401", "Refuses the API key.", applies_to="all"),
        Definition(
            "forbidden",
            "Answers",
            "403",
            "Refuses, in these words.",
            unit="words",
            default="You are not permitted to send on behalf of this user.",
        ),
        Definition(
            "out_of_credit", "Answers", "402 out of credit", "Refuses for want of money.", unit="words",
            default="Your company has run out of messaging credits.",
        ),
        Definition("burst", "Answers", "403 for a burst", "Refuses because there were too many, as some say it."),
        Definition("not_found", "Answers", "404", "Refuses: not found."),
        Definition("conflict", "Answers", "409", "Refuses: a conflict."),
        Definition("too_large", "Answers", "413", "Refuses: too large."),
        Definition("unprocessable", "Answers", "422", "Refuses: cannot be processed."),
        Definition("too_many_silent", "Answers", "429 that says no more", "Refuses, without Retry-After."),
        Definition(
            "too_many_requests", "Answers", "429", "Refuses, with Retry-After.", unit="seconds", default=2.0
        ),
        Definition("server_error", "Answers", "500", "Fails; nothing is sent."),
        Definition("not_json", "Answers", "Not JSON", "Answers 200 with a web page; nothing is sent."),
        Definition("unavailable", "Answers", "503", "Fails; nothing is sent."),
        Definition("empty", "Answers", "Empty answer", "Sends the text, answers 200 without a word."),
        Definition("garbage", "Answers", "Half an answer", "Sends the text, answers 200 with half of the JSON."),
        Definition("huge", "Answers", "Huge answer", "Sends the text, answers 200 with two megabytes of nothing."),
        Definition("wrong_type", "Answers", "Wrong type", "Sends the text, says of its answer that it is a page."),
        Definition("server_error_after", "Answers", "500 after accepting", "Sends the text, then fails."),
        Definition("reset_after", "Answers", "Reset after accepting", "Sends the text, then breaks the connection."),
        Definition("failed", "Answers", "200 but failed", "Answers that the number cannot get texts."),
        Definition(
            "opted_out", "Answers", "Recipient opted out", "Refuses, in these words.", unit="words",
            default="The recipient has opted out of your messages.",
        ),
        Definition("duplicate_receipts", "Receipts", "Duplicate receipts", "Reports everything twice."),
        Definition("reordered_receipts", "Receipts", "Reordered receipts", "Reports the end before the beginning."),
        Definition("replayed_receipts", "Receipts", "Replayed receipts", "Reports everything twenty times."),
        Definition(
            "late_receipts", "Receipts", "Late receipts", "Reports everything this much later.", unit="seconds",
            default=30.0,
        ),
        Definition("stuck_receipts", "Receipts", "Accepted, then silence", "Reports that it took it, never the end."),
        Definition("unsigned_receipts", "Receipts", "Unsigned receipts", "Reports as anybody could."),
        Definition("badly_signed_receipts", "Receipts", "Badly signed receipts", "Signs with another secret."),
        Definition("no_receipts", "Receipts", "No receipts", "Reports nothing about texts it took."),
        Definition(
            "reject_percent", "Carriers", "Reject some", "Takes this share of the texts and does not deliver it.",
            unit="percent", default=10.0,
        ),
        Definition(
            "invalid_destination", "Carriers", "Cannot be texted", "Takes the text, reports that the number gets none."
        ),
        Definition("honour_stop", "Carriers", "Honour STOP", "Delivers nothing to a phone that said STOP."),
        Definition("answer_words", "Carriers", "Answer STOP and HELP", "Answers STOP, UNSTOP and HELP itself."),
    )
}  # fmt: skip
ANSWERS = tuple(name for name, each in DEFINITIONS.items() if each.group == "Answers" and name != "slow")
AT_START = ("honour_stop", "answer_words")  # on from the start
LIMITS = {"seconds": 3600.0, "percent": 100.0}


@dataclass
class Setting:
    """A switch that is on. `calls` counts down; None is until it is turned off."""

    value: float | str | None
    calls: int | None
    applies_to: AppliesTo


class Switches:
    """All switches of one simulator. STOP is honoured and answered from the start; all else is off."""

    def __init__(self) -> None:
        self._on: dict[str, Setting] = {}
        self.reset()

    def reset(self) -> None:
        """As at the start."""
        self._on = {name: Setting(None, None, "sms") for name in AT_START}

    def set(self, name: str, wanted: Any) -> None:
        """`wanted` is False or None for off, True for on, a value, or {"value", "calls", "applies_to"}.
        Raises WrongSwitch."""
        definition = DEFINITIONS.get(name)
        if definition is None:
            raise WrongSwitch(f"There is no switch “{name}”. There are: {', '.join(DEFINITIONS)}.")
        if wanted is None or wanted is False:
            self._on.pop(name, None)
            return
        given = wanted if isinstance(wanted, dict) else {} if wanted is True else {"value": wanted}
        if unknown := set(given) - {"value", "calls", "applies_to"}:
            raise WrongSwitch(f"A switch has no {', '.join(sorted(unknown))}.")
        value = _value(definition, given.get("value"))
        applies_to = given.get("applies_to", definition.applies_to)
        if applies_to not in ("sms", "users", "all"):
            raise WrongSwitch("A switch applies to sms, users or all.")
        self._on[name] = Setting(value, _calls(given.get("calls")), applies_to)

    def get(self, name: str) -> Setting | None:
        """The setting when it is on; counts nothing."""
        return self._on.get(name)

    def take(self, name: str, call: AppliesTo = "sms") -> Setting | None:
        """The setting when it is on and meant for this call, which it then counts."""
        setting = self._on.get(name)
        if setting is None or setting.applies_to not in (call, "all"):
            return None
        if setting.calls is not None:
            setting.calls -= 1
            if setting.calls <= 0:
                del self._on[name]
        return setting

    def take_answer(self, call: AppliesTo) -> tuple[str, Setting] | None:
        """The first wrong answer that is on for this call."""
        if not self._on.keys() <= _QUIET:
            for name in ANSWERS:
                if setting := self.take(name, call):
                    return name, setting
        return None

    def shown(self) -> dict[str, dict[str, Any]]:
        """Every switch as JSON has it."""
        return {name: {"on": name in self._on} | vars(self._on.get(name, Setting(None, None, each.applies_to)))
                for name, each in DEFINITIONS.items()}  # fmt: skip


_QUIET = frozenset(AT_START)  # no wrong answers among these


def _value(definition: Definition, value: Any) -> float | str | None:
    if definition.unit == "":
        return None
    if value is None or value == "":
        return definition.default
    if definition.unit == "words":
        return str(value)[:500]
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number <= LIMITS[definition.unit]:
        raise WrongSwitch(f"“{definition.label}” takes {definition.unit} from 0 to {LIMITS[definition.unit]:.0f}.")
    return number


def _calls(calls: Any) -> int | None:
    if calls is None or calls == "":
        return None
    try:
        number = int(calls)
    except (TypeError, ValueError):
        number = 0
    if number < 1:
        raise WrongSwitch("The number of calls must be 1 or more; leave it empty for all.")
    return number
