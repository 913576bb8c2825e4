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
    "FOOD": (
        "bread loaf loaves milk pint pints eggs egg butter marg margarine cheese ham bacon "
        "sausages sausage mince chicken beef lamb fish salmon tuna sardines pilchards beans "
        "peas carrots spuds potatoes tatties veg vegetables fruit apples bananas oranges "
        "grapes teabags teabag coffee sugar flour rice pasta noodles cereal weetabix "
        "cornflakes porridge oats biscuits biscuit cake crumpets teacakes rolls buns hovis "
        "warburtons jam marmalade honey yoghurt yogurt cream custard soup tins tinned tin "
        "crisps squash juice orangeade pop bleach soap shampoo toothpaste toilet loo roll "
        "kitchenroll tissues hankies nappies wipes washing powder detergent matches candles "
        "foil cornbeef spam gravy bisto oxo salt pepper vinegar ketchup sauce pickle onion "
        "onions tomatoes lettuce cucumber mushrooms semi skimmed llefrith llaeth bara torth "
        "menyn wyau siwgr caws tatws te coffi bisgedi catfood dogfood newspaper ginger beer "
        "wine lager milks weans formula lightbulbs cottons polos mints sweets chocolate "
        "humbugs groceries grocery provisions essentials messages neges basics bits shopping "
        "siopa siopio zakupy spesa провізія atta dal dhal roti chapati chapatis chapatti "
        "paneer ghee coriander chillies garlic yam yams plantain okra turmeric halal curd "
        "samosas naan bloomer cob baguette wholemeal brisket kippers haddock cod prawns steak "
        "gammon corned mackerel trout leeks cauli cauliflower cabbage sprouts broccoli swede "
        "turnip neeps parsnips peppers celery beetroot avocado courgette pears plums lemons "
        "strawberries grapefruit melon raisins custards shortbread flapjack scones scone "
        "muffins bagels wraps spaghetti lentils couscous stuffing mayo mustard relish ribena "
        "lucozade cordial lemonade tonic guinness whisky sherry gin stout bitter milkshake "
        "yoghurts cheddar stilton philadelphia dairylea lurpak flora oatcakes rusks nutella "
        "peanut treacle syrup sweetener vanilla icing yeast firelighters coal kindling logs "
        "binbags domestos fairy dettol brillo persil conditioner deodorant razors denture "
        "steradent polident kitkat winalot pedigree felix whiskas kibble liquorice toffees "
        "fags cigarettes baccy tobacco kiwi tangerines satsumas clementines ryvita crackers "
        "marmite bovril horlicks ovaltine cocoa hobnobs digestives jelly icecream lollies "
        "wotsits"
    ),
    "SHOP": (
        "tesco tescos asda aldi lidl morrisons morissons sainsburys sainsbury coop spar "
        "londis waitrose iceland costcutter nisa farmfoods shop shops supermarket superstore "
        "greengrocer greengrocers butcher butchers baker bakers bakery newsagent newsagents "
        "siop cornershop heron booths store market b&m wilko wilkos poundland savers argos "
        "jysk ikea grocer fishmonger fishmongers greggs hovis budgens onestop kiosk paperman "
        "milkman deli"
    ),
    "MEDICINE": (
        "prescription prescriptions perscription script scripts tablets tablet tabs pills "
        "pill medicine medicines medication meds inhaler inhalers insulin warfarin "
        "antibiotics antibiotic statins dosette nomad blister eyedrops ointment cream "
        "paracetamol ibuprofen aspirin codeine cocodamol morphine gabapentin metformin "
        "ramipril thyroxine bisoprolol amlodipine omeprazole water painkillers painkiller "
        "pharmacist patches fortisip ventolin gaviscon laxatives presgripsiwn mhresgripsiwn "
        "bresgripsiwn tabledi nhabledi dabledi moddion foddion ffisig meddyginiaeth eyedrop "
        "drops spray sprays lotion gel puffer puffers puffa pump patch capsule capsules "
        "thinners steroids steroid prednisolone lansoprazole levothyroxine furosemide "
        "diazepam amitriptyline naproxen tramadol oramorph sertraline atorvastatin "
        "simvastatin clopidogrel apixaban edoxaban rivaroxaban senna lactulose ensure "
        "supplements vitamins nitro gtn dressings bandages syringes needles sharps strips "
        "repeats repeat dispensed refill nebules"
    ),
    "CHEMIST": (
        "chemist chemists pharmacy pharmasy boots rowlands lloyds cohens dispensary dispenser "
        "well superdrug fferyllfa fferyllydd apteka pharmacies chemistry apothecary jhoots"
    ),
    "HEALTHPLACE": (
        "hospital hosp hospitals surgery doctor doctors docs doc gp clinic dentist dentists "
        "optician opticians outpatients infirmary physio physiotherapy xray scan chemo "
        "dialysis appointment apointment appt appointments consultant specialist podiatrist "
        "chiropodist audiology ysbyty feddygfa meddygfa meddyg doctora apwyntiad deintydd "
        "szpital lekarza больниця лікарні ward unit centre ent mri ultrasound bloods blood "
        "vaccination jab jabs booster injection screening mammogram endoscopy cataract "
        "radiotherapy oncology cardiology memory fracture antenatal midwife nurse nurses "
        "hospice osteopath dietitian checkup hygienist denturist dressings eye hearing minor "
        "triage ambulatory"
    ),
    "PLACE": (
        "station train bus airport church chapel mass mosque temple funeral wedding "
        "crematorium cemetery town lunch club bingo school library bank centre slimming "
        "daycentre eglwys capel gorsaf angladd gurdwara mandir synagogue cathedral kirk "
        "masjid prayer prayers service market mart garden cafe hairdressers barbers theatre "
        "cinema pictures pub hall grave christening baptism polling dance choir museum baths "
        "pool swimming coast reunion party jobcentre"
    ),
    "RIDE": (
        "lift lifts ride drive drives driving car run taxi transport lifft reid gyrru petrol "
        "seat drop fetch wheelchair walker danfon chauffeur taking dropped dropping dropoff "
        "pickup passenger van minibus cab cabs uber motor motoring vehicle chum accompany "
        "escort seats trip journey"
    ),
    "PET": (
        "dog dogs cat cats puppy kitten budgie hamster rabbit rabbits hens chickens parrot "
        "goldfish pet pets vet vets terrier labrador lab spaniel collie whippet greyhound "
        "staffy alsatian poodle westie yorkie pug beagle corgi lurcher dachshund chihuahua "
        "shihtzu jackrussell pony donkey tortoise guinea pigs ferret ferrets walkies lead "
        "leash kennel cattery ci gath cath cwn gi anifail moggy pooch pup bitch hound hounds "
        "mutt rescue dug pupper kittens gerbil gerbils canary cockatiel finch geese horse "
        "horses mare foal goat goats sheepdog retriever rottweiler schnauzer bulldog chow "
        "husky tabby hutch cage aquarium litter flea fleas worming worm nails microchip "
        "groomer grooming paws"
    ),
    "GARDEN": (
        "garden gardens gardening lawn lawns grass hedge hedges weeds weeding weed leaves "
        "path paths snow ice gritting grit gutter gutters borders roses shrubs tree trees "
        "branch branches mow mower mowing mowed strimmer strim prune pruning digging dig "
        "allotment greenhouse pots tubs watering flowerbeds brambles nettles ivy patio bulbs "
        "compost lawnmower yard gardd ardd lawnt borfa gwair dail eira chwyn llwybr gwrych "
        "plants tomatoes overgrown clippings turf shears secateurs fence moss slabs flags "
        "drive driveway slippy skating icy leaf leafy mulch manure planters baskets hanging "
        "seedlings rhubarb orchard bush bushes conifer conifers leylandii privet laurel "
        "bramble thistles dandelions nettle buttercups trellis pergola hose hosepipe "
        "sprinkler fork rake wheelbarrow barrow trimmer trimming trim chopped jungle "
        "weedkiller slugs molehills mole hoeing verge turfing sweep sweeping swept shovel "
        "shovelled raking raked ditch"
    ),
    "HOME": (
        "bulb bulbs lightbulb light lights bin bins tap taps leak leaking dripping boiler "
        "heating radiator radiators toilet cistern sink drain plumber plumbing fuse fuses "
        "fusebox electrics socket plug smoke alarm battery batteries shelf shelves curtain "
        "curtains blind blinds pole rail wardrobe sofa settee bed mattress carpet furniture "
        "drawers cupboard door lock hinge handle window fridge freezer cooker oven washer "
        "dryer hoover hoovering loft ladder ladders screw drill flatpack assemble paint "
        "decorate wallpaper pipe pipes thermostat pilot keysafe handrail bannister banister "
        "clock stairs wheelie recycling gas meter larwm mwg bwlb golau biniau gwresogi boeler "
        "dodrefn tiles damp draught doorbell letterbox chair table lamp picture hang fix mend "
        "repair repairs handyman joiner plugs fuseboard tripped trip switch switches "
        "bulbholder lampshade landing lobby loaby rails grab stopcock tank immersion rayburn "
        "aga stove storage heater heaters geyser kettle ironing microwave toaster dishwasher "
        "tumble extractor hoovers vacuum latch bolt hasp catch spyhole chain hinges knob "
        "knobs skirting floorboard floorboards tile grout grouting sealant silicone leaky "
        "drip drips plunger overflow guttering downpipe slate slates roof ceiling plaster "
        "crack crackling wires wiring dimmer bracket brackets nail nails hammer spanner "
        "bookcase bookshelf bunk cot suite recliner headboard duvet castors wobbly wonky "
        "squeaky creaking rug lino mat carpets doorstep doorframe windowsill pane glazing "
        "insulate insulation mice mouse rat rats wasps cobwebs lid lids caddy rubbish skip "
        "recycle dustbin dustbins dehumidifier draughty timer thermostats boilers sinks bath "
        "flush flushing blocked drains"
    ),
    "TECH": (
        "phone mobile telly tv television computer laptop tablet ipad iphone android internet "
        "wifi broadband router email emails password passwords printer printing app apps zoom "
        "facebook whatsapp skype facetime remote channels channel netflix screen camera "
        "photos text texting virus scam online website account login freeview sky aerial "
        "signal charger smartphone alexa speaker ffon teledu cyfrifiadur gyfrifiadur kindle "
        "update settings volume subtitles ringtone keyboard mouse telephone landline handset "
        "voicemail controller freesat youtube iplayer bbc streaming tele tellie macbook pc "
        "windows desktop google chrome gmail outlook hotmail log download downloading upload "
        "install installing reboot frozen freezing buffering scan scanner scanning cartridge "
        "webcam headphones bluetooth speakers hub dongle sim simcard topup contacts backup "
        "cloud icloud virgin plusnet vodafone ee giffgaff texts emoji video videocall caller "
        "spam hacked hackers popup signin verification fob fitbit smartwatch radio dab tuner "
        "tuning"
    ),
    "PAPER": (
        "form forms letter letters bill bills paperwork pip dla attendance allowance blue "
        "badge renewal council tax benefit benefits claim probate will solicitor census "
        "ballot passport licence application statement envelope dwp hmrc pension credit "
        "appeal tribunal insurance policy contract ffurflen ffurflenni llythyr llythyrau bil "
        "biliau gwaith papur document documents fill filling read questionnaire "
        "questionnaires formfilling sign signature witness witnessing renew renewing apply "
        "applying reapply reassessment assessment uc esa jsa dss housing landlord tenancy "
        "lease deeds attorney lpa statements invoice receipt receipts taxman envelopes "
        "summons parking ticket complaint councillor subsidy grant vat accounts license visa "
        "settlement citizenship gov translation translate explain legal wills warranty "
        "guarantee electoral vote postal registrar certificate certificates brown"
    ),
    "ERRAND": (
        "parcel parcels post postoffice posting stamps stamp letterbox library books book "
        "returning return refund dry cleaners cheque cash bank building society queue collect "
        "drop key keys catalogue evri yodel dpd hermes royal mail card cards pension "
        "collecting parsel parseli llyfrgell llyfrau llyfr llythyrdy swyddfa postbox sorting "
        "depot courier delivery label labels inpost locker dropbox exchange swap swapped "
        "receipt shoes spectacles specs glasses watch watchmaker cobbler cobblers tailor "
        "laundry laundrette launderette drycleaning charity tip dump flowers wreath tickets "
        "photocopy photocopying passport envelope deposit withdraw withdrawing pools lottery "
        "lotto scratchcard catalog airmail recorded bookies"
    ),
    "MEAL": (
        "meal meals dinner dinners tea supper hot cooked cook cooking plate stew soup "
        "casserole roast curry pie chips lasagne shepherds hotpot broth leftovers portion "
        "portions batch takeaway cooker pryd bwyd swper cinio coginio microwave kebab pizza "
        "pudding crumble scouse stovies cawl mince tatties haggis dumplings bangers toad "
        "sandwich sandwiches omelette quiche stews biryani sabzi khichdi dahl kheer jollof "
        "goulash pierogi stirfry ragu spag bol fishcakes chippy takeout vegetarian vegan "
        "veggie hungry starving eat eaten fed feast nosh scran grub butty homecooked feed "
        "soups puddings pies crumbles baked bake"
    ),
    "COMPANY": (
        "company chat chats natter blether chinwag visit visitor visitors lonely alone "
        "lonesome brew cuppa cards dominoes doms scrabble chess cribbage crib draughts "
        "befriend befriender befriending talk friend friendly isolated widowed widow widower "
        "quiet sgwrs paned cwmni unig unigrwydd clonc ymweld gem samotna sola compagnia bored "
        "jigsaw crossword knitting conversation convo listen listening ear laugh gossip craic "
        "banter companion companionship pal mates mate buddy loneliness silent silence "
        "solitary bereaved grief grieving missing housebound loner visits visiting sitting "
        "stroll bench memories reminisce rummy bridge whist ludo backgammon cricket football "
        "rugby bowls singing songs poetry reading chai scone elevenses"
    ),
    "CARE": (
        "wash washing washed bath bathing shower showering dress dressing dressed undress "
        "toilet toileting commode pad pads nappy incontinence incontinent stockings socks bra "
        "tights feed feeding fed turn turning bedsore hoist shave shaving toenails carer "
        "carers creams bedpan bum underwear catheter ymolchi gwisgo toiled bathe bathed "
        "showered flannel sponge bedbath undressing buttons zips trousers knickers pants vest "
        "nightie pyjamas hosiery compression stocking slippers combing denture dentures teeth "
        "toenail chiropody wipe wiping soiled wet commodes bedpans continence changing "
        "changed stoma colostomy bag peg spoon repositioning hoisting transferring sling "
        "slings caring homecare"
    ),
    "BODY": (
        "leg legs arm arms foot feet ankle ankles knee knees hip hips back shoulder chest "
        "heart head headache stomach tummy belly throat ear ears eye eyes tooth teeth skin "
        "toe toes finger fingers wrist hand hands neck bowel bladder waterworks wound ulcer "
        "nhroed mhen nghoes nghlust brest frest goes llaw nose mouth lip lips tongue gum gums "
        "jaw cheek face forehead scalp breast breasts ribs rib side spine lung lungs liver "
        "kidney kidneys bum bottom groin thigh thighs calf calves shin shins heel heels elbow "
        "elbows thumb thumbs nail bone bones muscle muscles joint joints bp pressure sugar "
        "stitches scar wrists knuckles eyelid airm lugs wame oxters"
    ),
    "SYMPTOM": (
        "pain pains hurts hurting hurt sore ache aching aches rash itching itchy swollen "
        "swelling dizzy dizziness sick sickness vomiting vomit diarrhoea diarrhea constipated "
        "constipation cough coughing temperature fever infection infected bleeding bleed "
        "blood burn burnt burns blister bruise bruised breathless wheezing wheezy giddy numb "
        "tingling cramp weeping throbbing stings stinging poorly faint fainted symptoms dose "
        "overdose tetanus antibiotics thrush cystitis gout spots lump poen brifo gwaed gwaedu "
        "sal twymyn cosi chwyddo peswch puffy puffed inflamed tender stiff stiffness weak "
        "weakness shaky shaking trembling sweats sweating clammy chills shiver hot nauseous "
        "nausea heartburn reflux indigestion bloated wind acid gas runs loose bowels piles "
        "haemorrhoids itch itches eczema psoriasis hives bite bites sting stung scald graze "
        "grazed cut cuts gash splinter sprain sprained strain pulled twisted palpitations "
        "fluttering flutter blackouts blackout migraine migraines tired tiredness fatigue "
        "exhausted insomnia cold flu covid virus uti phlegm mucus runny blocked hayfever "
        "allergy allergic asthma wheeze sunburn verruca corn corns bunion bunions chilblains "
        "cellulitis shingles chickenpox nits lice worms earache toothache backache paining "
        "peeling discharge pus oozing smelly"
    ),
    "MONEY": (
        "money rent arrears debt debts bailiff bailiffs bayliffs eviction evicted broke skint "
        "foodbank voucher vouchers hardship sanctioned sanction giro wages payday overdraft "
        "loan loans lend borrow tenner quid fiver prepayment topup electric leccy electricity "
        "afford cupboards owe owing pres arian dyled rhent pawb universal repossessed council "
        "fund grant tallyman provident cash cashless penny pennies pence pound pounds fivers "
        "benefits benefit uc pip pension brassic potless destitute bill bills meter emergency "
        "credit catalogue klarna lender lenders loanshark shark mortgage landlord evict "
        "homeless letterbefore court enforcement repayments direct debit overdrawn affording "
        "expensive dear costs cost price budget budgeting foodbanks grants funds funding "
        "crisis discretionary payment payments paid unpaid redundancy redundant sacked wage "
        "earn earning stolen"
    ),
    "RELATIVE": (
        "mum mums mam mams mom mummy mother mothers dad dads father fathers nan nans nana "
        "nanna gran grans grandma granny grandad grandads grandpa grandfather grandmother "
        "aunt aunty auntie uncle sister brother wife wifes husband husbands hubby son sons "
        "daughter daughters grandson granddaughter neighbour neighbours neighbor nextdoor "
        "inlaw partner friend friends niece nephew cousin taid nain tad thad fam mamgu tadcu "
        "chwaer brawd gwr wraig cymydog gymydog cymdoges ammi babcia babci stepdad toddler "
        "baby missus missis hubs stepmum stepdaughter stepson godmother goddaughter grandkids "
        "grandkid grandchildren kids twins infant newborn nieces cousins fella bloke lady "
        "chap gent gentleman couple parents widow weeun nanny nannan nani dadi dada papa amma "
        "abba baba uncleji chacha bibi bhai beti beta wives mil granda flatmate roommate "
        "tenant lodger"
    ),
    "EMERGENCY": (
        "999 ambulance help bleeding unconscious collapsed choking choke stroke heartattack "
        "attack suicide kill killing overdose fire smoke burning gas breathe breathing fallen "
        "fell floor trapped stuck blood knife fit seizure dead dying threatening intruder "
        "burglar tan dan mwg syrthio cwympo anymwybodol marw anadlu unresponsive floppy blue "
        "sos fireman paramedic paramedics flames flame alight ablaze blaze sparks sparking "
        "smouldering choked strangled strangling stabbed stabbing shotgun machete "
        "hammer axe attacked attacking beaten beating punching kicking battering smashing "
        "threatened screaming scream shouting fainted lifeless jerking fitting "
        "convulsing convulsion slumped drowning drowned hanged "
        "hanging noose viaduct ledge overdosed pills poisoned poison "
        "swallowed explosion exploded collapsing haemorrhage spurting gushing crushed "
        "electrocuted scalded scalding anaphylaxis gasping fumes"
    ),
    "NORTH": (
        "owt nowt summat ey ow aye tha thee thi wi mi sen mesen nobbut mithering nesh mardy "
        "reight allus gradely sithee appen happen mebbe nay bairn bairns clarty ginnel "
        "snicket beck laik spice spell flags mistal yon yonder"
    ),
    "PERSON": (
        "someone sumone somebody sombody sumbody sum1 some1 someones anyone any1 anybody "
        "anybdy enyone onybody somebdy rhywun unrhywun rywun ktos qualcuno хтось neighbour "
        "volunteer volunteers helper helpers"
    ),
    "CAN": (
        "can could cud would wud may might will able possible poss chance fedr fedrith "
        "fedrwch fydde allai fyddai fasa gallu"
    ),
    "WANT": (
        "need needs needed want wants wanted require requires requiring after lookin looking "
        "wanting angen isio eisiau moyn hoffwn potrzebuje потрібно wish wishing hoping fancy "
        "desire needin wantin seeking appreciate welcome grateful wondering wonder kindly"
    ),
    "GET": (
        "get getting fetch fetching pick picking collect collecting bring bringing nip pop "
        "grab buy nol gasglu casglu codi prynu buying bought nipping popping grabbing picked "
        "fetched pickup collects brung brought obtain ordering"
    ),
    "GIVE": (
        "offer offering volunteer volunteering happy glad willing free spare gladly "
        "wirfoddoli gwirfoddoli helpu cynnig retired helping lend lending donate donating "
        "give giving available volunteers assist assisting seva able qualified trained dbs "
        "experienced handy skilled"
    ),
    "BROKEN": (
        "broken broke bust busted broked packed knackered kaput blown gone dead stopped "
        "jammed stuck wonky loose leaking dripping flickering conked failed failing faulty "
        "fault smashed snapped cracked torn seized blocked flooded collapsed frozen crashed "
        "tripped wont"
    ),
    "DOWN": (
        "fell fallen fall falling toppled tumbled slipped tripped slid cowped tippled keeled "
        "collapsed floor ground lino tiles flags flagstones carpet pavement stairs staircase "
        "bottom lying laid lay laying sprawled heap flat stranded trapped wedged"
    ),
    "HESHE": (
        "he she they hes shes theyre him her them his hers their theirs himself herself themselves"
    ),
    "NEG": (
        "not no never nothing none nobody without cant dont wont didnt doesnt isnt wasnt "
        "havent hasnt couldnt wouldnt neither nor hardly barely ddim dim"
    ),
    "WHEN": (
        "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed weds thu "
        "thur thurs fri sat sun today tomorrow tonight morning afternoon evening week weekend "
        "next soon asap later fory heddiw heno llun mawrth mercher iau gwener sadwrn sul"
    ),
    "FINISHED": (
        "done finished sorted delivered posted fixed mended dropped collected arrived "
        "received cleared completed complete returned walked fed fitted cut settled dealt "
        "gone wedi gorffen"
    ),
    "ADVERT": (
        "win won winner claim click link free discount sale deals voucher code subscribe "
        "verification account locked suspended congratulations selected prize gift limited "
        "http https www example txt unsubscribe loan loans credit survey quote cover savings "
        "refund"
    ),
    "PRAISE": (
        "lovely lovly grand champion smashing brilliant brill great wonderful marvellous fab "
        "fabulous kindness angel angels star stars legend legends treasure gem diamond "
        "lifesaver godsend tonic bless blessed blessings grateful appreciated thanks thank "
        "cheers diolch best delightful polite credit"
    ),
    "ODD": (
        "worried worry worrying worries concerned concern uneasy unsafe unusual odd strange "
        "weird funny suspicious bothered unhappy upset rude nasty frightened scared "
        "uncomfortable complain complaint neglect neglected bruise bruises confused muddled "
        "wandering forgetful forgetting shouting drunk drinking stole stealing missing wallet "
        "purse pin asked touched touching poeni pryderu"
    ),
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


def _ways(word: str) -> list[str]:
    """The word with each letter left out: what a slip and its word have in common. In their order,
    so that of several words it may be the same one is taken in each process."""
    return list(dict.fromkeys(word[:i] + word[i + 1 :] for i in range(len(word))))


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
