"""The ways the domain says no."""


class Refused(Exception):
    """A rule was broken. `message` is the sentence a person reads, `field` the form field it belongs to,
    `code` a stable word for programs (a gate code of the API, or `invalid`)."""

    def __init__(self, message: str, field: str = "", code: str = "invalid") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.code = code


class NotFound(Exception):
    """There is no such record, or it belongs to another account: the two are never told apart."""


class Unavailable(Exception):
    """The database or the file store cannot do this now (disk full, server gone). Nothing was stored; `str()` is the
    sentence."""
