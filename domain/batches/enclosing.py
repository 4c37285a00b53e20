"""What becomes of the files of a batch: they go along, are left out, or stand as links in each seller's own words."""

from collections.abc import Mapping

from domain import attachments, connections, file_rules, offers
from domain.batches.drafts import Words
from domain.channels.base import FileRules
from domain.connections import Connection
from domain.enclosures import Enclosures
from domain.errors import Refused, Unavailable


class Enclosing:
    """Asked for one recipient after another."""

    def __init__(self, words: Words, enclosed: Enclosures, carriers: Mapping[str, Connection]) -> None:
        self._words, self._carriers = words, carriers
        self.files = enclosed.files
        self._as_long = [attachments.stand_in(each) for each in enclosed.files]
        self._rules: dict[str, FileRules | None] = {}
        self._wordings: dict[tuple[str, bool], str] = {}

    def problems(self, channel: str, to: str) -> tuple[str, ...]:
        """Why they cannot go along, a sentence each."""
        if not self.files:
            return ()
        if channel not in self._rules:
            self._rules[channel] = self._rules_of(channel)
        found = file_rules.problems(self.files, self._rules[channel], offers.ONE[channel], to)
        return tuple(each.message for each in found)

    def as_links(self, problems: tuple[str, ...]) -> bool:
        """Whether they stand in the words then."""
        return bool(problems) and self._words.file_choice == "link"

    def wording(self, channel: str, *, linked: bool) -> str:
        """As it goes by a channel; links are as long as those that will stand there."""
        key = (channel, linked)
        if key not in self._wordings:
            self._wordings[key] = self._words.of(channel, self._as_long if linked else ())
        return self._wordings[key]

    def _rules_of(self, channel: str) -> FileRules | None:
        carrier = self._carriers.get(channel)
        if carrier is None:
            return file_rules.DEFAULTS.get(channel)
        try:
            return connections.adapter(carrier).files
        except (Refused, Unavailable):
            return None
