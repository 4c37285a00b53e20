"""When a seller shows the vehicle: planned, changed, cancelled, and what came of it."""

from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath

from domain import appointments, listings, users
from domain.accounts import Account
from domain.appointments import Appointment
from domain.errors import NotFound, Refused
from domain.listings import Listing
from domain.users import User
from web import appointment_pages, queue, render
from web.forms import Form
from web.lookups import Me, TheAccount, TheForm, TheListing

AnyRequest = Request[Any, Any, Any]

RESULTS = {"shown": "The seller came. The stage says so.", "no_show": "The seller did not come. The stage says so."}


async def new(request: AnyRequest, me: Me, account: TheAccount, listing: TheListing) -> Response[str]:
    return await _page(request, account, listing, None, appointment_pages.fresh(account, me))


async def create(request: AnyRequest, me: Me, account: TheAccount, listing: TheListing, form: TheForm) -> Response[Any]:
    try:
        planned = await appointments.create(account, listing, me, appointment_pages.agreed(form))
    except Refused as refused:
        return await _page(request, account, listing, None, form.refuse(refused, appointment_pages.FIELDS))
    when = appointment_pages.when(planned.at, planned.zone, account)
    return await _done(request, listing.id, f"The appointment is planned: {when}.")


async def edit(request: AnyRequest, account: TheAccount, appointment_id: FromPath[str]) -> Response[str]:
    appointment = await _found(account, appointment_id)
    listing = await listings.of(account.id, appointment.listing)
    return await _page(request, account, listing, appointment, appointment_pages.filled(appointment))


async def update(
    request: AnyRequest, me: Me, account: TheAccount, appointment_id: FromPath[str], form: TheForm
) -> Response[Any]:
    appointment = await _found(account, appointment_id)
    revision = form.number("revision", 2**31 - 1) or 0
    try:
        changed = await appointments.change(account, appointment, me, appointment_pages.agreed(form), revision)
    except Refused as refused:
        listing = await listings.of(account.id, appointment.listing)
        form.refuse(refused, appointment_pages.FIELDS)
        if refused.code == "changed":  # what was typed stays, and the next press writes over what stands now
            form.values["revision"] = str((await _found(account, appointment_id)).revision)
        return await _page(request, account, listing, appointment, form)
    when = appointment_pages.when(appointment.at, appointment.zone, account)
    notice = f"The appointment is changed: {when}." if changed else "Nothing about the appointment changed."
    return await _done(request, appointment.listing, notice)


async def cancel(request: AnyRequest, me: Me, account: TheAccount, appointment_id: FromPath[str]) -> Response[Any]:
    appointment = await _found(account, appointment_id)
    cancelled = await appointments.cancel(appointment, me)
    notice = "The appointment is cancelled." if cancelled else "The appointment was cancelled already."
    return await _done(request, appointment.listing, notice)


async def result(
    request: AnyRequest, me: Me, account: TheAccount, appointment_id: FromPath[str], form: TheForm
) -> Response[Any]:
    appointment = await _found(account, appointment_id)
    came = form.value("result")
    said = await appointments.result(appointment, me, came)
    return await _done(request, appointment.listing, RESULTS[came] if said else "That was said already.")


async def _done(request: AnyRequest, listing: UUID, notice: str) -> Response[Any]:
    await queue.hint(request, [listing])
    return render.go(request, render.url_for("listings.show", listing_id=listing), notice=notice)


async def _found(account: Account, appointment_id: str) -> Appointment:
    try:
        key = UUID(appointment_id)
    except ValueError:
        raise NotFound from None
    return await appointments.of(account.id, key)


async def _page(
    request: AnyRequest, account: Account, listing: Listing, appointment: Appointment | None, form: Form
) -> Response[str]:
    people: list[User] = await users.assignable(account.id)
    if appointment is not None and appointment.user and appointment.user not in {person.id for person in people}:
        people.append(await users.of(account.id, appointment.user))  # who left meanwhile may stay
    return render.page(
        request,
        "appointments/edit.html" if appointment else "appointments/new.html",
        status=422 if form.errors else 200,
        appointment=appointment,
        **appointment_pages.context(account, listing, people, form),
        page_title="Change the appointment" if appointment else "Plan an appointment",
    )
