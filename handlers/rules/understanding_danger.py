"""The plain signs of an emergency, and what only sounds like one.

What is missed here may cost a life, so a plain sign is enough by itself unless a mark of the past,
of a joke or of a "what if" stands beside it; where there is none the model's word is taken. The
signs are features of the model too, which learns what goes with them. After: NHS "When to call
999", the FAST test for stroke, Samaritans on talk of suicide; in the words people use.
"""

from __future__ import annotations

import re

_CANT = r"(?:cant|cannot|can not|carnt|canny|cannae|couldnt|could not|not able to|unable to|wont|wouldnt)"
_WHO = r"(?:me|us|him|her|them|mum|mam|dad|my \w+|our \w+)"
_SOON = r".{0,45}?"

STRONG: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "chest": rf"\bchest\b(?! (?:of drawers|infection|freezer|clinic)){_SOON}\b(?:pains?|tight\w*|crush\w*|"
        rf"squeez\w*|heavy|elephant|band|pressure|grip\w*|hurts? (?:bad|so|like|too)|killing|burst\w*)\b|"
        rf"\b(?:pains?|tight\w*|crush\w*|squeez\w*|pressure|band|weight){_SOON}\b(?:chest|heart)\b(?! (?:clinic|infection))|"
        r"\b(?:poen|poenau|gwasgu|tynn)\b.{0,25}\b(?:brest|frest|mrest|nghalon)\b|"
        r"\b(?:pain|numb\w*|tingl\w*|ache|aching)\b.{0,30}\b(?:down|in|up) (?:my|me|his|her|the|one)? ?(?:left )?"
        r"(?:arm|jaw)\b(?!.{0,30}arthrit)|\bpain\b.{0,20}\bjaw\b",
        "heart": r"\b(?:having|had|think|its) (?:a |an? )?(?:heart ?attack|stroke|strok|seizure)\b(?! (?:in|at|last|two|\d|a few|back|years))"
        r"|\bcardiac arrest\b|\bheart(?:s| is| has)? (?:stopped|stoped|racing and|going like)\b",
        "breath": rf"\b(?:{_CANT}|cant hardly|can hardly|hardly|barely|struggling to|fighting to|fighting for|"
        rf"hard to|trouble|difficulty|ever such trouble|problems?|gasping (?:for|to)|strugglin to|not) "
        rf"(?:to )?(?:get |catch |getting |gettin )?(?:(?:me|my|his|her|a|any|the|enough) )?(?:own )?(?:breath|breathe|"
        r"breathing|breathin|breth|breeth|brethe|air)\b|\b(?:methu|trafferth|trafferthion|ffaelu|ddim yn gallu) (?:yn )?anadlu\b|"
        r"\b(?:not|stopped|isnt|aint|no longer|quit) breath\w*\b|\bgasping\b|\bfighting for breath\b|"
        r"\bno puff left\b|\basthma (?:attack|attak)\b(?! last)|\bcannae breathe?\b",
        "colour": r"\b(?:lips?|face|mouth|fingers)\b.{0,15}\b(?:blue|grey|gray|purple)\b|"
        r"\b(?:gone|going|turned|turning|is|looks?|went|shes|hes|baby) (?:all |a bit |very |right |a )?(?:blue|floppy|limp|grey|gray|"
        r"funny colour|clammy)\b(?! (?:in|about|badge|bin|card|letter|today|since|hair))|\bblue (?:round|around|lips|in the face)\b|"
        r"\blas o gwmpas\b|\bfloppy\b",
        "stroke": r"\b(?:face|mouth|cheek|eye)s?(?: has| is| s|s)?\b.{0,25}\b(?:dropp?ed|droop\w*|one side|lop ?sided|slipped|fallen|"
        r"twisted|gone (?:funny|down|all))\b|\b(?:slurr\w*|gibberish|jibberish|talking (?:nonsense|rubbish|daft|funny)|"
        r"(?:cant|cannot|wont|not) (?:speak|talk|get (?:his|her|my|me) words)(?! (?:english|to|on|for|much|welsh|long|very))|"
        r"words? (?:wont|are|coming|all|come out)|not making (?:any )?sense|no sense out of|get any sense)\b|"
        r"\b(?:cant|cannot|carnt) (?:feel|move|lift) (?:his|her|my|me|one|the|a) (?:left |right |whole |one )?(?:arm|leg|side|face)s?\b"
        r"(?!.{0,25}(?:since|arthrit|op\b|operation|reach|shoulder|cast|plaster))|"
        r"\b(?:arm|leg|side)s?(?: has| is| have|s)? (?:gone |went )(?:numb|limp|dead|weak|funny)\b",
        "unconscious": rf"\b(?:unconscious|unconsious|unresponsive|out cold|passed out|passing out|blacked out|blacking out|"
        rf"anymwybodol|llewygu|not responding|no response from|lifeless|keeled over|collapsed|collasped|colapsed|colapst)\b(?! (?:shed|fence|shelf|bed|chair|sofa|"
        rf"wall))|\b{_CANT} (?:seem to )?(?:wake|rouse|bring)(?: up| round| {_WHO})\b|\b(?:wont|doesnt|not|cant|isnt) wak(?:e|ing)(?: up)?\b|"
        r"\bwont (?:come|came) round\b|\bkeeps? (?:fainting|going unconscious|drifting)\b|\bin and out of consciousness\b",
        "fit": r"\b(?:having|has had|had|in|is) (?:a |an )?(?:fit|fits|seizure|convulsion|epileptic fit)\b(?! as)|\bfitting\b(?= on| and| for|$)|"
        r"\bconvuls\w+|\bshaking all over and\b|\bseizure\b",
        "bleed": rf"\b(?:bleed\w*|blood|gwaedu|bledin|bleedin)\b{_SOON}\b(?:wont stop|cant stop|make it stop|not stop\w*|get it to stop|heav\w*|bad(?:ly)?|"
        rf"everywhere|pumping|spurt\w*|pour\w*|soak\w*|gush\w*|all over|loads|lots|through|a lot|drip\w* everywhere)\b|"
        r"\b(?:pumping|spurting|gushing|pouring|coughing up|vomiting|throwing up|sicking up|sick and its all|lots? of|loads of|so much|"
        r"pool of|covered in|losing) (?:with |up )?blood\b|\bblood (?:pouring|everywhere|pumping|spurting|gushing|all over)\b|"
        r"\b(?:pumping|spurting|gushing)\b|\bmethu stopio.{0,12}gwaed\w*|\bbleeding out\b",
        "fall": rf"\b(?:fallen|fell|fall|faln|falen|slipped|tumbled?|gone over|went over|come over|toppled|collapsed|come off|came off|"
        rf"on (?:the |me |my )?(?:\w+ )?(?:floor|deck|tiles|lino|carpet|ground)|flat on my back|stuck){_SOON}\b(?:{_CANT}|not|legs? wont|no strength to|haven\w* the strength) "
        r"(?:\w+ )?(?:get|move|shift|stand|pull|lift|reach|feel|go|work|crawl)\b(?! (?:to|the|out much|out and|about|it|my shopping|far|"
        r"on the bus|on with|over|the bus|shopping|anything|down the|any|down to|hold|much|up the))|"
        rf"\b{_CANT} (?:get (?:back )?up|get me ?sel\w*|get mysel\w*|stand(?: up)?|lift (?:him|her|mum|dad)(?: up| off)|"
        r"get (?:him|her|them|mum|dad|nan) (?:back )?up)\b.{0,50}\b(?:fallen|fell|floor|ground|fall|tumble)\b|"
        r"\b(?:lying|laid|laying|lyin|sat|sitting|stuck|down|been) on (?:the |my |me )?(?:\w+ )?(?:floor|tiles|lino)\b|"
        r"\b(?:im|i am|still) on (?:the |me |my )?floor\b|\bhelp (?:ive |i )?(?:fell|fallen|had a fall)\b|\bfallen out (?:of|o) bed\b|\b(?:lying|laid|lay|been) (?:here|there) (?:all night|since|for hours|hours)\b|\bon (?:the |me |my )?(?:\w+ )?floor (?:since|all night|for|an hour|now|hours?)\b|"
        r"\b(?:fallen|fell|fall)\b.{0,60}\b(?:hip|leg|arm|ankle|head|neck|back) (?:is |s |has |think )?(?:broke\w*|bent|wrong|snapped|cracked|split)\b|"
        r"\b(?:hip|leg)s? (?:is|s|are) (?:broke|broken|snapped|bent)\b|\bwedi (?:syrthio|cwympo|disgyn|gwympo)\b.{0,60}\b(?:methu|fedra|ffaelu|ddim yn gallu|"
        r"allaf ddim|ffili)\b|\b(?:methu|ffaelu|ffili) (?:a )?(?:codi|symud)\b",
        "stuck": rf"\b(?:stuck|wedged|trapped|pinned|jammed|caught)\b.{{0,30}}\b(?:in|under|between|behind|inside|on|half) (?:the |my |me |a )?"
        rf"(?:bath|shower|toilet|lift|wardrobe|car|house|bedroom|loo|bathroom|cellar|stairlift|fire|room|tub|wreck|rubble|way)\b"
        rf"(?!.{{0,30}}\b(?:not with me|empty)\b)|\b(?:trapped|pinned)\b(?! nerve)|\b{_CANT} get (?:myself |me sel\w* |mesen |{_WHO} )?out (?:of|o) (?:the |me |my )?(?:bath|shower|tub|house|car)\b"
        r"(?!.{0,20}(?:to shop|much|to get|these|any))|\b(?:in|stuck in) (?:the )?bath (?:since|for|all|two|three)\b",
        "fire": r"\b(?:house|kitchen|bedroom|curtains?|cooker|flat|chip ?pan|oven|bed|settee|roof|shed|garage|bungalow|loft|telly|"
        r"car|toaster|tumble dryer|dryer|neighbours?|next doors?|pan|sofa|building|barn)(?: is| s|s| are| has| have|'s)? (?:on fire|caught fire|alight|burning|ablaze|in flames|gone up)\b|"
        r"\bflames\b|\b(?:theres|there is|there s|theres a|got a|a) (?:\w+ )?(?:fire|blaze) (?:in|at|next|upstairs|downstairs|on|and)\b(?! (?:place|wood|alarm))|"
        r"\bsmoke (?:is |s )?(?:coming|fill\w*|pour\w*|everywhere|all|out|bellow\w*|billow\w*|under|in the|and)\b(?! alarm)|"
        r"\b(?:full of|filled with|lots of|thick|black) smoke\b|\bsmok(?:ing|in) and\b|\bfire fire\b|"
        r"\b(?:mae|ma) (?:na |yna )?(?:dan|tân|mwg)\b|\bar dan\b(?= )|\b(?:ty|tŷ|gegin) ar d[aâ]n\b|\bsparks? (?:and|coming|flying)\b|\bsparking\b",
        "gas": r"\b(?:smell\w*|stink\w*|stinks|reek\w*|whiff|pong\w*|leak\w*|niff|arogl|oglau|ogla)\b.{0,20}\b(?:of )?(?:gas|nwy)\b(?! (?:bill|man|meter|key))|"
        r"\bgas\b.{0,40}\b(?:leak\w*|stinks?|smell\w*|reek\w*|hissing|dizzy)\b|\bcarbon monoxide\b.{0,30}\b(?:going off|headache|dizzy|sounding|sick)\b|"
        r"\bco alarm\b.{0,20}\bgoing\b",
        "violence": r"\b(?:says? h?e?ll|will|going to|gonna|gunna|threatening to|threatened to|wants to|trying to|tryin to|said hell|tried to) (?:kill|hurt|stab|shoot|batter|"
        r"strangle|burn) (?:me|us|him|her|them|mum|the)\b|\b(?:got|has|with|have|holding|waving|carrying) (?:a |an |his |the )?(?:knife|knives|gun|machete|axe|hammer|blade|weapon|bat)\b(?! (?:block|set))|"
        r"\b(?:kick\w*|bang\w*|smash\w*|boot\w*|batter\w*|hammering) (?:in |on |at |down |up |my |the |me )*(?:front |back )?(?:door|window|windows|house|place|kitchen)\b(?! (?:bell|was))|"
        r"\b(?:break\w*|broke|forc\w*|climb\w*|get|getting|trying to get|push\w*) (?:his way |their way |my door )?in(?:to|ter)?\b.{0,20}\b(?:house|window|door|kitchen|flat|now|downstairs|back)\b(?! key)|"
        r"\b(?:breaking|broken) in\b(?! (?:new|my new|his new|shoes))|\b(?:someone|somebody|a man|man|men|stranger|burglar|intruder|he)s?(?: is| s)? (?:in|inside) (?:my|the|me) (?:house|kitchen|home|flat|garden with)\b|"
        r"\b(?:hit|hitting|hits|beat|beating|punch\w*|strangl\w*|attack\w*|slapp?\w*|stabb?\w*|assault\w*|chok\w*) (?:me|her|him|us|mum|his wife)\b(?! (?:up the|for|at (?:chess|cards|scrabble|dominoes)|to it|hands|down))|"
        r"\b(?:being|been|getting) (?:attacked|stabbed|beaten|threatened|mugged|strangled|robbed|followed)\b(?! (?:last|by the price))|"
        r"\bwont (?:leave|go|get out)\b(?! (?:me alone|it|out|the house|his|her room|off|on|away))|\bthreatening (?:me|us|her|him)\b|\blocked (?:me|us) in\b|"
        r"\bby the throat\b|\bpushed (?:his|their) way in\b|\bfollowing me\b|\bthrowing (?:bricks|stones|bottles)\b|\bhitting (?:him|her|them|the (?:kids|baby|child))\b|\bdoor\b.{0,25}\bkicking\b|\blocked (?:myself|me sel\w*|ourselves) in\b|\bbygwth\b.{0,20}\b(?:fi|lladd)\b|\bscared for my life\b|\btorri (?:i )?mewn\b",
        "suicide": r"\b(?:kill|killing|hurt|harm|hang|drown|cut|do away with|top) (?:my ?sel\w*|me ?sel\w*|mysen|him ?sel\w*|her ?sel\w*|masel)\b(?! (?:laugh\w*|on|with|shaving|off|a|out|in the|to|trying|worry|when|getting|gardening))|"
        r"\b(?:want\w*|going|ready|wish|rather|prefer|decided|like|plan\w*|hoping|gonna) (?:to |i (?:was|were|could) )?(?:just )?(?:die|be dead|dead|end it\w*|end my life|end things|end his life|end her life|go to sleep and (?:not|never)|not wake|disappear)\b(?! (?:of|for|with|when|messages|texts|this|laughing))|"
        r"\bend(?:ing)? (?:it all|it tonight|my (?:own )?life|her life|his life|things tonight|everything)\b|\b(?:dont|do not|didnt|no longer|not|doesnt) (?:want|wish) to (?:live|be here|go on|wake|carry on living|be alive|exist)\b|"
        r"\b(?:no|see the|see any|any|isnt any|whats the) point (?:in |of )?(?:going on|living|waking|carrying on|being here|anymore|in life|to life|in it any)\b|"
        r"\b(?:better off (?:without me|dead)|nobody (?:will|would|ull|wud) (?:even )?(?:miss|notice)|no one (?:will|would) miss)\b|"
        r"\b(?:cant|cannot|carnt|can not|canny) (?:go on|carry on|do this|take it|take this|face another|face (?:it|life))\b(?: any ?more| any longer| like this| living|\b.{0,40}(?:pills|tablets|sorry|goodbye))|"
        r"\b(?:suicidal|suicide)\b(?! mission| pact with| squad| two| in| last)|\b(?:taken|took|take|swallow\w*|swallowed|going to take|counted|saved|lined|stockpil\w*|hoard\w*|got|have)\b.{0,25}\b(?:tablets|pills|paracetamol|tabs|meds)\b"
        r".{0,35}\b(?:all of them|the lot|counted|lined up|end|goodbye|saved up|the whole|to do it|ready|here|sorry|all out)\b(?! (?:to|for|at|collect\w*))|\btake the lot\b|"
        r"\b(?:note|letters?|goodbyes?)\b.{0,20}\b(?:written|wrote|left|said)\b.{0,15}$(?<!council)|\bwritten (?:my|the|a|me) (?:note|goodbye|letters)\b|\bsay goodbye\b|\bwhere im going\b.{0,20}\bgoodbye\b|\bgoodbye (?:everyone|all|world)\b|\bthis is goodbye\b|"
        r"\b(?:on|off|stood on|standing on) (?:the |a )?(?:bridge|railway line|ledge|roof edge|viaduct)\b|\bgoing to jump\b|\b(?:rope|noose) ready\b|"
        r"\b(?:isio|eisiau|moyn|am) (?:marw|farw|lladd fy hun|gorffen y cyfan|lladd ei hun|dod a r cyfan i ben)\b|\bddim (?:isio|eisiau|moyn) byw\b|\bcut (?:his|her|my|me) wrists\b",
        "poison": r"\b(?:overdos\w*|od d)\b|\b(?:taken|took|take|had|swallowed|gave|given) (?:far |way |much )?too (?:many|much)\b(?! (?:on|time|off|care|room|of my time|over|food|stew|soup))|"
        r"\b(?:swallowed|swallow|drank|drunk|drinking|eaten|ate|et|llyncu|yfed)\b.{0,35}\b(?:batter\w*|bleach|antifreeze|tablets|pills|cleaner|poison|detergent|liquid|liquitab|magnets?|weedkiller|"
        r"white spirit|mushrooms|dishwasher|berries|coin|medicine|batri|cannydd|capsule|rat)\b(?! (?:soup|pie|on toast|with))|"
        r"\b(?:double|twice|three times|two lots|again)\b.{0,60}\b(?:spinning|dizzy|faint|cannot stand|cant stand|funny|shak\w+|drowsy|collaps\w*)\b|"
        r"\b(?:took|taken|had)\b.{0,20}\b(?:whole|all (?:my|of my|his|her|the|me)|every|double|twice|a load of)\b.{0,20}\b(?:tablets|pills|packet|bottle|paracetamol|insulin|dose|meds|box)\b",
        "not answering": r"\b(?:through|thro|thru|in|at) (?:the |her |his |their )?(?:letter ?box|window|glass|back door|curtains)\b.{0,60}\b(?:floor|lying|laid|lay|laying|not moving|slumped|feet|legs|collapsed|calling|on the)\b|"
        r"\b(?:lying|laid|lay|laying|slumped|sprawled)\b.{0,25}\b(?:not moving|bottom of|floor|stairs|hall|ground|road|pavement|path|garden)\b|\bnot moving\b|\b(?:shouting|calling|crying|screaming) (?:out )?(?:for )?help\b|"
        r"\b(?:his|her|their) (?:feet|legs|hand|arm) on (?:the )?\b",
        "swelling": r"\b(?:tongue|throat|lips?|face|mouth)\b.{0,25}\b(?:swell\w*|swole\w*|swollen|clos\w*|tight\w*|puff\w*)\b|\b(?:swelling|swollen|closing) (?:up )?(?:my |his |her |the )?(?:tongue|throat|face|lips)\b|"
        r"\b(?:anaphyla\w*|epi ?pen used|allergic reaction)\b|\bcant swallow\b|\b(?:choking|chokin|choked)\b(?! (?:my|the|up with|me up|roses|weeds|on these prices))",
        "burn": r"\bskin (?:is |s )?(?:coming|peeling|hanging|come|came|fallen) off\b|\b(?:boiling|scald\w*|hot) (?:water|oil|fat|kettle|tea)\b.{0,30}\b(?:all over|all down|on the baby|over (?:her|him|me|my|himself|herself))\b|"
        r"\bscalded (?:my whole|her|him|all|my legs|badly)\b|\bbadly burn\w*|\bburn\w* bad\w*|\belectrocut\w*(?! on paper)",
        "crash": r"\b(?:hit|knocked (?:down|over|off)|run over|crashed|crash)\b.{0,25}\b(?:car|van|bus|bike|lorry|motorbike|taxi|road)\b(?! (?:last|years|in march))|\bcome off (?:my|me|his|her) bike\b|\bcar crash\b(?! tv| of)|"
        r"\b(?:drown\w*|in the (?:canal|river|reservoir|pond|sea)|through the ice|under the ice|flood ?water coming|hanging out of|stabbed|been shot)\b(?! (?:in paper\w*|rat|in sorrow|on))",
        "sudden": r"\bworst (?:headache|pain)\b|\b(?:sudden|blinding|thunderclap)\b.{0,15}\bheadache\b|\bwaters? (?:have |has |just )?(?:broke|broken|gone)\b(?!.{0,10}cold)|\bbaby(?: is|s)? coming\b|\bin labour\b|"
        r"\b(?:knock\w*|blow|bang\w*|hit)\b.{0,20}\bhead\b.{0,60}\b(?:passing|sick|vomit\w*|confus\w*|sleepy|drowsy|cant see|keeps|unconscious|blood|bleeding)\b|\bneck (?:is )?stiff\b.{0,30}|\bgoing hypo\b|\bhaving a hypo\b|"
        r"\brash\b.{0,25}\b(?:glass|doesnt fade|wont fade)\b|\b(?:freezing|so cold|hypotherm\w*|shivering|locked out in the (?:snow|cold|rain))\b.{0,40}\b(?:nightie|pyjamas|confus\w*|cant feel|cant stop shak\w*|drowsy|floppy)\b|\boxygen (?:has |is )?(?:run|ran|gone|running) out\b",
        "missing": r"\b(?:gone missing|went missing|run off|wandered off|cant find (?:him|her|my (?:little|son|daughter|grandson|granddaughter|mum|dad|husband|wife|mother|father)))\b.{0,60}\b(?:dementia|snow|pyjamas|alzheimers|years? old|only \d|nightie|dark|cold|anywhere|\d)\b|"
        r"\bdementia\b.{0,30}\b(?:missing|disappeared|wandered off)\b",
        "cry": "\U0001f198|\\b(?:call|ring|phone|need|get|send|want)(?: me)?(?: for)?(?: an?| the)? (?:ambulance|999|police|fire brigade|fire engine|paramedics?)\\b(?! (?:or|if|when|number|last|chair))|\\bsos\\b|\\bhelp me help\\b|\\bhelp help\\b|"
        r"\bcome quick\w*\b|\bplease hurry\b|\bits an emergency\b|\bthis is an emergency\b|\b(?:help|urgent) emergency\b|\bhelpwch fi\b|\bemergency (?:please|help|now)\b|^emergency$|^helpwch$",
    }.items()
}
ONLY_SOUNDS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "past": r"\b(?:last (?:week|month|year|winter|summer|spring|autumn|easter|christmas|time|tuesday|monday|friday|jan\w*|feb\w*|march|april|may|june|july|august|sept\w*|oct\w*|nov\w*|dec\w*)|years? (?:ago|back)|yrs? (?:ago|back)|months? (?:ago|back)|weeks? (?:ago|back)|days ago|"
        r"at (?:christmas|easter|xmas|new year)|all clear|since then|the other (?:day|week|night)|in (?:january|february|march|april|june|july|august|september|october|november|december|the (?:spring|summer|autumn|winter))|a while (?:back|ago)|"
        r"used to|ers (?:talwm|blynyddoedd)|llynedd|years since|all sorted|sorted now|all right now|alright now|ok now|fine now|better now|mended|on the mend|home now|clinic|when i (?:was|had|fell)|since (?:my|the|i) (?:fall|stroke|op|heart attack|had)|"
        r"had a (?:fall|stroke|heart attack) (?:in|at|last|a|two|three|\d)|twice this (?:month|year|week)|was marvellous|were marvellous|discharged|fell out|neithiwr)\b",
        "joke": r"\b(?:laughed|laughing|laugh|giggl\w+|lol|haha|ha ha|joke|joking|telly|match|price of|bill|form|lovely surprise|driving me|murder a|dying for|dying to|death of me|bleeding heck|heart attack on a plate|film|corrie|eastenders|hartan)\b",
        "if": r"\b(?:what (?:do|should|would|happens?|if)|if|in case|suppose) (?:i|we|someone|somebody|anyone|you|a helper|he|she|they|an?)\b.{0,30}\b(?:has|have|had|falls?|fell|fallen|collapse\w*|is|are|when|there)\b|\b(?:just asking|not happened|hypothetical\w*|do you (?:do|come|deal))\b",
        "thing": r"\b(?:smoke alarm|smoke detector|gas fire|electric fire|fire (?:brigade )?(?:came|were|was|sorted)|fire alarm|no fire|isnt (?:a|any) fire|bread|chirp\w*|beep\w*|bleep\w*|the hill|up hills|on the stairs|going up (?:the )?stairs|upstairs|chesty|tooth|dog|cat|mower|not urgent|no emergency|not an emergency)\b",
    }.items()
}


def signs(said: str) -> list[str]:
    """The names of the signs in a `plain` text: dangers as they are, harmless readings with `~`."""
    found = [name for name, pattern in STRONG.items() if pattern.search(said)]
    return found + ["~" + name for name, pattern in ONLY_SOUNDS.items() if pattern.search(said)]


BELIEVED = 0.3
"""The model's chance of an emergency from which it is believed without a plain sign."""
WITH_A_SIGN = 0.03
"""The chance from which a plain sign is believed; it takes much to talk one away."""
DOUBTED = 0.4
"""The chance it takes where the sign comes with a mark of the past, a joke or a what-if."""


def danger(named: list[str], chance: float) -> bool:
    """Whether a message with these signs is an emergency. `chance` is the model's."""
    plain_ones = [name for name in named if not name.startswith("~")]
    doubts = len(plain_ones) != len(named)
    if plain_ones:
        return chance >= (DOUBTED if doubts else WITH_A_SIGN)
    return chance >= (0.6 if doubts else BELIEVED)
