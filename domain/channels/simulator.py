"""Texts to the built-in carrier simulator, which speaks Dialpad's protocol."""

from domain.channels.dialpad import Dialpad


class Simulator(Dialpad):
    """Dialpad under another name, so that no one takes a simulated connection for a real one."""

    kind = "simulator"
    name = "Carrier simulator"
    default_base_url = "http://127.0.0.1:8010"
    feature = ""
    listed = False
    events = ("hook",)  # it stands on this machine

    def listens(self) -> bool:
        return False
