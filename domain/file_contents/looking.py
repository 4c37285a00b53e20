"""From a file that came from outside to the file that is kept."""

from domain.errors import Refused
from domain.file_contents import foreign, names, packages, pdfs, rasters, texts
from domain.file_contents.base import LARGEST, MEGABYTES, Looked, Unfit


def look(name: str, data: bytes) -> Looked:
    """The file as it is kept, with the name it gets. A second or two for a large one: call it in a thread.

    What the name says does not count, except of a text: whether it is a table or a program, nobody can tell by looking.
    Raises Refused (field `file`) with a sentence that names the file.
    """
    try:
        found = _looked(name, data)
    except Unfit as unfit:
        raise Refused(f"“{names.cleaned(name)}” {unfit.reason}", field="file") from None
    return Looked(names.fitting(name, found.media_type), *found[1:])


def _looked(name: str, data: bytes) -> Looked:
    if not data:
        raise Unfit("is empty. Choose another file.")
    if len(data) > LARGEST:
        raise Unfit(f"is larger than {MEGABYTES} MB. Choose a smaller file.")
    if rasters.kind(data):
        return rasters.look(data)
    if data.startswith(b"%PDF-"):
        return pdfs.look(data)
    if data.startswith(b"PK\x03\x04"):
        return packages.look(data)
    foreign.check(data)
    return texts.look(names.cleaned(name), data)
