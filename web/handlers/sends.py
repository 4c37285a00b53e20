"""The Send Message window: open it, fill it, send it."""

from dataclasses import replace
from typing import Any

from litestar import Request, Response
from litestar.params import FromQuery

from domain import composing, departures, drafts, enclosures, message_templates, messages, scenes
from domain.composing import Draft
from domain.errors import Refused
from domain.messages import Message, State
from domain.newest import Overtaken
from domain.scenes import Scene
from web import buttons, composer, introducing, looking, planned, previews, queue, render
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm, TheKeptListing, TheScene
from web.typed import Typed

AnyRequest = Request[Any, Any, Any]

USED = "used"  # the form became a message before
LEAVES = {"text": "Text", "email": "Email", "form": "Form message", "facebook": "Message", "kijiji": "Message"}


async def new(
    request: AnyRequest,
    account: TheAccount,
    me: Me,
    scene: TheScene,
    to: FromQuery[str] = "",
    channel: FromQuery[str] = "",
    template_id: FromQuery[str] = "",
    again: FromQuery[str] = "",
    panel: FromQuery[str] = "",
) -> Response[str]:
    """The window as a page; htmx takes its form. It opens with the words of a message that did not leave (`again`), of
    a template, or of the draft."""
    if again and (words := await messages.opened_again(scene.listing.id, again)):
        typed = composer.reopened(words, await enclosures.of_message(words["id"]), me.signature)
        return render.page(request, "sends/new.html", **await composer.window(scene, typed, panel=panel))
    saved = await drafts.of(me.id, scene.listing.id)
    opened = await buttons.opened(scene, saved, to, channel, template_id)
    state = composer.draft_state(saved, account.timezone, restored=saved is not None)
    return render.page(request, "sends/new.html", **await buttons.window(scene, opened, draft=state, panel=panel))


async def create(
    request: AnyRequest, account: TheAccount, me: Me, kept_listing: TheKeptListing, form: TheForm
) -> Response[Any]:
    """Sends once, however often the form arrives. Somebody who wrote meanwhile is read about before anything leaves;
    of a seller reported meanwhile the gate tells, and what was typed stays."""
    scene = await scenes.of(account, me, kept_listing)
    looked = await looking.look(scene, Typed.of(form))
    try:
        message = await _sent(looked, form)
    except Overtaken:  # in this very moment: looked at once more, the window tells who
        return await create(request, account, me, kept_listing, form)
    except Refused as refused:
        when = planned.FIELDS if departures.offered(scene) else ()
        form.refuse(refused, ("body", "subject", "to", *when))
        typed = replace(looked.typed, told=str(looked.mark), nonce="" if refused.code == USED else looked.typed.nonce)
        window = await composer.window(scene, typed, form)
        template = "sends/_window.html" if render.is_htmx(request) else "sends/new.html"
        return render.page(request, template, status=422, **window)
    await queue.kick(request, "dispatch", job_id=queue.slot("dispatch"))
    await queue.hint(request, [kept_listing.id])
    return _leaves(request, scene, message)


async def compose(request: AnyRequest, scene: TheScene, form: TheForm) -> Response[Any]:
    """The window again with what a button of it did: without JavaScript every one of them comes here."""
    filled = await buttons.pressed(scene, Typed.of(form), form)
    if filled.leads_to:
        return render.go(request, filled.leads_to)
    window = await buttons.window(scene, filled, form=form, panel=form.value("panel"))
    return render.page(request, "sends/new.html", **window)


async def filling(request: AnyRequest, scene: TheScene, form: TheForm) -> Response[str]:
    """The text after a template was picked; typed text is never written over without asking."""
    filled = await buttons.filled(scene, Typed.of(form), form.value("do"))
    looked = await looking.look(scene, filled.typed)
    parts: dict[str, Any] = {
        "body": filled.typed.body,
        "question": filled.question,
        "form": form,
        "notice": filled.notice,
        "template_version": filled.typed.version,
    }
    return render.fragment(request, "sends/_filling.html", **composer.channel_parts(looked), **parts)


async def insertion(scene: TheScene, form: TheForm) -> Response[str]:
    """What a wildcard button puts at the caret."""
    return render.bare(composer.value(scene, form.value("insert")))


async def preview(request: AnyRequest, scene: TheScene, form: TheForm) -> Response[str]:
    """What the seller will read, and whether it may go. Nothing is stored."""
    looked = await looking.look(scene, Typed.of(form))
    parts = composer.channel_parts(looked)
    return render.fragment(request, "sends/_preview.html", **parts, **await previews.of(looked))


async def channel(request: AnyRequest, scene: TheScene, form: TheForm) -> Response[str]:
    """What depends on the channel, after another one was chosen; the text stays as it is, but for the line of a first
    text."""
    typed = replace(Typed.of(form), channel=form.value("pick") or form.value("channel"), template_id="")
    looked = await looking.look(scene, introducing.turned(scene, typed))
    parts = {**composer.channel_parts(looked), **await composer.picker(looked), "body": looked.typed.body, "form": form}
    return render.fragment(request, "sends/_channel.html", **parts, **await previews.of(looked))


async def choices(request: AnyRequest, scene: TheScene, form: TheForm) -> Response[str]:
    """The template selector again, after templates were made, changed or deleted; one just made is picked."""
    typed = Typed.of(form)
    typed = replace(typed, template_id=form.value("made") or typed.template_id)
    looked = await looking.look(scene, typed)
    return render.fragment(request, "sends/_templates.html", **await composer.picker(looked))


async def _sent(looked: looking.Look, form: Form) -> Message:
    """Raises Refused when nothing can leave, the form became another message before, or something changed that the
    window has not shown."""
    scene, typed = looked.scene, looked.typed
    version = await buttons.version(scene, typed)
    plan = departures.read(typed.date, typed.time, typed.zone, scene.account)
    draft = typed.draft(scene.user, looked.channel or "text", version)
    draft = replace(draft, plan=plan, stays_on_reply=typed.stays_on_reply)
    if draft.nonce and (first := await messages.by_nonce(scene.account.id, draft.nonce)):
        return _repeated(scene, draft, first)
    if typed.channel and typed.channel != looked.channel:
        raise Refused("This seller cannot be written to this way any more. Choose another channel.")
    if not looked.channel:
        raise Refused(looked.choice.reason)
    if waiting := form.files or form.value("files"):
        name = waiting if isinstance(waiting, str) else waiting[0].filename
        raise Refused(f"“{name}” is not attached yet. Choose it again and press Attach, then send.")
    if typed.uploading:
        raise Refused("A file is still uploading. Wait for it, then send.")
    changed = looking.unread(looked)
    if changed and (await composing.judge(scene, draft.channel, draft.to_field)).allowed:  # else the gate has its say
        field, sentence = changed
        raise Refused(f"{sentence} Nothing has left yet: send again if it still fits.", field=field)
    return await composing.send(scene, draft, alongside=_used(scene, typed))


def _repeated(scene: Scene, draft: Draft, first: Message) -> Message:
    """The message a form became before: the answer to a second press. Not to other words, nor after it was undone."""
    if first.state == State.CANCELLED:
        raise Refused("You took this message back. Send again if it should go after all.", code=USED)
    letter = composing.composed(scene, draft)
    if (first.channel, first.body, first.subject) != (draft.channel, letter.body, letter.subject):
        raise Refused("This window sent other words already. Send again if these should go, too.", code=USED)
    return first


def _used(scene: Scene, typed: Typed) -> composing.Alongside:
    async def note(_: Message) -> None:
        for template in drafts.typed_ids([typed.template_id]) if typed.version else ():
            await message_templates.used(scene.user.id, template)

    return note


def _leaves(request: AnyRequest, scene: Scene, message: Message) -> Response[Any]:
    text = f"{LEAVES[message.channel]} to {scene.seller.first_name or 'the seller'}"
    if message.scheduled_at:
        return _is_planned(request, scene, message, text)
    undo_url = render.url_for("undos.create", message_id=message.id)
    seconds = scene.user.undo_seconds if message.undoable else 0
    if render.is_htmx(request):
        context: dict[str, Any] = {"text": text, "seconds": seconds, "undo_url": undo_url, "listing": scene.listing}
        return render.fragment(request, "sends/_undo.html", event="message-sent, history-changed", **context)
    notice: dict[str, Any] = {"text": f"{text} leaves", "undo_url": undo_url, "seconds": seconds}
    if not seconds:
        notice = {"text": f"{text} is on its way."}
    return render.go(request, render.url_for("listings.show", listing_id=scene.listing.id), notice=notice)


def _is_planned(request: AnyRequest, scene: Scene, message: Message, text: str) -> Response[Any]:
    said = f"{text} leaves {planned.when(message.scheduled_at, scene.account.timezone)}."
    vehicle = render.url_for("listings.show", listing_id=scene.listing.id)
    return render.wrote(request, vehicle, notice=said, event="message-sent, history-changed")
