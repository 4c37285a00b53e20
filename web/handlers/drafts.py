"""The draft of a message: kept while it is typed, thrown away when nobody wants it."""

from typing import Any

from litestar import Request, Response

from domain import drafts, wordings
from web import composer, render
from web.lookups import Me, TheAccount, TheForm, TheListing
from web.typed import Typed

AnyRequest = Request[Any, Any, Any]


async def update(request: AnyRequest, account: TheAccount, me: Me, listing: TheListing, form: TheForm) -> Response[str]:
    """Keeps what stands in the window. What was changed elsewhere meanwhile is shown, not written over, unless the
    person said that this one counts (`do=mine`)."""
    typed = Typed.of(form)
    saved, conflict = None, None
    writing = typed.writing(wordings.ours(account, me))
    nonce, mine = typed.message_nonce(me) or "", form.value("do") == "mine"
    try:
        saved = await drafts.save(me, listing, writing, typed.revision, nonce, anyway=mine)
    except drafts.Conflict as error:
        conflict = error
    state = composer.draft_state(saved, account.timezone, revision=typed.revision if conflict else 0, conflict=conflict)
    return render.fragment(request, "sends/_draft.html", draft=state, listing=listing)


async def destroy(request: AnyRequest, me: Me, listing: TheListing) -> Response[Any]:
    """Throws it away; the window starts anew."""
    await drafts.discard(me.id, listing.id)
    return render.go(request, render.url_for("listings.show", listing_id=listing.id), notice="The draft is gone.")
