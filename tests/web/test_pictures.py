"""Pictures come from our files, to the people of the account."""

from domain import ids, picture_files
from domain.listings import Listing, Picture
from tests import make
from tests.client import Client

SHA = "ab" * 32


async def picture(listing: Listing, **values: object) -> Picture:
    made = Picture(listing=listing.id, **{"url": "https://x.example/1", "state": "kept", "sha256": SHA, **values})
    await Picture.insert(made)
    for thumb, content in ((False, b"the picture"), (True, b"the thumb")):
        path = picture_files.path(SHA, thumb)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return made


async def test_a_picture_is_served_whole_and_small_and_can_do_nothing(agent_client: Client) -> None:
    kept = await picture(await make.listing())
    answer = await agent_client.get(f"/pictures/{kept.id}")
    assert answer.content == b"the picture"
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["cache-control"].startswith("private")
    assert (await agent_client.get(f"/pictures/{kept.id}?size=thumb")).content == b"the thumb"


async def test_a_foreign_hidden_wanted_or_made_up_picture_is_not_found(agent_client: Client) -> None:
    listing = await make.listing()
    foreign = await picture(await make.listing(await make.account()))
    hidden = await picture(await make.listing(hidden=True))
    wanted = await picture(listing, state="wanted", url="https://x.example/2")
    for key in (foreign.id, hidden.id, wanted.id, ids.new(), "nonsense"):
        assert (await agent_client.get(f"/pictures/{key}")).status_code == 404


async def test_a_lost_file_is_not_found(agent_client: Client) -> None:
    kept = await picture(await make.listing())
    picture_files.path(SHA).unlink()
    assert (await agent_client.get(f"/pictures/{kept.id}")).status_code == 404


async def test_pictures_need_somebody_signed_in(client: Client) -> None:
    kept = await picture(await make.listing())
    assert (await client.get(f"/pictures/{kept.id}")).status_code == 303


async def test_the_page_of_a_listing_shows_the_pictures_in_order(agent_client: Client) -> None:
    listing = await make.listing()
    second = await picture(listing, position=1, url="https://x.example/b")
    first = await picture(listing, position=0, url="https://x.example/a")
    page = (await agent_client.get(f"/listings/{listing.id}")).text
    assert page.index(str(first.id)) < page.index(str(second.id))
    inventory = (await agent_client.get("/listings")).text
    assert f"/pictures/{first.id}?size=thumb" in inventory
    assert str(second.id) not in inventory
