"""STOP and START: who wants to hear no more of us, and who wants to again, in the words people use.

Who is taken for saying it hears nothing more, whatever they need: "can anyone take me" and "get me
off the floor" are none, and "take me off your list" is. Who says it is heard at once.
"""

from __future__ import annotations

import re

from handlers.rules.understanding_words import bare

_BEFORE_STOP = (
    r"(?:(?:please|pls|plz|plis|plise|just|now|ok|can you|will you|oh|no|you|kindly|hi|hello|sorry|"
    r"i said|i want to|could you|rwan|nawr) )*"
)
_AFTER_STOP = (
    r"now|all|please|pls|plz|plis|thank you|thankyou|thanks|thanx|thx|ta|love|x+|"
    r"stop+|sorry|stopio|stopiwch|cheers|diolch|diolch yn fawr|os gwelwch yn dda|rwan|nawr|hyn|"
    r"immediately|at once|everything|for good|forever|mate|dear|duck"
)
_STOP_ALONE = re.compile(
    rf"{_BEFORE_STOP}(?:"
    r"(?:stop+|stpo|sotp|stop all|stopall|opt ?out|unsub(?:s?cri?be)?|"
    r"unsuscribe|unsubscibe|stopio|stopiwch|stopia|stopwch)"
    rf"(?: (?:it|this|that|{_AFTER_STOP}))*"
    # "End it" and "cancel that" are about what they asked for.
    rf"|(?:end|quit|revoke)(?: (?:{_AFTER_STOP}))*)"
    # Of the provider's own words the one that people write most when they need no milk after all.
    r"|cancel"
)
_SENT = r"(?:txts?|texts?|texting|messag\w*|msgs?|sms)"
_SOFTLY = r"(?: (?:please|pls|plz|now|thanks|thank you|ta))*$"
_OF_ALL = (
    r"(?=$| (?:me|us|this number|my (?:phone|number)|any ?more|no more|again|ever|from|about|"
    r"at all|please|pl[sz]+|thanks|thank you|thanx|thx|ta|now|so|and|or|off|love|x+|im|i|its|you|"
    r"coming|all|every|constantly|these|those|your|stuff|this|to me|"
    rf"(?:th)?em(?: here)?$|(?:the |them )?{_SENT})\b)"
)
"""What may follow, where it is about all that we send: no hour or day, no name of somebody else."""
_STOP_PHRASES = tuple(
    re.compile(rf"\b(?:{phrase})")
    for phrase in (
        r"(?:stop|quit|pack in|give over|cease|stopp) (?:all )?(?:with )?(?:these |them |those |"
        r"the |this |your )?(?:bloody |blooming |damn |daft |silly )?(?:txting|texin|textin|txtin|"
        rf"msging|notif\w+|sending|contacting|bothering|mithering|pestering|{_SENT}){_OF_ALL}",
        # "I no longer get your texts" is somebody who waits for them.
        r"(?:do not|dont|donot|never|no longer) (?:want|wish|need|like) (?:to |be |get |getting |"
        r"have |receive |you |any ?more |any |these |them |your |the )*"
        rf"(?:contacted|{_SENT}){_OF_ALL}",
        r"(?:do not|dont|donot|never|not|stop) (?:to )?(?:want|wish|need|like|send|sending)\b"
        rf"(?: \w+){{0,4}}? any ?more (?:of )?(?:these |them |your )?{_SENT}\b",
        # "I never message Sam" is no wish, "don't text me at night" one of another kind.
        r"(?<!\bi )(?<!\bwe )(?<!\bthey )(?:do not|dont|donot|never) (?:you )?(?:ever )?"
        rf"(?:contact|{_SENT})(?:$| (?:please|pls|plz|and|or|do|dont)\b|(?: (?:me|us|it|here|this "
        r"(?:number|phone)|again|ever|any ?more|no more))++(?! (?:at|before|after|on|until|till|in|"
        r"between|during|while|when|if|today|tonight|tomorrow|about|for|with|so|late|early)\b))",
        rf"no more (?:of )?(?:these |them |your )?{_SENT}\b",
        r"(?:remove|strike|cross|delete|knock) (?:me|my (?:name|number|details))"
        r"(?: and (?:name|number|details))? ?(?:off|from|out|please$|pls$|$)",
        r"(?:take|get) my (?:name|number|details)(?: and (?:name|number|details))? (?:off|out)\b",
        # "Get me off the floor", "take me out on Friday" and "from the hospital" ask for somebody.
        r"take me off(?! (?:to|on|for|at|in|my|his|her|somewhere|shopping|"
        r"(?:the|this) (?:floor|bed|"
        r"bus|train|loo|toilet|ward|chair|step|ladder|roof))\b)|"
        rf"(?:take|get) me (?:off|from|out of) (?:this|it){_SOFTLY}",
        r"(?:take|get) (?:me|my number) (?:off|from|out) (?:of )?(?:the |"
        r"this |that |your |ur |all )+"
        rf"(?:\w+ )?(?:lists?|groups?|system|database|register|mailing|{_SENT})\b",
        r"delete my (?:details|number|name|data)|unsubscribe|opt (?:me )?out|leave the group",
        # Who is not to be sent is somebody else: "peidiwch ag anfon Brian".
        r"(?:peidiwch|paid)(?: (?:a|ag|â))? (?:anfon|gyrru) (?:\w+ ){0,2}?"
        r"(?:neges\w*|d?tecst\w*|ata i|ataf|rhain)\b",
        r"(?:peidiwch|paid)(?: (?:a|ag|â))? (?:anfon|gyrru|tecstio|thecstio|cysylltu|chysylltu)"
        r"(?: (?:[âa] fi|efo fi|gyda fi|fi|dim|byd|mwy|eto|rhagor|plis|diolch))*$",
        r"rhowch y gorau i (?:anfon|yrru|decstio)|(?:tynnwch|tynna) fi|"
        r"stopi(?:wch|o)? (?:yrru|anfon|gyrru|tecstio|y negeseuon)|"
        r"dim (?:mwy|rhagor) o (?:negeseuon|decst)",
        r"(?:basta|non voglio|niente|non (?:mi )?mand(?:i|a|ate|atemi))(?: (?:con|più|piu|altri|i|"
        r"questi|dei|ricevere|vostri))* (?:messaggi|sms)\b",
        r"non (?:mi )?(?:scriv(?:a|ete|etemi)|contatt(?:i|ate|atemi)) pi[uù]\b|"
        r"(?:cancellatemi|toglietemi|mi tolga)(?:$| dal)",
    )
)
_CLAUSES = re.compile(r"[.,;:!?\n]+")
_STOP_NOT = re.compile(
    r"\b(?:he|she|they|it|him|her|them) (?:wont|will not|doesnt|keeps?)|"
    r"\b(?:reply|text) (?:with )?stop (?:to|if|at)\b|to opt out|"
    rf"stop (?:me|him|her|my|a|the(?! {_SENT}))\b|"
    # Whoever says that it is not to be, or asks whether it is, wants to hear from us.
    r"\b(?:dont|do not|didnt|never|not|without|peidiwch a|paid a) (?:want )?(?:you )?(?:to )?"
    r"(?:ever |just |please )?(?:stop|quit|take|remove|get|strike|cross|delete|knock|leave|"
    r"unsub\w*|opt)\b(?! (?:send|text|ask)\w* me)|"
    r"\b(?:did|have|has|had) (?:you|it|they|we|i) (?:\w+ )?(?:stop|stopp|quit)|"
    r"\b(?:are there|there are|were there|have (?:i|you)) no more\b"
)


def is_stop_word(text: str) -> bool:
    """Whether the whole message is a fixed opt-out word, with or without politeness.

    "STOP", "stopp it", "Stop. Thank you", "please stop", "Stopiwch": the words themselves, so
    that no other reading can come before them.
    """
    return len(text) <= 80 and bool(_STOP_ALONE.fullmatch(bare(text)))


def is_stop(text: str) -> bool:
    """Whether a person wants no more messages at all, by fixed words or by a plain phrase.

    Twilio's words alone count, so does "take me off this", and not "STOP this terrible bill",
    "the bus stop" or "cancel my shopping" (LABELS.md: a sentence that happens to hold the word
    is not a stop).
    """
    if is_stop_word(text):
        return True
    if len(text) > 240:
        return False
    return any(
        any(phrase.search(clause) for phrase in _STOP_PHRASES) and not _STOP_NOT.search(clause)
        for clause in map(bare, _CLAUSES.split(text))
    )


_START = re.compile(
    r"(?:(?:please|pls|hi|hello|yes|can you|can i|could i|i want to|i wish to|id like to|"
    r"i would like to|want to|ok|hoffwn|dwi isio|dwi eisiau) )*"
    r"(?:start|unstop|join|join in|subscribe|resume|restart|start again|re ?join|sign me up|"
    r"sign up|add me|opt ?in|begin|put me back on|dechrau|cychwyn|ymuno|ailddechrau|"
    r"start (?:texting|texts|messages|sending)(?: me)?(?: again)?)"
    r"(?: (?:please|pls|again|thank you|thanks|ta|back|me|the group|your group|os gwelwch yn dda|"
    r"plis|now|x+|love|eto|diolch|a ?r gr[wŵ]p))*"
)


def is_start(text: str) -> bool:
    """Whether a person wants messages again, or to join, by fixed words ("START", "join")."""
    return len(text) <= 80 and bool(_START.fullmatch(bare(text)))
