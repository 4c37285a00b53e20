"""Spanish, as written in North America: what looks like a demand and is none, what is one, what somebody should look "
"at."""

from domain.opt_out_words.rules import Language, rule

_WRITE = (  # imperatives with "no": the past tense ("no me escribió") is a complaint of another kind
    r"(?:escrib(?:as|a|an|ir)|text(?:ees|ee|een|es|en|ear)|tex(?:tie|tien)|mand(?:es|e|en|ar)|envi(?:es|e|en|ar)"
    r"|llam(?:es|e|en|ar)|contact(?:es|e|en|ar)|molest(?:es|e|en|ar)|busqu?(?:es|e|en)"
    r"|habl(?:es|e|en|ar)|marqu(?:es|e|en)|jod(?:as|a|an)|ching(?:ues|ue|uen)|mensaje(?:es|e|en)|fastidi(?:es|e|en)"
    r"|moleste|respond(?:as|a|an)|insist(?:as|a|an)|acos(?:es|e|en)|est(?:es|e|en) (?:\w+ndo))"
)
_WRITING = (
    r"(?:mandar|enviar|escribir|escriban|molestar|textear|texteando|llamar|chingar|joder|contactar|fregar|fastidiar"
    r"|hablar|marcar|acosar|insistir|buscar|mensajear)(?:me|nos|le|les)?"
)
_MESSAGES = r"(?:mensajes?|textos?|text|message|llamadas?|call|correos?|mensajitos?|sms|email|spam|publicidad|ofertas)"
_POLITE = (
    r"(?:ya|por favor|porfavor|porfa|por fa|favor|gracias|please|señor|senor|senora|amigo|hola|no|mas|de verdad|ok"
    r"|con esto|con eso|esto|eso|stop|oiga|oye|pues|si|dije|dije que|les dije|le dije)"
)

_OTHER_SENSES = (
    rule(
        "otro_sentido",
        (
            r"\b(?:un|el|del|al|en|muy|mas|tan|precio|esta|es) alto\b|\balto (?:kilometraje|precio|millaje)\b|"
            r"\bhay un alto\b"
        ),
        r"\bno par(?:a|an|aba)\b(?: bien)?",
        r"\bbasta con (?!los|tus|sus|estos|esto|eso)\w+|\bcon (?:eso|esto) basta\b",
        r"\bno (?:dej(?:es|e|en)|pares|pare|paren) de \w+",
        r"\bpar(?:a|e|en) (?:en|cuando|que|el|la|mi|donde|los|las|frente|ver|manana|hoy)\b",
        r"\bno (?:pude|puedo|podia|quiero|voy a|vaya a|hay que|cancel\w+|necesita) ?cancel\w*(?: \w+){0,2}",
        r"\bno (?:me )?borr(?:es|e|en)\b(?: \w+){0,2}",
        r"\bno (?:me )?(?:quit(?:es|e|en)|saqu(?:es|e|en))\b(?: \w+){0,3}",
    ),
)

_DEMANDS = (
    rule(
        "quitame_de_la_lista",
        (
            r"\b(?:quit(?:a|e|en)|saqu(?:e|en)|sac(?:a|ar)|borr(?:a|e|en)|elimin(?:a|e|en)|remuev(?:a|e|an)|retir(?:a"
            r"|e|en)|quitar)(?:me|nos)\b(?! (?:las|los|la placa|500|\d))"
        ),
        (
            r"\b(?:quit(?:a|e|en|ar)|saqu(?:e|en)|sac(?:a|ar)|borr(?:a|e|en|ar)|elimin(?:a|e|en|ar)|remuev(?:a|e|an)"
            r"|retir(?:a|e|en)|olvid(?:a|e|en|ate de))(?: por favor)? (?:mi|este|el|nuestro|mis)(?: \w+)? (?:numero"
            r"|nombre|contacto|telefono|datos|cel|celular|number|mi numero)\b"
        ),
        (
            r"\b(?:quit(?:a|e|en)|saqu(?:e|en)|sac(?:a|ar)|borr(?:a|e|en|ar)|elimin(?:a|e|en|ar)|remuev(?:a|e|an)) "
            r"(?:mi|este|el) (?:numero|nombre|contacto|telefono|number|cel|celular)\b"
        ),
        (
            r"\b(?:que|pido|quiero|favor de|necesito)(?: \w+){0,2} (?:me|nos) (?:borr|quit|saqu|elimin|remuev)(?:e|en"
            r"|es|a|an|as|ar)\b"
        ),
        r"\b(?:de|fuera de) (?:la|su|tu|esta|esa|sus|tus) listas?\b",
        (
            r"\b(?:dar(?:me|nos)?|den(?:me)?|deme|dame|quiero) (?:de )?(?:la )?baja\b|\b(?:desuscrib|desinscrib"
            r"|desapunt)\w+|\bcancel\w+ (?:mi |la |esta )?s[ui]scripcion\b"
        ),
    ),
    rule(
        "numero_equivocado",
        (
            r"\b(?:numero|persona|telefono|contacto) (?:esta |es )?equivocad[oa]\b|\bequivocad[oa] de (?:numero"
            r"|persona)\b|\bequivoc\w+ (?:\w+ )?(?:de )?(?:numero|persona)\b|^(?:esta |estas )?equivocad[oa]$"
        ),
        r"\b(?:este|ese|mi) (?:numero|telefono) (?:ya )?no es de\b",
        r"\b(?:no|ya no) es (?:el|su) (?:numero|telefono) (?:de|correcto)\b",
    ),
    rule(
        "dejame_en_paz",
        r"\b(?:dej(?:a|e|en))(?:me|nos|nme)? ?(?:ya )?(?:en paz|tranquil[oa]s?|solo|sola)\b",
        r"\b(?:dejame|dejeme|dejenme|dejenos|dejennos)(?: ya)?(?: de una vez)?$",
        r"^(?:\w+ )?(?:largate|larguense|vete|vayase|vayanse) ?(?:ya|de aqui|a la \w+|al \w+)?$",
        r"\b(?:te|lo|los|la) (?:voy a )?bloque(?:o|ar|e|ando)\b|\bestas bloquead[oa]\b",
        r"\bvete a la\b|\b(?:chinga|chinguen) (?:a )?(?:tu|su) madre\b.*\bno me\b",
    ),
)

_CONDITIONAL_DEMANDS = (
    rule(
        "no_me_escribas",
        (
            rf"\b(?:no|nunca|jamas|ni)(?: (?:vuelv(?:as|a|an) a|se))?(?: (?:me|nos|le|les|la|lo))(?: (?:vuelv(?:as|a"
            rf"|an) a|vayan a|este|esten|sigan?|sigas|ande|anden))? (?:{_WRITE}|{_WRITING}|\w+ando|\w+iendo)\b"
        ),
        (
            rf"\b(?:no|nunca|jamas) (?:vuelv(?:as|a|an) a|sig(?:as|a|an)|quiero que (?:me )?(?:sigas?|sigan)) "
            rf"(?:{_WRITING}|\w+(?:ando|iendo)(?:me|nos)?)\b"
        ),
        (
            rf"\b(?:no|ya no) (?:mand|envi|escrib|llam|text|contact|molest)(?:es|e|en|as|a|an|een|ee)(?: (?:mas"
            rf"|a este|a mi|aqui|otra vez|nada|ya|{_MESSAGES}))+"
        ),
        r"\bya no (?:mand|envi|escrib|llam|text|molest)(?:es|e|en|as|a|an|een|ee)\b",
        (
            r"\b(?:no|nunca)(?: me| nos)? (?:este|esten|estes|ande|anden|andes|sigas?|sigan) \w+(?:ando|iendo)(?:me"
            r"|nos)?\b"
        ),
        rf"\b(?:de|que|pido|favor) no (?:me |nos )?(?:{_WRITING}|{_WRITE})\b",
        r"\bno (?:me|nos) (?:escribier|mandar|llamar|contactar|enviar|molestar|texte?ar|buscar)(?:an?|as|a|en)\b",
        r"\bno (?:me |nos )?molest(?:e|es|en)\b(?! a (?:la|el|los))",
        r"\bno (?:contactar|llamar|molestar|textear|escribir)(?:me|nos)?\b",
    ),
    rule(
        "no_quiere_mensajes",
        (
            rf"\bno (?:quiero|quiere|queremos|deseo|deseamos|quisiera|me interesa|autorizo)(?: (?:mas|recibir|que|me"
            rf"|nos|sus|tus|estos|esos|seguir|recibiendo|los|saber|nada|de|ningun|ninguna|otro|ya|esten|sigan|este|le"
            rf"|ser|les|con|tener|a))*(?: (?:{_MESSAGES}|{_WRITE}|contactad[oa]|molestad[oa]|saber de (?:ustedes"
            rf"|usted|ti)|\w+andome))\b"
        ),
        r"^(?:ya )?no quiero mas$",
        (
            r"\bno quiero (?:saber )?(?:nada )?(?:mas )?(?:de|con|que ver con) (?:ustedes|usted|ti|esto)\b|"
            r"\bno quiero (?:que )?me \w+(?:en|an|es|as)\b"
        ),
    ),
    rule(
        "deja_de_escribir",
        (
            rf"\b(?:dej(?:a|e|en)|par(?:a|e|en)|ces(?:a|e|en)|termin(?:a|e|en)) (?:ya )?(?:de "
            rf"|con )(?:\w+ )?(?:{_WRITING}|estar \w+(?:ando|iendo)(?:me|nos)?)\b"
        ),
        (
            rf"\b(?:basta|alto|ya estuvo|parale|parenle|parele|fin)(?: (?:ya|de|con|a|los|tantos|las|sus|tus"
            rf"|tanto))* {_MESSAGES}\b"
        ),
        (
            rf"\b(?:dej(?:a|e|en)|par(?:a|e|en)|basta|ya basta|alto|ya estuvo|ya) (?:ya )?(?:de |con |a )(?:los|tus"
            rf"|sus|tantos|estos|esos|mandar|tanto|las|mas|todos)(?: \w+)? ?{_MESSAGES}\b"
        ),
        r"\b(?:dej(?:a|e|en)|par(?:a|e|en)) (?:ya )?de (?:chingar|joder|fregar|molestar)\w*",
    ),
    rule(
        "no_mas",
        (
            r"^(?:por favor |ya |please |gracias )*(?:ya )?(?:no|ni un|ni|nada de)(?: (?:mas|un|otro|otra|de|mandar"
            r"|mas de))* (?:mensajes?|textos?|llamadas|sms|mensajitos?|ofertas)(?: (?:por favor|mas|gracias|porfa"
            r"|please|ya|de ustedes))*$"
        ),
        r"^(?:ya )?no mas(?: por favor| gracias| porfa)*$",
    ),
    rule(
        "alto",
        (
            rf"^(?:{_POLITE} )*(?:alto|basta|pare|paren|parele|parele|parale|parenle|que pare|que paren|stop|detente"
            rf"|detengase|detenganse|detener|cancelar|para ya|ya para|ya pare|ya paren|para por favor|por favor para"
            rf"|suficiente|ya estuvo)(?: {_POLITE})*(?: \?)?$"
        ),
    ),
)

_CONDITIONS = (
    rule(
        "peticion_con_condicion",
        (
            r"\b(?:no|deje?n?)\b.*\b(?:en el trabajo|al trabajo|despues de|antes de|hasta|a menos|esta noche"
            r"|en la noche|de noche|los domingos|a esta hora|a estas horas|mientras|si no|ahorita|tan (?:tarde"
            r"|temprano))\b"
        ),
    ),
)

_ANOTHER_WAY = (
    rule(
        "prefiere_otro_medio",
        (
            r"^(?:(?:mejor|pero|por favor|solo) )*(?:llam(?:a|e|en)me|escrib(?:e|a)me|mand(?:a|e)me)(?: (?:mejor"
            r"|por favor|un correo|por telefono))*$"
        ),
        r"\bprefiero\b",
    ),
)

_WHOLE = (
    rule(
        "un_no",
        r"^(?:(?:no|gracias|hola|señor|senor|disculpe|perdon|lo siento) ?)*(?<=no|no gracias|no senor|no disculpe|no "
        r"lo siento|no perdon)$",
    ),
)

_DOUBTS = (
    rule(
        "alto_dudoso",
        r"\bbasta\b|\balto ya\b|\bcancel(?:ar|e|a|en|o)\b|\bequivocad[oa]\b|\bse equivoc\w+",
        rf"\b(?:no|nunca|ya no|ni)(?: \w+){{0,2}} (?:{_WRITE}|{_WRITING}|{_MESSAGES})\b",
        (
            r"\b(?:olvidalo|olvidelo|ya es tarde|harto|harta|hartos|no es mio|no es mia|hable con mi"
            r"|de parte de quien|con quien hablo|que compania|cual compania)\b"
        ),
    ),
    rule(
        "habla_de_su_numero",
        (
            r"\b(?:mi|este|nuestro) (?:numero|nombre|telefono|contacto)\b(?! es)|\b(?:su|tu|la|sus|esta) listas?\b|"
            r"\ben paz\b|\bdej(?:ame|eme|enme)$|\bborren?\b|\bme borr\w+"
        ),
        rf"\b(?:par(?:e|en|a)|dej(?:e|en|a)) (?:ya )?de\b|\b(?:tantos|mas|tanto) {_MESSAGES}\b",
    ),
    rule(
        "no_le_interesa",
        (
            r"\bno (?:me|nos|le) interesa\b|\bno (?:estoy|estamos|esta) interesad[oa]s?\b|\bsin interes$|"
            r"\bno gracias\b|\b(?:ahora|ahorita|por ahora) no\b"
        ),
    ),
    rule(
        "vendido",
        r"\b(?<!no )(?<!no esta )(?<!sin )(?<!no ha sido )(?<!todavia no )(?<!ha )(?<!he )(?<!no lo he )vendid[oa]\b",
        (
            r"\b(?:ya )?(?:se|lo|la|los) vendi(?:o|eron|mos)?\b(?<!no se vendio)(?<!no lo vendi)|\bya (?:se )?(?:lo "
            r"|la )?vendi\w*\b|\b(?:ya )?no (?:lo|la|esta|se) (?:vendo|vende|disponible|en venta)"
            r"\b(?<!todavia no se vende)(?<!aun no se vende)"
        ),
        r"\b(?:encontre|encontramos|consegui|tengo) comprador\b|\bme quedo con\b|\bdecidi no\b",
        (
            r"\bya no (?:lo |la |esta |tengo|se )\w*|\b(?:me )?(?:lo|la) (?:voy a|vamos a) quedar\b|\bme (?:lo|la) "
            r"(?:quedo|quede)\b"
        ),
    ),
    rule(
        "mejor_llame",
        r"^(?:mejor |por favor |pero |solo )*llam(?:a|e|en)me(?: (?:mejor|por favor|porfa|gracias))*$",
        r"\bmejor llam\w+|\bprefiero (?:\w+ )?(?:llamada|que me llam\w+|correo|hablar|por telefono)\b",
    ),
    rule(
        "quien_es",
        r"\bquien (?:es|eres|habla|manda|son|me|chingados|diablos)\b",
        (
            r"\b(?:como|donde|de donde|quien)\b.*\b(?:mi|este) (?:numero|telefono|contacto|cel)\b|\bpor que me "
            r"(?:escrib|mand|llam|text|contact)\w+"
        ),
        r"\b(?:estafa|estafador\w*|fraude|robot|es un bot)\b",
        (
            r"\bno tengo (?:\w+ )?(?:carro|auto|coche|troca|camioneta|vehiculo|nada)(?: \w+)? (?:en venta|a la venta"
            r"|para vender)\b|\bno (?:estoy )?vend(?:o|iendo) (?:nada|ningun)\b"
        ),
    ),
    rule(
        "queja_o_amenaza",
        (
            r"\b(?:los|lo|la|te|le)?\b ?(?:voy a )?(?:reportar|reportare|reporto|denunciar|denuncio|demandar"
            r"|demandare)\w*\b|\b(?:policia|abogado|acoso|ilegal|pendejos?|idiotas?)\b"
        ),
    ),
    rule(
        "sin_dealers",
        (
            r"\b(?:no|sin|nada de|ni)(?: (?:vendo|quiero|a|le|les|para|trato con))* (?:dealers?|dealer"
            r"|concesionari[oa]s?|revendedores|negocios)\b"
        ),
    ),
)

SPANISH = Language(_OTHER_SENSES, (), _DEMANDS, _CONDITIONAL_DEMANDS, _CONDITIONS, _ANOTHER_WAY, _WHOLE, _DOUBTS)
