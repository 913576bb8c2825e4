"""Words that mean the same kind of thing, and the spelling of thumb and ear put right.

The classes (`FOOD`, `MEDICINE`, …) let the model learn from "anybody going for [FOOD]" what it
never saw with pilchards in it. A word is looked up as it is, then by its sound, then one slip away.
"""

from __future__ import annotations

import re
from functools import lru_cache


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CLASSES: dict[str, str] = {
    "FOOD": "bread loaf loaves milk pint pints eggs egg butter marg margarine cheese ham bacon "
    "sausages"
    " sausage mince chicken beef lamb fish salmon tuna sardines pilchards beans peas carrots spuds"
    " potatoes tatties veg vegetables fruit apples bananas oranges grapes teabags teabag coffee "
    "sugar"
    " flour rice pasta noodles cereal weetabix cornflakes porridge oats biscuits biscuit cake "
    "crumpets"
    " teacakes rolls buns hovis warburtons jam marmalade honey yoghurt yogurt cream custard soup "
    "tins"
    " tinned tin crisps squash juice orangeade pop bleach soap shampoo toothpaste toilet loo roll "
    "rolls"
    " kitchenroll tissues hankies nappies wipes washing powder detergent matches candles foil"
    " cornbeef spam gravy bisto oxo salt pepper vinegar ketchup sauce pickle onion onions tomatoes"
    " lettuce cucumber mushrooms semi skimmed llefrith llaeth bara torth menyn wyau siwgr caws "
    "tatws"
    " te coffi bisgedi catfood dogfood newspaper ginger beer wine lager milks weans formula "
    "lightbulbs"
    " cottons polos mints sweets chocolate humbugs groceries grocery provisions essentials "
    "messages neges"
    " basics bits shopping siopa siopio zakupy spesa провізія",
    "SHOP": "tesco tescos asda aldi lidl morrisons morissons sainsburys sainsbury coop spar londis "
    "waitrose"
    " iceland costcutter nisa farmfoods shop shops supermarket superstore greengrocer greengrocers "
    "butcher"
    " butchers baker bakers bakery newsagent newsagents siop cornershop heron booths store market "
    "b&m",
    "MEDICINE": "prescription prescriptions perscription script scripts tablets tablet tabs pills "
    "pill"
    " medicine medicines medication meds inhaler inhalers insulin warfarin antibiotics antibiotic"
    " statins dosette nomad blister eyedrops ointment cream paracetamol ibuprofen aspirin codeine"
    " cocodamol morphine gabapentin metformin ramipril thyroxine bisoprolol amlodipine omeprazole"
    " water painkillers painkiller pharmacist patches fortisip ventolin gaviscon laxatives"
    " presgripsiwn mhresgripsiwn bresgripsiwn tabledi nhabledi dabledi moddion foddion ffisig "
    "meddyginiaeth",
    "CHEMIST": "chemist chemists pharmacy pharmasy boots rowlands lloyds cohens dispensary "
    "dispenser well"
    " superdrug fferyllfa fferyllydd apteka",
    "HEALTHPLACE": "hospital hosp hospitals surgery doctor doctors docs doc gp clinic dentist "
    "dentists"
    " optician opticians outpatients infirmary physio physiotherapy xray scan chemo dialysis "
    "appointment"
    " apointment appt appointments consultant specialist podiatrist chiropodist audiology ysbyty "
    "feddygfa"
    " meddygfa meddyg doctora apwyntiad deintydd szpital lekarza больниця лікарні ward unit centre",
    "PLACE": "station train bus airport church chapel mass mosque temple funeral wedding "
    "crematorium cemetery"
    " town lunch club bingo school library bank centre slimming daycentre eglwys capel gorsaf "
    "angladd",
    "RIDE": "lift lifts ride drive drives driving car run taxi transport lifft reid gyrru petrol "
    "seat drop"
    " fetch wheelchair walker danfon",
    "PET": "dog dogs cat cats puppy kitten budgie hamster rabbit rabbits hens chickens parrot "
    "goldfish pet"
    " pets vet vets terrier labrador lab spaniel collie whippet greyhound staffy alsatian poodle "
    "westie yorkie"
    " pug beagle corgi lurcher dachshund chihuahua shihtzu jackrussell pony donkey tortoise guinea"
    " pigs ferret ferrets walkies lead leash kennel cattery ci gath cath cwn gi anifail moggy "
    "pooch pup bitch",
    "GARDEN": "garden gardens gardening lawn lawns grass hedge hedges weeds weeding weed leaves "
    "path paths"
    " snow ice gritting grit gutter gutters borders roses shrubs tree trees branch branches mow "
    "mower mowing"
    " mowed strimmer strim prune pruning digging dig allotment greenhouse pots tubs watering "
    "flowerbeds"
    " brambles nettles ivy patio bulbs compost lawnmower yard gardd ardd lawnt borfa gwair dail "
    "eira chwyn"
    " llwybr gwrych plants tomatoes overgrown clippings turf shears secateurs fence",
    "HOME": "bulb bulbs lightbulb light lights bin bins tap taps leak leaking dripping boiler "
    "heating"
    " radiator radiators toilet cistern sink drain plumber plumbing fuse fuses fusebox electrics "
    "socket plug"
    " smoke alarm battery batteries shelf shelves curtain curtains blind blinds pole rail wardrobe "
    "sofa"
    " settee bed mattress carpet furniture drawers cupboard door lock hinge handle window fridge "
    "freezer"
    " cooker oven washer dryer hoover hoovering loft ladder ladders screw drill flatpack assemble "
    "paint"
    " decorate wallpaper pipe pipes thermostat pilot keysafe handrail bannister banister clock "
    "stairs"
    " wheelie recycling gas meter larwm mwg bwlb golau biniau gwresogi boeler dodrefn tiles damp "
    "draught"
    " doorbell letterbox chair table lamp picture hang fix mend repair repairs handyman joiner",
    "TECH": "phone mobile telly tv television computer laptop tablet ipad iphone android internet "
    "wifi"
    " broadband router email emails password passwords printer printing app apps zoom facebook "
    "whatsapp"
    " skype facetime remote channels channel netflix screen camera photos text texting virus scam "
    "online"
    " website account login freeview sky aerial signal charger smartphone alexa speaker ffon teledu"
    " cyfrifiadur gyfrifiadur kindle update settings volume subtitles ringtone keyboard mouse",
    "PAPER": "form forms letter letters bill bills paperwork pip dla attendance allowance blue "
    "badge"
    " renewal council tax benefit benefits claim probate will solicitor census ballot passport "
    "licence"
    " application statement envelope dwp hmrc pension credit appeal tribunal insurance policy "
    "contract"
    " ffurflen ffurflenni llythyr llythyrau bil biliau gwaith papur document documents fill "
    "filling read",
    "ERRAND": "parcel parcels post postoffice posting stamps stamp letterbox library books book "
    "returning"
    " return refund dry cleaners cleaners cheque cash bank building society queue collect drop key "
    "keys"
    " catalogue evri yodel dpd hermes royal mail card cards pension collecting parsel parseli "
    "llyfrgell"
    " llyfrau llyfr llythyrdy swyddfa",
    "MEAL": "meal meals dinner dinners tea supper hot cooked cook cooking plate stew soup "
    "casserole roast"
    " curry pie chips lasagne shepherds hotpot broth leftovers portion portions batch takeaway "
    "cooker"
    " pryd pryd bwyd swper cinio coginio microwave kebab pizza pudding crumble scouse stovies cawl",
    "COMPANY": "company chat chats natter blether chinwag visit visitor visitors lonely alone "
    "lonesome"
    " company brew cuppa cards dominoes doms scrabble chess cribbage crib draughts befriend "
    "befriender"
    " befriending talk friend friendly isolated widowed widow widower quiet sgwrs paned cwmni unig "
    "unigrwydd"
    " clonc ymweld gem samotna sola compagnia bored jigsaw crossword company knitting",
    "CARE": "wash washing washed bath bathing shower showering dress dressing dressed undress "
    "toilet"
    " toileting commode pad pads nappy incontinence incontinent stockings socks bra tights feed "
    "feeding"
    " fed turn turning bedsore hoist shave shaving toenails carer carers creams bedpan bum"
    " underwear catheter ymolchi gwisgo toiled",
    "BODY": "leg legs arm arms foot feet ankle ankles knee knees hip hips back shoulder chest "
    "heart head"
    " headache stomach tummy belly throat ear ears eye eyes tooth teeth skin toe toes finger "
    "fingers wrist"
    " hand hands neck bowel bladder waterworks wound ulcer nhroed mhen nghoes nghlust brest frest "
    "goes llaw",
    "SYMPTOM": "pain pains hurts hurting hurt sore ache aching aches rash itching itchy swollen "
    "swelling"
    " dizzy dizziness sick sickness vomiting vomit diarrhoea diarrhea constipated constipation "
    "cough"
    " coughing temperature fever infection infected bleeding bleed blood burn burnt burns blister "
    "bruise"
    " bruised breathless wheezing wheezy giddy numb tingling cramp weeping throbbing stings "
    "stinging poorly"
    " faint fainted symptoms dose overdose tetanus antibiotics thrush cystitis gout spots lump "
    "poen brifo"
    " gwaed gwaedu sal twymyn cosi chwyddo peswch",
    "MONEY": "money rent arrears debt debts bailiff bailiffs bayliffs eviction evicted broke skint "
    "foodbank"
    " voucher vouchers hardship sanctioned sanction giro wages payday overdraft loan loans lend "
    "borrow"
    " tenner quid fiver prepayment topup electric leccy electricity afford cupboards owe owing "
    "pres arian"
    " dyled rhent pawb universal repossessed council fund grant tallyman provident",
    "RELATIVE": "mum mums mam mams mom mummy mother mothers dad dads father fathers nan nans nana "
    "nanna gran grans"
    " grandma granny grandad grandads grandpa grandfather grandmother aunt aunty auntie uncle "
    "sister"
    " brother wife wifes husband husbands hubby son sons daughter daughters grandson granddaughter "
    "neighbour"
    " neighbours neighbor nextdoor inlaw partner friend friends niece nephew cousin taid nain tad "
    "thad"
    " fam mamgu tadcu chwaer brawd gwr wraig cymydog gymydog cymdoges ammi babcia babci stepdad "
    "toddler baby",
    "EMERGENCY": "999 ambulance help bleeding unconscious collapsed choking choke stroke "
    "heartattack attack"
    " suicide kill killing overdose fire smoke burning gas breathe breathing fallen fell floor "
    "trapped"
    " stuck blood knife fit seizure dead dying threatening intruder burglar tan dan mwg syrthio "
    "cwympo"
    " anymwybodol marw anadlu unresponsive floppy blue sos",
    "NORTH": "owt nowt summat ey ow aye tha thee thi wi mi sen mesen",
    "PERSON": "someone sumone somebody sombody sumbody sum1 some1 someones anyone any1 anybody "
    "anybdy enyone"
    " onybody somebdy rhywun unrhywun rywun ktos qualcuno хтось neighbour volunteer volunteers "
    "helper helpers",
    "CAN": "can could cud would wud may might might will able possible poss chance fedr fedrith "
    "fedrwch fydde"
    " allai fyddai fasa gallu",
    "WANT": "need needs needed want wants wanted require requires requiring after lookin looking "
    "wanting"
    " angen isio eisiau moyn hoffwn potrzebuje потрібно",
    "GET": "get getting fetch fetching pick picking collect collecting bring bringing nip pop grab "
    "buy"
    " nol gasglu casglu codi prynu",
    "GIVE": "offer offering volunteer volunteering happy glad willing free spare gladly wirfoddoli "
    "gwirfoddoli"
    " helpu cynnig retired",
}

_WORD_CLASS: dict[str, tuple[str, ...]] = {}
for _name, _members in CLASSES.items():
    for _word in _members.split():
        _WORD_CLASS[_word] = (*_WORD_CLASS.get(_word, ()), _name)

COMMON = _words(
    "the and for you are with not have has had was were from this that they them their there "
    "then"
    " than what when where which who how why will would could should cant cannot dont wont doesnt"
    " didnt isnt im ive ill its hes shes were weve youre youve our your his her him she about after"
    " again any because been before being but did does doing down each even ever every few get go"
    " going gone got here home just know last like little long look lot made make man many me more"
    " most much must my never new no now off old on once one only or other out over own put said "
    "same"
    " see so some still such take tell thank thanks thats thing things think time to today tomorrow"
    " too two under until up us very want way we week well went while woman work year years yes yet"
    " please love dear sorry kind help house street road number names name round near bit good "
    "great"
    " hello morning afternoon evening night day days monday tuesday wednesday thursday friday "
    "saturday"
    " sunday message messages reply stop start send sent come coming came call calling ring rang "
    "talk"
    " speak worried worry done finished cancel cancelled forget news waiting heard anything nothing"
)
"""Everyday words that are never taken for a slip of another."""

_VOWELS = re.compile(r"[aeiouyh]")
_DOUBLE = re.compile(r"(.)\1+")


def sound(word: str) -> str:
    """A rough key for how an English word sounds: "perscripshun" and "prescription" share "
    "theirs."""
    key = word.replace("ph", "f").replace("ck", "k").replace("tion", "shn").replace("sion", "shn")
    key = key.replace("ce", "s").replace("ci", "s").replace("sh", "x").replace("ch", "x")
    key = key.replace("shn", "xn").replace("ght", "t").replace("kn", "n").replace("wr", "r")
    key = key.replace("c", "k").replace("q", "k").replace("z", "s").replace("j", "g")
    head, tail = key[:1], _VOWELS.sub("", key[1:])
    return _DOUBLE.sub(r"\1", ("a" if head in "aeiou" else head) + tail)


def _ways(word: str) -> set[str]:
    """The word with each letter left out: what a slip and its word have in common."""
    return {word[:i] + word[i + 1 :] for i in range(len(word))}


_KNOWN = sorted(word for word in _WORD_CLASS if len(word) >= 5 and word.isascii())
_BY_SOUND: dict[str, str] = {}
_BY_SLIP: dict[str, str] = {}
for _word in _KNOWN:
    if len(sound(_word)) >= 4:
        _BY_SOUND.setdefault(sound(_word), _word)
    if len(_word) >= 6:
        for _way in _ways(_word):
            _BY_SLIP.setdefault(_way, _word)


@lru_cache(maxsize=8192)
def known_as(word: str) -> str:
    """The word of the lexicon that this one is, sounds like or slips from; else the word itself."""
    if word in _WORD_CLASS or word in COMMON or len(word) < 5:
        return word
    if word.endswith("in") and word + "g" in _WORD_CLASS:
        return word + "g"
    if word.endswith("s") and word[:-1] in _WORD_CLASS:
        return word[:-1]
    if found := _BY_SOUND.get(sound(word)):
        return found
    if len(word) >= 6:
        for way in (word, *_ways(word)):
            if found := _BY_SLIP.get(way):
                return found
    return word


def classes_of(word: str) -> tuple[str, ...]:
    """The classes that a word belongs to, however it is spelt."""
    return _WORD_CLASS.get(known_as(word), ())
