"""The words in which people say that somebody is in danger.

After the NHS page "When to call 999", the FAST test for stroke and the Samaritans on talk of
suicide, put in the words people use. Each line is one way of saying it, as a regular expression
over a `plain` text. `understanding_danger.py` weighs them.
"""

from __future__ import annotations

SHORT = {
    "CANT": r"(?:cant|cannot|can not|carnt|canny|cannae|couldnt|could not|"
    r"not able to|unable to|wont|wouldnt)",
    "WHO": r"(?:me|us|him|her|them|mum|mam|dad|my \w+|our \w+)",
    "SOON": r".{0,45}?",
    "PEOPLE": r"(?:s?he|s?hes|s?hell|him|her|mums?|mams?|dads?|wife|husband|nana?|gran|grandma|"
    r"grandad|mother|father|baby|bairn|child|man|woman|son|daughter|brother|sister|lady|lad|"
    r"neighbour)",
}
"""Written in capitals in the lines below."""

STRONG: dict[str, tuple[str, ...]] = {
    "chest": (
        r"\bchest\b(?! (?:of drawers|infection|freezer|clinic))SOON\b(?:pains?|tight\w*|"
        r"crush\w*|squeez\w*|heavy|elephant|band|pressure|grip\w*|hurts?|hurting|"
        r"killing|burst\w*)\b",
        r"\b(?:pains?|tight\w*|crush\w*|squeez\w*|pressure|band|weight)SOON\b(?:chest|"
        r"heart)\b(?! (?:clinic|infection))",
        r"\b(?:[pb]oen|mhoen|[pb]oenau|gwasgu|wasgu|tynn|dynn)\b.{0,25}\b(?:brest|frest|mrest|nghalon)\b",
        r"\b(?:pain|numb\w*|tingl\w*|ache|aching)\b.{0,30}\b(?:down|in|up) (?:my|me|his|her|the|"
        r"one)? ?(?:left )?(?:arm|jaw)\b(?!.{0,30}arthrit)",
        r"\bpain\b.{0,20}\bjaw\b",
    ),
    "heart": (
        r"\b(?:having|had|think|its) (?:a |an? )?(?:heart ?attack|stroke|strok|seizure)\b(?! "
        r"(?:of|in|at|last|two|\d|a few|back|years))",
        r"\bcardiac arrest\b",
        r"\btrawiad ar (?:y|ei) ?(?:galon|chalon)\b",
        r"\bcael str[oô]c\b",
        r"\bheart(?:s| is| has)? (?:stopped|stoped|racing and|going like)\b",
    ),
    "breath": (
        r"\b(?:CANT|cant hardly|can hardly|hardly|barely|struggling to|fighting to|fighting for|"
        r"hard to|trouble|difficulty|ever such trouble|problems?|gasping (?:for|to)|strugglin "
        r"to|not) (?:to )?(?:get |catch |getting |gettin )?(?:(?:me|my|his|her|a|any|the|"
        r"enough) )?(?:own )?(?:breath|breathe|breathing|breathin|breth|breeth|brethe|air)\b",
        r"\b(?:methu|trafferth|trafferthion|ffaelu|ddim yn gallu) (?:yn )?anadlu\b",
        r"\b(?:not|stopped|isnt|aint|no longer|quit) breath\w*\b",
        r"\bgasping\b",
        r"\bfighting for breath\b",
        r"\bno puff left\b",
        r"\basthma (?:attack|attak)\b(?! last)",
        r"\bcannae breathe?\b",
    ),
    "colour": (
        r"\b(?:lips?|face|mouth|fingers)\b.{0,15}\b(?:blue|grey|gray|purple)\b",
        r"\b(?:gone|going|turned|turning|is|looks?|went|shes|hes|baby) (?:all |a bit |very |"
        r"right |a )?(?:blue|floppy|limp|grey|gray|funny colour|clammy)\b(?! (?:in|about|badge|"
        r"bin|card|letter|today|since|hair))",
        r"\bblue (?:round|around|lips|in the face)\b",
        r"\blas o gwmpas\b",
        r"\bfloppy\b",
    ),
    "stroke": (
        r"\b(?:face|mouth|cheek|eye)s?(?: has| is| s|s)?\b.{0,25}\b(?:dropp?ed|droop\w*|one "
        r"side|lop ?sided|slipped|fallen|twisted|gone (?:funny|down|all))\b",
        r"\b(?:slurr\w*|(?:talk\w*|speak\w*|saying|coming out|hes|shes|words?) (?:\w+ ){0,2}"
        r"(?:gibberish|jibberish|double dutch|mush|garbled)|talking (?:nonsense|rubbish|daft|"
        r"funny)|(?:cant|"
        r"cannot|wont|not) (?:speak|talk|get (?:his|her|my|me) words)(?! (?:english|now|till|to|"
        r"on|for|much|welsh|long|very))|words? (?:wont|are (?:coming|all|not coming)|coming|all|"
        r"come out)|not making "
        r"(?:any )?sense|no sense out of|get any sense)\b",
        r"\b(?:cant|cannot|carnt) (?:feel|move|lift) (?:his|her|my|me|one|the|a) (?:left |right "
        r"|whole |one )?(?:arm|leg|side|face)s?\b(?!.{0,25}(?:since|arthrit|op\b|operation|"
        r"reach|shoulder|cast|plaster))",
        r"\b(?:arm|leg|side)s?(?: has| is| have|s)? (?:gone |went )(?:numb|limp|dead|weak|"
        r"funny)\b",
    ),
    "unconscious": (
        r"\b(?:unconscious|unconsious|unresponsive|out cold|passed out|passing out|blacked out|"
        r"blacking out|anymwybodol|llewygu|not responding|no response from|lifeless|keeled over|"
        r"(?<!bed )(?<!beds )(?<!shelf )(?<!fence )(?<!bed has )(?<!shed has )(?<!roof has "
        r")(?<!chair )collapsed|collasped|colapsed|colapst)\b(?! (?:shed|fence|shelf|bed|chair|"
        r"sofa|wall))",
        r"\bCANT (?:seem to )?(?:wake|rouse|bring)(?: up| round| WHO)\b",
        r"\b(?:wont|doesnt|not|cant|isnt) wak(?:e|ing)(?: up)?\b",
        r"\b(?:s?he|him|her|mum|mam|dad|nan|wife|husband|"
        r"baby) (?:just )?wont come round\b(?! (?:to|till|"
        r"until|for|and|here|any))",
        r"\bkeeps? (?:fainting|going unconscious|drifting)\b",
        r"\bin and out of consciousness\b",
    ),
    "fit": (
        r"\b(?:having|has had|had|in|is in|taking) (?:a |an )(?:fit|seizure|convulsion|"
        r"epileptic fit)\b",
        r"\bhaving (?:fits|seizures)\b",
        r"\bfitting\b(?= on the| and (?:not|cant|wont)| for \d)",
        r"\bconvuls\w+",
        r"\bshaking all over and\b",
        r"\bseizure\b",
    ),
    "bleed": (
        r"\b(?:bleed\w*|blood(?! sugars?| pressure| tests?| test)|gwaedu|bledin|"
        r"bleedin)\bSOON\b(?:wont stop|cant stop|make it stop|not stop\w*|get it to stop|"
        r"heav\w*|bad(?:ly)?|everywhere|pumping|spurt\w*|pour\w*|soak\w*|gush\w*|all over|loads|"
        r"lots|through|a lot|drip\w* everywhere)\b",
        r"\b(?:pumping|spurting|gushing|pouring|coughing up|vomiting|throwing up|sicking up|"
        r"sick and its all|lots? of|loads of|so much|pool of|covered in|losing) (?:with |up "
        r")?blood\b",
        r"\bblood (?:pouring|everywhere|pumping|spurting|gushing|all over)\b",
        r"\b(?:pumping|spurting|gushing)\b",
        r"\bmethu stopio.{0,12}gwaed\w*",
        r"\bgwaedu.{0,40}\bstopio\b",
        r"\bgwaedu n (?:drwm|ddrwg)\b",
        r"\bbleeding out\b",
    ),
    "fall": (
        r"\b(?:fallen|fell|fall|faln|falen|slipped|tumbled?|gone over|went over|come over|"
        r"toppled|collapsed|come off|came off|on (?:the |me |my )?(?:\w+ )?(?:floor|deck|tiles|"
        r"lino|carpet|ground)|flat on my back|stuck)SOON\b(?:CANT|not|legs? wont|no strength to|"
        r"haven\w* the strength) (?:\w+ )?(?:get|move|shift|stand|pull|lift|reach|feel|go|work|"
        r"crawl)\b(?! (?:to|the|out much|out and|about|it|my shopping|far|on the bus|on with|"
        r"over|the bus|shopping|anything|down the|any|down to|hold|much|up the))",
        r"\bCANT (?:get (?:back )?up|get me ?sel\w*|get mysel\w*|stand(?: up)?|lift (?:him|her|"
        r"mum|dad)(?: up| off)|get (?:him|her|them|mum|dad|nan) (?:back "
        r")?up)\b.{0,50}\b(?:fallen|fell|floor|ground|fall|tumble)\b",
        r"\b(?:lying|laid|laying|lyin|sat|sitting|stuck|down|been) on (?:the |my |me )?(?:\w+ "
        r")?(?:floor|tiles|lino)\b",
        r"\b(?:im|i am|still) on (?:the |me |my )?floor\b",
        r"\bhelp (?:ive |i )?(?:fell|fallen|had a fall)\b",
        r"\bfallen out (?:of|o) bed\b",
        r"\b(?:lying|laid|lay|been) (?:here|there) (?:all night|since|for hours|hours)\b",
        r"\bon (?:the |me |my )?(?:\w+ )?floor (?:since|all night|for|an hour|now|hours?)\b",
        r"\b(?:fallen|fell|fall)\b.{0,60}\b(?:hip|leg|arm|ankle|head|neck|back) (?:is |s |has |"
        r"think )?(?:broke\w*|bent|wrong|snapped|cracked|split)\b",
        r"\b(?:hip|leg)s? (?:is|s|are) (?:broke|broken|snapped|bent)\b",
        r"\bwedi (?:syrthio|cwympo|disgyn|gwympo)\b.{0,60}\b(?:methu|fedra|ffaelu|ddim yn gallu|"
        r"allaf ddim|ffili)\b",
        r"\b(?:methu|ffaelu|ffili) (?:a )?(?:codi|symud)\b",
    ),
    "stuck": (
        r"\b(?:stuck(?! on)|wedged|trapped|pinned|jammed|caught)\b.{0,30}\b(?:in|under|between|"
        r"behind|inside|on|half) (?:the |my |me |a )?(?:bath|shower|toilet|lift|wardrobe|car|"
        r"house|bedroom|loo|bathroom|cellar|stairlift|fire|room|tub|wreck|rubble|"
        r"way)\b(?!.{0,30}\b(?:not with me|empty)\b)",
        r"\b(?:trapped|pinned)\b(?! nerve)",
        r"\bCANT get (?:myself |me sel\w* |mesen |WHO )?out (?:of|o) (?:the |me |my )?(?:bath|"
        r"shower|tub|house|car)\b(?!.{0,20}(?:to shop|much|to get|these|any))",
        r"\b(?:in|stuck in) (?:the )?bath (?:since|for|all|two|three)\b",
    ),
    "fire": (
        r"\b(?:house|kitchen|bedroom|curtains?|cooker|flat|chip ?pan|oven|bed|settee|roof|shed|"
        r"garage|bungalow|loft|telly|car|toaster|tumble dryer|dryer|neighbours?|next doors?|pan|"
        r"sofa|building|barn)(?: is| s|s| are| has| have|'s)? (?:on fire|caught fire|alight|"
        r"burning|ablaze|in flames|gone up)\b",
        r"\bflames\b",
        r"\b(?:theres|there is|there s|theres a|got a|a) (?:\w+ )?(?:fire|blaze) (?:in|at|next|"
        r"upstairs|downstairs|on|and)\b(?! (?:place|wood|alarm))",
        r"\bsmoke (?:is |s )?(?:coming|fill\w*|pour\w*|everywhere|all|out|bellow\w*|billow\w*|"
        r"under|in the|and)\b(?! alarm)",
        r"\b(?:full of|filled with|lots of|thick|black) smoke\b",
        r"\bsmok(?:ing|in) and\b",
        r"\bfire at (?:number|no|our|my|the|\d)|^(?:help |please )?fire (?:in|next|upstairs)\b",
        r"\bfire fire\b",
        r"\b(?:mae|ma) (?:na |yna )?(?:dan|tân|mwg)\b",
        r"\bar dan\b(?= )",
        r"\b(?:ty|tŷ|gegin) ar d[aâ]n\b",
        r"\bsparks? (?:and|coming|flying)\b",
        r"\bsparking\b",
    ),
    "gas": (
        r"\b(?:smell\w*|stink\w*|stinks|reek\w*|whiff|pong\w*|leak\w*|niff|arogl|oglau|"
        r"ogla)\b.{0,20}\b(?:of )?(?:gas|nwy)\b(?! (?:bill|man|meter|key))",
        r"\bgas\b.{0,40}\b(?:leak\w*|stinks?|smell\w*|reek\w*|hissing|dizzy)\b",
        r"\bcarbon monoxide\b.{0,30}\b(?:going off|headache|dizzy|sounding|sick)\b",
        r"\bco alarm\b.{0,20}\bgoing\b",
    ),
    "violence": (
        r"\b(?:says? h?e?ll|will|going to|gonna|gunna|threatening to|threatened to|wants to|"
        r"trying to|tryin to|said hell|tried to) (?:kill|hurt|stab|shoot|batter|strangle|burn) "
        r"(?:me|us|him|her|them|mum|the)\b",
        r"\b(?:got|has|with|have|holding|waving|carrying) (?:a |an |his |the )?(?:knife|knives|"
        r"gun|machete|axe|hammer|blade|weapon|bat)\b(?! (?:block|set))",
        r"\b(?:kick\w*|bang\w*|smash\w*|boot\w*|batter\w*|hammering) (?:in |on |at |down |up |"
        r"my |the |me )*(?:front |back )?(?:door|window|windows|house|place|kitchen)\b(?! "
        r"(?:bell|was))",
        r"\b(?:break\w*|broke|forc\w*|climb\w*|trying to get|push\w*) (?:his way |their way |my "
        r"door )?in(?:to|ter)?\b.{0,20}\b(?:house|window|door|kitchen|flat|now|downstairs|"
        r"back)\b(?! key)",
        r"\b(?:breaking|broken) in\b(?! (?:new|my new|his new|shoes))",
        r"\b(?:someone|somebody|a man|man|men|stranger|burglar|intruder|he)s?(?: is| s)? (?:in|"
        r"inside) (?:my|the|me) (?:house|kitchen|home|flat|garden with)\b",
        r"\b(?:hit|hitting|hits|beat|beating|punch\w*|strangl\w*|attack\w*|slapp?\w*|stabb?\w*|"
        r"assault\w*|chok\w*) (?:me|her|him|us|mum|his wife)\b(?! (?:up the|for|at (?:chess|"
        r"cards|scrabble|dominoes)|to it|hands|down))",
        r"\b(?:being|been|getting) (?:attacked|stabbed|beaten|threatened|mugged|strangled|"
        r"robbed|followed)\b(?! (?:last|by the price))",
        r"\b(?:he|she|they|man|men|lads?|bloke|boyfriend|ex|husband|son|someone|stranger|"
        r"visitor|guy|fella|woman|neighbour|partner|workm[ae]n|who)\b.{0,60}\bwont (?:leave|go|"
        r"get out)\b(?! (?:me alone|it|out|the house|his|her room|off|on|away))",
        r"\bthreatening (?:me|us|her|him)\b",
        r"\blocked (?:me|us) in\b",
        r"\bby the throat\b",
        r"\bpushed (?:his|their) way in\b",
        r"\bfollowing me\b",
        r"\bthrowing (?:bricks|stones|bottles)\b",
        r"\bhitting (?:him|her|them|the (?:kids|baby|child))\b",
        r"\bdoor\b.{0,25}\bkicking\b",
        r"\blocked (?:myself|me sel\w*|ourselves) in\b",
        r"\bbygwth\b.{0,20}\b(?:fi|lladd)\b",
        r"\bscared for my life\b",
        r"\b(?:fy mrifo|mrifo i|brifo fi|taro fi|curo fi)\b.{0,20}\bhelp\w*",
        r"\btorri (?:i )?mewn\b",
    ),
    "suicide": (
        r"\b(?:kill|killing|hurt|harm|hang|drown|cut|do away with|top) (?:my ?sel\w*|me ?sel\w*|"
        r"mysen|him ?sel\w*|her ?sel\w*|masel)\b(?! (?:laugh\w*|on|with|shaving|off|a|out|in "
        r"the|to|trying|worry|when|getting|gardening))",
        r"\b(?:want\w*|going|ready|wish|rather|prefer|decided|like|plan\w*|hoping|gonna) (?:to |"
        r"i (?:was|were|could) )?(?:just )?(?:die|be dead|dead|end it\w*|end my life|end things|"
        r"end his life|end her life|go to sleep and (?:not|never)|not wake|disappear)\b(?! "
        r"(?:of|for|with|when|messages|texts|this|laughing))",
        r"\bend(?:ing)? (?:it all|it tonight|my (?:own )?life|her life|his life|things tonight|"
        r"everything)\b",
        r"\b(?:dont|do not|didnt|no longer|not|doesnt) (?:want|wish) to (?:live|be here|go on|"
        r"wake|carry on living|be alive|exist)\b",
        r"\b(?:no|see the|see any|any|isnt any|whats the) point (?:in |of )?(?:going on|living|"
        r"waking|carrying on|being here|anymore|in life|to life|in it any)\b",
        r"\b(?:better off (?:without me|dead)|nobody (?:will|would|ull|wud) (?:even )?(?:miss|"
        r"notice)|no one (?:will|would) miss)\b",
        r"\b(?:cant|cannot|carnt|can not|canny) (?:go on|carry on|do this|take it|take this|"
        r"face another|face (?:it|life))\b(?: any ?more| any longer| like this| living|"
        r"\b.{0,40}(?:pills|tablets|sorry|goodbye))",
        r"\b(?:suicidal|suicide)\b(?! mission| pact with| squad| two| in| last)",
        r"\b(?:taken|took|take|swallow\w*|swallowed|going to take|counted|saved|lined|"
        r"stockpil\w*|hoard\w*|got|have)\b.{0,25}\b(?:tablets|pills|paracetamol|tabs|"
        r"meds)\b.{0,35}\b(?:all of them|the lot|counted|lined up|end|goodbye|saved up|the "
        r"whole|to do it|ready|here|sorry|all out)\b(?! (?:to|for|at|collect\w*))",
        r"\btake the lot\b",
        r"\b(?:note|letters?|goodbyes?)\b.{0,20}\b(?:written|wrote|left|"
        r"said)\b.{0,15}$(?<!council)",
        r"\bwritten (?:my|the|a|me) (?:note|goodbye|letters)\b",
        r"\bsay goodbye\b",
        r"\bwhere im going\b.{0,20}\bgoodbye\b",
        r"\bgoodbye (?:everyone|all|world)\b",
        r"\bthis is goodbye\b",
        r"\bwritten to my (?:children|family|kids|wife|husband|son|daughter)\b.{0,60}\b(?:over|"
        r"gone|reads?|sorry)\b",
        r"\btime to go\b.{0,40}\b(?:look after|looked after|sorry|goodbye|cat|dog)\b",
        r"\b(?:on|off|stood on|standing on) (?:the |a )?(?:bridge|railway line|ledge|roof edge|"
        r"viaduct)\b",
        r"\bgoing to jump\b",
        r"\b(?:rope|noose) ready\b",
        r"\b(?:isio|eisiau|moyn|am) (?:marw|farw|lladd fy hun|gorffen y cyfan|lladd ei hun|dod "
        r"a r cyfan i ben)\b",
        r"\bddim (?:isio|eisiau|moyn) byw\b",
        r"\bcut (?:his|her|my|me) wrists\b",
    ),
    "poison": (
        r"\boverdos\w*\b",
        r"\bgormod o (?:dabledi|fy nhabledi|foddion|baracetamol)\b",
        r"\b(?:taken|took|take|had|swallowed|gave|given) (?:far |way |much )?too (?:many|"
        r"much)\b(?! (?:on|time|off|care|room|of my time|over|food|stew|soup))",
        r"\b(?:swallowed|swallow|drank|drunk|drinking|eaten|ate|et|llyncu|"
        r"yfed)\b.{0,35}\b(?:batter\w*|bleach|antifreeze|tablets|pills|cleaner|poison|detergent|"
        r"liquid|liquitab|magnets?|weedkiller|white spirit|mushrooms|dishwasher|berries|coin|"
        r"medicine|batri|cannydd|capsule|rat)\b(?! (?:soup|pie|on toast|with))",
        r"\b(?:double|twice|three times|two lots|again)\b.{0,60}\b(?:spinning|dizzy|faint|"
        r"cannot stand|cant stand|funny|shak\w+|drowsy|collaps\w*)\b",
        r"\b(?:took|taken|had)\b.{0,20}\b(?:whole|all (?:my|of my|his|her|the|me)|every|double|"
        r"twice|a load of)\b.{0,20}\b(?:tablets|pills|packet|bottle|paracetamol|insulin|dose|"
        r"meds|box)\b",
    ),
    "not answering": (
        r"\b(?:through|thro|thru|in|at) (?:the |her |his |their )?(?:letter ?box|window|glass|"
        r"back door|curtains)\b.{0,60}\b(?:floor|lying|laid|lay|laying|not moving|slumped|feet|"
        r"slippers|"
        r"legs|collapsed|calling|on the)\b",
        r"\b(?:lying|laid|lay|laying|slumped|sprawled)\b.{0,25}\b(?:not moving|bottom of|floor|"
        r"stairs|hall|ground|road|pavement|path|garden)\b",
        r"\bnot moving\b",
        r"\b(?:shouting|calling|crying|screaming) (?:out )?(?:for )?help\b",
        r"\b(?:his|her|their) (?:feet|legs|hand|arm) on (?:the )?\b",
    ),
    "swelling": (
        r"\b(?:tongue|throat|lip|face|mouth)s?\b.{0,25}\b(?:swell\w*|swole\w*|swollen|clos\w*|"
        r"tight\w*|puff\w*)\b",
        r"\b(?:swelling|swollen|closing) (?:up )?(?:my |his |her |the )?(?:tongue|throat|face|"
        r"lips)\b",
        r"\b(?:anaphyla\w*|epi ?pen used|allergic reaction)\b",
        r"\bcant swallow\b",
        r"\b(?:choking|chokin|choked)\b(?! (?:my|the|up with|me up|roses|weeds|"
        r"with (?:weeds|nettles|leaves|ivy|brambles)|on these prices))",
    ),
    "burn": (
        r"\bskin (?:is |s )?(?:coming|peeling|hanging|come|came|fallen) off\b",
        r"\b(?:boiling|scald\w*|hot) (?:water|oil|fat|kettle|tea)\b.{0,30}\b(?:all over|all "
        r"down|on the baby|over (?:her|him|me|my|himself|herself))\b",
        r"\bscalded (?:my whole|her|him|all|my legs|badly)\b",
        r"\bbadly burn\w*",
        r"\bburn\w* bad\w*",
        r"\belectrocut\w*(?! on paper)",
    ),
    "crash": (
        r"\b(?:hit|knocked (?:down|over|off)|run over|crashed|crash)\b.{0,25}\b(?:car|van|bus|"
        r"bike|lorry|motorbike|taxi|road)\b(?! (?:last|years|in march))",
        r"\bcome off (?:my|me|his|her) bike\b(?! but)",
        r"\bcar crash\b(?! tv| of)",
        r"\b(?:drown\w*|(?:fell|fallen|gone|went|slipped|jumped|walked|hes|shes|is|"
        r"got) in(?:to)? the (?:canal|river|"
        r"reservoir|pond|sea)|through the ice|under the ice|"
        r"flood ?water coming|hanging out of|stabbed|been shot)\b(?! (?:in paper\w*|rat|in "
        r"sorrow|in (?:debt|paper\w*|bills|work)|on|out))",
    ),
    "sudden": (
        r"\bworst (?:headache|pain)\b",
        r"\b(?:sudden|blinding|thunderclap)\b.{0,15}\bheadache\b",
        r"\bwaters? (?:have |has |just )?(?:broke|broken|gone)\b(?!.{0,10}cold)",
        r"\bbaby(?: is|s)? coming\b",
        r"\bin labour\b",
        r"\b(?:knock\w*|blow|bang\w*|hit)\b.{0,20}\bhead\b.{0,60}\b(?:passing|sick|vomit\w*|"
        r"confus\w*|sleepy|drowsy|cant see|keeps|unconscious|blood|bleeding)\b",
        r"\bneck (?:is )?stiff\b.{0,30}",
        r"\bgoing hypo\b",
        r"\bhaving a hypo\b",
        r"\brash\b.{0,25}\b(?:glass|doesnt fade|wont fade)\b",
        r"\b(?:freezing|so cold|hypotherm\w*|shivering|locked out in the (?:snow|cold|"
        r"rain))\b.{0,40}\b(?:nightie|pyjamas|confus\w*|cant feel|cant stop shak\w*|drowsy|"
        r"floppy)\b",
        r"\boxygen (?:has |is )?(?:run|ran|gone|running) out\b",
    ),
    "missing": (
        r"\b(?:gone missing|went missing|run off|wandered off|cant find (?:him|her|my (?:little|"
        r"son|daughter|grandson|granddaughter|mum|dad|husband|wife|mother|"
        r"father)))\b.{0,60}\b(?:dementia|snow|pyjamas|alzheimers|years? old|only \d|nightie|"
        r"dark|cold|anywhere|\d)\b",
        r"\bdementia\b.{0,30}\b(?:missing|disappeared|wandered off)\b",
    ),
    "also": (
        r"\b(?:sticking out|bone (?:is |s )?(?:out|showing))\b.{0,15}",
        r"\b(?:nothing|no reason|nowt) (?:left )?to live for\b",
        r"\b(?:had enough|sick|tired|done with|fed up) (?:of |with )?(?:this |my |the )?(?:life|"
        r"living)\b",
        r"\bfinish (?:it|myself|mesen|things) (?:off )?(?:tonight|today|now|all|for good)\b",
        r"\b(?:shotgun|rifle|air gun|pistol)\b(?! for (?:the )?(?:rabbits|vermin|pigeons|crows|"
        r"foxes))",
        r"\b(?:clutching|holding|grabbing) (?:his|her|their|my) (?:chest|throat)\b",
        r"\b(?:tablets|pills)\b.{0,40}\b(?:in front of me|enough to|all of them|lined up|on the "
        r"table in)\b",
        r"\benough (?:tablets|pills)\b",
        r"\bwont be here (?:any ?more|tomorrow|much longer|after)\b",
        r"\b(?:got hold of|got into|got at|found)\b.{0,25}\b(?:tablets|pills|medicine|bleach|"
        r"medication)\b.{0,25}\b(?:eaten|ate|swallowed|drunk|took|taken|had)\b",
        r"\b(?:legs?|knees) (?:just |has |have )?(?:gave|given|give) (?:way|"
        r"out)\b.{0,40}\b(?:floor|cant|down)\b",
        r"\bon (?:the |me |my )?(?:bathroom|bedroom|kitchen|hall|landing|lounge|cold|living "
        r"room|toilet|garage) floor\b(?! (?:tiles|needs|wants|is|mat|clean|so))",
        r"\b(?:gone|went|going|go) (?:all )?numb\b.{0,25}\b(?:side|down|face|arm)\b",
        r"\bdown one side\b",
        r"\bbeen shouting for\b",
        r"\b(?:caught|gone|catched|set) alight\b",
        r"\bfumes\b.{0,40}\b(?:sick|headaches?|dizzy|faint)\b",
        r"\bscalded (?:both|my|me|his|her)\b",
        r"\bcoffee grounds\b",
        r"\b(?:shak\w+|sweat\w+)\b.{0,40}\bcant think\b",
        r"\b(?:very|so|really|getting|going) (?:very |all )?confused\b.{0,40}\b(?:sick|hot|"
        r"temperature|insulin|sugar|burning|vomit\w*|cold)\b",
        r"\binsulin\b.{0,60}\b(?:confused|faint|drowsy|shak\w+|collaps\w+|sweating)\b",
        r"\bpress\w* (?:a |the )?glass\b",
        r"\bnosebleed\b.{0,40}\b(?:wont stop|hours?|thinners|cant stop)\b",
        r"\b(?:lips?|lip)\b.{0,20}\b(?:funny colour|blue|tingl\w+|numb)\b",
        r"\bfall\b.{0,40}\b(?:being sick|cant remember|doesnt know|vomit\w*|wont wake|confused|"
        r"talking daft)\b",
        r"\btrying to break\b.{0,20}\b(?:door|in)\b",
        r"\bwhat hes going to do to me\b",
        r"\b(?:pain|pains|ache)\b.{0,25}\bneck and (?:jaw|arm)\b",
        r"\bseem to get (?:me|my) breath\b",
        r"\bgets? my breath\b",
        r"\bsay goodbye\b",
        r"\b(?:ddim yn (?:anadlu|deffro|ymateb))\b",
        r"\bwedi (?:syrthio|cwympo|disgyn|gwympo)$",
        r"\b(?:wedi|ive) (?:syrthio|cwympo) (?:yn|ar|lawr|i lawr)\b",
        r"\bar y llawr\b",
        r"\bdigon ar fyw\b",
        r"\briesco ad alzarmi\b",
        r"\bei lladd ei hun\b",
        r"\bkill (?:her|him)sel\w+\b",
    ),
    "told plainly": (
        r"\bon fire\b(?! (?:last|again on|with))",
        r"\b(?:afire|ablaze|smou?ldering)\b",
        r"\bchip ?pans?\b.{0,15}\b(?:caught|gone up|fire|alight)\b",
        r"\b(?:cooker|oven|drier|dryer|heater|toaster|curtains?)(?:s| is| has)? (?:caught|burning|"
        r"gone up|alight)\b",
        r"^(?:an? |the )?(?:ambulance|police|fire brigade)(?: please| now| quick\w*)*$",
        r"\b(?:someone|somebody|man|bloke|fella|lads?|he|hes|they|theyre|stranger|burglars?)\b"
        r".{0,25}\b(?:trying|rattling|turning|forcing|jemmying) (?:at |to open |to force )?"
        r"(?:the|my|me|our) (?:\w+ )?(?:door|handle|lock|window|doorknob)s?\b(?! (?:last|"
        r"yesterday|on our))",
        r"\bat (?:the|my|me) (?:\w+ )?door trying\b",
        r"\b(?:someone|somebody|man|bloke|fella|lads?|he|hes|they|theyre)\b.{0,15}\btrying to get "
        r"in(?:to)?\b(?! (?:touch|contact|the habit))",
        r"\bpull ?cords?\b.{0,20}\b(?:out of reach|too far|cant reach)\b",
        r"\bcant reach (?:the |my |me )?(?:phone|pull ?cord|alarm cord)\b",
        r"\b(?:down|over|floor|laid|lying|ground|fell|fallen|slipped|tripped|tippled|tumbled|step)"
        r"\b.{0,45}\b(?:cant|unable to|not able to) (?:get (?:back )?up|rise|stand(?: up)?|get me "
        r"legs|get my legs|get myself up|pull myself up|shift myself|move my leg)\b(?! (?:that|the|"
        r"to (?:the|mr|mrs|top)|steps|hill))",
        r"\bPEOPLE\b.{0,30}\b(?:not|no|wont|cant|isnt|never|doesnt|didnt) (?:\w+ )?(?:wak\w+|"
        r"rouse|rouse (?:him|her)|responding|responsive|opening (?:his|her|their) eyes|come round|"
        r"coming round)\b(?! (?:till|until|me|for me))",
        r"\bcant (?:wake|rouse) (?:him|her|my|mum|mam|dad|nan|gran)\b",
        r"\bPEOPLE\b.{0,25}\b(?:gone|turned|going|all) (?:\w+ )?(?:grey|gray|waxy|purple|clammy)\b"
        r"(?!.{0,20}\b(?:hair|worry|dye)\b)",
        r"\b(?:chest|breastbone)\b.{0,25}\b(?:gone tight|tightness|getting tighter|squeez\w+|"
        r"crush\w+|elephant|like a vice|sat on me|sitting on me)\b",
        r"\b(?:band|weight|tightness|elephant|squeez\w+) (?:\w+ ){0,4}chest\b",
        r"\b(?:chest|arm)\b.{0,40}\bjaw\b",
        r"\bcant (?:finish|talk in|speak in|get) (?:a |full |whole )?(?:sentence|words out)\w*\b",
        r"\b(?:took|taken|had)\b.{0,30}\b(?:tablets|pills|meds|insulin)\b.{0,40}\b(?:again|twice|"
        r"double)\b.{0,40}\bfeel\w*\b",
        r"\bbetter off if i (?:was|were|am|wasnt|werent)\b",
        r"\b(?:moaning|groaning)\b.{0,30}\b(?:letter ?box|through the (?:door|wall))\b",
        r"\bddim (?:isio|eisiau|moyn) bod yma\b",
    ),
    "said sideways": (
        # Heart and stroke, as people compare them.
        r"\b(?:weight|vice|gate\w*|clamp|strap|anvil|belt|foot|boulder|bear)\b.{0,40}\b(?:chest|"
        r"breast|breastbone|ribs|across me|on me)\b",
        r"\bpain\w*\b.{0,70}\b(?:sweat\w*|swett\w*|wringing|clammy|perspir\w*|up (?:into|to) my "
        r"(?:teeth|jaw))\b",
        r"\b(?:sweat\w*|clammy|perspir\w*)\b.{0,40}\b(?:pain\w*|numb|dead arm)\b",
        r"\bchests?(?: is|s)? (?:really |very )?(?:gripp\w*|paining|hurting (?:bad|so)|crushed)\b",
        r"\bholds? (?:his|her) (?:chest|breast)\b",
        r"\blost (?:the |all )?(?:use|feeling|feelin|power) (?:of |in |down )*(?:my |me |his |"
        r"her |the "
        r"|one |wan )?(?:\w+ )?(?:arm|leg|side|hand|face)s?\b",
        r"\bface (?:has )?gone numb\b",
        r"\b(?:cant|cannot) (?:form|find|get hold of|get out) (?:my|me|the|his|"
        r"her) words\b(?! (?:in|for"
        r"|on paper))",
        r"\bspeech (?:is |has )?(?:affected|gone|slurred|funny)\b",
        r"\b(?:talking|speaking|sounds?) (?:double dutch|mush|backwards)\b",
        r"\bone side of (?:him|her|his|hers|me)\b",
        r"\bcalling (?:me|him|us) by the wrong name\b",
        r"^chest (?:is )?(?:really |very )?bad\b",
        r"\bheart\b.{0,30}\b(?:fast|racing|pounding|jumping)\b.{0,40}\b(?:faint|dizzy|breath|"
        r"pass out)\b",
        r"\bsick\b.{0,20}\blike coffee\b|\bdysreflexia\b",
        r"\bwaters (?:just )?went\b(?! cold)",
        r"\b(?:smile|mouth|face)s?(?: has| is)? (?:gone |all )?(?:crooked|wonky|lopsided)\b",
        # Not awake, not breathing.
        r"\bstruggling for (?:air|breath)\b",
        r"\b(?:s?he|mum|mam|dad|nan|body) (?:is not|isnt|wasnt|not|aint) moving\b",
        r"\b(?:no|find a|feel a|cant get a) pulse\b",
        r"\bslumped\b(?! (?:in front|watching))",
        r"\beyes (?:are |is |r )?(?:rolled|rolling|closing up)\b",
        r"\b(?:froth|foam)(?:ing)? (?:at|from|round|out)\b|\b(?:hes|shes|is|he|she) (?:froth|"
        r"foam)ing\b",
        r"\b(?:snoring|gurgling|rattling) (?:sort of |kind of )?(?:noise|sound|"
        r"breath\w*)\b.{0,60}\b(?:"
        r"wake|look|answer|foam|blue|rouse)\b",
        r"\b(?:wont|cant|doesnt) stop (?:fitt?in\w*|jerking)\b",
        r"\bhands? (?:is |s )?jerking\b",
        r"\bstopped (?:breeding|breev\w*|breth\w*)\b|\bcant (?:breev|brev|breve|breev\w*)\b",
        r"\bsugars? (?:is |of |at )?[012]\.\d",
        # A fall or an accident.
        r"\b(?:leg|foot|hip|ankle|arm)s?(?: is|s| are)? ?(?:\w+ )?(?:pointing|facing|turned?|"
        r"bent|at an)"
        r" (?:the |in )?(?:wrong|other|funny|odd|angle|backwards)\b",
        r"\b(?:cant|couldnt) (?:turn over|crawl|move my legs?|feel my legs?|move from (?:here|"
        r"the floor))\b",
        r"\blegs?\b.{0,10}\b(?:wont listen|gone under|went under)\b",
        r"\b(?:shouted|shouting|called|calling|banging|banged)\b.{0,25}\b(?:nobody|nobodys|"
        r"no one|noone|"
        r"not a soul)\b.{0,10}\b(?:hears?|heard|comes?|came|coming)\b",
        r"\bon (?:my|me) (?:back|side|front|face) (?:in|on|at) the (?:yard|garden|path|floor|ice|"
        r"snow|steps"
        r"|drive|street|road|hall|shed|ground|patio|cellar)\b",
        r"\b(?:legs?|foot|arm|hand) from under the\b",
        r"\bfell\b.{0,40}\bcor (?:move|get)\b",
        r"\b(?:just|been|has|car|van) run (?:me|him|her) over\b(?! to)",
        r"\bgone in (?:off|over)\b|\bslurry(?:s)? (?:has )?got\b",
        r"\b(?:im|i am) (?:outside|out in)\b.{0,40}\b(?:nightdress|nightie|pyjamas|"
        r"dressing gown)\b",
        r"^(?:i |help )?cant get up(?: please| help)?[ .!]*$",
        r"\b(?:fallen|fell|falling) (?:from|out of|off) (?:the |his |her |my )?(?:bed|chair|"
        r"ladder|roof|"
        r"wheelchair)\b.{0,60}\b(?:angle|cant|not opening|hear me|feel my|wont)\b",
        r"\bcars?\b.{0,40}\bupside down\b|\bno air\b(?! (?:con|in the tyres?))",
        r"\b(?:s?hes|s?he is|mums|mum is|dads|dad is|nans) on (?:the|his|her) (?:\w+ )?floor\b",
        r"\b(?:im|i am|hes|shes|mums|dads) (?:\w+ )?(?:wedged|trapped|pinned|jammed)\b",
        r"\b(?:power|electric) (?:line|cable|wire)s?(?: is|s)? (?:down|hanging|sparking)\b",
        r"\bfingers?\b.{0,40}\b(?:hanging off|cut off|sliced off)\b|\bskins? (?:is )?lifting\b",
        r"\b(?:alzheimers|dementia)\b.{0,30}\b(?:been gone|missing)\b",
        r"\bhear (?:(?:him|her|them|someone|somebody) )?(?:moaning|groaning)\b",
        r"^(?:please )?help me (?:please )?(?:someone|somebody|anyone|hes|shes)\b",
        r"\bcodwm\b.{0,40}\b(?:gwaedu|methu)\b|\bwyneb wedi (?:llithro|disgyn)\b",
        # Blood, swelling, poison.
        r"\bblood coming (?:out of|from) (?:his|her|my|me) (?:ears?|mouth|eyes?|head)\b",
        r"\bswallowed (?:everything|the lot|all of)\b",
        r"\bcough\w* up\b.{0,20}\bblood\b|\b(?:basin|bowl|bucket|pints?) (?:full )?of blood\b",
        r"\bblood (?:all )?down (?:her|his|my|me)\b|\bpassing (?:nothing but |a lot of |"
        r"lots of )?blood\b",
        r"\b(?:throat|tongue)s?(?: is| are|s)? (?:\w+ )?(?:closing|filling|getting (?:big|fat|"
        r"thick)\w*)\b",
        r"\b(?:taken|took|had) (?:far |way )?to many (?:\w+ ){0,2}(?:tablets|pills)\b",
        r"\bdone something (?:silly|stupid|daft|terrible)\b.{0,30}\b(?:tablets?|pills|meds|"
        r"mysel\w*|"
        r"wrists?)\b",
        r"\bneck (?:wont|cant|doesnt) (?:bend|move)\b",
        # Fire, gas, water.
        r"^(?:help )?fire[ !.]*$",
        r"\b(?:fire|fyer|fier) (?:up )?(?:in|on|under) (?:the|my|our|me) (?:kitchen|kichin|roof|"
        r"house|bedroom|"
        r"loft|flat|shed|garage|oven|hall|stairs|barn|landing|lounge)\b(?! (?:wont|alarm))",
        r"\b(?:curtains?|bedding|sofa|settee|carpet|roof|thatch) (?:have |has |"
        r"s )?(?:just )?(?:caught|gone "
        r"up)\b",
        r"^chip ?pan\b",
        r"\b(?:smell burning|smoke (?:under|through|a com\w+))\b",
        r"\b(?:stink|smell) of (?:rotten )?eggs\b",
        r"\bwater(?: is|s)? (?:up to|over|coming up|rising)\b.{0,20}\b(?:stairs?|knees|waist|"
        r"window|bed)\b",
        # Threats.
        r"\b(?:man|men|someone|somebody|fella|gadgie|bloke|lads?|ex|husband|boyfriend|"
        r"theyre)\b.{0,40}\b(?:"
        r"crowbar|jemmy|a blade|balaclavas?|machete|having knife|a bat)\b",
        r"\b(?:trying|tryin) (?:at )?(?:the |my |me |our )?(?:back |front |side )?(?:windows|"
        r"windas|doors)\b",
        r"\bbreaking (?:my|our|the|me) (?:\w+ )?windows?\b",
        r"\bto pan (?:my|the) door in\b",
        r"\b(?:beats|beating|strangling|battering|throttling) (?:his |the |my )?(?:wife|mother|"
        r"mum|daughter|"
        r"baby|girlfriend|partner)\b",
        r"\b(?:hell|shell|theyll|going to) finish me\b",
        r"\bhiding (?:in|under|behind|upstairs|from (?:him|them))\b",
        r"\bscream\w*\b.{0,30}\b(?:for help|went quiet|gone quiet|then quiet|murder)\b",
        r"\b(?:someone|somebody|man|men|footsteps)\b.{0,20}\b(?:moving about|creeping|prowling)\b",
        r"\bpushed past me\b|\bhands (?:on|round) (?:me|my (?:neck|throat))\b",
        r"\bcoming to (?:kill|hurt) (?:me|us)\b|\bup against the wall by\b",
        # Life not wanted.
        r"\bno point (?:in )?(?:me|my) being here\b",
        r"\b(?:better off|happier) (?:once|when|if) im (?:gone|dead|out of the way|not here)\b",
        r"\b(?:thinking (?:about|of)|walking to|going to|stood by|sat by) the (?:train|railway) "
        r"(?:tracks?|lines?)\b",
        r"\b(?:shant|wont|not) be alive\b",
        r"\brather not be (?:here|alive)\b(?! (?:when|for|on|at|while))",
        r"^(?:i )?(?:just )?want (?:it|this) (?:all )?(?:over|to end|to be over|finished)\b",
        r"\b(?:cant|cannot) (?:do|face|get through) (?:another|one more) (?:night|day) (?:of it|"
        r"of this|"
        r"like this)\b",
        r"\bwrong side of the (?:railings?|barrier|bridge)\b",
        r"\byou wont hear from me again\b",
        r"\bnobody(?:d| would| will|s going to) (?:miss|notice)\b",
        r"\bwritten to (?:the|my) (?:children|kids|family|girls|boys|sons?|"
        r"daughters?)\b.{0,40}\b(?:done|"
        r"dog|cat|goodbye|sorry)\b",
        r"\b(?:posted|texted|left) (?:a |us )?goodbye\b",
        r"\bservice revolver\b|\bi cannot continue\b",
        r"\bgas on\b.{0,30}\b(?:be with|on purpose|hung up|goodbye)\b",
    ),
    "cry": (
        r"🆘",
        r"\b(?:call|ring|phone|need|get|send|want)(?: me)?(?: for)?(?: an?| the)? (?:ambulance|"
        r"999|police|fire brigade|fire engine|paramedics?)\b(?! (?:or|if|when|number|last|"
        r"chair))",
        r"\bsos\b",
        r"\bhelp me help\b",
        r"\bhelp help\b",
        r"\bcome quick\w*\b",
        r"\bplease hurry\b",
        r"\bits an emergency\b",
        r"\bthis is an emergency\b",
        r"\b(?:help|urgent) emergency\b",
        r"\bhelpwch fi\b",
        r"\bpomocy\b.{0,40}(?:upad|pali|oddych)",
        r"\b(?:upadl|upadł)\w+.{0,30}nie mog",
        r"\bnie mog[eę] (?:oddychać|oddychac|wstać|wstac)\b",
        r"\bboli mnie w klatce",
        r"\bnieprzytomn",
        r"\bpali si[eę]\b",
        r"\bnon (?:riesco a|posso) (?:respirare|alzarmi)",
        r"\bdolore al petto\b",
        r"\bsaans nahi\b",
        r"\bseene mein dard\b",
        r"не можу (?:дихати|встати)",
        r"болить у грудях",
        r"непритомн",
        r"пожежа",
        r"\bno puedo respirar\b",
        r"\bnu pot respira\b",
        r"\bje ne peux pas respirer\b",
        r"\bemergency (?:please|help|now)\b",
        r"^emergency$",
        r"^helpwch$",
    ),
}
"""By name: each of these is an emergency unless something takes it back."""
