"""The line of a first text in the window: it comes when the window turns to a number nobody has texted yet."""

from dataclasses import replace

from domain import introductions
from domain.scenes import Scene
from web import looking
from web.typed import Typed

UNSAID = "This is the first text to this number. Say who writes and how to stop."


def opening(scene: Scene) -> str:
    """The line as it stands in an empty window; empty where no number of the seller's would get one."""
    numbers = ("mobile", "phone") if scene.account.introduces_itself else ()
    return introductions.line(scene.values()) if any(scene.is_first_text(each) for each in numbers) else ""


def due(scene: Scene, channel: str, to_field: str) -> bool:
    """Whether what is written now should say who writes and how to stop."""
    return channel == "text" and scene.account.introduces_itself and scene.is_first_text(to_field)


def turned(scene: Scene, typed: Typed) -> Typed:
    """The fields after the window was opened, or turned to another channel or number: the line comes or goes, and the
    words stay. Where no line is due for any number, what stands there is the agent's own."""
    if not opening(scene):
        return typed
    values = scene.values()
    wording, _ = introductions.parted(typed.body, values)
    below = introductions.line(values, wording) if due(scene, looking.chosen(scene, typed)[0], typed.to) else ""
    return replace(typed, body=introductions.joined(wording, below))


def added(scene: Scene, typed: Typed, words: str) -> Typed:
    """The fields with more at the end of the words, above the line."""
    wording, below = introductions.parted(typed.body, scene.values())
    return replace(typed, body=introductions.joined(wording + words, below))


def unsaid(scene: Scene, channel: str, to_field: str, body: str) -> str:
    """A sentence when a first text, as it will be read, leaves out who writes or how to stop."""
    return UNSAID if due(scene, channel, to_field) and introductions.line(scene.values(), body) else ""
