"""English: what looks like a demand and is none."""

from domain.opt_out_words.english_words import TEXT, TEXTING
from domain.opt_out_words.rules import rule

# Set aside before anything else is looked for: the word in another sense, somebody else's demand, or its opposite.
OTHER_SENSES = (
    rule(
        "stop_in_another_sense",
        r"\bstop (?:by|in(?! the name)|off|through|over|round|around|past|up|down"
        r"|and (?:go|see|look|say|check|get|talk|take|pick|grab|visit|chat)|to (?:see|look|check|get|say|pick|drop"
        r"|talk|visit|grab|show|let)"
        r"|at (?!once|all\b|now)|for (?!good|real|now|ever|the love|gods|fucks|christ|all\b|fuck|heaven|petes|me\b"
        r"|us\b|my\b|fs|sure)"
        r"|on (?:by|over|the way|my way|your way|\w+day)|sign|signs|light|lights|watch|shop|gap|start|leaks?|smoothly"
        r"|hard|short|fine|well|great|quickly"
        r"|the (?:car|truck|van|engine|motor|bleeding|leak)(?! (?:ads?|text|texting|talk|message|stuff|offers?|call"
        r"|questions?|crap|bs|spam)))\b",
        (
            r"(?<!^)\b(?:full|complete|dead) stop\b|\b(?:bus|pit|truck|rest|gas|door|first|last|next|whistle|auto"
            r"|start|train|subway|metro|short|hard|two|every|rolling|traffic|fuel|bathroom|4 way|3 way)(?: a)? stop\b"
        ),
        (
            r"\bnon stop\b(?! (?:text|message|messaging|spam"
            r"|harass))(?<!me non stop)(?<!us non stop)(?<!text non stop)(?<!message non stop)"
        ),
        r"\b(?<!put )(?<!putting )(?:a|an|the|my|our) stop\b(?! (?:list|word|request|message|text))",
        r"\bstop (?:and|n) (?:go|start)\b",
        (
            r"^(?:it |she |he |the (?:car|truck|van|noise|ac|engine) |truck |car )?(?:stops|stopped) (?!texting"
            r"|calling|messaging|contacting)\w+"
        ),
    ),
    rule(
        "quit_in_another_sense",
        (
            r"\bquit (?:smoking|vaping|working|running|driving|charging|cooling|blowing (?:cold|hot|air)|turning"
            r"|starting|spinning|heating|on (?:me|us|him|her|the)|my job|drinking|claim)\b"
        ),
        (
            r"\b(?:it|she|engine|pump|motor|alternator|radio|fan|ac|battery|starter|transmission|compressor|window"
            r"|car|truck|van) quit\b(?! (?:texting|messaging|calling|sending|it with))"
        ),
        r"\bnever quit on\b",
    ),
    rule(
        "still_for_sale",
        (
            r"\b(?:not|never|hasnt|havent|isnt|aint|wasnt|nobody|no one|nobodys|no ones|didnt|unless|until|if|till"
            r"|before|when)(?: \w+){0,2} (?:sold|bought|gone|wrecked|totaled|totalled|crashed|stolen|repossessed)"
            r"\b(?: yet)?"
        ),
        r"\b(?:sold|gone) yet\b",
    ),
    rule(
        "list_price_or_another_thing",
        r"\boff (?:of )?(?:the |your |my )?list price\b",
        r"\boptout of (?:the |my |your |a |any )?(?:warranty|insurance|coverage|gap|lease|loan|onstar)\b",
        r"\bunsubscribe from (?:onstar|sirius\w*|xm|autotrader|craigslist|facebook|netflix|that lol)\b",
        (
            r"\b(?:cant|couldnt|wont|dont|didnt|not|never|wouldnt|without|no need to) (?:\w+ )?cancel\w*(?: on (?:me"
            r"|you|us))?(?: (?:my|the|our) \w+)?"
        ),
        (
            r"\bcancel(?:ed|led|ing|ling|lation|s)?(?: \w+)? (?:my |the |our |your )?(?:insurance|policy|registration"
            r"|warranty|onstar|siriusxm|sirius|plates|order|loan|headphones|headsets?|fee)\b"
        ),
        r"\b(?:you|i|we|they) (?:have|need|can|had|gotta) (?:to )?cancel (?:it )?(?:yourself|myself|online|first)",
        r"\b(?:can|could|may|do|if|when|in case) (?:i|we) (?:\w+ )?cancel\b",
        r"\bwrong (?:number of|with)\b",
    ),
)

# Set aside as well, but no sign that the conversation goes on.
NO_DEMANDS = (
    rule(
        "no_demand_to_stop",
        r"\b(?:told|tells|tell|asked) (?:me|him|her|us|them) (?:not )?to (?:stop|quit) \w+ing\b(?: and driving)?",
        r"\bwhy(?: did)? (?:you|u|yall) (?:all |guys )?(?:stop|quit|stopped)(?: \w+ing)?(?: me| us)?",
        r"\bdid (?:you|he|she|it|they|yall) (?:ever |all )?(?:stop|quit) \w+ing\b",
        r"\bdoes (?:it|the \w+|your \w+|that|she|he) (?:\w+ )?(?:stop|quit) \w+",
        (
            r"\b(?:i|we|he|she)(?: \w+)? (?:cant|couldnt|wont|wouldnt|didnt|doesnt|dont|never) (?:seem to "
            r"|ever )?(?:stop|quit)\b(?! (?:these|this|it|them|getting|receiving|your|the text|the message))(?: "
            r"(?:think|laugh|smil|work|look|talk|driv)\w*)?"
        ),
        r"^cant stop (?:think|laugh|smil|look|won)\w*",
        (
            r"\b(?:it|brakes?|car|truck|van|phone|leak|engine|wipers|horn|alarm|light|noise|fan|she) (?:dont|doesnt"
            r"|wont|will not|wouldnt|didnt|never) stop (?=well|good|great|right|fast|quick|properly|leaking|beeping"
            r"|ringing|running|making|shaking|blinking|honking|spinning|turning)"
        ),
        (
            r"\b(?:can|could|should|may) i stop\b(?! (?:these|this|getting|receiving|your|the text|the message|text"
            r"|it|them))"
        ),
        (
            rf"^(?:(?:and|but|so|no|please|lol|hey|just|ok|yes|oh) )*(?:dont|never|not) (?:ever )?(?:stop|quit)"
            rf"\b(?: {TEXTING}(?: me| us)?| \w+ing)?"
        ),
        r"\b(?:nothing|nobody|no one) (?:can |will |ever )?stops?\b",
        r"\b(?:while|long|distance|trouble|hard|slow|easy|quick|difficult|struggles?|takes|forever) to stop\b",
        r"\bwhen(?:ever)? (?:you|i|we|it|she) (?:\w+ )?stop\b(?! (?:text|messag|contact|call|bother|send))",
    ),
    rule(
        "no_demand_for_silence",
        r"\bwhy (?:dont|not|wont) (?:you|u|we|yall|i)\b(?! (?:stop|quit|leave|fuck|lose))(?: \w+){0,2}",
        (
            r"\b(?<!it )(?<!appreciate )(?<!best )(?<!better )(?<!great )(?<!nice )(?<!love )(?<!rather )(?:if|when"
            r"|unless|in case) (?:you|u|yall|they|i|we) (?:dont|never|cant|wont) (?!stop|quit|leave|lose|(?:text"
            r"|contact|call|message|email|bother)\w* (?:me|us|this number|here) (?:again|any ?more|ever))(?:\w+)"
        ),
        (
            r"\b(?:you|u|yall) (?:dont|never|didnt|havent) (?:have|need|got|ha?fta) to (?!contact me again"
            r"|call me again|text me again)\w+(?: first)?"
        ),
        r"\b(?:you|u) never (?:\w+ed|sent|wrote|told|gave|got back|said)\b",
        rf"\b(?:they|people|dealers|folks|most) (?:dont|never) (?:even )?{TEXT}\b",
        r"\bno need to (?:text|call|message|email|reply|respond|contact|write) (?:first|before|ahead|now|back right)",
        (
            r"\b(?:dont|didnt|do|does|never|not) (?:hesitate|forget|be afraid|be shy|mind|worry) ?(?:to "
            r"|about )?(?:text|texting|call|calling|message|messaging|email|contact|reach out|reply)?"
        ),
        (
            r"\b(?:dont|never|not) (?:remove|delete|lose|erase|unsubscribe|optout|take|forget) (?:me|us|my \w+"
            r"|off)(?: off| from)?(?: the| your)?(?: list)?"
        ),
        (
            r"\b(?:dont|didnt|not|never) (?:\w+ )?(?:want|mean|meant|trying|wanna|plan|planning|going) "
            r"(?:to )?(?:unsubscribe|optout|be removed|cancel)"
        ),
        (
            r"\b(?:i|we) (?:dont|never|rarely|cant|didnt|couldnt|wont|havent) (?:really |usually |always "
            r"|even )?(?:get|see|receive|read|check|answer|return|have|use|email|reply|respond|write)\b(?! "
            r"(?:permission|consent))"
        ),
        (
            r"\b(?:i|we) (?:dont|never|rarely) (?:\w+ )?(?:text|call|message|email) (?:back|much|often|and drive"
            r"|while|strangers|people|unknown|well|fast|good)"
        ),
        r"\btext(?:ing)? (?:and|n|while) driv\w+",
    ),
)
