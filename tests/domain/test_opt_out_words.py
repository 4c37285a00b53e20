import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.opt_out_words import Word, read

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
