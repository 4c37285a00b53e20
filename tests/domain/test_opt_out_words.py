import time
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.opt_out_words import Outcome, Reading, Word, languages, read, tongue, understand
from domain.opt_out_words.english import ENGLISH
from domain.opt_out_words.rules import Rules
from tests.corpus import opt_outs
from tests.corpus.opt_outs import Labelled

STOPS = [
    *("STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "OPT OUT", "OPT-OUT"),
    *("REMOVE", "ARRET", "ARRÊT", "ARRETE", "DESABONNER", "TD"),
]
ANY_WORD = {"STOP": Word.STOP, "START": Word.START, "UNSTOP": Word.START, "YES": Word.YES, "HELP": Word.HELP}

around = st.text(alphabet=" \t\n\r.,!?;:'\"“”‘’«»()[]*_-–…👍🏽❤️😡🇨🇦\u200b\u200d\ufeff\u00a0🙏🛑", max_size=6)


@pytest.mark.parametrize("word", STOPS)
def test_each_opt_out_word_stops_however_it_is_written(word: str) -> None:
    assert read(word) is Word.STOP
    assert read(word.lower()) is Word.STOP
    assert read(word.capitalize()) is Word.STOP


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("start", Word.START),
        ("Unstop", Word.START),
        ("YES", Word.YES),
        ("yes!", Word.YES),
        ("HELP", Word.HELP),
        ("info", Word.HELP),
        ("Aide", Word.HELP),
    ],
)
def test_start_yes_and_help_are_read(body: str, word: Word) -> None:
    assert read(body) is word


@pytest.mark.parametrize(
    "body",
    [
        "sTOp",
        " STOP \r\n",
        "Stop.",
        "STOP!!!",
        "“Stop”",
        "«\u00a0ARRÊT\u00a0»",
        "stop 🛑",
        "👎🏽 Stop 👎🏽",
        "ＳＴＯＰ",
        "𝐒𝐓𝐎𝐏",
        "stop\u200b",
        "st\u00adop",
        "\ufeffstop",
        "*STOP*",
        "_stop_",
        "opt\u2011out",
        "Opt  out.",
        "STOP\nALL",
        "Arre\u0302t",
        "désabonner",
        "arrêté",
    ],
)
def test_what_stands_around_or_adorns_the_word_does_not_count(body: str) -> None:
    assert read(body) is Word.STOP


@pytest.mark.parametrize(
    "body",
    [
        "stop by tomorrow",
        "cancel the appointment",
        "please cancel",
        "it will end soon",
        "yes it is",
        "can you help",
        "Help me",
        "don't stop",
        "stopped",
        "bus-stop",
        "st op",
        "stop2",
        "2 stop",
        "no",
        "info?? what info",
        "start tomorrow",
        "",
        "   ",
        "!!!",
        "🛑",
        "TDI",
        "the end",
    ],
)
def test_a_word_inside_a_message_is_not_the_message(body: str) -> None:
    assert read(body) is None


@given(around, st.sampled_from(sorted(ANY_WORD)), around)
def test_nothing_around_a_word_hides_it(before: str, word: str, after: str) -> None:
    assert read(before + word + after) is ANY_WORD[word]


@given(st.text())
def test_any_text_can_be_read(body: str) -> None:
    assert read(body) in {None, *Word}


@given(st.sampled_from(STOPS), st.from_regex(r"\A[a-z]{1,8}\Z"))
def test_one_more_word_makes_it_a_sentence(word: str, more: str) -> None:
    if (word, more) != ("STOP", "all"):
        assert read(f"{word} {more}") is None


# In plain language. What most messages come to is measured over the corpus; what follows are the promises.


def test_the_corpus_is_large_varied_and_split_in_halves() -> None:
    everything = opt_outs.everything()
    labels = Counter(each.label for each in everything)

    assert len(everything) >= 700
    assert len({each.text for each in everything}) == len(everything)
    assert set(labels) == set(opt_outs.LABELS)
    assert min(labels.values()) >= 200
    assert {each.language for each in everything} == {"en", "fr", "es"}
    assert all(each.why for each in everything)
    assert 0.45 < len(opt_outs.held_back()) / len(everything) < 0.55
    assert not {each.text for each in opt_outs.tuned()} & {each.text for each in opt_outs.held_back()}


@pytest.mark.parametrize("half", [opt_outs.tuned, opt_outs.held_back], ids=["tuned", "held back"])
def test_opt_outs_are_understood_and_nothing_else_is_taken_for_one(half: Callable[[], tuple[Labelled, ...]]) -> None:
    found = opt_outs.confusion(half())

    assert found.recall >= 98
    assert found.false_stops <= 1
    assert found.hasty_stops <= 1
    assert found.overheard == 0


@pytest.mark.parametrize(
    ("body", "reading"),
    [
        ("STOP!!!", Reading(Outcome.OPT_OUT, "exact_word", "stop")),
        ("st op", Reading(Outcome.OPT_OUT, "misspelt_word", "stop")),
        ("Not interested. Plz stop txtng me", Reading(Outcome.OPT_OUT, "stop_texting", "stop texting")),
        ("take me off ur list!!", Reading(Outcome.OPT_OUT, "take_me_off", "take me off")),
        ("wrng number", Reading(Outcome.OPT_OUT, "wrong_number", "wrong number")),
        ("ne m'écrivez plus", Reading(Outcome.OPT_OUT, "ne_plus_ecrire", "ne m ecrivez plus")),
        ("Don't text me after 9pm", Reading(Outcome.REVIEW, "demand_with_a_condition", "dont text me after 9")),
        ("dont text me, call me", Reading(Outcome.REVIEW, "asks_for_another_way", "call me")),
        ("top", Reading(Outcome.REVIEW, "resembles_stop", "top")),
        ("Sorry, it sold.", Reading(Outcome.REVIEW, "sold_or_gone", "sold")),
        ("qwertz", Reading(Outcome.REVIEW, "nothing_familiar", "qwertz")),
        ("I'll stop by tomorrow", Reading(Outcome.CARRY_ON)),
        ("Yes it's available", Reading(Outcome.CARRY_ON)),
    ],
)
def test_a_reading_names_its_rule_and_the_words(body: str, reading: Reading) -> None:
    assert understand(body) == reading


@pytest.mark.parametrize(
    "body",
    [
        *STOPS,
        *("alto", "¡BASTA!", "Detente", "no me escribas", "quítame de la lista", "deja de mandarme mensajes"),
        *(
            "st op",
            "s t o p",
            "S.T.O.P.",
            "S-T-O-P",
            "s*t*o*p",
            "5T0P",
            "$top",
            "stooooop",
            "sttoopp",
            "stop2",
            "un sub",
        ),
        *("unsubcribe", "pleasestop", "stoptexting", "st🛑p", "🖕 stop 🖕", "ＳＴＯＰ texting me", "stop\u200b please"),
        *(
            "stop. thanks",
            "please stop",
            "Sold it. Don't text me.",
            "lose my number",
            "leave me alone",
            "quit messaging",
        ),
        "It says reply STOP to opt out. STOP",
        "> Reply STOP to opt out\nstop",
        "I have nothing to sell. I never had. Whoever gave you this number was wrong.\n\nPlease stop writing to me.",
    ],
)
def test_a_demand_stops_however_it_is_dressed(body: str) -> None:
    assert understand(body).outcome is Outcome.OPT_OUT


@pytest.mark.parametrize(
    "body",
    [
        *("can't cancel my appointment", "stop by tomorrow", "it's at the end of the street", "quit smoking in it"),
        *("the brakes don't stop well", "I get calls non-stop about it", "remove the plates", "it's by the bus stop"),
        *(
            "I can't stop thinking about the offer",
            "don't stop texting, I want to sell",
            "don't forget to text me the price",
        ),
        "Liked “Is it still for sale? Reply STOP to opt out”",
        "> Is it still for sale? Reply STOP to opt out\nYes it is",
        "Yes, come Saturday.\nReply STOP to opt out",
    ],
)
def test_a_word_that_means_something_else_stops_nothing(body: str) -> None:
    assert understand(body).outcome is Outcome.CARRY_ON


@pytest.mark.parametrize(
    "body",
    [
        *("not interested", "no thanks", "call me instead", "sold", "who is this?", "how did you get my number"),
        *("I'm going to report you", "talk to my lawyer", "I am on the do not call list", "🛑", "😡", "asdf"),
        *(
            "Reply STOP to opt out",
            "> Reply STOP to opt out",
            "Disliked “Is it still for sale?”",
            "cancel the appointment",
        ),
        "the other lot won't stop texting me",
    ],
)
def test_what_could_mean_either_is_looked_at(body: str) -> None:
    assert understand(body).outcome is Outcome.REVIEW


@pytest.mark.parametrize(
    ("body", "outcome"),
    [("START", Outcome.START), ("unstop", Outcome.START), ("Yes!", Outcome.YES), ("Aide", Outcome.HELP)],
)
def test_the_other_words_are_told_apart(body: str, outcome: Outcome) -> None:
    assert understand(body).outcome is outcome


@pytest.mark.parametrize("body", ["", "   ", "👍", "🙏🏽", "!!!"])
def test_a_message_without_words_is_no_demand(body: str) -> None:
    assert understand(body).outcome is Outcome.CARRY_ON


@given(st.text())
def test_any_text_can_be_understood(body: str) -> None:
    assert understand(body).outcome in Outcome


@given(
    st.sampled_from(opt_outs.everything()), st.sampled_from(["Stop texting me.", "Please stop.", "Remove my number!"])
)
def test_a_demand_is_heard_after_whatever_else_is_said(before: Labelled, demand: str) -> None:
    assert understand(f"{before.text}\n{demand}").outcome in (Outcome.OPT_OUT, Outcome.REVIEW)


@given(st.sampled_from(STOPS), around, around)
def test_an_exact_word_always_stops(word: str, before: str, after: str) -> None:
    assert understand(before + word + after).outcome is Outcome.OPT_OUT


def test_a_pattern_that_is_not_tried_would_not_have_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patterns are left out by the pieces of text they need. Tried everywhere they must come to the same."""
    texts = [each.text for each in opt_outs.everything()]
    left_out = [understand(text) for text in texts]
    monkeypatch.setattr(Rules, "_asked", lambda self, words: range(len(self._patterns)))

    assert [understand(text) for text in texts] == left_out


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "a",
            "a ",
            "stop ",
            "dont ",
            "no ",
            "s.t.o.",
            "how do i ",
            "i want you to please ",
            "take my my ",
            "no me vuelvas a ",
        ),
        *("reply stop to ", "> x\n", "“liked ", "wrote ", "🛑", "ne plus ", "stop by the house and don't call me now "),
        *("liked “", "st0p5 ", "on it wrote: ", "not right to quit and ", "if you dont stop then "),
    ],
)
def test_endless_messages_are_read_in_linear_time(piece: str) -> None:
    def seconds(length: int) -> float:
        body = "".join(f"{piece}{number} " if number % 7 == 0 else piece for number in range(length // len(piece) + 1))
        began = time.thread_time()
        understand(body[:length])
        return time.thread_time() - began

    seconds(1_000)
    short, long = seconds(20_000), seconds(100_000)

    assert long < 15 * short + 0.05  # five times the length: a square would be 25
    assert long < 10


# The language of the answer


@pytest.mark.parametrize(
    ("body", "language"),
    [
        ("stop", "en"),
        ("take me off your list", "en"),
        ("Arrêt", "fr"),
        ("“TD”", "fr"),
        ("désabonner", "fr"),
        ("AIDE", "fr"),
        ("HELP", "en"),
        ("arrêtez de me texter", "fr"),
        ("enlevez-moi de la liste", "fr"),
        ("mauvais numéro", "fr"),
        ("quíteme de la lista", "es"),
        ("ya no me mande mensajes", "es"),
        ("número equivocado", "es"),
        ("Is it still for sale?", "en"),
    ],
)
def test_the_language_somebody_asked_in_is_known(body, language):
    assert tongue(body, understand(body)) == language


def test_no_rule_of_one_language_has_the_name_of_another():
    english = {rule.name for part in ENGLISH.__dict__.values() for rule in part}
    assert not english & (languages._FRENCH | languages._SPANISH)
    assert not languages._FRENCH & languages._SPANISH
