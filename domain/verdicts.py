"""What the gate says of every way to write to a seller now: by each channel and number, for each kind of message."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from domain import composing, gate, users
from domain.gate import Decision, Refusal
from domain.scenes import Scene

KINDS = ("one_to_one", "batch", "scheduled", "automated")


@dataclass(frozen=True)
class Verdict:
    """One way to write to the seller: a channel, and of texts a number. `field` is mobile or phone, else empty; `to`
    is empty when the seller cannot be reached by it."""

    channel: str
    field: str
    to: str
    decisions: Mapping[str, Decision]  # by kind

    @property
    def now(self) -> Decision:
        """Of a message that a person writes now."""
        return self.decisions["one_to_one"]

    def said(self, code: str) -> Refusal:
        """In which words a code that stands is told. KeyError for one that does not."""
        found = [each for decision in self.decisions.values() for each in (*decision.refusals, *decision.warnings)]
        return {each.code.partition(":")[0]: each for each in reversed(found)}[code]

    @property
    def codes(self) -> frozenset[tuple[str, str]]:
        """Everything that stands: (code, kind)."""
        return frozenset(
            (each.code.partition(":")[0], kind)
            for kind, decision in self.decisions.items()
            for each in (*decision.refusals, *decision.warnings)
        )


async def of(scene: Scene) -> list[Verdict]:
    """Every channel that is offered here, and of texts both numbers. Each is judged for the scene's user; nothing of it
    is about words or files, which are not there yet."""
    found = []
    for channel, field in _ways(scene):
        to = scene.address(channel, field)
        decision = await composing.judge(scene, channel, field)
        found.append(Verdict(channel, field, to, {kind: _of_kind(scene, decision, kind) for kind in KINDS}))
    return found


def _ways(scene: Scene) -> Iterator[tuple[str, str]]:
    for channel in scene.offers():
        if channel != "text":
            yield channel, ""
            continue
        numbers = {scene.seller.phone: "phone", scene.seller.mobile: "mobile"}  # one that is both is the mobile
        fields = [field for number, field in numbers.items() if number]
        yield from (("text", field) for field in sorted(fields) or [""])


def _of_kind(scene: Scene, decision: Decision, kind: str) -> Decision:
    """The same facts for another kind of message."""
    may_send = users.may(scene.user, users.sending(kind))
    return gate.decide(decision.facts._replace(kind=kind, may_send=may_send), decision.at)
