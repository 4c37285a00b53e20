"""Following a listing: its followers are told of replies."""

from litestar import Request, Response

from domain import listings
from web import render
from web.lookups import Me, TheListing


async def create(request: Request, me: Me, listing: TheListing) -> Response:
    await listings.follow(listing, me)
    place = render.url_for("listings.show", listing_id=listing.id)
    return render.go(request, place, notice="You follow this listing.")


async def destroy(request: Request, me: Me, listing: TheListing) -> Response:
    await listings.unfollow(listing, me)
    place = render.url_for("listings.show", listing_id=listing.id)
    return render.go(request, place, notice="You do not follow this listing any more.")
