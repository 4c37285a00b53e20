"""English: what a reasonable person reads as “no more messages”, whatever else the message says."""

from domain.opt_out_words.english_words import LIST, MINE, NUMBER, TEXT, TEXTING, TEXTS
from domain.opt_out_words.rules import rule

DEMANDS = (
    rule(
        "take_me_off",
        (
            rf"\b(?:take|(?<!you )(?<!u )(?<!they )get|pull|scratch|strike|cross|kick|keep|put|want|wanna|drop|leave"
            rf"|move|clear|be|been|taken) (?:me|us|him|her|taken|{MINE} (?:\w+ )?{NUMBER})(?: \w+){{0,3}}? (?:off"
            rf"|out of|from)(?: of)?\b(?! (?:the (?:road|title|loan|lease|insurance|highway)|work|\d))"
        ),
        (
            r"\b(?:take|get|pull|put|kick|scratch|cross) (?:me|us|it|this) (?:the \w+ |right |completely )?off\b(?! "
            r"(?:the (?:title|loan|lease|road)|\d))(?= (?:of|your|the|this|ur|that)? ?(?:\w+ )?list|$| please| now)"
        ),
        r"\btake (?:me|us|my number|this number|my name) (?:of|out)\b",
        (
            r"\b(?<!its )(?<!im )(?<!is )(?<!it )(?<!was )(?:off|from|form|out)(?: of)? (?:the|your|ur|this|that"
            r"|these|those|any|all|every|whatever|you|yalls?)(?: \w+){0,2} (?:lists?|database|system|contacts"
            r"|records|directory)\b"
        ),
        (
            rf"\b(?:remove|delete|erase|scrub|wipe|purge|unlist|dump|ditch) (?:me|us|myself|him|her|it from"
            rf"|{MINE}(?: \w+){{0,2}} {NUMBER}|number|{MINE} contact)\b(?! from (?:the|my) (?:title|loan|lease"
            rf"|insurance|policy|registration|note))"
        ),
        (
            rf"\b(?:remove|delete|erase|scrub) (?:\w+ ){{0,4}}(?:from|form|off) (?:the|your|ur|this|that|all|any"
            rf"|these)(?: \w+){{0,2}} {LIST}\b"
        ),
        (
            rf"\b(?<!i )(?<!you )(?<!did )(?<!to )(?:lose|forget|delete|erase|loose|burn|trash|toss|shred|throw "
            rf"(?:away|out)|get rid of|discard|destroy|dispose of) (?:{MINE}|all my|you ever had|you have|you had) "
            rf"(?:\w+ )?{NUMBER}\b"
        ),
        r"^(?:\w+ ){0,5}(?:lose|delete|remove|erase) (?:my|this|it|the) (?:number)\b",
        (
            r"\b(?:how you got|where you got|who gave you) (?:this|my|the) number but (?:lose|delete|remove|forget"
            r"|erase|stop)\b"
        ),
        (
            r"\b(?:i|we|me|us|number|like|want|wish|please|demand|name) (?:\w+ ){0,3}?(?:be|get) (?:removed|taken off"
            r"|deleted|unlisted)\b(?=$| (?:from|off|please|immediately|now|thanks|asap)\b)"
        ),
        r"\b(?:me|us|my (?:\w+ )?number|my name) (?:removed|deleted|taken off)\b",
        (
            r"\b(?:put|place|add|get|enter|register) (?:me|us|this|my|our|the|it)(?: \w+){0,3} (?:on|to"
            r"|in)(?: \w+){0,3} (?:dnclist|block list|blocklist|blacklist|optout list|do not \w+)"
        ),
        (
            r"\b(?:shouldnt|should not|dont belong|not supposed|never asked|didnt ask|dont want"
            r"|why am i)(?: \w+){0,3} on (?:this|your|a|any|the|that) (?:\w+ )?list\b"
        ),
        (
            r"\b(?:delete|erase|lose|remove|scrub|wipe) (?:\w+ ){0,4}(?:my|this|our) (?:\w+ )?(?:number|info"
            r"|information|contact)\b(?<!lose my job)"
        ),
        (
            r"\bforget (?:i exist|about me|you know me|we exist)\b|^(?:please |just )*(?:delete|remove|erase) (?:me"
            r"|us)\b|\b(?:lose|delete|remove|erase) this contact\b"
        ),
        (
            r"\blet (?:me|us) off\b|^i want off$|\bget (?:me|us) (?:outta|out of|off)(?: of)? (?:this|your|the|that"
            r"|ur)(?: \w+)? (?:list|system|database|text|texts|thread|group|chat|contacts|phone)\b"
        ),
        (
            r"\b(?:want|wanna|like) (?:off|out of) (?:of )?(?:this|your|the|that|these)(?: \w+)? (?:list|system"
            r"|database|texts?|thread|group|chat|contacts)\b"
        ),
        (
            r"\b(?:request|requesting|requested|demand|demanding|want)(?: (?:a|to be|my|the|immediate|you to))*(?: "
            r"(?:removal|removed|deletion|deleted))\b(?! of (?:the|a) (?:fee|part))"
        ),
        r"^(?:please |for )*removal(?: please| from .*| now| thanks)*$",
        r"\b(?:information|info|data|number|name|details)(?: \w+)? (?:deleted|removed|erased|taken off|wiped|purged)\b",
        r"\b(?:unenroll|deregister|unregister|unlist|disenroll|unjoin) (?:me|us|my|this)\b",
        (
            r"\b(?:dont|never|not|stop|quit)(?: (?:to|ever|please))* (?:use|using) (?:my|this|our) (?:\w+ )?(?:number"
            r"|phone|cell)\b"
        ),
        r"^(?:please |just |kindly |pls )*(?:remove|revoke)(?: please| now| thanks| asap| immediately| svp)*$",
    ),
    rule(
        "unsubscribe",
        r"^(?:how do you )?(?!.*\b(?:if|what|should|whether|ad says)\b).*\b(?:unsubscribe|unsub|optout)\b",
    ),
    rule(
        "wrong_number",
        (
            r"\b(?<!\bthe )(?<!\ba )wrong (?:number|person|guy|dude|man|lady|woman|gal|girl|fella|individual|cell"
            r"|party|phone|telephone)\b(?! (?:\?|one))"
        ),
        (
            r"\b(?:you|u|youve|yall|ya|dialed|texting|texted|its|this|thats|reached|called|calling|at|contacted"
            r"|messaged) (?:\w+ ){0,2}(?<!i have )(?<!gave you )(?<!i put )(?<!sent you )(?<!do i have )(?<!i gave u )"
            r"(?:the "
            r"|a )wrong (?:number|person|guy|dude|man|lady|woman|gal|girl|fella|fellow|individual|cell|party|phone"
            r"|house|family)\b"
        ),
        r"\b(?:not|isnt|aint|no longer|wasnt)(?: \w+){0,2} (?:right|correct) (?:number|person|phone)\b",
        r"\b(?:isnt|aint|not|no longer|isnt even) (?!my |your |a |the |any |one |what )\w+s (?:number|phone|cell)\b",
        (
            r"\bnumber (?:doesnt|no longer|isnt|does no longer) belong\w* to\b|\b(?:isnt|not|no longer)(?: the)? "
            r"(?:number|phone) (?:for|of)\b"
        ),
        r"\b(?:not|isnt|no longer) (?:his|her|their) (?:number|phone|cell)\b",
        (
            r"\b(?:doesnt|dont|no longer|does no longer|hasnt|havent) (?:even )?(?:have|has|had|got|own|owns|use|uses"
            r"|used) this (?:number|phone|cell)\b"
        ),
        (
            r"\b(?:nobody|no one|noone)(?: here)? (?:by|with|of) (?:that|this) name\b|\b(?:nobody|no one) (?:named"
            r"|called) \w+\b"
        ),
        (
            r"^(?:\w+ ){0,3}?(?:theres |there is )?no (?!car|truck|van|problem|issue|accident|dealer|rust|one"
            r"|mechanic|snow|rain)[a-z]{3,} (?:here|at this number)$"
        ),
        r"\b(?:number|phone|cell) (?:now )?belongs to (?:someone|somebody|another|a different|me)\b",
        r"\bno longer (?:at|on|reachable at) this (?:number|phone)\b",
        (
            r"\bnumber (?:now )?(?:belongs to (?:someone|somebody|another|me now)|was reassigned|has been reassigned"
            r"|changed hands)\b"
        ),
    ),
    rule(
        "leave_me_alone",
        r"\b(?:be|been|being|get|want|prefer) left (?:the \w+ )?(?:alone|be$|in peace)\b",
        (
            r"\b(?:leave|leaving|let) (?:me|us|him|her|them|my (?:\w+ )?\w+|this number|people|folks"
            r"|old people)(?: \w+){0,3}? (?:alone|be$|in peace|tf alone)\b(?<!with me alone)"
        ),
        r"\bleave alone\b",
        (
            r"^(?:(?:please|just|kindly|can you|will you|would you|you|now|and|so|ok|hey|people|guys|all|no"
            r"|could you) )*go away\b(?! (?:for|on|this|next|from|if|with))"
        ),
        (
            r"\b(?:get lost|kick rocks|take a hike|bug off|buzz off|shove off|sod off|naff off)\b|\bback off(?: me"
            r"| us| please| now|$)"
        ),
        r"\b(?:fuck|f|eff|piss|screw|bugger|jog|kiss) (?:right |all the way |the hell )?off\b",
        r"^(?:just |please )?beat it$|\b(?:shove|stuff|stick|cram) (?:it|your|that)\b",
        (
            r"\b(?:get bent|pound sand|drop dead|get stuffed|go fly a kite|jump in a lake|hop off|step off|begone"
            r"|scram|shoo|vamoose|bye felicia)\b"
        ),
        (
            r"\bgo (?:and )?(?:bother|bug|harass|annoy|pester|text|spam|scam) (?:someone|somebody|other|another)\b"
            r"|^(?:please )?(?:bother|bug|harass|annoy|pester|spam) (?:someone|somebody) else\b"
        ),
        (
            r"\b(?:take|keep|shove|stick|send) (?:all )?(?:your|these|those|the|this|ur) (?:\w+ )?(?:text|message"
            r"|call|offers|spam|email|messages) (?:elsewhere|somewhere|to (?:yourself|someone|somebody)|up|where"
            r"|away)\b"
        ),
        r"\b(?:get|stay|keep) (?:off|out of|away from) (?:of )?my (?:phone|texts?|inbox|messages?|life|dms)\b",
        r"\b(?:stay|keep) (?:away from (?:me|us|my)|off my phone|out of my (?:phone|inbox|messages))\b",
    ),
    rule(
        "threatens_if_it_goes_on",
        (
            r"\b(?:text|message|contact|call|bother|email|harass|write) (?:me|us|here|this number|my \w+) (?:again"
            r"|one more time|once more|another time|any more|anymore)(?: and| or|) (?:i|im|ill|we|well|you|id)\b.*"
            r"\b(?:police|cops|report|reporting|sue|suing|lawyer|attorney|court|block|blocking|harassment|complaint"
            r"|fcc|file|filing|regret|sorry|legal|pressing|charges|lawsuit)\b"
        ),
    ),
    rule(
        "messages_not_wanted",
        (
            rf"\b{TEXTS} (?:is|are|was|were|not|arent|isnt)(?: (?:not|totally|completely|really|very|so|being))* "
            rf"(?:unwanted|welcome|unwelcome|wanted|appreciated|permitted|allowed)"
            rf"\b(?<!are welcome)(?<!is welcome)(?<!is appreciated)(?<!are appreciated)(?<!is allowed)(?<!are allowed)"
            rf"(?<!is wanted)"
        ),
        (
            rf"\bno (?:right|business|authority|permission|reason|cause|consent)(?: \w+){{0,2}} (?:{TEXT}|{TEXTING}"
            rf"|send)\b"
        ),
        (
            r"\b(?:one more|another|any more|next|1 more) (?:text|message|call)(?: \w+){0,3} (?:and|or) (?:i|im"
            r"|ill|we|id)\b"
        ),
        (
            r"\b(?:text|message|contact|call|bother) (?:me|us) (?:again|one more time) and (?:i|see|you|we|im|ill"
            r"|find|its)\b"
        ),
        (
            r"\b(?:be|as|consider this|that was|is) (?:the|your|my) (?:very )?(?:last|final) (?:text|message|call"
            r"|communication|contact)\b(?! (?:price|offer))(?! \?)"
        ),
        r"\bnot to be (?:contacted|texted|called|messaged|disturbed|bothered)\b",
        (
            r"^(?:strictly |absolutely |please )*no solicit\w*\b|\bblock (?:me|us|my number|this number) (?:from|on"
            r"|in|please)\b|\bblock (?:me|my number)$"
        ),
        r"\b(?:conversation|discussion|chat) is (?:over|done|finished|closed)\b|\bend of (?:conversation|chat)\b",
    ),
    rule(
        "blocks_us",
        r"\bblocking (?:you|u|this number|your number|yall|both)\b",
        (
            r"\b(?:im|am|ill|will|going to|gonna|be|being|just|have|ive|already|getting|i|we) (?:\w+ )?block(?:ing"
            r"|ed)? (?:you|u|this|your|ur|yall|the number|these)\b"
        ),
        (
            r"^(?:and |you )?(?:youre |your number is |ur |your |number |you are |consider yourself "
            r"|you have been )?(?:now )?block(?:ed|ing)?(?: you| bye| and reported)?$"
        ),
    ),
    rule(
        "revokes_consent",
        (
            r"\b(?:revoke|withdraw|rescind|retract|revoking|withdrawing|rescinding|cancel|pull)\b(?: \w+){0,4} "
            r"(?:consent|permission|authorization|authorisation)\b"
        ),
        (
            rf"\b(?:dont|do not|no longer|not|without)(?: \w+){{0,3}} (?:permission|consent|authorization|authorized"
            rf"|authorize|permit|allowed|allow)\b(?: \w+){{0,5}} {TEXT}"
        ),
        r"\b(?:dont|no longer|not) (?:have|give|grant)(?: \w+){0,3} (?:permission|consent)\b(?! yet)",
        r"\b(?:dont|do not|no longer) consent\b",
    ),
    rule(
        "said_stop_before",
        r"\b(?<!should i )(?<!if i )(?<!when i )(?<!need to )(?<!could i )(?<!can i )(?<!dont )(?:said|told|asked"
        r"|asking|telling|replied|texted|wrote|sent|typed|say|saying|messaged|responded|beg|begged|begging)(?: (?:you"
        r"|u|guys|yall|them|people|already|all|back|with|to|the|word|no|your|nicely|twice|before|him|her|ya"
        r"|i want this to))*"
        r" stop\b(?!ped)",
        (
            r"\b(?:said|told (?:you|u|yall|you guys|them)|asked (?:you|u|yall)|told)(?: (?:you|already|to|twice|guys"
            r"|people|please|nicely|\d|times|before))* (?:no more|quit|leave me|leave us|remove|take me off|enough)\b"
        ),
        r"\b(?:part|meaning|word|understand|know|comprehend|spell)(?: of| does| the word| what| means?)* stop\b",
        r"\bs t o p\b",
    ),
    rule(
        "wants_it_to_stop",
        (
            r"\b(?:want|wants|need|needs|wish|like|expect|demand|prefer|ask|asking|beg|begging|require|insist"
            r"|appreciate)(?: (?:you|u|yall|guys|people|this|these|those|the|it|them|your|all|that|for|text|texts"
            r"|message|messages|call|calls|messaging|texting|if))* (?:to |would |could |will )?(?:just |please "
            r"|all )?(?:stop|cease|end|quit)(?:ped)?\b(?! (?:by|in|over))"
        ),
        (
            rf"\b(?:{TEXTS}|these|this|it|that|bullshit|thing|nonsense)(?: (?:all|really|just|shit|too))?(?: (?:need"
            rf"|needs|has|have|got|gotta|must|should|better|had better|will))+(?: to)?(?: please| just)? (?:stop|end"
            rf"|cease|quit)\b(?! in\b)"
        ),
        (
            r"\b(?:get|make|have|getting|making) (?:you|u|yall|you guys|you people|your company)(?: all)? to "
            r"(?:please )?(?:stop|quit|cease)\b"
        ),
        r"\b(?:make|get|have) (?:it|this|these|them|the \w+)(?: all| \w+)?(?: to)? stop\b",
        (
            r"\bhow (?:do|can|could|would|to|the hell do|the fuck do|about)(?: (?:i|we|you|one|u))?(?: (?:make|get"
            r"|please|ever))? ?(?:stop|end|quit|turn off|get rid of|block|cancel|get out of"
            r"|get off)(?: \w+){0,2}? ?(?:these|this|getting|receiving|it|them|text|texts|message|your|the text"
            r"|the message|texting|messaging)\b"
        ),
        (
            r"\b(?:want|trying|like|wish|need|tried) to (?:stop|quit) (?:getting|receiving|these|hearing|your|all"
            r"|this|the)\b"
        ),
        (
            r"\bif (?:you|u|yall)(?: (?:all|guys|just|could|would|can|will|please|people))* (?:stopped|quit|ceased"
            r"|stop)(?: (?:it|this|that|now|please|texting|messaging|contacting|calling|bothering|sending)\b|$)"
        ),
        (
            r"\b(?:you|u|yall|you people|you guys|why) (?:wont|dont|cant|never|wouldnt|didnt|havent|not) (?:you "
            r"|yall |u |ever |just |you people )?(?:stop|quit)(?:ped)?\b"
        ),
        r"\bwont (?:you|u|yall) (?:\w+ )?(?:stop|quit)\b",
    ),
)
