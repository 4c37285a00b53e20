"""A message that a person sent at the ad's own site, and says so."""

from dataclasses import replace
from typing import Any

from litestar import Request, Response

from domain import by_hand, external, scenes
from domain.errors import Refused
from web import composer, looking, queue, render
from web.lookups import Me, TheAccount, TheForm, TheKeptListing
from web.typed import Typed

AnyRequest = Request[Any, Any, Any]


async def create(
    request: AnyRequest, account: TheAccount, me: Me, kept_listing: TheKeptListing, form: TheForm
) -> Response[Any]:
    """Logs it once, however often the form arrives."""
    scene = await scenes.of(account, me, kept_listing)
    looked = await looking.look(scene, Typed.of(form))
    try:
        await by_hand.sent(scene, looked.typed.draft(me, looked.channel or "text", looked.typed.version))
    except Refused as refused:
        form.refuse(refused, ("body",))
        nonce = "" if refused.code == external.LOGGED_OTHERWISE else looked.typed.nonce
        window = await composer.window(scene, replace(looked.typed, told=str(looked.mark), nonce=nonce), form)
        template = "sends/_window.html" if render.is_htmx(request) else "sends/new.html"
        return render.page(request, template, status=422, **window)
    await queue.hint(request, [kept_listing.id])
    vehicle = render.url_for("listings.show", listing_id=kept_listing.id)
    return render.wrote(request, vehicle, notice=by_hand.LOGGED, event="message-sent, history-changed")
