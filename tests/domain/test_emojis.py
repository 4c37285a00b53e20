"""Emoji: groups, names, search, skin tones, shortcodes, and what somebody used last."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable

import emoji as package
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import emojis
from domain.emojis import catalog, searching, shortcodes
from domain.emojis.synonyms import SYNONYMS
from domain.errors import Refused
from domain.settings import ROOT
from domain.users import User
from tests import make

THUMB, TONED_THUMB = "👍", "👍🏽"


# Groups and names


def test_every_emoji_without_skin_tone_stands_in_exactly_one_group() -> None:
    of_the_package = {
        text
        for text, data in package.EMOJI_DATA.items()
        if data["status"] == package.STATUS["fully_qualified"] and not set(text) & set(emojis.TONES[1:])
    }
    grouped = Counter(emoji for group in emojis.groups() for emoji in group.emoji)
    assert len(of_the_package) > 1900
    assert set(grouped) == of_the_package
    assert set(grouped.values()) == {1}


def test_the_groups_are_those_of_every_keyboard() -> None:
    assert [group.name for group in emojis.groups()] == [
        "Smileys & emotion",
        "People & body",
        "Animals & nature",
        "Food & drink",
        "Travel & places",
        "Activities",
        "Objects",
        "Symbols",
        "Flags",
    ]
    assert [group.emoji[0] for group in emojis.groups()] == ["😀", "👋", "🐵", "🍇", "🌍", "🎃", "👓", "🏧", "🏁"]


def test_the_languages_are_those_of_the_package() -> None:
    assert set(emojis.LANGUAGES) == set(package.LANGUAGES)
    assert all(emojis.LANGUAGES.values())


@pytest.mark.parametrize("language", emojis.LANGUAGES)
def test_every_emoji_has_a_name_to_say_in_every_language(language: str) -> None:
    for emoji in catalog.everything():
        name = emojis.names(emoji, language)[0]
        assert name.strip()
        assert not {":", "_"} & set(name.removeprefix("flag: ")), (emoji, name)


def test_an_emoji_is_called_by_the_language_first_then_in_english_then_otherwise() -> None:
    assert emojis.names(THUMB) == ("thumbs up", "thumbsup", "+1")
    assert emojis.names(THUMB, "de") == ("daumen hoch", "thumbs up", "thumbsup", "+1")
    assert emojis.names(THUMB, "tlh") == emojis.names(THUMB)
    assert emojis.names(TONED_THUMB) == ("thumbs up medium skin tone",)
    assert emojis.names("🇩🇪")[0] == "flag: Germany"
    assert emojis.names("🏁")[0] == "chequered flag"
    assert emojis.names("no emoji") == ()


@pytest.mark.parametrize("text", [THUMB, TONED_THUMB, "🇺🇸", "1️⃣", "👨‍👩‍👧‍👦", "❤️"])
def test_one_whole_emoji_is_an_emoji(text: str) -> None:
    assert emojis.is_emoji(text)


@pytest.mark.parametrize(
    "text", ["", "a", "1", "👍👍", "👍 ", "<b>", "🏽", "\ufe0f", "\u200d", ":thumbsup:", "👍" * 1_000]
)
def test_nothing_else_is_an_emoji(text: str) -> None:
    assert not emojis.is_emoji(text)


# Search


@pytest.mark.parametrize(
    ("words", "language", "first"),
    [
        ("car", "en", "🚗"),
        ("CAR", "en", "🚗"),
        ("cars", "en", "🚗"),
        ("thumbs up", "en", "👍"),
        ("up thumb", "en", "👍"),
        ("+1", "en", "👍"),
        (":thumbsup:", "en", "👍"),
        ("-1", "en", "👎"),
        ("ok", "en", "👌"),
        ("laugh", "en", "😂"),
        ("money", "en", "💰"),
        ("deal", "en", "🤝"),
        ("dea", "en", "🤝"),
        ("key", "en", "🔑"),
        ("phone", "en", "📱"),
        ("phon", "en", "📱"),
        ("hand shake", "en", "🤝"),
        ("handshake", "en", "🤝"),
        ("truck", "en", "🛻"),
        ("thank you", "en", "🙏"),
        ("heart", "en", "❤️"),
        ("100", "en", "💯"),
        ("germany", "en", "🇩🇪"),
        ("flag germany", "en", "🇩🇪"),
        ("mans shoe", "en", "👞"),
        ("man's shoe", "en", "👞"),
        ("pinata", "en", "🪅"),
        ("👍🏽", "en", "👍"),
        ("auto", "de", "🚗"),
        ("Daumen hoch", "de", "👍"),
        ("schlüssel", "de", "🔑"),
        ("schlussel", "de", "🔑"),
        ("key", "de", "🔑"),
        ("coche", "es", "🚗"),
        ("corazón rojo", "es", "❤️"),
        ("corazon rojo", "es", "❤️"),
        ("voiture", "fr", "🚗"),
        ("coeur rouge", "fr", "❤️"),
        ("carro", "pt", "🚗"),
        ("mobil", "id", "🚗"),
        ("автомобиль", "ru", "🚗"),
        ("KIRMIZI KALP", "tr", "❤️"),
        ("kirmizi kalp", "tr", "❤️"),
        ("سيارة", "ar", "🚗"),
        ("خودرو", "fa", "🚗"),
        ("汽车", "zh", "🚗"),
        ("自動車", "ja", "🚗"),
        ("자동차", "ko", "🚗"),
    ],
)
def test_what_people_mean_comes_first(words: str, language: str, first: str) -> None:
    assert emojis.search(words, language)[:1] == [first]


@pytest.mark.parametrize(
    ("words", "language", "among"),
    [
        ("medaille", "de", "🥇"),
        ("メダル", "ja", "🥇"),
        ("메달", "ko", "🥇"),
        ("车", "zh", "🚗"),
        ("ガソリン", "ja", "⛽"),
    ],
)
def test_what_is_inside_a_word_is_found_where_words_are_not_apart(words: str, language: str, among: str) -> None:
    assert among in emojis.search(words, language)


def test_a_word_finds_what_begins_so_and_not_what_has_it_inside() -> None:
    found = emojis.search("car", limit=1_000)
    assert "🏎️" in found
    assert "🥕" in found, "carrot begins so"
    assert "🧣" not in found, "scarf has it inside"


def test_all_words_must_match() -> None:
    assert emojis.search("red heart") == ["❤️"]
    assert emojis.search("red nothing") == []


def test_other_languages_do_not_find() -> None:
    assert emojis.search("kraftfahrzeug") == []
    assert emojis.search("voiture", "de") == []
    assert emojis.search("voiture", "unknown") == []


def test_what_most_phones_have_comes_before_what_few_have() -> None:
    found = [emoji for emoji in emojis.search("face", limit=1_000) if "face" in emojis.names(emoji)[0].split()]
    new = [package.EMOJI_DATA[emoji]["E"] >= 17 for emoji in found]
    assert any(new)
    assert new == sorted(new)


def test_skin_tones_are_left_out() -> None:
    found = emojis.search("hand", limit=5_000)
    assert len(found) > 20
    assert not any(set(emoji) & set(emojis.TONES[1:]) for emoji in found)
    assert emojis.search("dark skin tone") == []


def test_no_more_come_than_asked_for_and_none_twice() -> None:
    assert len(emojis.search("face")) == 60
    assert emojis.search("face", limit=3) == emojis.search("face")[:3]
    found = emojis.search("s", limit=5_000)
    assert len(set(found)) == len(found) > 300


@pytest.mark.parametrize("words", ["", "   ", "\n", "…", "<>", "%", "\x00", "🏽", "xyzzy", "::", "\u200d"])
def test_what_says_nothing_finds_nothing(words: str) -> None:
    assert emojis.search(words) == []


@pytest.mark.parametrize(
    "words", ["a " * 1_000_000, "x" * 2_000_000, "👍" * 500_000, "<script>" * 250_000, "́" * 2_000_000]
)
def test_two_megabytes_of_words_are_answered_at_once(words: str) -> None:
    emojis.search("warm")
    started = time.process_time()
    emojis.search(words)
    assert time.process_time() - started < 0.1


@given(st.text(max_size=40), st.sampled_from(["en", "de", "ja", "ar"]))
def test_whatever_is_typed_finds_emoji_or_nothing(words: str, language: str) -> None:
    assert set(emojis.search(words, language)) <= set(catalog.everything())


@pytest.mark.parametrize("language", ["en", "de", "ja"])
def test_a_search_takes_less_than_five_milliseconds(language: str) -> None:
    asked = ["car", "s", "a", "face", "smiling face with", "xyzzy", "車", "hand shake"]
    [emojis.search(words, language) for words in asked]
    started = time.process_time()
    for _ in range(5):
        [emojis.search(words, language) for words in asked]
    assert (time.process_time() - started) / 5 / len(asked) < 0.005


@pytest.mark.parametrize("typed", SYNONYMS)
def test_a_synonym_finds_what_it_means_in_its_order(typed: str) -> None:
    meant = SYNONYMS[typed].split()
    assert emojis.search(typed)[: len(meant)] == meant
    assert set(meant) <= set(catalog.everything())


async def test_a_language_that_is_ready_costs_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    await emojis.ready("it")
    monkeypatch.setattr("asyncio.to_thread", lambda *_: pytest.fail("it is loaded again"))
    await emojis.ready("it")
    assert emojis.search("auto", "it")[0] == "🚗"


async def test_what_is_ready_reads_shortcodes_without_loading_anything_more(monkeypatch: pytest.MonkeyPatch) -> None:
    searching._ready.clear()
    shortcodes._codes.cache_clear()
    await emojis.ready("en")
    assert shortcodes._codes.cache_info().currsize == 1


def test_a_process_that_meets_no_emoji_does_not_load_them() -> None:
    script = "import sys; from domain import emojis; emojis.expand('at 10:30:45'); print('emoji' in sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.strip() == "False"


# Skin tones


@pytest.mark.parametrize(
    ("plain", "medium"),
    [
        ("👍", "👍🏽"),
        ("☝️", "☝🏽"),
        ("✌️", "✌🏽"),
        ("🤝", "🤝🏽"),
        ("🧑‍🔧", "🧑🏽‍🔧"),
        ("🕵️‍♀️", "🕵🏽‍♀️"),
        ("👫", "👫🏽"),
        ("🧑‍🤝‍🧑", "🧑🏽‍🤝‍🧑🏽"),
        ("💏", "💏🏽"),
        ("🚗", "🚗"),
        ("😀", "😀"),
    ],
)
def test_an_emoji_takes_the_tone_if_it_can(plain: str, medium: str) -> None:
    assert emojis.toned(plain, 3) == medium
    assert emojis.toned(medium, 3) == medium
    assert emojis.toned(medium, 0) == emojis.untoned(medium) == plain


def test_every_tone_is_another_emoji_of_the_package() -> None:
    with_tones = [emoji for emoji in catalog.everything() if emojis.toned(emoji, 1) != emoji]
    assert len(with_tones) > 300
    for emoji in with_tones:
        tones = {emojis.toned(emoji, tone) for tone in range(6)}
        assert len(tones) == 6
        assert all(map(emojis.is_emoji, tones))


@pytest.mark.parametrize("tone", [-1, 6, 1_000])
def test_a_tone_that_does_not_exist_changes_nothing(tone: int) -> None:
    assert emojis.toned(THUMB, tone) == THUMB
    assert emojis.toned("text", 3) == "text"


# Shortcodes


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        (":thumbsup:", "👍"),
        ("Great :thumbsup: thanks", "Great 👍 thanks"),
        ("Great! :THUMBSUP:", "Great! 👍"),
        (":+1:", "👍"),
        (":-1:", "👎"),
        (":thumbs_up:", "👍"),
        (":thumbs_up_medium_skin_tone:", "👍🏽"),
        (":smile::heart:", "😄❤️"),
        (":smile: :nothing_known: :heart:", "😄 :nothing_known: ❤️"),
        (":smile::nothing_known::heart:", "😄:nothing_known:❤️"),
        (":car:, :key:.", "🚗, 🔑."),
        ("(:car:)", "(🚗)"),
        ("“:car:”", "“🚗”"),
        ("Is it ready?:car:", "Is it ready?🚗"),
        (":100:", "💯"),
        (":keycap_#:", "#️⃣"),
        (":A_button_(blood_type):", "🅰️"),
        (":Côte_d’Ivoire:", "🇨🇮"),
        (":piñata:", "🪅"),
        (":turkey: :Turkey:", "🦃 🇹🇷"),
        ("line\n:car:\nline", "line\n🚗\nline"),
        ("{{seller.first_name}} :wave:", "{{seller.first_name}} 👋"),
        ("{{seller.first_name}}:wave:", "{{seller.first_name}}👋"),
        ("👍:heart:👍", "👍❤️👍"),
    ],
)
def test_a_shortcode_becomes_its_emoji(text: str, expanded: str) -> None:
    assert emojis.expand(text) == expanded
    assert emojis.expand(expanded) == expanded


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no colon",
        "one : colon",
        "10:30:45",
        "at 10:30:45 sharp",
        "a:b:c",
        "5:o:clock",
        "12:100:30",
        "Hours:x:on",
        ":car",
        "car:",
        ": car :",
        ":car :",
        ":daumen_hoch:",
        ":thumb:",
        "::car::",
        "std::key::value",
        "[::a:b]",
        "fe80::1:100:",
        "C:/car:key:",
        "{{:car:}}",
        "{{ :car: }}",
        "{{a:key:b}}",
        "https://example.com/:car:",
        "https://example.com/?q=:car:&x=:key:",
        "https://example.com :car:/:key:/x"[:20] + "/:car:",
        "www.example.com?q=:car:",
        "example.com/a/:car:/b",
        "me@:car:",
        "#:car:",
        "a=:car:",
        ":smile:s",
        "mid:smile:word",
        ":" * 50,
        ":x" * 50,
        ": : : :",
        *(f"Is it :{word}: now?" for word in ("on", "o", "x", "a", "ok", "up", "it", "us", "no", "vs", "id", "TM")),
    ],
)
def test_what_is_no_shortcode_stays(text: str) -> None:
    assert emojis.expand(text) == text


def test_every_name_and_alias_of_the_package_is_a_shortcode_of_an_emoji_so_called() -> None:
    for emoji, data in catalog.qualified().items():
        for code in [data["en"], *data.get("alias", ())]:
            expanded = emojis.expand(code)
            if len(code) < 5 and code not in (":+1:", ":-1:"):
                assert expanded == code
                continue
            known = {data["en"], *catalog.qualified()[expanded].get("alias", ()), catalog.qualified()[expanded]["en"]}
            assert code in known, (emoji, code, expanded)
        assert emojis.expand(data["en"]) == (emoji if len(data["en"]) > 4 else data["en"])


@given(
    st.lists(st.sampled_from([":", "car", "+1", "x", " ", "{{", "}}", "/", "://", "👍", ":car:", "1", "\n", "www."]))
)
def test_expanding_twice_is_as_good_as_once(parts: list[str]) -> None:
    once = emojis.expand("".join(parts))
    assert emojis.expand(once) == once


@given(st.text(max_size=200))
def test_text_without_shortcodes_is_never_changed(text: str) -> None:
    assert emojis.expand(text.replace(":", "")) == text.replace(":", "")


@pytest.mark.parametrize(
    "part",
    [":", ":x", ":x:", ":car:", "::", "{{", "{{:car:", "://", "www.", ":" + "x" * 79, ":!:", ":car::", "a:car:", "a"],
)
def test_a_long_text_is_expanded_in_linear_time(part: str) -> None:
    emojis.expand(":car:")
    short, long = part * (1_500 // len(part)), part * (1_000_000 // len(part))
    started = time.process_time()
    for _ in range(10):
        emojis.expand(short)
    assert (time.process_time() - started) / 10 < 0.005
    started = time.process_time()
    emojis.expand(long)
    assert time.process_time() - started < 2


# What somebody used last


async def test_the_most_recent_comes_first_once_and_twenty_four_at_most(house: None) -> None:
    user = await make.user()
    assert emojis.recent(user) == []
    smileys = emojis.groups()[0].emoji[:30]
    for emoji in [*smileys, "🚗", smileys[-1]]:
        await emojis.used(user, emoji)
    assert emojis.recent(user)[:3] == [smileys[-1], "🚗", smileys[-2]]
    assert len(emojis.recent(user)) == emojis.MOST_RECENT == 24
    again = await User.objects().get(User.id == user.id)
    assert again is not None
    assert emojis.recent(again) == emojis.recent(user)


async def test_another_tone_takes_the_place_of_the_same_emoji(house: None) -> None:
    user = await make.user()
    for emoji in (THUMB, "🚗", TONED_THUMB):
        await emojis.used(user, emoji)
    assert emojis.recent(user) == [TONED_THUMB, "🚗"]


@pytest.mark.parametrize("text", ["", "a", "<script>", "👍👍", "👍 🚗", "x" * 2_000_000, "🏽"])
async def test_what_is_no_emoji_is_refused_and_not_kept(house: None, text: str) -> None:
    user = await make.user(recent_emoji="🚗")
    with pytest.raises(Refused, match="no emoji"):
        await emojis.used(user, text)
    assert emojis.recent(user) == ["🚗"]


async def test_what_was_kept_and_is_no_emoji_any_more_is_left_out(house: None) -> None:
    assert emojis.recent(await make.user(recent_emoji="🚗 nonsense <b> 👍")) == ["🚗", "👍"]


async def test_using_one_costs_one_update_and_using_it_again_none(
    house: None, count_queries: Callable[[], object]
) -> None:
    user = await make.user()
    with count_queries() as queries:  # type: ignore[attr-defined]
        await emojis.used(user, THUMB)
        assert queries.count == 1
        await emojis.used(user, THUMB)
    assert queries.count == 1


async def test_others_keep_theirs(house: None) -> None:
    user, other = await make.user(), await make.user()
    await emojis.used(user, THUMB)
    again = await User.objects().get(User.id == other.id)
    assert again is not None
    assert emojis.recent(again) == []


async def test_a_tone_is_remembered(house: None) -> None:
    user = await make.user()
    await emojis.choose_tone(user, "4")
    again = await User.objects().get(User.id == user.id)
    assert again is not None
    assert (user.skin_tone, again.skin_tone) == (4, 4)


@pytest.mark.parametrize("tone", ["", "6", "-1", "x", "01", "٣", "3.0", "9" * 1_000])
async def test_a_tone_that_does_not_exist_is_refused(house: None, tone: str) -> None:
    user = await make.user(skin_tone=2)
    with pytest.raises(Refused, match="skin tones"):
        await emojis.choose_tone(user, tone)
    assert user.skin_tone == 2
