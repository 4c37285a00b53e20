"""Every URL on one page, in reading order: method, path, handler, who may.

A route's name is `<module>.<function>` of its handler, a plain async function. The third argument is the permission
that it takes; without one every signed-in member may.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import HttpMethod, Router, post, route
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.static_files import create_static_files_router

from domain import plans as all_plans
from domain import users
from domain.users import Permission
from web import auth, render
from web.handlers import (
    accounts,
    activations,
    appointments,
    appraisals,
    apps,
    assignments,
    attachments,
    attempts,
    batch_discards,
    batch_drafts,
    batches,
    by_hand,
    confirmations,
    connection_tests,
    connections,
    dealership_reports,
    drafts,
    emojis,
    erasures,
    external_contacts,
    file_links,
    follows,
    form_trials,
    gates,
    guides,
    health,
    history,
    home,
    hook_secrets,
    hooks,
    imports,
    letters,
    listings,
    message_templates,
    opt_out_readings,
    password_links,
    passwords,
    pictures,
    plans,
    profiles,
    quiet_hours,
    quotas,
    releases,
    responses,
    reviews,
    schedules,
    seller_files,
    sender_checks,
    sends,
    sent_files,
    session_purges,
    sessions,
    setups,
    site_forms,
    stages,
    suppression_imports,
    suppressions,
    trials,
    undos,
    unmatched,
    unsubscribes,
    user_links,
)
from web.handlers import users as people
from web.handlers.api import routes as api

Handler = Callable[..., Awaitable[Any]]


def GET(path: str, handler: Handler, may: Permission | None = None, **more: Any) -> HTTPRouteHandler:
    methods = [HttpMethod.GET, HttpMethod.HEAD]  # monitors and link previews ask for the head alone
    return route(path, http_method=methods, name=_name(handler), guards=_guards(may), **more)(handler)


def POST(path: str, handler: Handler, may: Permission | None = None, **more: Any) -> HTTPRouteHandler:
    return post(path, name=_name(handler), guards=_guards(may), status_code=200, **more)(handler)


def _name(handler: Handler) -> str:
    return f"{handler.__module__.rpartition('.')[2]}.{handler.__name__}"


async def _messaging(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard: the dealership's plan includes what was written to and from its sellers."""
    await all_plans.require(connection.user.account, "messaging")


async def _batches(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard: the dealership's plan includes one wording to many listings."""
    await all_plans.require(connection.user.account, "batch")


def _guards(permission: Permission | None) -> list[Any]:
    async def allowed(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        users.require(connection.user, permission or "", connection.user.account)

    return [allowed] if permission else []


WHOLE_FILES: dict[str, Any] = {
    "request_max_body_size": imports.LARGEST_BODY,
    "exception_handlers": {413: imports.too_large},
}
WHOLE_LISTS: dict[str, Any] = {
    "request_max_body_size": suppression_imports.LARGEST_BODY,
    "exception_handlers": {413: suppression_imports.too_large},
}
ONE_FILE: dict[str, Any] = {
    "request_max_body_size": attachments.LARGEST_BODY,
    "exception_handlers": {413: attachments.too_large},
}
WITH_FILES: dict[str, Any] = {
    "request_max_body_size": attachments.LARGEST_FORM,
    "exception_handlers": {413: attachments.form_too_large},
}

MACHINES = [
    GET("/healthz", health.alive),
    GET("/readyz", health.ready),
    GET("/metrics", health.show),
]

VISITORS = [
    GET("/sign-in", sessions.new),
    POST("/sign-in", sessions.create),
    GET("/set-up", setups.new),
    POST("/set-up", setups.create),
    GET("/password-links/new", password_links.new),
    POST("/password-links", password_links.create),
    GET("/password-links/{token:str}", password_links.show),
    POST("/password-links/{token:str}", password_links.update),
]

SELLERS = [
    GET("/files/{link_id:str}/{token:str}/{name:str}", file_links.show),
    GET("/unsubscribe/{listing_id:str}/{token:str}", unsubscribes.show),
    POST("/unsubscribe/{listing_id:str}/{token:str}", unsubscribes.create),
    GET("/files/for/{attachment_id:str}/{most_bytes:str}/{until:str}/{token:str}/{name:str}", sent_files.show),
]

MEMBERS = [
    GET("/", home.show),
    POST("/sign-out", sessions.destroy),
    GET("/waiting/unmatched", unmatched.waiting),
    # The inventory and the page of a listing
    GET("/listings", listings.index),
    GET("/listings/new", listings.new, Permission.EDIT_LISTING),
    POST("/listings", listings.create, Permission.EDIT_LISTING),
    GET("/listings/{listing_id:str}", listings.show),
    GET("/listings/{listing_id:str}/edit", listings.edit, Permission.EDIT_LISTING),
    POST("/listings/{listing_id:str}", listings.update, Permission.EDIT_LISTING),
    GET("/listings/{listing_id:str}/permissions", gates.show),
    POST("/listings/{listing_id:str}/stages", stages.create, Permission.EDIT_LISTING),
    POST("/listings/{listing_id:str}/assignments", assignments.create, Permission.EDIT_LISTING),
    POST("/listings/{listing_id:str}/follows", follows.create, Permission.EDIT_LISTING),
    POST("/listings/{listing_id:str}/follows/deletion", follows.destroy, Permission.EDIT_LISTING),
    GET("/pictures/{picture_id:str}", pictures.show),
    # When the seller shows the vehicle, and what it is worth
    GET("/listings/{listing_id:str}/appointments/new", appointments.new, Permission.EDIT_LISTING),
    POST("/listings/{listing_id:str}/appointments", appointments.create, Permission.EDIT_LISTING),
    GET("/appointments/{appointment_id:str}/edit", appointments.edit, Permission.EDIT_LISTING),
    POST("/appointments/{appointment_id:str}", appointments.update, Permission.EDIT_LISTING),
    POST("/appointments/{appointment_id:str}/cancellation", appointments.cancel, Permission.EDIT_LISTING),
    POST("/appointments/{appointment_id:str}/results", appointments.result, Permission.EDIT_LISTING),
    GET("/listings/{listing_id:str}/appraisals/new", appraisals.new, Permission.EDIT_LISTING),
    POST("/listings/{listing_id:str}/appraisals", appraisals.create, Permission.EDIT_LISTING),
    # Sellers who are dealerships: their listings are hidden until the report is taken back
    GET("/listings/{listing_id:str}/dealership-reports/new", dealership_reports.new, Permission.EDIT_LISTING),
    POST("/listings/{listing_id:str}/dealership-reports", dealership_reports.create, Permission.EDIT_LISTING),
    GET("/dealership-reports", dealership_reports.index),
    GET("/dealership-reports/{report_id:str}", dealership_reports.show),
    POST("/dealership-reports/{report_id:str}/undos", dealership_reports.undo, Permission.UNDO_DEALERSHIP),
    # Sellers who ask to be erased
    GET("/listings/{listing_id:str}/erasures/new", erasures.new, Permission.ERASE),
    POST("/listings/{listing_id:str}/erasures", erasures.create, Permission.ERASE),
    # Writing to a seller; without messaging in the plan the window stands open and the gate says why it sends nothing
    GET("/listings/{listing_id:str}/sends/new", sends.new),
    POST("/listings/{listing_id:str}/sends/new", sends.compose, **WITH_FILES),
    POST("/listings/{listing_id:str}/sends", sends.create, Permission.SEND, **WITH_FILES),
    POST("/listings/{listing_id:str}/sends/by-hand", by_hand.create, Permission.LOG, **WITH_FILES),
    POST("/listings/{listing_id:str}/sends/filling", sends.filling),
    POST("/listings/{listing_id:str}/sends/insertion", sends.insertion),
    POST("/listings/{listing_id:str}/sends/preview", sends.preview),
    POST("/listings/{listing_id:str}/sends/channel", sends.channel),
    POST("/listings/{listing_id:str}/sends/choices", sends.choices),
    POST("/listings/{listing_id:str}/draft", drafts.update, Permission.SEND),
    POST("/listings/{listing_id:str}/draft/deletion", drafts.destroy, Permission.SEND),
    GET("/emoji", emojis.index),
    POST("/emoji", emojis.compose),
    POST("/emoji/insertions", emojis.insert),
    POST("/emoji/tones", emojis.tone),
    POST("/attachments", attachments.create, Permission.SEND, **ONE_FILE),
    GET("/attachments/{attachment_id:str}", attachments.show),
    POST("/attachments/{attachment_id:str}/deletion", attachments.destroy, Permission.SEND),
    POST("/attachments/{attachment_id:str}/links", file_links.create, Permission.SEND),
    POST("/links/{link_id:str}/revocation", file_links.destroy, Permission.SEND),
    POST("/messages/{message_id:str}/undos", undos.create, Permission.SEND),
    GET("/messages/{message_id:str}/attempts/new", attempts.new, Permission.SEND),
    POST("/messages/{message_id:str}/attempts", attempts.create, Permission.SEND),
    POST("/messages/{message_id:str}/confirmations", confirmations.create, Permission.SEND),
    POST("/messages/{message_id:str}/departures", schedules.depart, Permission.SEND),
    # Good practice beside the message window
    GET("/guides", guides.index),
    GET("/guides/new", guides.new, Permission.EDIT_ACCOUNT),
    POST("/guides", guides.create, Permission.EDIT_ACCOUNT),
    GET("/guides/{slug:str}", guides.show),
    GET("/guides/{slug:str}/edit", guides.edit, Permission.EDIT_ACCOUNT),
    POST("/guides/{slug:str}", guides.update, Permission.EDIT_ACCOUNT),
    POST("/guides/{slug:str}/restoration", guides.restore, Permission.EDIT_ACCOUNT),
    POST("/guides/{slug:str}/deletion", guides.destroy, Permission.EDIT_ACCOUNT),
    # Saved wordings
    GET("/templates", message_templates.index),
    GET("/templates/search", message_templates.search),
    GET("/templates/new", message_templates.new, Permission.LOCAL_TEMPLATES),
    POST("/templates", message_templates.create, Permission.LOCAL_TEMPLATES, **WITH_FILES),
    POST("/templates/preview", message_templates.preview),
    POST("/templates/insertion", message_templates.insertion),
    POST("/templates/files", message_templates.files, Permission.LOCAL_TEMPLATES, **WITH_FILES),
    GET("/templates/{template_id:str}/edit", message_templates.edit, Permission.LOCAL_TEMPLATES),
    POST("/templates/{template_id:str}", message_templates.update, Permission.LOCAL_TEMPLATES, **WITH_FILES),
    GET("/templates/{template_id:str}/versions", message_templates.versions),
    GET("/templates/{template_id:str}/deletion", message_templates.confirm, Permission.LOCAL_TEMPLATES),
    POST("/templates/{template_id:str}/deletion", message_templates.destroy, Permission.LOCAL_TEMPLATES),
    POST("/templates/{template_id:str}/copies", message_templates.copy, Permission.LOCAL_TEMPLATES),
    POST("/templates/{template_id:str}/favorites", message_templates.favorite, Permission.LOCAL_TEMPLATES),
    POST("/templates/{template_id:str}/favorites/deletion", message_templates.unfavorite, Permission.LOCAL_TEMPLATES),
    POST("/templates/{template_id:str}/hiding", message_templates.hide, Permission.GLOBAL_TEMPLATES),
    POST("/templates/{template_id:str}/hiding/deletion", message_templates.unhide, Permission.GLOBAL_TEMPLATES),
    # Listings from files
    GET("/imports/new", imports.new, Permission.IMPORT),
    POST("/imports", imports.create, Permission.IMPORT, **WHOLE_FILES),
    GET("/imports/{import_id:str}", imports.show, Permission.IMPORT),
    POST("/imports/{import_id:str}", imports.update, Permission.IMPORT),
    GET("/imports/{import_id:str}/refused.csv", imports.refused, Permission.IMPORT),
    # Whom nothing is sent to
    GET("/suppressions", suppressions.index),
    POST("/suppressions", suppressions.create, Permission.RESPOND),
    GET("/suppressions/imports/new", suppression_imports.new, Permission.IMPORT),
    POST("/suppressions/imports", suppression_imports.create, Permission.IMPORT, **WHOLE_LISTS),
    GET("/suppressions/imports/{import_id:str}", suppression_imports.show, Permission.IMPORT),
    GET("/suppressions/{kind:str}/export.csv", suppressions.export, Permission.IMPORT),
    GET("/suppressions/{kind:str}/erased", suppressions.erased),
    POST("/suppressions/{kind:str}/erased", suppressions.lift_erased, Permission.LIFT_DNC),
    GET("/suppressions/{kind:str}/{entry_id:str}", suppressions.show),
    POST("/suppressions/{kind:str}/{entry_id:str}/deletion", suppressions.destroy, Permission.LIFT_DNC),
    # Integrations
    GET("/apps", apps.index),
    GET("/site-forms", site_forms.index, Permission.MANAGE_CONNECTIONS),
    GET("/site-forms/{source_id:str}", site_forms.edit, Permission.MANAGE_CONNECTIONS),
    POST("/site-forms/{source_id:str}", site_forms.update, Permission.MANAGE_CONNECTIONS),
    POST("/site-forms/{source_id:str}/trials", form_trials.create, Permission.MANAGE_CONNECTIONS),
    GET("/apps/{kind:str}", apps.show),
    POST("/apps/{kind:str}/connections", connections.create, Permission.MANAGE_CONNECTIONS),
    POST("/apps/{kind:str}/options", connections.update, Permission.MANAGE_CONNECTIONS),
    POST("/apps/{kind:str}/quota", quotas.update, Permission.MANAGE_CONNECTIONS),
    POST("/apps/{kind:str}/connections/deletion", connections.destroy, Permission.MANAGE_CONNECTIONS),
    POST("/apps/{kind:str}/tests", connection_tests.create, Permission.MANAGE_CONNECTIONS),
    POST("/apps/{kind:str}/trials", trials.create, Permission.MANAGE_CONNECTIONS),
    POST("/apps/{kind:str}/hook-secrets", hook_secrets.create, Permission.MANAGE_CONNECTIONS),
    POST("/apps/{kind:str}/senders/{user_id:str}", sender_checks.create, Permission.SEND),
    POST("/apps/{kind:str}/opt-out-readings", opt_out_readings.create, Permission.MANAGE_CONNECTIONS),
    # People
    GET("/users", people.index),
    POST("/users", people.create, Permission.MANAGE_USERS),
    POST("/users/{user_id:str}", people.update, Permission.MANAGE_USERS),
    POST("/users/{user_id:str}/activations", activations.create, Permission.MANAGE_USERS),
    POST("/users/{user_id:str}/activations/deletion", activations.destroy, Permission.MANAGE_USERS),
    POST("/users/{user_id:str}/links", user_links.create, Permission.MANAGE_USERS),
    GET("/dealership", accounts.edit, Permission.EDIT_ACCOUNT),
    POST("/dealership", accounts.update, Permission.EDIT_ACCOUNT),
    # When texts may reach sellers
    GET("/quiet-hours", quiet_hours.index),
    GET("/quiet-hours/{region:str}/edit", quiet_hours.edit, Permission.EDIT_ACCOUNT),
    POST("/quiet-hours/{region:str}", quiet_hours.update, Permission.EDIT_ACCOUNT),
    POST("/quiet-hours/{region:str}/restoration", quiet_hours.restore, Permission.EDIT_ACCOUNT),
    GET("/profile", profiles.edit),
    POST("/profile", profiles.update),
    POST("/profile/password", passwords.update),
    POST("/profile/session-purges", session_purges.create),
    GET("/plans", plans.index),
    POST("/plans", plans.update),
    # Frozen after a restore, as a copy or by a clock that jumped
    GET("/release", releases.show),
    POST("/release", releases.create),
]

CONVERSATION = [
    GET("/listings/{listing_id:str}/history", history.index),
    GET("/listings/{listing_id:str}/history/latest", history.latest),
    GET("/listings/{listing_id:str}/stream", history.stream),
    GET("/messages/{message_id:str}/letter", letters.show),
    GET("/listings/{listing_id:str}/seller-files/new", seller_files.new, Permission.EXPORT),
    GET("/listings/{listing_id:str}/seller-file.zip", seller_files.show, Permission.EXPORT),
    POST("/listings/{listing_id:str}/responses", responses.create, Permission.RESPOND),
    # Contacts made elsewhere
    GET("/listings/{listing_id:str}/external-contacts/new", external_contacts.new, Permission.LOG),
    POST("/listings/{listing_id:str}/external-contacts", external_contacts.create, Permission.LOG),
    GET("/messages/{message_id:str}/external-contact/edit", external_contacts.edit, Permission.LOG),
    POST("/messages/{message_id:str}/external-contact", external_contacts.update, Permission.LOG),
    POST("/messages/{message_id:str}/external-contact/deletion", external_contacts.destroy, Permission.LOG),
    # What leaves later
    GET("/schedules", schedules.index),
    GET("/messages/{message_id:str}/schedule/edit", schedules.edit),
    POST("/messages/{message_id:str}/schedule", schedules.update, Permission.SEND),
    POST("/messages/{message_id:str}/schedule/deletion", schedules.destroy, Permission.SEND),
    POST("/messages/{message_id:str}/schedule/restoration", schedules.restore, Permission.SEND),
    GET("/reviews", reviews.index),
    POST("/reviews/{review_id:str}/decisions", reviews.settle, Permission.RESPOND),
    # What belongs to no listing
    GET("/unmatched", unmatched.index),
    GET("/unmatched/discarded", unmatched.discarded),
    GET("/unmatched/{message_id:str}", unmatched.show),
    POST("/unmatched/{message_id:str}/links", unmatched.link, Permission.SETTLE_UNMATCHED),
    POST("/unmatched/{message_id:str}/deletion", unmatched.destroy, Permission.SETTLE_UNMATCHED),
    POST("/unmatched/{message_id:str}/restoration", unmatched.restore, Permission.SETTLE_UNMATCHED),
    POST("/unmatched/{message_id:str}/blocks", unmatched.block, Permission.SETTLE_UNMATCHED),
]

# One wording to many listings
MANY = [
    GET("/batches", batches.index, Permission.READ_BATCHES),
    POST("/batches", batch_drafts.create, Permission.BATCH),
    GET("/batches/{batch_id:str}", batches.show, Permission.READ_BATCHES),
    GET("/batches/{batch_id:str}/edit", batch_drafts.edit, Permission.BATCH),
    POST("/batches/{batch_id:str}", batch_drafts.update, Permission.BATCH, **WITH_FILES),
    POST("/batches/{batch_id:str}/preview", batch_drafts.preview, Permission.BATCH, **WITH_FILES),
    GET("/batches/{batch_id:str}/look", batch_drafts.look, Permission.BATCH),
    POST("/batches/{batch_id:str}/looks", batch_drafts.look_again, Permission.BATCH),
    GET("/batches/{batch_id:str}/discards/new", batch_discards.new, Permission.BATCH),
    POST("/batches/{batch_id:str}/discards", batch_discards.create, Permission.BATCH),
    POST("/batches/{batch_id:str}/starts", batch_drafts.start, Permission.BATCH),
    POST("/batches/{batch_id:str}/pause", batches.pause, Permission.BATCH),
    POST("/batches/{batch_id:str}/pause/deletion", batches.resume, Permission.BATCH),
    GET("/batches/{batch_id:str}/stop/new", batches.confirm_stop, Permission.BATCH),
    POST("/batches/{batch_id:str}/stop", batches.stop, Permission.BATCH),
    POST("/batches/{batch_id:str}/attempts", batches.retry, Permission.BATCH),
    GET("/batches/{batch_id:str}/recipients.csv", batches.export, Permission.READ_BATCHES),
]

ROUTES: list[Any] = [
    create_static_files_router("/static", [render.STATIC], name="static"),
    *MACHINES,
    *SELLERS,
    hooks.ROUTER,
    api.ROUTER,
    Router("/", guards=[auth.visitors], route_handlers=VISITORS),
    Router("/", guards=[auth.members], route_handlers=MEMBERS),
    Router("/", guards=[auth.members, _messaging], route_handlers=CONVERSATION),
    Router("/", guards=[auth.members, _messaging, _batches], route_handlers=MANY),
]
