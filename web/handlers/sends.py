"""The Send Message window: open it, fill it, send it."""

from typing import Any

from litestar import Request, Response
from litestar.params import FromQuery
from markupsafe import escape

from domain import composing, messages, text
from domain.composing import Draft
from domain.errors import Refused
from domain.messages import Message
from web import composer, queue, render
from web.composer import Typed
from web.lookups import Me, TheAccount, TheForm, TheListing

AnyRequest = Request[Any, Any, Any]


async def new(
    request: AnyRequest,
    account: TheAccount,
    me: Me,
    listing: TheListing,
    to: FromQuery[str] = "",
    template_id: FromQuery[str] = "",
    again: FromQuery[str] = "",
) -> Response[str]:
    """The window as a page; htmx takes its form. `again` opens the words of a message that did not leave."""
    scene = await composing.scene(account, me, listing)
    typed = Typed(to=to if to in ("mobile", "phone") else "", template_id=template_id)
    if template_id:
        typed = _with(typed, body=(await composer.wording(scene, template_id))[1])
    if again:
        typed = _with(typed, body=await messages.words_of(listing.id, again))
    return render.page(request, "sends/new.html", **await composer.window(scene, typed))


async def create(request: AnyRequest, account: TheAccount, me: Me, listing: TheListing, form: TheForm) -> Response[Any]:
    """Sends once, however often the form arrives."""
    scene = await composing.scene(account, me, listing)
    typed = Typed.of(form)
    try:
        message = await composing.send(scene, await _draft(scene, typed, form.value("channel")))
    except Refused as refused:
        form.refuse(refused, ("body", "to"))
        window = await composer.window(scene, typed, form)
        template = "sends/_window.html" if render.is_htmx(request) else "sends/new.html"
        return render.page(request, template, status=422, **window)
    await queue.kick(request, "dispatch", job_id=queue.slot("dispatch"))
    await queue.hint(request, [listing.id])
    return _sent(request, scene, message)


async def compose(
    request: AnyRequest, account: TheAccount, me: Me, listing: TheListing, form: TheForm
) -> Response[str]:
    """The window again with what a button of it did: without JavaScript every one of them comes here."""
    scene = await composing.scene(account, me, listing)
    typed, question = Typed.of(form), None
    if token := form.value("insert"):
        typed = _with(typed, body=typed.body + composer.value(scene, token))
    elif deed := form.value("do"):
        body, question = await _filled(scene, typed, "" if deed == "load" else deed)
        typed = _with(typed, body=body)
    return render.page(request, "sends/new.html", **await composer.window(scene, typed, question=question))


async def filling(
    request: AnyRequest, account: TheAccount, me: Me, listing: TheListing, form: TheForm
) -> Response[str]:
    """The text after a template was picked; typed text is never written over without asking."""
    scene = await composing.scene(account, me, listing)
    body, question = await _filled(scene, Typed.of(form), form.value("do"))
    return render.fragment(request, "sends/_wording.html", body=body, question=question, form=form, listing=listing)


async def insertion(account: TheAccount, me: Me, listing: TheListing, form: TheForm) -> Response[str]:
    """What a wildcard button puts at the caret."""
    scene = await composing.scene(account, me, listing)
    return Response(str(escape(composer.value(scene, form.value("insert")))), media_type="text/html")


async def preview(
    request: AnyRequest, account: TheAccount, me: Me, listing: TheListing, form: TheForm
) -> Response[str]:
    """What the seller will read, and whether it may go. Nothing is stored."""
    scene = await composing.scene(account, me, listing)
    return render.fragment(request, "sends/_preview.html", **await composer.preview(scene, Typed.of(form)))


def _sent(request: AnyRequest, scene: composing.Scene, message: Message) -> Response[Any]:
    whom = scene.seller.first_name or "the seller"
    undo_url = render.url_for("undos.create", message_id=message.id)
    seconds = scene.user.undo_seconds if message.undoable else 0
    if render.is_htmx(request):
        context: dict[str, Any] = {"text": f"Text to {whom}", "seconds": seconds, "undo_url": undo_url}
        context["listing"] = scene.listing
        return render.fragment(request, "sends/_undo.html", event="message-sent, history-changed", **context)
    notice: dict[str, Any] = {"text": f"Text to {whom} leaves", "undo_url": undo_url, "seconds": seconds}
    if not seconds:
        notice = {"text": f"Text to {whom} is on its way."}
    return render.go(request, render.url_for("listings.show", listing_id=scene.listing.id), notice=notice)


async def _draft(scene: composing.Scene, typed: Typed, channel: str) -> Draft:
    if channel not in ("", "text"):
        raise Refused("Only texts can be sent yet. Choose Text.", field="")
    return Draft(
        body=typed.body,
        to_field=typed.to,
        template_version=await composer.version_of(scene, typed.template_id) if typed.template_id else None,
        nonce=f"form:{scene.user.id.hex[-12:]}:{typed.nonce}"[:80] if typed.nonce else None,
    )


async def _filled(scene: composing.Scene, typed: Typed, deed: str) -> tuple[str, dict[str, str] | None]:
    """The text after a template was picked, and the question to ask first, if any."""
    if deed == "normalize":
        return text.plain(typed.body), None
    if deed == "preview" or not typed.template_id:
        return typed.body, None
    name, body = await composer.wording(scene, typed.template_id)
    if deed == "append" and typed.body.strip():
        return f"{typed.body.rstrip()}\n\n{body}", None
    if deed == "replace" or not typed.body.strip() or typed.body.strip() == body:
        return body, None
    return typed.body, {"template_id": typed.template_id, "name": name}


def _with(typed: Typed, **changes: str) -> Typed:
    return Typed(**{**vars(typed), **changes})
