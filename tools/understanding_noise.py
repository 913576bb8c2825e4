"""Templates filled in, and clean messages made into what thumbs, ears and hurry make of them."""

from __future__ import annotations

import random
import re

CHOICE = re.compile(r"\{([^{}]*)\}")
SLOT = re.compile(r"\[([a-z_]+)\]")

GREETINGS = (
    "hi|hello|hiya|hello love|good morning|morning|ey up|hi there|hello its me|sorry to bother you|hi its {name}|dear all|"
    "good afternoon|good evening|hello dear|alright|now then|helo|hi everyone|dear sir or madam|hi all|evening all|its {name} here"
).split("|")
SIGNATURES = (
    "thanks|ta|thank you|many thanks|{name}|Mrs {name}|love {name}|{name} x|xx|x|cheers|ta love|thank you kindly|"
    "yours sincerely {name}|regards {name}|no rush|if poss|if its no trouble|please|pls|sorry to be a pain|God bless|"
    "thanks in advance|ta very much|x {name}|much obliged|hope thats ok|lol|yours faithfully Mr {name}|sorry|"
    "from {name}|thanking you|let me know|if thats alright|would be grateful|ill put the kettle on|i can pay you back|diolch"
).split("|")
WHENS = (
    "tomorrow|today|on tuesday|friday|sat morning|this afternoon|tomorrow morning|tmrw|tonight|asap|at 2|about 10|on the 14th|"
    "next week|weds|thursday at 3|when you can|mon 9.30|before 5|sunday|the 3rd of may|half past two|in the morning|by friday|"
    "2moro|any time|this week|monday if poss|at ten o'clock|tomoz|a week on thursday|saturday 2pm|whenever suits"
).split("|")
PLACES = (
    "hd7 5ab|HX1 2QA|im in ol3|BD16 4RT|LS29|no 12|14 chapel row|S35 0AB|hd75ab|at number 9|12 bank street|wf12 8qq|M28 1AB"
).split("|")
NAMES = (
    "Doreen Jean Albert Maureen Brian Sheila Peggy Stan Ken Iris Elsie Harold Joan Ron Betty Gwen Megan Dilys Priya Imran Sam "
    "Hilda Winnie Cyril Norman Sunita Ahmed Agnes Moira Hamish Rosa Marjorie Ethel Wilf Frank Nerys Aled Carol Linda Dave Kath"
).split()
TEXTISMS = {
    "you": "u", "your": "ur", "please": "pls plz plse", "for": "4", "to": "2", "and": "n & an", "are": "r",
    "someone": "sum1 sumone somone", "anyone": "any1 anyon", "some": "sum", "could": "cud", "would": "wud wd",
    "tomorrow": "tmrw 2moro", "with": "wi w", "my": "me mi", "about": "bout", "have": "av hav",
    "thanks": "thx thanx", "because": "cos bcos", "before": "b4", "great": "gr8", "the": "th t da",
    "something": "summat sumthing", "nothing": "nowt", "anything": "owt", "what": "wot", "was": "woz were",
    "that": "tht", "be": "b", "see": "c", "can": "cn", "phone": "fone", "night": "nite", "help": "hlp halp",
    "going": "goin gunna", "know": "no kno", "want": "wont", "need": "nead ned", "isn't": "int", "from": "frm",
    "appointment": "appt apointment apptment", "hospital": "hosp hospitle", "doctor": "dr docter", "prescription": "perscription prescripton",
    "them": "em", "him": "im", "got": "gt", "anybody": "anybdy enybody", "somebody": "sombody sumbdy", "can't": "cant carnt", "message": "msg",
    "messages": "msgs", "text": "txt", "texts": "txts", "minute": "min", "week": "wk",
}  # fmt: skip


def fill(template: str, slots: dict[str, list[str]], dice: random.Random) -> str:
    """One message out of a template: `[slot]` from the slots, `{a|b}` either, `{a|}` maybe."""
    text = template
    for _ in range(60):
        if match := SLOT.search(text):
            text = text[: match.start()] + dice.choice(slots[match[1]]) + text[match.end() :]
        elif match := CHOICE.search(text):
            text = text[: match.start()] + dice.choice(match[1].split("|")) + text[match.end() :]
        else:
            break
    return " ".join(text.split())


def _slip(word: str, dice: random.Random) -> str:
    if len(word) < 4 or not word.isalpha():
        return word
    at = dice.randrange(1, len(word) - 1)
    kind = dice.random()
    if kind < 0.25:
        return word[:at] + word[at + 1 :]
    if kind < 0.45:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind < 0.6:
        return word[:at] + word[at] + word[at:]
    if kind < 0.75:
        return word[0] + re.sub("[aeiou]", "", word[1:], count=1)
    if kind < 0.9:
        for a, b in (
            ("ph", "f"),
            ("ough", "uff"),
            ("tion", "shun"),
            ("ight", "ite"),
            ("ck", "k"),
            ("ea", "ee"),
            ("ing", "in"),
            ("ei", "ie"),
            ("ss", "s"),
            ("ll", "l"),
            ("er", "a"),
        ):
            if a in word:
                return word.replace(a, b, 1)
    return word[:at] + dice.choice("aeioutnsrl") + word[at + 1 :]


def _named(phrase: str, dice: random.Random) -> str:
    return phrase.replace("{name}", dice.choice(NAMES))


def rough(text: str, dice: random.Random, *, surround: bool) -> str:
    """The message as another hand might send it. `surround` adds greetings, days and names."""
    words = text.split()
    slips, shorts = dice.choice((0, 0, 0.05, 0.12)), dice.choice((0, 0, 0.2, 0.5))
    out = []
    for word in words:
        bare = word.lower().strip(".,!?")
        if bare in TEXTISMS and dice.random() < shorts:
            out.append(dice.choice(TEXTISMS[bare].split()))
        elif dice.random() < slips:
            out.append(_slip(word, dice))
        else:
            out.append(word)
    made = " ".join(out)
    if dice.random() < 0.5:
        made = re.sub(r"[.,!?;]", "" if dice.random() < 0.7 else " ", made)
    if surround:
        if dice.random() < 0.25:
            made = f"{_named(dice.choice(GREETINGS), dice)}{dice.choice(',.  ')} {made}"
        if dice.random() < 0.2:
            made = f"{made} {dice.choice(WHENS)}"
        if dice.random() < 0.12:
            made = f"{made} {dice.choice(PLACES)}"
        if dice.random() < 0.3:
            made = f"{made}{dice.choice('.,  ')} {_named(dice.choice(SIGNATURES), dice)}"
    return made
