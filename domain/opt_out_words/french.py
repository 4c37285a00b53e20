"""French, as written in Canada: what looks like a demand and is none, what is one, and what somebody should look at."""

from domain.opt_out_words.rules import Language, rule

_WRITE = (
    r"(?:ecri(?:s|t|re|vez|ve|ves|vent|viez)|text(?:e|es|ez|er|iez|ent)|contact(?:e|es|ez|er|iez|ent)|recontact(?:e"
    r"|es|ez|er)|appel(?:le|les|ez|er|iez)|rappel(?:le|ez|er)"
    r"|envo(?:ie|ies|yez|yer|yiez)|derang(?:e|es|ez|er)|harcel(?:e|ez|er)|achal(?:e|ez|er)|ecoeur(?:e|ez|er)|parl(?:e"
    r"|es|ez|er)|message(?:r|z)?|sollicit(?:e|ez|er)|importun(?:e|ez|er)|tann(?:e|ez|er)|spamm?(?:e|ez|er)|relanc(?:e"
    r"|ez|er)|repond(?:s|ez|re)|niais(?:e|ez|er))"
)
_MESSAGES = (
    r"(?:messages?|textos?|text|texte|textes|sms|message|appels?|courriels?|call|email|mail|niaisage|harcelement"
    r"|spam|sollicitations?|pourriels?|affaires?)"
)
_HALT = r"(?:arrete(?:z|r|s)?|cesse(?:z|r|s)?|stop|finissez)"
_POLITE = (
    r"(?:svp|stp|merci|ca|maintenant|tout de suite|please|bonne|journee|soiree|nuit|fin de semaine|s il vous plait"
    r"|s il te plait|sil vous plait|bonjour|non|ok|bon|la|donc|moi|tout|vous|desole|immediatement|calice|tabarnak"
    r"|criss|esti|veuillez|priere de|voulez vous|stop|bien|vendu|je vous ai dit|vous devez|j ai dit|je vous demande "
    r"d|pouvez vous|dit)"
)

_OTHER_SENSES = (
    rule(
        "arreter_dans_un_autre_sens",
        r"\bn (?:arrete(?:z|r|s)?|cesse(?:z|r)?)\b(?: (?:pas|jamais))?(?: (?:de|d) (?:me |m )?\w+)?",
        r"\bne cesse(?:z)? (?:pas|jamais)(?: (?:de|d) (?:me |m )?\w+)?",
        r"\b(?:l|d|un|cet|en|a l|prochain|premier|dernier) arret\b(?: d autobus| de bus| d urgence)?",
        r"\b(?:s|m|t|nous nous|vous vous) arret\w+",
        (
            r"\b(?:je|il|elle|on|ils|moteur|auto|char|camion|qui|a|est|sans) (?:\w+ )?arret(?:e|er|ee|ait|es|ent)"
            r"\b(?! (?:de m|de me|vos|ces))"
        ),
    ),
    rule(
        "pas_une_interdiction",
        r"\b(?:n hesitez|hesite|n hesite|hesitez)(?: pas)? (?:a|de)(?: me| m| nous)? \w+",
        (
            r"\b(?:peux|peut|pouvons|veux|vais|pourrai|voulais|pas) (?:\w+ )?(?:pas )?annuler"
            r"\b(?<=pas annuler)(?: \w+){0,3}"
        ),
        r"\b(?:j ai|ai|il a|a|ont|avait|est) annule\w*(?: \w+){0,2}",
        r"\b(?:pas )?plus (?:tard|tot|d info|de details|de photos|souvent|vite|ou moins)\b",
    ),
)

_DEMANDS = (
    rule(
        "retirez_moi",
        (
            r"\b(?:enleve(?:z|r)?|retire(?:z|r)?|supprime(?:z|r)?|efface(?:z|r)?|ote(?:z|r)?|raye(?:z|r)?|sortez|sors"
            r"|bloquez|detruisez|oublie(?:z|r)?) (?:moi|nous|mon (?:\w+ )?(?:numero|nom|contact|cell|cellulaire|tel"
            r"|telephone|info\w*|adresse)|mes (?:coordonnees|informations|infos|donnees)|ce numero|notre numero)\b"
        ),
        r"\b(?:m|me|nous) (?:enlever|retirer|supprimer|oter|rayer|desabonner|desinscrire|effacer)\b",
        (
            r"\b(?:enleve|retire|supprime|efface|ote|raye|oter|enlever|retirer)\w*(?: \w+){0,4} (?:liste|listes"
            r"|contacts|base|systeme|fichier|fichiers)\b"
        ),
        r"\b(?:desabonn|desinscri)\w+",
        r"\b(?:etre|soit) (?:retire|enleve|supprime|efface|raye)e?\b",
        r"\bretire\w* (?:mon|le) consentement\b|\bn avez (?:pas|plus) (?:ma permission|mon consentement|le droit)\b",
    ),
    rule(
        "mauvais_numero",
        (
            r"\b(?:mauvais|faux|pas le bon|pas le meme|erreur de|tromp\w+ de|trompe de) (?:numero|telephone|personne"
            r"|num|number)\b"
        ),
        r"\b(?:mauvaise|pas la bonne) personne\b",
        r"\b(?:n est (?:plus|pas)|c est (?:plus|pas)) (?:le|son) numero\b",
        r"\bn a plus ce numero\b",
    ),
    rule(
        "laissez_moi_tranquille",
        r"\blaisse(?:z|r)? (?:moi|nous|la|le) (?:\w+ )?(?:tranquilles?|en paix|paix)\b",
        r"\b(?:me|nous) (?:laisser|foutre|ficher) (?:\w+ )?(?:tranquilles?|en paix|la paix)\b",
        (
            r"\b(?:fou(?:s|t|tez)|fiche?z?|crisse?z?|sacrez|sacre|donnez) (?:moi|nous) (?:la |donc la |patience"
            r"|le camp)\w*(?: paix)?"
        ),
        r"\blache(?:z)? (?:moi|nous)\b",
        (
            r"^(?:\w+ )?(?:degage(?:z)?|decrisse(?:z)?|allez vous en|va t en|vas t en|allez bother|disparais(?:sez)?"
            r"|va chier|va te faire \w+)\b"
        ),
        r"\bje (?:vous |te )bloque\b|\b(?:vous etes|t es|numero) bloque",
    ),
)

_CONDITIONAL_DEMANDS = (
    rule(
        "arretez_de_texter",
        (
            rf"\b{_HALT}(?: (?:donc|svp|stp|vite|tout de suite|maintenant|avec|immediatement|toute?s?))*(?: (?:de|d"
            rf"|a))?(?: (?:me|m|nous|vous|lui|la))?(?: (?:re|toujours))? ?(?:{_WRITE}|text(?:ee?|es))\b"
        ),
        (
            rf"\b{_HALT}(?: (?:donc|svp|avec|tous?|toutes?|de|d|me|m|nous|envoyer|recevoir))* (?:vos|ces|les|tes"
            rf"|l envoi|la|cette|des|de|tous)(?: \w+)? ?{_MESSAGES}?\b(?<=messages|textos|message|texto|text|sms"
            rf"|appels|courriels|email|envoi|call|harcelement|texte|textes|spam|sollicitations)"
        ),
    ),
    rule(
        "ne_plus_ecrire",
        (
            rf"\b(?:ne|n)(?: (?:plus|pas|jamais))*(?: (?:me|m|nous|lui))?(?: (?:re))? ?{_WRITE}(?: moi)? ?(?:plus|pas"
            rf"|pus|pu|jamais)\b(?! (?:tard|tot|d avance))"
        ),
        rf"\bde ne (?:plus|pas|jamais)(?: (?:me|m|nous|jamais))?(?: {_WRITE})\b",
        (
            rf"^(?:\w+ )?{_WRITE} (?:moi|nous|mois) (?:plus|pas|pus|pu|jamais)\b(?! (?:plus|tard|tot|de details"
            rf"|d info|souvent|avant))"
        ),
        rf"^(?:svp |non |ok |merci |pis |bon )*(?:me|m) {_WRITE} (?:plus|pas|pus|pu|jamais)\b(?! (?:tard|tot))",
        (
            rf"\b(?:interdi\w*|defend\w*|autorise\w*|permet\w*|refuse\w*)(?: (?:pas|plus|de|d|a|que|vous|tu|me|m|nous"
            rf"|formellement))* {_WRITE}\b"
        ),
        (
            r"\b(?:ne|n)? ?communiquez? (?:plus|pas|jamais)\b|\b(?:aucun|plus de|plus aucun|cess\w+ tout"
            r"|arret\w+ tout) contact\b|\bpas besoin (?:de|d) (?:me |m )?(?:ecrire|texter|contacter|recontacter"
            r"|appeler)\b"
        ),
        r"\bne (?:plus|pas|jamais) (?:me |m |nous )?(?:contacter|texter|ecrire|appeler|deranger|envoyer|solliciter)\b",
    ),
    rule(
        "ne_veut_plus_de_messages",
        (
            rf"\b(?:veux|veut|voulons|souhaite|souhaitons|desire|desirons|voudrais|veus|aimerais|prefere"
            rf"|prefererais)(?: (?:plus|pas|pus|pu|jamais|ne))+(?: (?:recevoir|de|d|vos|tes|que|tu|vous|etre|avoir"
            rf"|entendre|en|me|m|parler|ces|des|aucun|aucune|autres?|nouveau|nouvelles|mes|qu on))*(?: (?:{_MESSAGES}"
            rf"|{_WRITE}|contactee?s?|textee?s?|derangee?s?|appelee?s?|sollicitee?s?|nouvelles|entendre))\b"
        ),
        (
            rf"\b(?:ne|n)(?: \w+)? (?:plus|pas) (?:recevoir|etre) (?:\w+ ){{0,2}}(?:{_MESSAGES}|contactee?s?"
            rf"|textee?s?|derangee?s?|appelee?s?)\b"
        ),
    ),
    rule(
        "plus_de_messages",
        (
            rf"^(?:svp |merci |non |ok |s il vous plait |et |mais |bonjour |vendu |pas interesse "
            rf"|je vous ai dit )*(?:plus|pus|pu|plus jamais|plus aucun|aucun autre|pas d autres?)(?: (?:de|d|aucun"
            rf"|autres?))* {_MESSAGES}\b"
        ),
        (
            rf"\b(?:fin|assez|ca suffit|suffit|tanne|tannee|ecoeure|marre)(?: (?:de|des|d|avec|les|vos|tes|ces"
            rf"|avec))* (?:{_MESSAGES}|{_WRITE})\b"
        ),
    ),
    rule(
        "arretez",
        (
            rf"\b(?:voulez vous|pouvez vous|peux tu|veux tu|pourriez vous|merci d|merci de|prie de|prie d|demande d"
            rf"|demande de|devez|veuillez|svp)(?: \w+)? (?:arreter"
            rf"|cesser)(?: {_POLITE})*(?: \?)?$"
        ),
        (
            rf"^(?:{_POLITE} )*(?:arrete(?:z|r|s)?|arret|cesse(?:z"
            rf"|r)?)(?: {_POLITE})*(?: \?)?$"
        ),
        r"^(?!(?:je|il|elle|on|le|la|l|un) )(?:\w+ ){1,4}(?<!l )(?<!d )(?<!s )(?<!m )(?:arretez|arrete)$",
    ),
)

_CONDITIONS = (
    rule(
        "demande_sous_condition",
        (
            r"\b(?:pas|plus|arret\w+|jamais)\b.*\b(?:avant|apres|au travail|ce soir|sauf|le dimanche|la nuit|pendant"
            r"|a moins|le soir|le matin|si (?:tard|tot)|dans la nuit|si vous|en ce moment|aujourd hui"
            r"|la fin de semaine|sur semaine)\b"
        ),
    ),
)

_ANOTHER_WAY = (
    rule(
        "prefere_autre_chose",
        (
            r"^(?:(?:mais|svp|et|plutot) )*(?:appele[zr]|appelle|envoyez|ecrivez)(?: moi)?(?: (?:plutot|svp"
            r"|a la place|un courriel|par courriel))*$"
        ),
        r"\bje prefere\b",
    ),
)

_WHOLE = (
    rule(
        "un_simple_non",
        r"^(?:(?:non|merci|desole|desolee|bonjour|pas|du tout) ?)*(?<=non|merci non|non desole|pas du tout|non "
        r"desolee)$",
    ),
)

_DOUBTS = (
    rule(
        "arret_incertain",
        r"\b(?:arretez|arrete|arreter|cessez|desabonn\w*)\b",
        r"\bannul(?:er|ez|e)\b",
        (
            rf"\b(?:ne|n|pas|plus|jamais|pus)\b(?: \w+){{0,2}} {_WRITE}\b|\b{_WRITE}(?: \w+)? (?:plus|pas|pus"
            rf"|jamais)\b(?! (?:tard|plus tard))"
        ),
        rf"\b(?:pas|plus|jamais)(?: \w+){{0,2}} {_MESSAGES}\b",
        r"^(?:ca suffit|assez|c est assez|ca va faire)$",
        (
            r"\b(?:laissez faire|laisse faire|oubliez (?:ca|moi)|oublie ca|laissez tomber|trop tard|pas (?:mon|mes"
            r"|a moi))\b"
        ),
    ),
    rule(
        "parle_de_son_numero",
        (
            r"\b(?:mon|ce|notre) (?:numero|nom|consentement|contact)\b(?! (?:est|c est|de serie))|\b(?:ma|votre|vos"
            r"|la) listes?\b"
        ),
        rf"\b(?:fin|assez|stop|non|veuillez|priere|merci de|cess\w+|tannant\w*|trop|toujours)\b.*\b{_MESSAGES}\b",
    ),
    rule(
        "pas_interesse",
        (
            r"\b(?:pas|plus|aucunement|pu|pus) (?:\w+ )?(?:interess\w+|interet)\b|\bnon merci\b|\bpas maintenant\b|"
            r"\bmerci mais non\b"
        ),
    ),
    rule(
        "vendu",
        r"\b(?<!pas )(?<!pas encore )(?<!jamais )(?<!encore )vendue?\b",
        (
            r"\b(?:plus|pas|pu|pus) (?:\w+ )?(?:disponible|dispo|a vendre|en vente)\b|\bje (?:le|la) garde\b|"
            r"\b(?:vends|vend|vendre) (?:plus|pas|pus)\b|\b(?:plus|pas) vendre\b"
        ),
    ),
    rule(
        "appelez_moi",
        r"^(?:svp |mais |bonjour )*appel(?:ez|le) moi(?: (?:plutot|svp|stp|a la place|merci))*$",
        r"\b(?:prefere|plutot)\b.*\b(?:courriel|appel|telephone|email|parler)\b|\bcourriel svp\b",
    ),
    rule(
        "qui_etes_vous",
        (
            r"\b(?:qui est ce|c est qui|vous etes qui|qui etes vous|t es qui|qui parle|qui ca|c qui|qui es tu"
            r"|c est pour quoi|quelle compagnie|etes vous un)\b"
        ),
        r"\b(?:comment|ou|d ou|qui)\b.*\b(?:mon|ce) (?:numero|contact|cell)\b|\bpourquoi (?:vous |tu )?(?:m|me) \w+",
        r"\b(?:arnaque|arnaqueurs?|fraude|fraudeurs?|robot|escroc|hameconnage|pourriel)\b",
        (
            r"\b(?:pas|jamais|aucune?)(?: \w+){0,2} (?:d auto|auto|de char|char|voiture|de voiture|vehicule"
            r"|camion)(?: \w+)? (?:a vendre)\b"
        ),
    ),
    rule(
        "plainte_ou_menace",
        r"\b(?:plainte|denonce\w*|signale\w*|avocat|harcel\w+|police|illegal\w*|tribunal|poursui\w+|crtc|lnnte)\b",
    ),
    rule(
        "pas_de_commercants",
        (
            r"\b(?:pas|aucun|sauf|ni)(?: (?:de|d|aux?|les|a un|vendre|a des))* (?:concessionnaires?|marchands?"
            r"|dealers?|dealer|commercants?)\b"
        ),
    ),
)

FRENCH = Language(_OTHER_SENSES, (), _DEMANDS, _CONDITIONAL_DEMANDS, _CONDITIONS, _ANOTHER_WAY, _WHOLE, _DOUBTS)
