"""English: “write no more”, and what else in the message makes somebody look at it first."""

from domain.opt_out_words.english_words import COURTESY, HALT, LOOSE, TEXT, TEXTING, TEXTS
from domain.opt_out_words.rules import rule

CONDITIONAL_DEMANDS = (
    rule(
        "stop_texting",
        (
            rf"\b(?<!the )(?<!at )(?<!front )(?<!rear )(?<!high )(?<!wont )(?<!wouldnt )(?<!doesnt )(?<!didnt )"
            rf"(?<!ill ){HALT}(?: from)? {LOOSE}(?:{TEXTING}"
            rf"|{TEXTS})\b(?! (?:brake|cost|it a day))"
        ),
        (
            r"\b(?:stop|end|quit|cease|discontinue) (?:with )?(?:these|those|this|them|all of (?:this|these)"
            r"|everything)(?: please| now| already| thanks)*$"
        ),
        r"\bcease and desist\b|\bput(?:ting)? (?:a|an) (?:stop|end) to (?:this|these|it|the|your|all)\b",
        (
            r"\b(?:stop|quit) (?!lowball|wast|insult|jerk|play|mess|scam|ly|giv|show|offer|tell|try|act|pretend|treat"
            r"|giving|hurry|push|pressur|remind|rush|tempt|kill|mak|spread|bull)\w+ing (?:me|us|people)\b"
        ),
        r"\b(?:stop|quit) blowing (?:me|us|it|things) up\b",
        (
            rf"\b(?:cancel|turn off|shut off|shut down|kill|put an end to|end|switch off|finish) (?:all "
            rf"|with )?(?:of )?(?:these|this|the|your|all|any|my|future|those)(?: (?:future|further|automated|stupid"
            rf"|annoying|text|phone|damn|fucking|me|whatever))* (?:{TEXTS}|subscription|enrollment|membership|alerts"
            rf"|notifications|conversation|nonsense)\b"
        ),
        (
            r"^(?:please |just )*(?:cancel|end|kill|halt|terminate)(?: all| the| my)? (?:text|message|messaging"
            r"|texting|notifications|alerts|sms)(?: message| please| now)*$"
        ),
        r"\b(?:turn|shut|switch) (?:these|this|them|it|those) off\b",
        r"\bend this(?: now| please| immediately| conversation.*)?$",
        rf"\b(?:stop|quit) (?:{TEXT}) (?:me|us|my|this)\b",
        (
            r"\b(?:stop|quit) \w+ing (?:up |at |to )?my (?:\w+ )?(?:phone|cell|number|inbox|wife|husband|mom|mother"
            r"|dad|father|son|daughter|parents)\b"
        ),
    ),
    rule(
        "do_not_text",
        rf"(?<!\bi )(?<!\bwe )(?<!\bthey )(?<!\bit )(?<!\byou )(?<!phone )\b(?:dont|never|not)(?: (?:you|u|yall|ever"
        rf"|even|dare|please|any|fucking|guys|try to|try and|bother|be|continue to|attempt to|go|start|again|and|or"
        rf"|under any circumstances|call or|text or|feel free to|to|want you to|contact or|use this to|try"
        rf"|my phone))*"
        rf" (?:{TEXT}|{TEXTING})(?:(?= (?:me|us|my (?:phone|number|cell|wife|husband|mom|mother|dad|father|son"
        rf"|daughter|kids?|house|home|work|line|parents|grand\w+|inbox|email)|this|our|here|back|again|anymore|any|or"
        rf"|ever|no|at|on|the (?:number|phone|house|cell|home|wrong|whole)|that|him|her|in|with|about|until|before"
        rf"|after|unless|please|thanks|to (?:me|us|my|our|this)|if|number|for|and|it(?: again| any ?more|$)|you|yall"
        rf"|people|during|while|tonight|from|via|by|so|without|asking)\b)"
        rf"|$)(?<!bother(?=$))(?<!keep(?=$))(?<!write(?=$))(?<!phone(?=$))(?! (?:and drive|the bank|it (?:a|in)|a "
        rf"(?:check|lemon)|in the ad|on the (?:title|form)))",
        (
            rf"(?<!\bi )(?<!\bwe )(?<!\bthey )(?<!\bit )(?<!phone )\b(?:dont|never)(?: (?!forget|hesitate|worry|mind"
            rf"|need|have|know|see|get|got|hear|work|matter|remember|until|use|when|if|where|what|how|why|who|because"
            rf"|but|just|see|want|like|care|lose|remove|delete|take|miss|be late|tell|say|ask|let|bring|come|expect"
            rf"|think(?! about))\w+){{1,4}}? (?:{TEXT}|{TEXTING}) (?:me|us|my (?:phone|cell|number|wife|mother|mom"
            rf"|husband)|this (?:number|phone)|here|again)\b"
        ),
        rf"\b(?:under no circumstances?|in no way|at no time|on no account)(?: \w+){{0,4}} (?:{TEXT}|{TEXTING})\b",
        (
            r"\b(?:if|love|great|better|nice|best|happy)(?: \w+){0,4} (?:never|not|didnt|dont|wouldnt) "
            r"(?:ever )?(?:text|texted|contacted|called|messaged|emailed|contact|message|call)(?:ed)? (?:me|us|my"
            r"|this|again)\b"
        ),
        (
            r"(?:^|\b(?:please|and|so|but|just|kindly) )(?:dont|never)(?: (?:you|ever|even|dare|please))* send (?:me"
            r"|us|my|any|more|this|these|another|anything|text|message|texts|messages)\b(?! (?:\w+ )?(?:picture|check"
            r"|pic|money|offer|truck|tow))"
        ),
        (
            r"(?:^|\b(?:please|and|so|but|just|kindly|or) )(?:dont|never)(?: \w+)? (?:reply|respond|write|talk"
            r"|speak)(?: back)?(?: to)? (?:me|us|back|again|anymore|this number)\b(?: again| anymore| ever)?"
        ),
        r"\b(?:dont|never) (?:hit|message|contact|text|call) (?:me|us) (?:up )?(?:again|no more|anymore|ever)\b",
        (
            r"\bdont (?:bother|worry about) (?:me|us|my|again|texting|calling|contacting|messaging|writing|replying"
            r"|following)\b"
        ),
        (
            rf"\b(?:rather|prefer|appreciate|appreciated|better|like|want|wish|if|love|hope|thank|sure|ensure"
            rf"|see to it|see|ask|that|require|insist|important)(?: (?:if|it|that))* (?:you|u|yall|your company"
            rf"|everyone|people|youd|dealers|they)(?: (?:all|guys|people|would|could|did|do|please|just))* (?:not"
            rf"|dont|didnt|never|wont|wouldnt)(?: (?:to|ever|please|be|again|keep|even|go))* (?:{TEXT}|{TEXTING}"
            rf"|texted|contacted|called|messaged|reached|sent|send (?:me|us|any|more|this|these))\b"
        ),
        (
            rf"\b(?:told|asked|telling|asking|tell|warned|request|requesting|requested|demand|demanding|beg"
            rf"|begging)(?: (?:you|u|yall|guys|people|it|if|your|company|everyone|them|would|could|that|dealership"
            rf"|dealers))*(?: (?:did|do))?(?: (?:not|dont|didnt|never|wont|wouldnt))(?: (?:to|ever|please|be"
            rf"|want to be|again|keep|even|go))* (?:send (?:me|us|any|more|this|these)|{TEXT}ed|{TEXT}|contacted"
            rf"|called|{TEXTING}|reach)\b"
        ),
        (
            r"\b(?:rather|prefer|like|want|wish|choose)(?: (?:to|if))? not(?: (?:to|be|get|receive|hear|have|further"
            r"|any|more))* (?:contacted|texted|called|messaged|bothered|emailed|hear|communication|solicited)\b"
        ),
        r"\bno need (?:for|of) (?:any )?(?:more|further|additional|future|other)\b",
        r"\b(?:appreciate|want|prefer|like|need|request|expect|demand|ask for) no (?:more|further)\b",
        rf"\bno need to {TEXT} (?:me |us )?(?:again|anymore|any more|further|any further)\b",
        (
            rf"\b(?:forbid|forbidden|prohibit|prohibited|banned|ban|order you|refuse)\b(?: \w+){{0,4}} (?:{TEXT}"
            rf"|{TEXTING}|contacted|texts?)\b"
        ),
        r"\bdont (?:ever |even )?ask (?:me |us )?(?:again|anymore)\b|\b(?:stop|quit) asking\b",
        (
            rf"\b(?:you|yall) (?:can|may|must|should|shall|will)(?:not|nt| not| no longer| never)(?: (?:to|ever|again"
            rf"|keep|even))* (?:{TEXT}|{TEXTING}|send (?:me|us|any))(?= (?:me|us|my|this|here|or|again|anything|any"
            rf"|more)\b|$)"
        ),
        rf"\bcant (?:be )?{TEXT}(?:ing)? (?:me|us) (?:anymore|like this)\b",
        r"\b(?:never|not) (?:ever )?(?:to )?(?:be )?(?:contact|text|call)(?:ed)? (?:me |us )?(?:ever )?again\b",
        (
            rf"\b(?:wouldnt|not|could you not|would you not|would you mind not|mind not|can you not|please not) "
            rf"(?:{TEXT}|{TEXTING}|contacted)(?: me| us| my| this|$|)\b(?: (?:me|us|again|anymore|number|here)\b|$)"
        ),
    ),
    rule(
        "asks_not_to",
        (
            rf"\b(?:can|could|would|will) (?:you|u|yall) (?:please |just |guys )*(?:not|never) (?:keep |ever "
            rf"|be )?(?:{TEXT}|{TEXTING}|send)\b"
        ),
        rf"\bbest (?:if|that|not to)(?: you)? ?(?:didnt|dont|not|never)? ?(?:{TEXT}|send)\b",
        r"\b(?:can|could|would|will|make sure|sure) (?:you|u|yall) (?:please )?(?:dont|not) send\b",
        (
            rf"\b(?:dont|doesnt|didnt|not) (?:want|need|like) (?:you|u|yall|anyone|anybody|people|dealers|them"
            rf"|strangers) (?:to )?(?:keep )?(?:{TEXT}|{TEXTING}|send|sending)\b"
        ),
    ),
    rule(
        "no_more",
        (
            rf"\bno (?:more|further|additional|mas|other)(?: (?:of|these|those|the|your|this|unwanted|damn|fucking"
            rf"|goddamn|spam|phone|stupid|dealer|sales|follow up))*(?: (?:{TEXTS}|solicitation|contacts|contacting"
            rf"|attempts to \w+|attempts))\b"
        ),
        (
            r"^(?:please |ok |and )*no (?:texting|messaging|contact|contacting)(?: me| us)?(?: please| thanks"
            r"| any ?more| again)*$"
        ),
        r"^(?:please |ok |and )*no (?:more|mas)(?: of (?:these|this|that))?(?: please| thanks| svp| por favor)*$",
        r"\b(?:make|making) no (?:more|further) (?:attempts?|effort|calls?|contact)\b",
        r"^(?:please )?no (?:further |more )?(?:contact|communication)\b",
        r"\bno further (?:\w+ )?(?:text|message|contact|communication|calls?)\b",
    ),
    rule(
        "does_not_want_messages",
        rf"\b(?:dont|no longer|not|never|aint|do not|doesnt|nobody)(?: (?:really|even|ever|here))?(?: (?:want|wanna"
        rf"|wish|wishing|care|need|desire|interested|like|wants|wishes|looking|trying|authorize))+(?: (?:in|for|to"
        rf"|you|u|yall|any|anyone|more|be|receive|get|getting|receiving|have|being|your|ur|these|those|this|the|from"
        rf"|of|further|another|future|dealers?|dealership|company|that|all|having|people|kind|type|unsolicited|see"
        rf"|unwanted|sales|stupid|damn|fucking|continue|continued|keep|me|us|random))*"
        rf"(?<! to) (?:{TEXTS}|{TEXTING}|texted|messaged|called|contacted|emailed|hear|hearing|bothered|harassed"
        rf"|solicited|spammed|on (?:this|your|the|any) list)\b(?!$(?<=\bto (?:text|call|email|message)))(?! (?:on it"
        rf"|options|in the car))",
        (
            r"\b(?:dont|doesnt|no longer)(?: (?:really|even))? (?:want|wanna|need|like|care|wish)(?: (?:to|for|get"
            r"|getting|see|receive|receiving|keep|any|more|of|all))* (?:these|them)$"
        ),
        r"\b(?:dont|doesnt|no longer|not|never) (?:want|wanna|wish|care|like|need)(?: \w+){0,2} hear(?:ing)? from\b",
        (
            rf"\b(?:no|zero|any) (?:interest|desire|wish|intention)(?: (?:in|of|to|for|be|being|get|getting|receive"
            rf"|receiving|have|any|more|your|these|further|you|u))+ (?:{TEXTS}|{TEXTING}|hear|hearing|texted"
            rf"|contacted|called|messaged)\b"
        ),
        r"\b(?:dont|no longer|not) (?:want|wish) (?:anything|nothing) (?:to do with|from) (?:you|u|yall|this)\b",
        r"\bwant nothing (?:to do with|from) (?:you|u|yall|this)\b",
        r"\bwho asked(?: for)? (?:this|you)\b.*\bstop\b",
    ),
    rule(
        "stop_alone",
        (
            rf"^(?:{COURTESY} )*(?:stop|cease|desist|discontinue|terminate)(?: {COURTESY})*(?: \?)?(?: (?:or|before"
            rf"|because|cuz|cause|since|i|im|thanks|my|already|its|sold|not|wrong|unsubscribe|c est|vendu)\b.*)?$"
        ),
        rf"\b(?:so|ok|okay|please|just|then|now) (?:please |just )?stop(?: {COURTESY})*$",
        (
            rf"(?<!\bto )(?<!\bi )(?<!\bcould )(?<!\bcan )(?<!\bwhen )(?<!\bwhere )(?<!\bit )(?<!\bwill )(?<!"
            rf"\bwould )(?<!\bdoes )(?<!\bdid )(?<!wont )(?<!wouldnt )(?<!doesnt )(?<!didnt )(?<!ill )(?<!hell )"
            rf"(?<!well )(?<!lol )(?<!haha )(?<!reply )(?<!say )(?<!text )(?<!send )(?<!write )\bstop(?: {COURTESY})*$"
        ),
        r"^(?:(?:stop|end|quit|cancel|unsubscribe|optout|remove|arret|revoke|all)(?: |$)){2,}$",
        rf"^(?:{COURTESY} )*quit(?: (?:it|this|that|please|now|already|thanks))+$",
        (
            rf"(?:^(?:please|kindly|just|now)|\b(?:you|yall|guys|people|to|gotta|please|need to|can you"
            rf"|asking)) quit(?: {COURTESY})*$"
        ),
        (
            rf"^(?:{COURTESY} )*(?:knock it off|cut it out|cut that out|pack it in|lay off|knock that off|give it up"
            rf"|enough already)(?: {COURTESY})*$"
        ),
        (
            r"\b(?:please|pls) (?:(?!dont|never|not)\w+ ){0,3}stop\b(?! (?:\w+ing|whenever|any ?time|if|today"
            r"|tomorrow|when)\b)"
        ),
        r"\b(?<!ill )(?<!i )(?<!we )stop (?!\w+ing|when|if|any|today|tomorrow)(?:\w+ ){0,3}(?:please|pls)\b",
        (
            r"\b(?:request|demand|plea|notice|order|formal|wish|wishes)(?: \w+)? to (?:please )?(?:stop|cease|quit"
            r"|desist)\b"
        ),
    ),
)

CONDITIONS = (
    rule(
        "demand_with_a_condition",
        (
            r"\b(?:stop|quit|dont|never|not|no)\b.*\b(?:after|before|until|till|past|between) (?:\d|noon|midnight"
            r"|dark|work|hours|bed|lunch|dinner|i (?:get|am|finish)|im|monday|tuesday|wednesday|thursday|friday"
            r"|saturday|sunday|tomorrow|church|school|then|next|the)"
        ),
        (
            r"\b(?:stop|quit|dont|never|not|no)\b.*\b(?:at work|at night|at (?:this|that) (?:hour|time)|while (?:im"
            r"|i|my)|during|tonight|so (?:early|late)|this (?:early|late)|in the (?:morning|middle)|on (?:sundays?"
            r"|saturdays?|weekends?|the weekend|holidays?|my day off|sabbath)|right now|today)\b"
        ),
        (
            r"\b(?:stop|quit|dont|never|not|no)\b.*\b(?:unless|if you (?:cant|dont|arent|wont|only)|except|only if"
            r"|with (?:low|lowball|unsolicited|your low|offers?|anything|less))\b"
        ),
        r"^(?:unless|except|until)\b",
    ),
)

ANOTHER_WAY = (
    rule(
        "asks_for_another_way",
        (
            r"^(?:(?:and|but|just|so|please|only|rather|instead|you can|better|or) )*(?:call|phone|ring|email"
            r"|text)(?: (?:me|us|him|her|my (?:husband|wife|cell|home|work|dad|mom|son|daughter|landline)))?(?: "
            r"(?:instead|only|please|is (?:fine|better|ok|best)|thanks|at|after|when|if|anytime|tomorrow|directly"
            r"|works).*)?$"
        ),
        r"\b(?:text|email|phone|call) (?:only|is (?:fine|better|ok|best|preferred)|instead|works)\b",
        r"\b(?:only|just|rather|please|instead) (?:call|text|email|phone) me\b|\bjust (?:text|call|email)$",
        r"\bprefer (?:a |to |you )?(?:call|text|email|phone|talk)\b",
        r"\bcontact (?:me|us|the seller) (?:only )?(?:through|via|on|by)\b",
    ),
)
