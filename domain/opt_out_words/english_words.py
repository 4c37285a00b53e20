"""Parts of English patterns: words for writing to somebody, for ending it, and what may stand around them."""

TEXT = (  # to write to somebody, as people call it
    r"(?:text|message|contact|call|email|e mail|mail|phone|ring|dm|ping|write|bother|bug|harass|pester|spam|disturb"
    r"|annoy"
    r"|solicit|stalk|hound|nag|badger|communicate|reach out|hit (?:me|us) up|hmu|blow(?: \w+)? phone|follow up|keep)"
)
TEXTING = (
    r"(?:texting|messaging|contacting|calling|emailing|e mailing|mailing|phoning|ringing|dming|pinging|writing"
    r"|bothering"
    r"|bugging|harassing|harrassing|pestering|spamming|disturbing|annoying|soliciting|stalking|hounding|nagging"
    r"|badgering"
    r"|communicating|reaching out|hitting (?:me|us)|blowing (?:\w+ ){0,3}(?:phone|cell)|sending|replying|responding"
    r"|asking"
    r"|following up|trying to (?:reach|contact|call|text|get ahold|get a hold|get hold|sell me|buy my)|talking to "
    r"(?:me|us)|writing (?:me|us))"
)
TEXTS = (
    r"(?:text|texting|message|messaging|sms|call|calling|email|mail|communications?|correspondence|contact|spam"
    r"|solicitations?|notifications?|alerts?|marketing|ads|blasts|outreach|madness|inquiries|offers|harassment|crap"
    r"|shit|bs|junk|garbage)"
)
HALT = (
    r"(?:stop|quit|cease|desist|discontinue|end|halt|knock (?:it |this |that )?off|cut (?:it |this |that )?out"
    r"|refrain|enough|terminate|lay off)"
)
LOOSE = (  # may stand between the verb and what it is about
    r"(?:(?:with|it|from|all|this|these|those|the|that|your|ur|you|any|automated|annoying|endless|unsolicited"
    r"|constant|daily|phone|marketing|follow up|robo|ridiculous|random|fucking|damn|damned|goddamn|stupid|bloody"
    r"|constantly"
    r"|always|even|and|or|already|please|just|further|future|being|me|us|off|out|unwanted|more|immediately|now"
    r"|right) ){0,4}"
)
COURTESY = (
    r"(?:please|kindly|just|ok|okay|k|now|right now|right away|immediately|at once|asap|it|this|that|thanks|thank you"
    r"|already|seriously|dude|bro|man|sir|maam|guys|yall|you|you guys|you people|people|can you|could you|would you"
    r"|will you"
    r"|wont you|can|could|will|would|no|nope|nah|yeah|yes|yep|hey|hi|hello|sorry|for real|fr|omg|jesus|christ|god"
    r"|alright"
    r"|today|all|everything|forever|permanently|for good|and|so|then|but|again|i said|ive said|said|fucking|the fuck"
    r"|the hell"
    r"|damn|goddamn|damn it|dammit|for the love of god|for gods sake|gracias|merci|svp|s il vous plait|s il te plait"
    r"|porfavor|por favor|por fa|here|stop"
    r"|need to|must|should|have to|had better|better|need you to|i need you to|i want you to|want you to|want this to"
    r"|i mean it|i beg you|me|us|bye|good ?bye|asshole|moron|idiot|jerk|creep|loser|bitch|buddy|pal|mate|friend|amigo"
    r"|honey|x|xx|ffs|wtf|um|uh|please and thanks|too|with it|doing this|doing that)"
)
MINE = r"(?:my|this|our|the|that|his|her|moms|dads|husbands|wifes)"
NUMBER = r"(?:number|name|info|information|contact|phone|cell|data|details|email|address|digits)"
LIST = (
    r"(?:lists?|system|systems|database|databases|records?|contacts?|directory|files?|campaign|books|rolodex|texts?"
    r"|messages?)"
)
REFUSING = (
    r"(?:no|not|dont|never|wont|wouldnt|aint|stop|quit|cease|off|out|remove|delete|erase|lose|forget|again|anymore"
    r"|enough|wrong"
    r"|unwanted|rid|away|elsewhere|end|without|refuse|reject|decline|forbid|prohibited|banned|against|over|done|sick"
    r"|tired)"
)
MESSAGING = (
    r"(?:text|texts|texting|texted|message|messages|messaging|messaged|contact|contacting|contacted|contacts|number"
    r"|phone"
    r"|cell|list|lists|info|information|data|database|system|communication|sms|solicit\w*|conversation|chat|thread"
    r"|subscription)"
)
