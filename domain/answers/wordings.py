"""What the answers say: short, in the alphabet of texts, and in the language that was asked in. Pure."""

import unicodedata

from domain import text
from domain.opt_out_words import Tongue

# Spanish has no letter for á, í, ó and ú in the alphabet of texts, French none for ê and ç: these words do without.
_STOPPED = {
    Tongue.ENGLISH: "You will get no more texts from {name}. Reply START to get them again.",
    Tongue.FRENCH: "Vous ne recevrez plus de textos de {name}. Répondez START pour en recevoir de nouveau.",
    Tongue.SPANISH: "Ya no le enviaremos mensajes de {name}. Responda START para recibirlos otra vez.",
}
_STARTED = {
    Tongue.ENGLISH: "You will get texts from {name} again. Reply STOP to end them.",
    Tongue.FRENCH: "Vous recevrez de nouveau des textos de {name}. Répondez STOP pour ne plus en recevoir.",
    Tongue.SPANISH: "Le enviaremos otra vez mensajes de {name}. Responda STOP para no recibirlos.",
}
_HELPED = {  # in the languages that have a word for it
    Tongue.ENGLISH: "{name}: texts about the vehicle you advertise.{contact} Msg & data rates may apply. "
    "Reply STOP to opt out.",
    Tongue.FRENCH: "{name}: textos sur votre véhicule à vendre.{contact} Des frais de messagerie peuvent s'appliquer. "
    "Répondez STOP pour cesser.",
}


def stopped(tongue: Tongue, name: str) -> str:
    """To somebody who said stop. No word of it sells anything."""
    return _STOPPED[tongue].format(name=sendable(name))


def started(tongue: Tongue, name: str) -> str:
    """To somebody who wants texts again."""
    return _STARTED[tongue].format(name=sendable(name))


def helped(tongue: Tongue, name: str, contact: str) -> str:
    """To somebody who asks for help: who writes, how to reach them, what it costs and how to end it."""
    reach = f" Contact: {contact}." if contact else ""
    return _HELPED[tongue].format(name=sendable(name), contact=reach)


def sendable(name: str) -> str:
    """A name in the alphabet of texts where that can be: look-alikes swapped, and of foreign letters the accents left
    out, or it would cost a second segment. A name in another script stays as it is."""
    return "".join(_plain(letter) for letter in text.plain(name))


def _plain(letter: str) -> str:
    bare = unicodedata.normalize("NFKD", letter)[0]
    return letter if text.is_gsm(letter) or not text.is_gsm(bare) else bare
