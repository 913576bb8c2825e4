"""Days that have a name of their own, and the words for days and months in the languages met."""

from __future__ import annotations

from datetime import date, timedelta


def easter(year: int) -> date:
    """Easter Sunday. The anonymous Gregorian computus (Nature, 20 April 1876; Meeus, ch. 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def nth(year: int, month: int, weekday: int, n: int) -> date:
    """The n-th such weekday of a month; counting from its end where n is negative."""
    if n > 0:
        first = date(year, month, 1)
        return first + timedelta((weekday - first.weekday()) % 7 + 7 * (n - 1))
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(1)
    return last - timedelta((last.weekday() - weekday) % 7 + 7 * (-n - 1))


MON, TUE, WED, THU, FRI, SAT, SUN = range(7)

FROM_EASTER = {
    r"good friday|dydd gwener y groglith|gwener y groglith": -2,
    r"easter (?:bank holiday )?monday|(?:dydd )?llun y pasg": 1,
    r"easter (?:sunday|day)|(?:dydd )?sul y pasg": 0,
    r"easter saturday|holy saturday": -1,
    r"pancake (?:tuesday|day)|shrove tuesday|(?:dydd )?mawrth ynyd|dydd mawrth crempog": -47,
    r"ash wednesday": -46,
    r"mothering sunday|mothers? day|sul y mamau": -21,
    r"palm sunday|sul y blodau": -7,
    r"maundy thursday": -3,
    r"ascension day": 39,
    r"whit sunday|pentecost": 49,
    r"whit monday": 50,
}
FIXED = {
    r"new years? day|ne'?er ?day|dydd calan|(?:y )?flwyddyn newydd dydd": (1, 1),
    r"burns night": (1, 25),
    r"st dwynwens day|santes dwynwen": (1, 25),
    r"candlemas": (2, 2),
    r"valentines?(?: day)?": (2, 14),
    r"(?:st|saint) davids day|(?:dydd )?gwyl (?:dd|d)ewi": (3, 1),
    r"(?:st|saint) pat(?:rick|ty)s day|paddys day": (3, 17),
    r"april fools?(?: day)?": (4, 1),
    r"(?:st|saint) georges day": (4, 23),
    r"hallowe?en|nos calan gaeaf": (10, 31),
    r"(?:bonfire|guy fawkes|fireworks?|plot) night|noson tan gwyllt": (11, 5),
    r"armistice day|remembrance day": (11, 11),
    r"(?:st|saint) andrews day": (11, 30),
    r"(?:christmas|xmas|crimbo|chrimbo|chrismas|cristmas) eve?|noswyl (?:y )?nadolig": (12, 24),
    r"(?:christmas|xmas|crimbo|chrimbo|chrismas|cristmas) day|dydd nadolig": (12, 25),
    r"boxing day|(?:dydd )?gwyl (?:san )?steffan": (12, 26),
    r"new years? eve|hogmanay|nos galan": (12, 31),
}
BY_WEEKDAY = {
    r"remembrance sunday|(?:dydd )?sul y cofio": (11, SUN, 2),
    r"fathers? day|sul y tadau": (6, SUN, 3),
    r"(?:early )?may day(?: bank holiday)?(?: monday)?|early may bank holiday": (5, MON, 1),
    r"(?:spring|whitsun|late may) bank holiday(?: monday)?": (5, MON, -1),
    r"(?:august|summer|aug) bank holiday(?: monday)?": (8, MON, -1),
}


def named(name: str, today: date) -> date | None:
    """The next day, today included, that a pattern of the tables above stands for."""
    for year in (today.year, today.year + 1):
        if name in FROM_EASTER:
            day = easter(year) + timedelta(FROM_EASTER[name])
        elif name in FIXED:
            day = date(year, *FIXED[name])
        else:
            day = nth(year, *BY_WEEKDAY[name])
        if day >= today:
            return day
    return None


def bank_holiday_monday(today: date) -> date:
    """The next Monday bank holiday of England and Wales (Banking and Financial Dealings Act)."""
    days = []
    for year in (today.year, today.year + 1):
        days += [easter(year) + timedelta(1), nth(year, 5, MON, 1)]
        days += [nth(year, 5, MON, -1), nth(year, 8, MON, -1)]
    return min(day for day in days if day >= today)


WEEKDAYS = {
    r"mon|mond|monday|mondy|munday|monady|moday|mondey|mundy|monday|lunedi|lunedì|poniedzialek|"
    r"poniedziałek|понеділок": MON,
    r"tue|tues|tuesday|tusday|teusday|tuseday|tuesdy|tuesdey|chewsday|tuesay|tewsday|martedi|martedì|"
    r"wtorek|вівторок": TUE,
    r"wed|weds|wednes|wednesday|wensday|wendsday|wednsday|wenesday|wednesdy|weddnesday|wedsday|"
    r"wednesdey|mercoledi|mercoledì|środa|sroda|środę|srode|середу|середа": WED,
    r"thu|thur|thurs|thursday|thirsday|thrusday|thursdy|thurday|thersday|fursday|giovedi|giovedì|"
    r"czwartek|четвер": THU,
    r"fri|frid|friday|fryday|firday|fridy|fridey|freeday|venerdi|venerdì|piątek|piatek|"
    r"п'ятницю|пятницю|пятниця": FRI,
    r"sat|satday|saturday|satuday|saterday|satdy|saturdy|satruday|satdi|sabato|"
    r"sobota|sobotę|sobote|суботу|субота": SAT,
    r"sun|sund|sunday|sundy|sundey|sinday|sunady|domenica|niedziela|niedzielę|niedziele|"
    r"неділю|неділя": SUN,
}
WELSH_WEEKDAYS = {
    "llun": MON, "lun": MON, "mawrth": TUE, "fawrth": TUE, "mercher": WED, "fercher": WED,
    "iau": THU, "gwener": FRI, "wener": FRI, "sadwrn": SAT, "sul": SUN,
}  # fmt: skip
MONTHS = {
    r"jan|january|janury|january|ionawr|gennaio": 1,
    r"feb|febr|february|febuary|febury|chwefror|gwefror|febbraio": 2,
    r"mar|march|mawrth|fawrth|marzo": 3,
    r"apr|april|aprl|ebrill|aprile": 4,
    r"may|mai|fai|maggio": 5,
    r"jun|june|mehefin|fehefin|giugno": 6,
    r"jul|july|gorffennaf|orffennaf|luglio": 7,
    r"aug|august|augst|awst|agosto": 8,
    r"sep|sept|september|setember|medi|fedi|settembre": 9,
    r"oct|october|ocotber|hydref|ottobre": 10,
    r"nov|november|novmber|tachwedd|dachwedd|novembre": 11,
    r"dec|december|decmber|rhagfyr|ragfyr|dicembre": 12,
}
