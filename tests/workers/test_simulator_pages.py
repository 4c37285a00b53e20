"""The simulator's pages as a person uses them: by plain forms, without a script."""

import json
import re
import socket
from base64 import b64encode
from collections.abc import Iterator
from html import unescape
from http import client
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from tests.simulator import DANA, KEY, RunningSimulator, running_simulator

SELLER = "+16195550101"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: RunningSimulator) -> Iterator[RunningSimulator]:
    yield running
    running.as_usual()


def get(simulator: RunningSimulator, path: str) -> str:
    status, page = simulator.request("GET", path)
    assert status == 200
    return page


def post(simulator: RunningSimulator, path: str, **form: str) -> tuple[int, str]:
    return simulator.request("POST", path, urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})


def words(page: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def test_the_first_page_lists_phones_newest_first_and_escapes_what_they_say(simulator: RunningSimulator):
    simulator.send_from_app(DANA["id"], "+16195550110", "older")
    simulator.send_from_app(DANA["id"], "+16195550111", "<b>newer</b>")

    page = get(simulator, "/")

    assert page.index("(619) 555-0111") < page.index("(619) 555-0110")
    assert "Dana Reyes: <b>newer</b>" in words(page).replace("&lt;", "<")
    assert "<b>newer" not in page
    assert "simulator" in words(page)


def test_a_phone_shows_what_came_and_when_and_says_it_is_a_simulator(simulator: RunningSimulator):
    simulator.send_from_app(DANA["id"], SELLER, "Is the Civic\nstill for sale?")

    page = get(simulator, f"/phones/{SELLER}")

    assert "Seller’s phone simulator" in words(page)
    assert "Is the Civic\nstill for sale?" in page
    assert "Dana Reyes, (619) 555-0142" in words(page)
    assert "Today" in words(page)
    assert re.search(r'<time datetime="[^"]+\+00:00">\d', page)


def test_an_answer_typed_on_the_phone_is_sent_to_who_wrote_last(simulator: RunningSimulator):
    phone = "+16195550112"
    simulator.send_from_app(DANA["id"], phone, "Hi")

    status, _ = post(simulator, f"/phones/{phone}/replies", text="Yes <it> is\r\nreally")

    assert status == 303
    assert "Yes &lt;it&gt; is\nreally" in get(simulator, f"/phones/{phone}")


def test_the_stop_button_stops_and_the_start_button_starts(simulator: RunningSimulator):
    phone = "+16195550113"

    post(simulator, f"/phones/{phone}/replies", quick="STOP", text="", to="+16195550142")
    assert "This phone said STOP." in words(get(simulator, f"/phones/{phone}"))
    assert "said STOP" in words(get(simulator, "/"))

    post(simulator, f"/phones/{phone}/replies", quick="START", text="")
    assert "This phone said STOP." not in words(get(simulator, f"/phones/{phone}"))


def test_an_answer_that_cannot_go_keeps_what_was_typed(simulator: RunningSimulator):
    status, page = post(simulator, "/phones/+16195550199/replies", text="Hello there", to="+19995550100")

    assert status == 422
    assert "Choose a number of the dealership to write to." in words(page)
    assert ">Hello there</textarea>" in page


def test_a_phone_is_opened_by_any_way_to_write_its_number(simulator: RunningSimulator):
    assert simulator.request("GET", "/phones?number=%28619%29+555-0101")[0] == 303
    status, page = simulator.request("GET", "/phones?number=12")
    assert status == 422
    assert "Type a whole number" in words(page)
    assert 'value="12"' in page
    assert simulator.request("GET", "/phones/nonsense")[0] == 404


def test_a_switch_is_turned_on_and_off_on_the_page(simulator: RunningSimulator):
    assert post(simulator, "/switches/slow", on="1", value="1.5", calls="3")[0] == 303
    assert simulator.switches()["slow"] == {"on": True, "value": 1.5, "calls": 3, "applies_to": "sms"}
    assert "On, 3 left" in words(get(simulator, "/"))

    assert post(simulator, "/switches/slow", value="1.5", calls="")[0] == 303
    assert not simulator.switches()["slow"]["on"]

    post(simulator, "/switches/hang", on="1", calls="")
    assert post(simulator, "/switches")[0] == 303
    assert not simulator.switches()["hang"]["on"]


def test_a_wrong_value_is_explained_at_its_switch(simulator: RunningSimulator):
    status, page = post(simulator, "/switches/reject_percent", on="1", value="lots")

    assert status == 422
    assert "takes percent from 0 to 100" in words(page)
    assert not simulator.switches()["reject_percent"]["on"]


def test_pages_run_no_code_but_their_own(simulator: RunningSimulator):
    connection = client.HTTPConnection(urlsplit(simulator.url).netloc, timeout=5)
    connection.request("GET", "/")
    response = connection.getresponse()
    page = response.read().decode()
    connection.close()

    assert "script-src 'self'; style-src 'self'" in (response.getheader("Content-Security-Policy") or "")
    assert not re.search(r"<script(?! src)|style=|<style| on\w+=", page)
    parts = re.findall(r'(?:src|<link[^>]* href)="([^"]+)"', page)
    assert len(parts) == 3
    for part in parts:
        assert part.startswith("/static/")
        assert len(get(simulator, part)) > 100
    assert simulator.request("GET", "/static/..%2Fcarrier.py")[0] == 404


def test_a_picture_is_shown_on_the_phone_also_after_a_restart_and_nothing_else_is_served(tmp_path: Path):
    body = {"user_id": DANA["id"], "to_numbers": [SELLER], "text": "", "media": b64encode(b"GIF89a picture").decode()}
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    with running_simulator(tmp_path) as first:
        assert first.request("POST", "/api/v2/sms", json.dumps(body), headers)[0] == 200
    with running_simulator(tmp_path) as second:
        page = get(second, f"/phones/{SELLER}")
        [address] = re.findall(r'<img src="([^"]+)" alt="Picture from Dana Reyes">', page)
        assert '<p class="bubble">' not in page
        assert get(second, address) == "GIF89a picture"
        assert "Dana Reyes: Picture" in words(get(second, "/"))
        assert second.request("GET", "/pictures/..%2Fset-up.json")[0] == 404
        assert second.request("GET", f"/pictures/{'0' * 64}.png")[0] == 404


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_a_page_of_the_web_cannot_press_buttons_here(simulator: RunningSimulator, headers: dict[str, str]):
    assert simulator.request("PUT", "/control/switches", '{"hang": true}', headers)[0] == 403
    assert simulator.request("POST", "/switches/hang", "on=1", headers)[0] == 403
    assert not simulator.switches()["hang"]["on"]


def test_whoever_looks_is_told_when_something_changes(simulator: RunningSimulator):
    parts = urlsplit(simulator.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as stream:
        stream.sendall(b"GET /changes HTTP/1.1\r\nHost: localhost\r\n\r\n")
        heard = stream.recv(4096)
        assert b"text/event-stream" in heard
        simulator.reply(SELLER, "Anything", "+16195550142")
        while b"data: changed" not in heard:
            more = stream.recv(4096)
            assert more
            heard += more


def test_no_page_names_a_template_variable_that_is_not_there(tmp_path: Path):
    with running_simulator(tmp_path, users=()) as bare:
        assert "No phone got a text yet." in words(get(bare, "/"))
        assert "No texts yet." in words(get(bare, f"/phones/{SELLER}"))
