"""Where the reason that keeps a message back is mended: the page of each of the gate's codes."""

from uuid import UUID

from domain import gate, offers, users
from domain.scenes import Scene
from domain.suppressions import Kind
from domain.users import Permission, User
from web import suppression_pages
from web.render import url_for

EDITED = frozenset(  # mended in the vehicle's form
    {"no_contact", "phone_invalid", "email_invalid", "phone_landline", "phone_untextable", "facebook_without_phone"}
)
BEYOND_US = frozenset(offers.WITHOUT_DATUM[each] for each in ("facebook", "kijiji", "form"))  # no field holds it
LISTS = {"opted_out": Kind.OPT_OUT, "phone_dnc": Kind.DNC, "phone_blocked": Kind.BLOCK}


def page_of(refused: gate.Refusal, scene: Scene, reader: User | None = None) -> str | None:
    """The address of the page where it is mended; None when there is none that the reader may open. The reader is
    the scene's user unless somebody else is given."""
    return page(refused, scene.listing.id, reader or scene.user, hidden=scene.listing.hidden)


def page(refused: gate.Refusal, listing: UUID, reader: User, *, hidden: bool = False) -> str | None:
    """The same for a listing that nothing more is read of."""
    code = refused.code.partition(":")[0]
    if code == "no_contact" and refused.message in BEYOND_US:
        return None
    if code in EDITED:
        may = users.may(reader, Permission.EDIT_LISTING) and not hidden
        return url_for("listings.edit", listing_id=listing) if may else None
    if code in LISTS:
        return suppression_pages.list_url(LISTS[code])
    if code in ("stage_pass", "stage_dnc", "hidden", "outside_window"):
        return url_for("listings.show", listing_id=listing)
    if code == "no_connection" and refused.next_step == gate.CODES["tier"].next_step:
        return url_for("plans.index")
    if code == "no_connection" and refused.message != gate.NO_DIALPAD_CONNECTION:
        return url_for("apps.index")
    if code == "sender_not_linked" and refused.message != gate.NO_DIALPAD_ACCOUNT:
        return None
    if code in ("no_connection", "sender_not_linked", "sender_without_number"):
        return url_for("apps.show", kind="dialpad")
    if code == "no_postal_address":
        return url_for("accounts.edit") if users.may(reader, Permission.EDIT_ACCOUNT) else None
    places = {
        "tier": "plans.index",
        "dealership_reported": "dealership_reports.index",
        "review_open": "reviews.index",
        "quiet_hours": "quiet_hours.index",
    }
    return url_for(places[code]) if code in places else None
