"""Turns what people type into plain clauses: lower case, no accents, misspellings and disguises of a few words "
"undone."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import regex

LONGEST = 60  # words of a clause that are read at once
SHORT = 3  # words of a clause in which a slip of "stop" is still recognised
OVERLAP = 15  # words; no demand is longer


@dataclass(frozen=True)
class Clauses:
    """The clauses of a message, words separated by one space; `quoted` when something quoted was left out; `angry` is
    an emoji that says no, or empty."""

    said: tuple[str, ...]
    quoted: bool
    angry: str

    @property
    def whole(self) -> str:
        return " ".join(self.said)


def clauses(body: str) -> Clauses:
    """Cut at full stops, commas, line ends and the like. Quoted lines, reactions and a quoted line on how to opt out
    are left out: they are the dealership's words, not the seller's."""
    kept, lines_quoted = _without_quotes(body)
    folded = _MARKS.sub("", unicodedata.normalize("NFKD", kept)).casefold()
    folded = _EMOJI_IN_WORD.sub("o", folded)
    for found, put in _SIGNS:
        folded = found.sub(put, folded)
    folded = _LETTERS.sub(_joined, folded)
    parts = [window for part in _BREAKS.split(folded) for window in _windows(part)]
    said = dict.fromkeys(part for part in parts if part)  # saying it twice is no more to read
    own = tuple(part for part in said if not _FOOTER.fullmatch(part))
    angry = _ANGRY.search(kept)
    return Clauses(own, lines_quoted or len(own) < len(said), angry[0] if angry else "")


def resembles_stop(word: str) -> bool:
    """Whether one slip of a finger makes "stop" of it, though it is a word of its own."""
    return word in LIKE_STOP


def _without_quotes(body: str) -> tuple[str, bool]:
    reaction = _REACTION.fullmatch(body)
    kept = ("disliked" if _DISLIKED.match(body) else "liked") if reaction else body
    kept = _QUOTED.sub("\n", kept)
    return kept, not reaction and kept != body


def _joined(found: regex.Match[str]) -> str:
    """`s.t.o.p` is stop; any other row of single letters stays what it is."""
    word = _NO_LETTER.sub("", found[0])
    return word if word in _DISGUISED else str(found[0])


def _windows(part: str) -> Iterator[str]:
    """The plain words of a clause; of an endless one, stretches that overlap, so that reading takes linear time."""
    words = _WORD.findall(part)
    for start in range(0, max(len(words) - OVERLAP, 1), LONGEST - OVERLAP):
        yield _plain(words[start : start + LONGEST])


def _plain(words: list[str]) -> str:
    words = [_word(word) for word in words]
    for index, (word, after) in enumerate(pairwise(words)):
        for right, near, followers in _SLIPS:
            if word in near and after in followers:
                words[index] = right
    if len(words) <= SHORT:
        words = ["stop" if word in _NEAR_STOP and word not in LIKE_STOP else word for word in words]
    text = " ".join(words)
    for found, put in _PHRASES:
        text = found.sub(put, text)
    return text


def _word(word: str) -> str:
    if not word.isalpha():
        word = _unmasked(word)
    word = _MANY.sub(r"\1", word)
    if word in _SPELLINGS:
        return _SPELLINGS[word]
    if _UNSUBSCRIBE.fullmatch(word):
        return "unsubscribe"
    if _TWICE.sub(r"\1", word) == "stop":
        return "stop"
    if len(word) < 6 or word in _REAL:
        return word
    for each in (word, *_shorter(word)):
        if each in _LONG:
            return _LONG[each]
    return word


def _unmasked(word: str) -> str:
    """Digits and signs that stand for letters, when a word we know comes out."""
    for table in _MASKS:
        clear = word.translate(table)
        if clear in _DISGUISED:
            return clear
    bare = _TAIL.sub("", word)
    return bare if bare in _DISGUISED else word


def _shorter(word: str) -> set[str]:
    return {word[:index] + word[index + 1 :] for index in range(len(word))} if len(word) <= 16 else set()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MARKS = regex.compile(r"[\p{M}\p{Cf}]+")  # accents, skin joiners, and what has no width
_EMOJI_IN_WORD = regex.compile(r"(?<=\p{L})[🛑⛔🚫⭕](?=\p{L})")
_LETTERS = regex.compile(
    r"(?<![\p{L}\p{N}'’])[\p{L}\p{N}](?:[^\p{L}\p{N}\n'’]{1,2}[\p{L}\p{N}](?![\p{L}\p{N}'’])){2,}+"
)
_NO_LETTER = regex.compile(r"[^\p{L}\p{N}]+")
_BREAKS = regex.compile(r"[.!;:\n\r()\[\]“”\"«»…—–,]+|(?<=\s)-+(?=\s)|(?<=\?)")
_ANGRY = regex.compile(r"[🖕👎😡🤬😠😤🛑⛔🚫🙅]")
_WORD = regex.compile(r"[\p{L}\p{N}$@+#*?]*[\p{L}\p{N}#*$?][\p{L}\p{N}$@+#*?]*")
_UNSUBSCRIBE = regex.compile(r"u[nbm]?[nbsu]?su?[bvn]?[a-z]{0,2}s?c?r?[ie]?[bp]?[a-z]{0,2}(?<=\w{8})")
_TWICE = regex.compile(r"(.)\1")
_TAIL = regex.compile(r"\d{1,3}\Z")
_MANY = regex.compile(r"(.)\1{2,}")
_SIGNS = (
    (regex.compile(r"[’`´ʼ]"), "'"),
    (regex.compile(r"(?<=n)'t\b|(?<=\p{L})'(?=(?:s|re|m|ll|ve|d|all)\b)"), lambda found: found[0].strip("'")),
    (regex.compile(r"\?+"), " ? "),
)

# How phones tell that somebody pressed a reaction; and how mail quotes.
_REACTION = regex.compile(
    r"\s*(?:liked|loved|laughed at|emphasi[sz]ed|questioned|disliked|removed an? \w+ from"
    r"|a aimé|a adoré|n’a pas aimé|n'a pas aimé|le gustó|le encantó|no le gustó|(?:reacted )?\P{L}{1,8}to)"
    r"\s+[“\"«](?s:.*)[”\"»]\s*",
    regex.IGNORECASE,
)
_DISLIKED = regex.compile(r"\s*(?:disliked|n['’]a pas|no le|(?:reacted )?👎)", regex.IGNORECASE)
_QUOTED = regex.compile(r"(?m)^[ \t]*>.*$|^[^\n]{0,200}\b(?:wrote|a écrit|escribió)[ \t]*:[ \t]*$")
_FOOTER = regex.compile(
    r"(?:(?:you can|to unsubscribe|or|please|and) )*optoutline(?: (?:message|messaging|text|texting|these|all|future"
    r"|the|our|to|from|from us|at any time|anytime)){0,4}"
    r"|(?:repondez|textez|envoyez|responda|envie) (?:stop|arret|alto) (?:pour|para)(?: \w+){1,3}"
    r"|(?:stop|arret|alto) (?:to|pour|para) (?:optout|end|unsubscribe|cancel|quit|(?:me |se |vous )?desabonner"
    r"|terminar)"
)

_SPELLINGS = {
    wrong: right
    for right, all_wrong in {
        "stop": "stp sotp stpo tsop sttop stopp stoop stahp stap stpp stopt stob ztop",
        "quit": "kwit qiut quitt qit",
        "please": "pls plz plez pleas plese plse pleez pleaze plss plzz",
        "you": "u ya'll youu",
        "your": "ur",
        "thanks": "thx ty tks tnx thnx thks",
        "text": "txt txts texts tex",
        "texting": "txting txtn txtng textin texing txtin texin textn texitng textng txtg",
        "message": "msg msgs messages mesage messege mssg messaged mesages",
        "messaging": "msging messagin mesaging messging messanging masseging msgin",
        "call": "calls",
        "email": "emails",
        "dont": "dnt dontt dn't donot dunt doan",
        "number": "num nuber numbr nummber numer nmbr numba # #s digits",
        "wrong": "wrng worng wronge rong wrogn",
        "remove": "rmv remve remoev remov rmove romove",
        "leave": "leav leve leeve",
        "alone": "alown aloen alon aloan",
        "again": "agian agin agen agn",
        "cancel": "cancle canel cancell cansel",
        "sold": "sld soldd",
        "take": "tke taek",
        "unsub": "unsubs",
        "optout": "optput optuot outout",
        "with": "w",
        "me": "mee",
        "want": "wnt",
        "wanna": "wana",
        "fuck": "f*ck fck fuk fuc f**k",
        "fucking": "fkn fking fing f*cking fuckin fcking fn effing freaking frickin freakin",
        "arretez": "arette arete aretez arettez arrettez",
        "quiteme": "kiteme",
        "quitame": "kitame",
        "escribas": "escrivas",
        "escriba": "escriva",
        "escriban": "escrivan",
        "interesa": "intereza",
    }.items()
    for wrong in all_wrong.split()
}

# Words long enough that one missing, extra, wrong or swapped letter still tells what was meant. Both what was typed and
# the word lose one letter at a time; when they meet, they are one slip apart.
_KNOWN = (
    *("unsubscribe", "unsubscribed", "texting", "messaging", "message", "contact", "contacting", "remove", "number"),
    *("interested", "bother", "bothering", "harass", "harassing", "delete", "calling", "anymore", "permission"),
    *("desabonner", "desabonnez", "numero", "equivocado"),
)
_LONG = {short: word for word in _KNOWN for short in (*_shorter(word), word)}

# One slip apart from a word above, and words of their own.
_REAL = _words("""
contract contacts contacted remote removed removes removal numbers numbered massage massages falling selling telling
culling balling galling mailing failing filling pulling rolling tolling hauling walling callings brother brothers
mother another bothers deleted deletes uninterested disinterested interesting calming caulking testing nesting
contractor numeros harassed vexing taxing fasting lumber slumber cucumber member mensaje contacter contacte
contactes contacta contacto
""")

_LETTERS_OF_WORDS = "abcdefghijklmnopqrstuvwxyz"


def _near(word: str) -> frozenset[str]:
    """All that one slip makes of a word: a letter missing, extra, wrong, or two swapped."""
    places = range(len(word) + 1)
    changed = {word[:at] + letter + word[at + cut :] for at in places for cut in (0, 1) for letter in _LETTERS_OF_WORDS}
    swapped = {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)}
    return frozenset((changed | swapped | _shorter(word)) - {word})


# Words of their own: alone they are asked about, not obeyed.
LIKE_STOP = frozenset(("top", "step", "shop", "slop", "strop", "chop", "swop", "stow", "stomp", "sop", "stops"))
_NEAR_STOP = _near("stop") - {"stops"}

# A slip in a short word is only seen by the word after it: what is meant, how it may be written, what follows.
_SLIPS = tuple(
    (right, _near(right) - frozenset(real.split()), frozenset(followers.split()))
    for right, real, followers in (
        ("stop", "", "texting messaging contacting calling emailing bothering harassing spamming sending bugging"),
        ("text", "test next", "me us my this again anymore"),
        ("dont", "wont font done don", "text message contact call bother email ever"),
        ("wrong", "", "number person guy"),
        ("leave", "", "me us"),
        ("remove", "removed removes remote", "me us my this"),
        ("more", "", "text message texting"),
    )
)

_DISGUISED = _words("""
stop unsubscribe unsub optout quit cancel remove end text texting message messaging dont not no me my number wrong
leave alone interested contact call calling arret alto basta fuck off please delete list
""")
_MASKS = (
    str.maketrans("013457$@+8", "oieastsatb"),
    str.maketrans("013457$@+*", "oleastsato"),
    str.maketrans("1", "l"),
)


def _apart(found: regex.Match[str]) -> str:
    """Words written without spaces between them."""
    return " ".join(part for part in found.groups() if part)


_SOMEBODY_WONT_STOP = (
    r"(?<!you )(?<!yall )(?<!guys )(?<!u )(?:wont|wouldnt|doesnt|didnt|couldnt) (?:stop|quit)"
    r"(?= (?:text|call|messag|contact|bother|ask|spam|harass|send|hitting|email|bug)\w*)"
)
_HOW_TO_OPT_OUT = (
    r"(?:reply|text|txt|send|respond|texting|sending)(?: with| the word| back)? (?:stop|optout|unsubscribe|end|quit)"
    r" (?:to|2) (?:stop|optout|unsubscribe|end|quit|cancel)"
)

# What people write as several words or as one, and what stands for one thing; in the order it is looked for.
_PHRASES = tuple(
    (regex.compile(rf"\b(?:{found})\b"), put)
    for found, put in (
        (r"s top|st op|sto p|s to p", "stop"),
        (r"stop all|stopall", "stop all"),
        (r"opt (?:ot|ou|otu|uot|outt|our)", "optout"),
        (r"l\w{1,4} (me|us) alone", r"leave \1 alone"),
        (r"takeme", "take me"),
        (r"(?:noone|no body)", "nobody"),
        (r"stopit", "stop it"),
        (r"(please)?(stop)(texting|please|now|messaging|calling)?(me)?", _apart),
        (r"(dont)(text|contact|call|message)(me)?", _apart),
        (
            r"(leave)(me)(alone)|(lose)(my)(number)|(wrong)(number)|(remove)(me)|(take)(me)(off)|(not)(interested)",
            _apart,
        ),
        (r"opt ?(?:me |us )?out", "optout"),
        (r"opting out|opted out", "optout"),
        (r"un sub", "unsub"),
        (r"un subscribe|unsubscribe me|unsubscribed|unsubscribing", "unsubscribe"),
        (r"do nt|don t|do not|donot|do n t", "dont"),
        (r"can not|cannot|can t", "cant"),
        (r"does not", "doesnt"),
        (r"is not", "isnt"),
        (r"dont (?:call|contact|text|mail|solicit)(?: or (?:call|text))? (?:list|registry|lists)", "dnclist"),
        (_SOMEBODY_WONT_STOP, "wontstop"),
        (r"you r", "you are"),
        (r"nonstop", "non stop"),
        (_HOW_TO_OPT_OUT, "optoutline"),
    )
)
