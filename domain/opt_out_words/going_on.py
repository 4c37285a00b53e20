"""Words by which a message shows that the conversation goes on: an answer, the vehicle, its price, a time, a place.

A message without any of them, and without a demand, is looked at by somebody: nobody here knows what it says.
"""

import regex


def goes_on(words: str) -> bool:
    """Whether any word (or number) tells of a conversation that goes on; an empty message tells nothing bad."""
    said = words.split()
    if _PHRASES.search(words):
        return True
    return not said or any(word in _WORDS or _AMOUNT.match(word) for word in said) or _POLITE.issuperset(said)


_ANSWERS = """
yes yep yeah yea yup sure okay k kk perfect great cool awesome absolutely definitely certainly correct works fine
sounds ty welcome worries gotcha lol haha liked available still interested offer offering firm obo negotiable yessir
affirmative glad happy nope fair nice cheers blessed issues worry
"""
_TRADE = """
price priced cash check cheque loan lien lienholder bank payoff owe owed owing finance financed financing title titled
registration registered tags plates vin carfax autocheck report inspection appraisal appraise deposit trade trades k
grand bucks dollars dollar usd cad hundred thousand worth value kbb nada bluebook edmunds carmax carvana vroom lowest
highest bottom best tax taxes fee fees warranty bill receipt paperwork documents docs lease payment payments pics pic
pictures picture photos photo video facetime
"""
_VEHICLE = """
car truck van suv jeep bike motorcycle vehicle ride pickup sedan coupe convertible hatchback wagon minivan trailer
camper honda toyota ford chevy chevrolet gmc ram dodge nissan subaru mazda bmw audi lexus acura kia hyundai volkswagen
vw volvo mercedes tesla buick cadillac chrysler civic camry corolla tacoma tundra tahoe silverado mustang pilot
outback forester rav4 crv highlander odyssey sienna miles mileage km kms kilometers odometer owner owners engine motor
transmission tranny clutch brakes brake rotors pads tires tire wheels wheel rims suspension shocks struts battery
alternator starter radiator coolant leak leaks leaking oil gas diesel hybrid electric fuel mpg exhaust muffler cat
cats catalytic ac heat heater heated seats seat leather cloth interior exterior paint scratch scratches dent dents
dings rust rusted crack cracked windshield window windows door doors bumper fender hood trunk bed hitch tow towing
lift lifted sunroof moonroof roof radio stereo speakers nav navigation bluetooth camera screen keys fob remote manual
automatic stick awd fwd rwd 4wd 4x4 cylinder v6 v8 turbo accident accidents damage damaged salvage rebuilt clean runs
run running drives drive condition maintained maintenance serviced service changed replaced new used original stock
tint light lights headlight signal mirror wipers belt belts timing gasket fluid sensor code codes codes blower
compressor noise smell smoke smoked pets garage garaged stuff sticker stickers opt package option loaded premium
limited sport trim model year make color colour red blue black white silver grey gray green loud shakes squeaks squeal
squeals pulls started starts cranks idle idles manual spare carseat cars trucks
"""
_LIFE = """
twins moving moved divorce college school church gym army military deployed bought replaced fixed repaired rebuilt
installed handles rides sits parked washed detailed waxed cleaned tuned flushed inspected passed smog emissions
mechanic dealership shop tech oem aftermarket upgraded stereo amp subs lowered lifted wrapped wrap ceramic tinted
cargo towed hauls hauling commuter highway city roads winter summer snow desert beach salt dry wet hot cold warm ice
cracked chipped faded peeling missing broken works worn torn stain stained dirty ugly pretty nice beautiful smooth
rough slow fast strong weak noisy quiet reliable solid mint worth cheaper expensive reasonable negotiate lower higher
counter match beat range least minimum maximum bottom haggle haggling financing credit union refinance wire zelle
venmo paypal cashier certified escrow notary dmv mva signed sign signature estate probate inherited asap anytime
whenever swing drive driven ferry airport hotel mall walmart costco park lake river bridge corner downtown uptown
north south east west
"""
_PLANS = """
today tonight tomorrow tmrw tmr tomorow monday tuesday wednesday thursday friday saturday sunday tue tues wed thu thur
thurs fri sat sun week weeks weekend weekday month months day days hour hours min mins minutes noon morning night soon
later pm oclock january february march april may june july august september october november december when where
address street road ave avenue lane drive highway hwy exit corner house home office shop garage store driveway parking
park come coming came meet meeting see look looking visit bring bringing drop pick stopping appointment schedule
reschedule ready way late town far near across location located directions map show posted
"""
_FRENCH = """
oui ouais parfait correct super disponible dispo encore toujours prix offre offrez ferme comptant argent auto voiture
char camion vehicule moteur freins frein pneus rouille accident accidents kilometres km proprietaire entretien photos
photo serie brise demain samedi dimanche lundi mardi mercredi jeudi vendredi soir matin midi heure heures semaine mois
passer passez venir venez voir visite adresse rue maison garage travail quand combien rendez assurance presse tard
details annonce vendre possible certainement biensur
"""
_SPANISH = """
si claro bueno perfecto disponible todavia precio ofrece ofrecen oferta efectivo dolares carro auto coche troca
camioneta motor frenos llantas choques choque millas titulo dueno placas kilometraje manana hoy lunes martes miercoles
jueves viernes sabado domingo tarde noche semana hora horas cuando donde cuanto venir venga vengo pasar puede puedo
casa calle esquina trabajo foto fotos enganche cita espere esposo esposa checar ver alarma problema problemas aceite
bateria pintura direccion
"""
_AMOUNT = regex.compile(r"\$?\d(?:\d|k)")  # 12k, 9500, 2017; not "3 times"
_PHRASES = regex.compile(
    r"(?<!you )(?<!they )\bdont stop (?:texting|messaging|calling|writing|sending)\b"
    r"|(?<!dont )(?<!not )(?<!doesnt )(?<!didnt )(?<!longer )\b(?:want|need|ready|looking|trying|hoping) to sell\b|"
    r"\b(?:at|by|after|around|until|till|before|like|for) \d{1,2}\b|\bno (?:problem|worries|rush|hurry)\b|"
    r"\b(?:call|text|email|message) (?:me|him|her|us|my \w+) (?:the|a|an|your|when|at|after|around|tomorrow|anytime"
    r"|once)\b"
    r"|\b(?:get|got|see|saw|missed|received|like) your (?:text|message|call|offer)\b|\bget back to (?:you|u|me)\b"
    r"|\blet me (?:think|ask|talk|know|check|see|look)\b|\bill (?:think|let you|call|text|send|check|ask|be|take"
    r"|bring|get)\b"
    r"|\bwhat (?:do|would|can|number|are) (?:you|i|should)\b|\bhow (?:soon|much|many|about|long|did you like"
    r"|do you like)\b"
    r"|\b(?:left|leave) (?:you )?(?:a|your)\b|\b(?:would|do|did|can|could) (?:you|u|yall|i) (?:take (?!me|us|my|this"
    r"|it)|buy|pick|come|need|still|have|pay"
    r"|go|bring|meet|give|hold|show|ask|do|like|send)\b|\b(?:i|we) (?:bought|paid|live|listed|owe|replaced|fixed"
    r"|changed|drove|installed"
    r"|deleted|removed|canceled|cancelled)\b|\bit (?:has|had|runs|needs a|comes|came|takes|was|drives|starts|shakes"
    r"|leaks|sat|pulls"
    r"|feels|works|sounds)\b|\bother guy\b|\bfeel free to\b|\bsold as is\b|\b(?:dont|didnt) need the money\b"
)
# A message of nothing else is polite, and no more.
_COURTESIES = """
accord afternoon beaucoup bienvenue bonjour buenas buenos d de dias do evening for good got gracias hello hey hi
hola it late merci morning much muchas nada night ok okay please problem reply rien right so sorry tardes thank
thanks the understood very well will you
"""
_POLITE = frozenset(_COURTESIES.split())
_WORDS = frozenset(f"{_ANSWERS} {_TRADE} {_VEHICLE} {_LIFE} {_PLANS} {_FRENCH} {_SPANISH}".split())
