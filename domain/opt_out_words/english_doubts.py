"""English: what somebody should look at before anything automated goes out."""

from domain.opt_out_words.english_words import MESSAGING, REFUSING
from domain.opt_out_words.rules import rule

# A message that says nothing else.
WHOLE = (
    rule(
        "a_bare_no",
        (
            r"^(?:(?:no|nope|nah|sorry|ok|yeah|um|hi|sir|thanks|thank you|maam|man|not really|absolutely not|negative"
            r"|pass|hard pass|never|nevermind|never mind) ?)*(?<=no|nope|nah|not|pass|negative|never|sorry|mind"
            r"|no sir|no maam|no man)$"
        ),
        (
            r"^(?:thanks |thank you |sorry |ok )*(?:ill pass|hard pass|im (?:good|out|done|fine|ok|set|all set)"
            r"|all set|done|out|bye|good ?bye|no need|busy|not now|maybe later|later|wait|please wait|ugh|the end|end"
            r"|ended|stops|stopped|quit|i quit|delete|wrong|stop sign|whatever|enough|no interest)(?: thanks"
            r"| thank you| sorry| please| bye| ?!)*$"
        ),
        r"^(?:nah|no|nope) (?:im|we|were) (?:good|ok|fine|all set|set|alright)(?: thanks| thank you)*$",
    ),
)

DOUBTS = (
    rule(
        "unclear_stop",
        r"\bstop\b|\b(?:unsubscribe|unsub|optout|optoutline|dnclist)\b",
        r"\bcancel\b|\bwontstop\b",
        r"^(?:please |just )*(?:end|quit|cease)\b(?! (?:of|on|was|is|date))",
        r"\bend of (?:discussion|story|conversation|it)\b",
    ),
    rule(
        "unclear_refusal",
        r"\b(?:dont|never|not|no) (?:\w+ ){0,2}(?:text|contact|message|call|email)(?:ing|ed)?\b",
        r"\b(?:call|text|email) only\b|\bno (?:call|text|email)\b",
        r"\b(?:dont|never) (?:bother|waste|insult|reply|respond|write)\b",
        (
            r"\b(?:never|didnt|dont|havent|not)(?: \w+){0,3} (?:consent|permission|sign up|signed up|signup|subscribe"
            r"|ask for|asked for|opt in|agree|agreed)\b"
        ),
        r"\brespect (?:my|our) \w+\b|\bleave (?:us|me)$",
        (
            r"\b(?:rather not|prefer not|not (?:right )?now|not (?:a )?good time|not any ?more|not today|not this "
            r"(?:week|month|year)|not for (?:me|us)|not mine|not my (?:car|truck|van|vehicle|problem))\b"
        ),
        (
            r"\b(?:dont|never|not|no|wouldnt|without|didnt|cant)(?: \w+){0,3} (?:contact|follow up|reach|bothered"
            r"|contacted|solicit\w*)\b"
        ),
    ),
    rule(
        "had_enough",
        (
            r"\b(?:were|we are|im|i am|all) done here\b|\bmind your (?:own )?(?:damn |fucking )?business\b|"
            r"\bno means no\b|\bleft alone\b|\bin my life\b|\bget (?:over|a clue|the (?:hint|message|point|picture))"
            r"\b|\btake (?:a|the) hint\b"
        ),
        r"\b(?:too many|so many|that many|lot of|second|third|fourth|2nd|3rd|4th|5th|another) (?:text|message|call)\b",
        (
            r"\b(?:text|message|call|texting|messaging|calling) (?:me |us )?(?:too much|so much|constantly|every ?day"
            r"|all day|all the time|_ ?stop|non stop|already|twice)\b"
        ),
        (
            r"\b(?:already|just) (?:text|message|call|texted|messaged|sent|called) (?:me|us)\b|\b(?:message|text"
            r"|this) twice\b"
        ),
        r"\b(?:give (?:it|me|us) a (?:rest|break)|chill out|calm down|take it easy|ease up|relax)\b",
        r"\b(?:bad time|bothering|pushy|pestering|relentless|annoying|annoyed|harassing|harass|harassment|spamming)\b",
        (
            r"\b(?:enough|getting old|getting ridiculous)\b(?! (?:for|to|room|time|money|space|gas|miles"
            r"|cash))(?<!not enough)(?<!good enough)(?<!old enough)(?<!close enough)(?<!fair enough)(?<!long enough)"
            r"(?<!big enough)(?<!sure enough)"
        ),
        (
            r"\b(?:sick|tired) of (?:you|this|these|your)\b|\bexcessive\b|\b(?:texted|messaged|called|contacted"
            r"|emailed) me (?:\w+ )?times\b"
        ),
        (
            r"\b(?:unwanted|unsolicited|not welcome|unwelcome|uninvited|nuisance|intrusive|privacy|not appreciated"
            r"|not comfortable|uncomfortable)\b"
        ),
        r"\b(?:text|message|contact|call|email) (?:me |us )?(?:again|anymore|any more)\b",
    ),
    rule(
        "unclear_whose_ad",
        (
            r"\b(?:remove|delete|take down|took|pull|pulled|taking) (?:the |my |that |this )?(?:ad|listing|post)"
            r"\b(?: down)?"
        ),
        r"\bwrong (?:number|person|guy|car|ad|one|vehicle|truck)\b",
        r"\bnumber (?:is|has been|will be|was) (?:chang|disconnect|new)\w*",
        r"\b(?:only contact|contact the seller)\b",
        (
            r"\b(?:talk|speak) (?:to|with) my (?:wife|husband|son|dad|father|mom|mother|daughter|brother|sister)"
            r"\b(?! first)|\bhandling it\b"
        ),
    ),
    rule(
        "not_interested",
        (
            r"\b(?:not|no longer|never|isnt|arent|aint|wasnt|dont think im|nobody is|nobodys) (?:\w+ )?interested"
            r"\b(?! in (?:less|under|anything (?:under|below|less)|below|trad\w+ |a trade|lowball|waiting|carrying"
            r"|financ))"
        ),
        (
            r"\b(?:no|zero|lost|losing|dont have(?: any)?|without) (?:intrest|interest)\b(?! (?:rate|due|free"
            r"|charge))|\buninterested\b|\b(?:not|isnt) intrest\w*"
        ),
        r"\bno (?:thanks|thank you|thank|thx|gracias|merci|tanks)\b",
        r"\bthanks but\b",
        r"\b(?:well|ill|im gonna|going to|have to|gotta) pass\b",
        (
            r"\b(?:offer|number|price) is (?:an insult|insulting|a joke|ridiculous|offensive)\b|\bwhat a joke\b|"
            r"\binsult(?:ing)?\b"
        ),
        (
            r"\b(?:forget (?:about )?(?:it|this)|nvm|never mind|nevermind|scratch that|hold off|wait on this"
            r"|leave it$)\b(?! to)"
        ),
        r"^(?:we are|were|im|i am|all) (?:good|fine|set|ok|okay)(?: thanks| thank you| here| now| but thanks)*$",
        r"\bmaybe (?:later|another time|next year)\b",
    ),
    rule(
        "sold_or_gone",
        r"\b(?<!not )(?<!un)sold\b(?! (?:my other|as is|by owner|with|separately|new|yet|for (?:over|more|\d)|out))",
        r"\b(?:its|is|car|truck|van|suv|already|long|already been|bike|vehicle|jeep|been) gone\b|^gone\b",
        (
            r"\b(?:no longer|not|isnt|aint|any longer|not even) (?:\w+ )?(?:available|for sale|on the market|selling"
            r"|up for sale)\b|\bno longer (?:have|own|selling)\b"
        ),
        (
            r"\bspoken for\b|\b(?:put|left|took|got|have|has) (?:a |down a |me a )?(?:deposit|down payment)\b|"
            r"\bdeposit (?:down|on it|taken)\b|\btoo late\b|\bgot rid of (?:it|the|that)\b|\bfound (?:a|another"
            r"|my) buyer\b"
        ),
        (
            r"\bno longer (?:need|want|looking|own|have|interested)\b|\b(?:dont|doesnt) (?:have|own|want) (?:it|that"
            r"|the|to sell)(?: \w+)?(?: any ?more| it$|$)|\b(?:dont|doesnt|didnt) want to sell\b(?! (?:it )?(?:for"
            r"|to))|\bkeep driving\b|\b(?:hold|holding) (?:on to|onto) it\b"
        ),
        r"\bunavailable\b|\boff the market\b|\bsale (?:is )?pending\b|\bunder contract\b",
        (
            r"\b(?:decided|going|gonna|want|choosing|chose|opted|plan|planning|think|will|well|ill|im|were|we are"
            r"|i am|just)(?: \w+){0,2} (?:keep|keeping) (?:it|the|my|her|him|this)\b|\b(?:not to|dont (?:want"
            r"|wanna) to|wont|not gonna|not going to|dont wanna|dont want to) sell\b(?! (?:it )?(?:for (?:that|less"
            r"|under)|to you for))|\bdecided against\b|\bkeeping it\b"
        ),
        (
            r"\b(?:not|never) (?:for sale|selling)\b|\bwont be selling\b|\bno (?:car|truck|vehicle|longer selling)"
            r"\b(?: here| for sale)?"
        ),
        (
            r"\b(?:traded|donated|junked|scrapped|totaled|totalled|wrecked|crashed|stolen|repossessed|repoed)\b(?! "
            r"(?:title|once))"
        ),
        r"\btrad(?:ed|ing) (?:it|in)\b|\bgave (?:it|the \w+) (?:to|away)\b",
        (
            r"\b(?:someone|somebody|brother|neighbor|friend|son|daughter|nephew|cousin|dealer|guy|man|carmax|carvana"
            r"|else|buyer)(?: \w+){0,2} (?:bought|took|purchased) (?:it|the)\b"
        ),
        (
            r"\btook (?:the |my )?(?:ad|listing|post) down\b|\b(?:listing|ad|post) (?:is|was) (?:old|expired|outdated"
            r"|taken|dead)\b|\bold (?:listing|ad|post)\b"
        ),
        r"\bchanged (?:my|our) minds?\b|\bpassed away\b",
    ),
    rule(
        "call_me_instead",
        (
            r"^(?:(?:please|just|hi|hey|or|can you|could you|ok|you can|better|so|but|and) )*(?:call|phone|ring"
            r"|email)(?: (?:me|us|please|instead|only|thanks|rather))*$"
        ),
        r"\b(?:call|phone|email|text|ring) (?:me |us |my \w+ )?instead\b|\binstead of (?:text|call|messag|email)\w*",
        r"\b(?:call|ring|phone) (?:the|our|my) (?:house|home|office|landline)\b",
        r"\b(?:prefer|rather|like)(?: \w+){0,3} (?:call|email|phone|talk|speak|voice)\w*\b",
        r"\b(?:i|we) (?:dont|cant|wont|never) (?:do )?text(?:ing|s)?\b",
        (
            r"\btext (?:is|are) no good\b|\b(?:in person|phone|phone calls|email|calls?) only\b|\bonly (?:respond"
            r"|answer|reply|talk|take|do)\b|\b(?:talk|speak) on the phone\b|\b(?:email|use email) (?:is )?(?:better"
            r"|please)\b"
        ),
        (
            r"\b(?:call|phone|contact|talk to|speak to|ask|email) my (?:husband|wife|son|dad|father|mom|mother"
            r"|daughter|brother|lawyer|attorney|boyfriend|girlfriend|partner|agent)\b(?! first)"
        ),
        r"\b(?:through|via|on|thru) (?:the )?(?:facebook|messenger|ad|listing|website|app|craigslist|marketplace)\b",
    ),
    rule(
        "who_are_you",
        (
            r"\b(?:who|whos|whose)(?: the (?:hell|fuck|heck))? (?:(?:is |are |am i |r |s )?(?:this|that|you|u|these"
            r"|yall|it|talking|dis|dat|texting|messaging|asking|dat|we|calling)\b|is$|tf\b)"
        ),
        r"\bnew phone\b|\bdo i know (?:you|u)\b|\bwho dis\b",
        (
            r"\b(?:how|whered|where|who|howd|hows)(?: \w+){0,4} (?:my|this|our|his|her) (?:\w+ )?(?:number|info|phone"
            r"|name|contact|information)\b"
        ),
        (
            r"\bwhy (?:are|r|do|would|did|is|am|does|have)(?: (?:you|u|yall|i|we|they|guys|people|someone|keep"
            r"|getting|get|still|keeps|it|this number|your company|always|been))*(?: (?:text|texting|messag\w+"
            r"|contact\w*|call\w*|email\w*|getting|get|receiving|bother\w*|harass\w*|these|on (?:this|your|the|a)))\b"
        ),
        (
            r"\bwhat (?:is this|this is|do you want|do u want|the hell|the fuck|in the world|are you (?:selling"
            r"|talking)|car|truck|vehicle)\b(?= \?|$| about| from| for)"
        ),
        (
            r"\b(?:scam|scammer|scammers|scamming|spam|spammer|phishing|fraud|hoax|bot|robot|robotext|automated|an ai"
            r"|chatbot|real person|real human|a human|legit)\b(?! (?:title|calls? all|callers))"
        ),
        (
            r"\b(?:dont|didnt|do not|doesnt) (?:recognize|recognise|know) (?:this|your|the|you|who|u\b)(?: number"
            r"| you)?\b(?= number|$| you| who| this|\b)(?! how| what| if| the (?:mileage|exact|vin))"
        ),
        (
            r"\b(?:dont|never|didnt|havent|wasnt|not)(?: \w+){0,2} (?:a|any|own|owned|listed|posted|selling"
            r"|advertised|have)(?: \w+){0,2} (?:car|truck|vehicle|van|suv|for sale|camry|civic|honda|ford|listing"
            r"|ad)\b(?! (?:for|in) (?:less|under))"
        ),
        r"\b(?:dont|never|no longer) own (?:a|an|that|this|the|any)\b",
        (
            r"\b(?:meant|mean|meaning|trying|intended|supposed) to (?:text|message|contact|reach|call"
            r"|send)(?: \w+){0,3} (?:else|someone|somebody|other)\b|\bsomeone else\b"
        ),
        (
            r"^(?:sorry )?(?:not me|this isnt (?!available|for|about|a|the|my|what|going)\w+|this is not (?!available"
            r"|for|about|a|the|my)\w+|(?:im|i am) not (?:mike|the (?:seller|owner|person)|him|her|who)|wasnt me"
            r"|isnt me)(?: sorry)?$"
        ),
        (
            r"\b(?:are|r) (?:you|u) (?:talking|referring|asking)(?: to)? about\b(?= \?|$)|\btexting the wrong\b|"
            r"\b(?:what|which) company\b|\b(?:are you|you|u|this) (?:a |with a |from a )(?:dealer|dealership|company"
            r"|business|broker)\b|\bwho (?:do you work|sent you|told you)\b|\bwhat(?:s| is) this (?:regarding|about"
            r"|for|in)\b"
        ),
    ),
    rule(
        "complaint_or_threat",
        (
            r"\b(?:report|reported|reporting)(?: (?:you|u|this|as|to|your|it|for|spam|the number|yall|junk))?"
            r"\b(?<!carfax report)(?<!a report)(?<!the report)(?<!history report)(?<!inspection report)"
        ),
        (
            r"\b(?:lawyer|lawyers|attorney|attorneys|sue|suing|lawsuit|court|police(?! (?:car|interceptor|cruiser"
            r"|package|vehicle|auction|truck))|cops|sheriff|fcc|ftc|tcpa|bbb|attorney general|better business"
            r"|authorities|legal action|illegal|against the law|unlawful|small claims|hear from my|registry"
            r"|national do not)\b(?! (?:registration|use|in my state))"
        ),
        r"\b(?:do not call|dnc|dnclist) ?(?:list|registry)?\b",
        (
            r"\b(?:fuck|screw|f|damn|eff) (?:you|u|yall|this|your)\b|\b(?:idiot|idiots|moron|morons|asshole|assholes"
            r"|bitch|jerk|jerks|loser|losers|creep|creeps|dumbass|scumbag|crooks?|liars?|pathetic|disgusting|shame on"
            r"|get a (?:real )?(?:job|life)|go to hell|eat shit|kiss my|vultures?|parasites?|lowlifes?|wtf)\b"
        ),
        r"\b(?:you|u) people again\b|\b(?:sick|tired) of (?:you|this|these|your)\b|\bi hate (?:you|this|these)\b",
        (
            r"\b(?:already|i|how many times|times|keep|to) (?:said|say|told|tell|saying|telling)(?: (?:you|u|yall"
            r"|guys|people|i|no|that|him|them))* (?:no|not|im not|its sold|already|nope)\b"
        ),
        r"\b(?:disliked)\b",
        (
            r"\balready (?:said|told|answered|replied)\b|\bi (?:said|told you) no\b|\bhow many times\b|\b(?:what"
            r"|which) part of no\b"
        ),
    ),
    rule(
        "no_dealers",
        (
            r"\b(?:no|not|without|never|zero)(?: \w+){0,3} (?:dealers?|dealerships?|flippers?|resellers?|wholesalers?"
            r"|flipper)\b(?! (?:fee|fees|plate|installed|maintained))"
        ),
        r"\bdealers? (?:dont|need not|not|please dont|stay|wont|go)\b",
        (
            r"\b(?:private (?:buyers?|party|sale|individuals?) only|only (?:\w+ ){0,2}private|to a private|prefer "
            r"(?:a )?private)\b"
        ),
        (
            r"\b(?:dont|wont|never|not|not going to) sell(?:ing)? to (?:a |any )?(?:dealers?|dealership|flippers?|you"
            r"|your kind|companies|businesses)\b"
        ),
    ),
    rule(
        "refusing_words_about_messages",
        rf"\b{REFUSING}\b.*\b{MESSAGING}\b",
        rf"\b{MESSAGING}\b.*\b{REFUSING}\b",
        (
            r"\b(?:cease|desist|discontinue|terminate|refrain|halt|knock it off|removal|unenroll|withdraw|revoke"
            r"|rescind)\b"
        ),
        (
            r"\b(?:me|us) (?:off|out)\b(?! (?:of town|at|on the (?:price|road)))|\bleave (?:me|us)\b|\b(?:by|with) "
            r"(?:that|this) name\b|\bto quit\b"
        ),
        (
            r"\b(?:my|this|our) (?:number|info|information|name|data|contact|inbox)\b(?! (?:is|was|again|on the title"
            r"|here)\b)(?<!whats my number)"
        ),
    ),
)
