"""The `popround` command: one function a call. The work is in `bot/commands`."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

# What each call needs is imported when it is called, so that `--help` comes at once.


class InviteRole(StrEnum):
    """What an invitation can make of somebody."""

    ORGANISER = "organiser"
    HELPER = "helper"
    SAFEGUARDING = "safeguarding"
    DEPUTY = "deputy"


def _alone(context: typer.Context) -> None:
    """A command that was called without saying what it is to do."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)


def _app(words: str) -> typer.Typer:
    return typer.Typer(
        help=words,
        add_completion=False,
        rich_markup_mode=None,  # boxes are drawn by letters that screen readers read out
        pretty_exceptions_enable=False,
        invoke_without_command=True,
        context_settings={"help_option_names": ["--help", "-h"]},
    )


app = _app(
    """A messaging bot for neighbourhood mutual aid: somebody nearby could pop round.

    New here? "popround demo" shows it all on this computer, and "popround check" leads you, step
    by step, to a bot of your own.
    """
)
groups = _app("Neighbourhood groups and the areas they serve.")
members = _app("People from and to a spreadsheet.")
places = _app("Where postcodes are that Popround does not know by itself.")
texts = _app("What a group says in its own words.")
audit = _app("The log of who did and saw what.")
app.add_typer(audit, name="audit", callback=_alone)
app.add_typer(groups, name="groups", callback=_alone)
app.add_typer(members, name="members", callback=_alone)
app.add_typer(places, name="places", callback=_alone)
app.add_typer(texts, name="texts", callback=_alone)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"popround {version('popround')}")
        raise typer.Exit


def _moment(words: str) -> datetime:
    from bot.commands.understand import moment_in

    try:
        return moment_in(words)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Group = Annotated[str, typer.Option(help="The name of the group.", show_default=False)]


@app.callback()
def popround(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    _alone(context)


@app.command()
def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="Play the story here in the terminal, and end.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Another number is another valley.", min=0)] = 1,
    port: Annotated[int, typer.Option(help="Where the page is.", min=0, max=65535)] = 8080,
) -> int:
    """Try it: a whole pretend valley on this computer.

    The real bot with pretend phones on a page. Nothing leaves this computer and nobody is texted.
    """
    from bot.demo.story import run_demo

    return run_demo(headless=headless, seed=seed, port=port)


@app.command()
def simulate(
    days: Annotated[int, typer.Option(help="How many days to live.", min=1, max=366)] = 7,
    askers: Annotated[int, typer.Option(help="People who ask for help.", min=1, max=500)] = 30,
    helpers: Annotated[
        str, typer.Option(help="Helpers; several numbers are several what-ifs: 6,12,24.")
    ] = "12",
    organisers: Annotated[int, typer.Option(help="Organisers.", min=0, max=20)] = 2,
    check_ins: Annotated[
        int, typer.Option(help="Askers who are asked each morning if all is well.", min=0)
    ] = 3,
    postcodes: Annotated[str, typer.Option(help="Where: a district or sector.")] = "HD7",
    per_week: Annotated[
        float, typer.Option(help="What each asker asks for in a week.", min=0, max=50)
    ] = 1.0,
    yes: Annotated[str, typer.Option(help="Of offers, how many % are said yes to.")] = "30",
    silent: Annotated[
        int, typer.Option(help="How many % are never answered.", min=0, max=100)
    ] = 45,
    by_text: Annotated[
        str, typer.Option(help="How many % of helpers have texts, and not Telegram.")
    ] = "50",
    no_show: Annotated[
        int, typer.Option(help="Of visits agreed to, how many % nobody comes to.", min=0, max=100)
    ] = 2,
    cap: Annotated[
        int, typer.Option(help="Parts of texts a day at most; 0: any.", min=0, max=100_000)
    ] = 0,
    price: Annotated[
        float, typer.Option(help="What a part of a text costs, in pence.", min=0, max=1000)
    ] = 4.0,
    faults: Annotated[
        str,
        typer.Option(
            help="What goes wrong on purpose: none, all, or some of errors, lost, twice, "
            "reordered, slow, disk, deaths, clock."
        ),
    ] = "none",
    seed: Annotated[int, typer.Option(help="Another number is another life.", min=0)] = 1,
    seeds: Annotated[
        int, typer.Option(help="How many lives of each, from that seed on.", min=1, max=100_000)
    ] = 1,
    jobs: Annotated[
        int, typer.Option(help="How many lives at a time; 0: one a processor.", min=0, max=256)
    ] = 0,
    report: Annotated[
        Path | None,
        typer.Option(help="Write it to a file: .svg, .json or .txt.", show_default=False),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(help="Write down all that one life said and heard.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Show it as JSON.")] = False,
) -> int:
    """What if we had 12 helpers? Days of a pretend group in seconds.

    The real bot, with pretend people on a clock of their own. Nothing leaves this computer. Ends
    with 1 if a promise was broken on the way, and says how to see that again.
    """
    from bot.commands.simulate import simulate as work
    from bot.simulation.parish import WhatIf

    given = WhatIf(
        days=days,
        askers=askers,
        organisers=organisers,
        check_ins=min(check_ins, askers) if check_ins == 3 else check_ins,
        place=postcodes,
        per_week=per_week,
        silent=silent / 100,
        no_show=no_show / 100,
        cap=cap,
        pence=price,
    )
    return work(
        given,
        helpers=helpers,
        by_text=by_text,
        yes=yes,
        faults=faults,
        seed=seed,
        seeds=seeds,
        jobs=jobs,
        report=report,
        log=log,
        as_json=as_json,
    )


@app.command()
def check() -> int:
    """Is everything in place, and what comes next?

    Looks at the settings, the database, Telegram and texts, the groups and their organisers.
    """
    from bot.commands.check import check as work

    return work()


@app.command()
def migrate() -> int:
    """Set up the database, or bring it to this version.

    Make a copy of the database first; there is no other way back.
    """
    from bot.commands.database import migrate as work

    return work()


@app.command()
def serve() -> int:
    """Run the bot, until you stop it with Ctrl-C."""
    # Of a second to load it all, a fifth went to looking for rubbish in what was just loaded.
    gc.disable()
    from bot.commands.serve import serve as work

    return work()


@groups.command("add")
def groups_add(
    name: Annotated[str, typer.Argument(help="What the group is called.", show_default=False)],
    postcodes: Annotated[
        str,
        typer.Option(
            help="The postcode districts or sectors that it serves, such as HD7,HD8.",
            show_default=False,
        ),
    ],
    timezone: Annotated[str, typer.Option(help="Whose clocks it goes by.")] = "Europe/London",
    languages: Annotated[str, typer.Option(help="The languages spoken, first one first.")] = "en",
    approve_helpers: Annotated[
        bool,
        typer.Option("--approve-helpers", help="New helpers wait until an organiser says yes."),
    ] = False,
    note_at: Annotated[
        str, typer.Option(help="When organisers get the daily note: an hour, or off.")
    ] = "08:00",
    daily_cap: Annotated[
        str, typer.Option(help="How many parts of texts it may send in a day, off, or usual.")
    ] = "usual",
) -> int:
    """Add a group."""
    from bot.commands.groups import add

    return add(
        name,
        postcodes,
        timezone,
        languages,
        note_at,
        daily_cap,
        approve_helpers=approve_helpers,
    )


@groups.command("cap")
def groups_cap(
    parts: Annotated[str, typer.Argument(help="Such as 500, off or usual.", show_default=False)],
    group: Group,
) -> int:
    """Choose how many parts of texts a group may send in a day.

    At the cap what can wait is held back till the morning, and organisers are told.
    """
    from bot.commands.groups import cap

    return cap(group, parts)


@groups.command("note")
def groups_note(
    hour: Annotated[str, typer.Argument(help="Such as 8, 18:30 or off.", show_default=False)],
    group: Group,
) -> int:
    """Choose when organisers get the daily note."""
    from bot.commands.groups import note_at

    return note_at(group, hour)


@groups.command("vetting")
def groups_vetting(
    needs: Annotated[
        str,
        typer.Argument(help="Such as company=enhanced;lift=basic, or none.", show_default=False),
    ],
    group: Group,
) -> int:
    """Choose what a helper must be vetted for.

    At least so thoroughly: basic, standard, enhanced. What is not named needs none. Who is not
    vetted so far is not asked for it, and goes to no such visit any more.
    """
    from bot.commands.groups import vetting

    return vetting(group, needs)


@groups.command("list")
def groups_list() -> int:
    """Show the groups."""
    from bot.commands.groups import show

    return show()


@members.command("import")
def members_import(
    file: Annotated[Path, typer.Argument(help="A CSV file.", show_default=False)],
    group: Group,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Import the good rows, even if there are bad ones.")
    ] = False,
) -> int:
    """Bring people in from a spreadsheet saved as CSV.

    Columns, in any order: name, phone, telegram_id, postcode, roles (asker;helper;organiser;
    safeguarding;deputy), can_do (such as shopping;lift, or any), languages (en;cy), max_km,
    vetted_until (2027-01-31), consent (2026-03-01 by phone); and, if you like, hours: when a helper
    may be asked to go (mon-fri 09:00-12:00; sat), empty for any time; and vetting: how thoroughly
    somebody was vetted (basic, standard, enhanced), of which vetted_until is the last day. People
    who are in the group already are updated. Nobody is imported unless every row is good, or
    --skip-bad is given.
    """
    from bot.commands.members import bring_in

    return bring_in(file, group, skip_bad=skip_bad)


@members.command("export")
def members_export(
    group: Group,
    who: Annotated[
        str,
        typer.Argument(
            help="One person: a phone number, a Telegram id, #12 (a member's number) or the whole "
            "name. Left out: everybody.",
            show_default=False,
        ),
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option(
            help="The file to write, instead of showing it; only you can read it.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Write the people of a group as CSV, which can be imported again.

    Of one person: everything that is held of them, to give to them. In plain text, or as JSON where
    --output ends with .json. Each export is noted in the log.
    """
    if who:
        from bot.commands.person import export

        return export(who, group, output)
    from bot.commands.members import take_out

    return take_out(group, output)


@audit.command("show")
def audit_show(
    group: Group,
    about: Annotated[
        str | None,
        typer.Option(help="One person: a number, #id or whole name.", show_default=False),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="From that day on (2026-11-20); else 30 days.", show_default=False),
    ] = None,
) -> int:
    """Show who did and saw what: each look at an address or a number, each change, each list.

    It has names, of whoever still has one, and no words. That you looked is noted as well.
    """
    from bot.commands.audit import show

    return show(group, about, since)


@audit.command("verify")
def audit_verify() -> int:
    """See whether the log is as it was written, from the first row to the last.

    Says where it is not, and then ends with 1.
    """
    from bot.commands.audit import verify

    return verify()


@members.command("forget")
def members_forget(
    who: Annotated[
        str,
        typer.Argument(
            help="A phone number, a Telegram id, #12 (a member's number) or the whole name.",
            show_default=False,
        ),
    ],
    group: Group,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether that is right.")] = False,
) -> int:
    """Forget somebody: all that is known of them is deleted for good.

    As if they had sent FORGET ME. It asks first.
    """
    from bot.commands.forget import forget

    return forget(who, group, sure=yes)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.", show_default=False)],
    keys: Annotated[
        Path | None,
        typer.Option(
            help="Where people's keys are kept; otherwise popround-keys.json beside FILE.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Copy the database, and people's keys into a file of their own.

    The bot may run meanwhile.

    Keep as many dated FILEs as you like and the keys' file once: it is written over each time, so
    that who was forgotten can't be read in any old backup.
    """
    from bot.commands.backup import backup as work

    return work(file, keys)


@app.command()
def restore(
    keys: Annotated[Path, typer.Option(help="The keys' file.", show_default=False)],
    file: Annotated[
        Path | None,
        typer.Argument(
            help="The backup; leave it out where pg_restore has put it back.", show_default=False
        ),
    ] = None,
) -> int:
    """Put a backup back. Who was forgotten since stays forgotten."""
    from bot.commands.backup import restore as work

    return work(file, keys)


@app.command("rotate-key")
def rotate_key() -> int:
    """Change the secret key of everything that is kept.

    From POPROUND_OLD_SECRET_KEY to POPROUND_SECRET_KEY.

    Stop the bot first. Interrupted, it goes on where it was when it is called again.
    """
    from bot.commands.backup import rotate

    return rotate()


@app.command()
def invite(
    group: Group,
    role: Annotated[
        InviteRole, typer.Option(help="What the person is to become.", show_default=False)
    ],
) -> int:
    """Make a one-time code for a new organiser, helper or other.

    Others are safeguarding holders, who hear of worries, and their deputies.

    Whoever sends it to the bot within seven days becomes that.
    """
    from bot.commands.invite import invite as work
    from storage.model import Role

    return work(group, Role(role))


Language = Annotated[
    str, typer.Option(help="In which language; otherwise the group's first.", show_default=False)
]
TextName = Annotated[str, typer.Argument(help="The text's name.", show_default=False)]


@texts.command("list")
def texts_list(
    group: Group,
    part: Annotated[str, typer.Argument(help="Only names with this in them.")] = "",
    language: Language = "",
) -> int:
    """Show every text, and whether it is in the group's own words."""
    from bot.commands.texts import show

    return show(group, language, part)


@texts.command("set")
def texts_set(
    name: TextName,
    words: Annotated[str, typer.Argument(help="The words, in quotes.", show_default=False)],
    group: Group,
    language: Language = "",
) -> int:
    """Say something in the group's own words.

    What stands in braces, such as {name}, is filled in when it is said.
    """
    from bot.commands.texts import put

    return put(group, language, name, words)


@texts.command("reset")
def texts_reset(name: TextName, group: Group, language: Language = "") -> int:
    """Say something in the usual words again."""
    from bot.commands.texts import put

    return put(group, language, name, None)


@places.command("import")
def places_import(
    file: Annotated[Path, typer.Argument(help="The file, or its zip.", show_default=False)],
) -> int:
    """Bring in postcodes from a file.

    Code-Point Open, ONSPD, NSPL or GeoNames, as it is or in a zip.

    Great Britain is known already. Northern Ireland and other countries come from such a file.
    """
    from bot.commands.places import bring_in

    return bring_in(file)


@app.command()
def letters(
    group: Annotated[
        str, typer.Option(help="Only this group's.", show_default=False, metavar="NAME")
    ] = "",
    days: Annotated[int, typer.Option(help="How many days to look back.", min=1, max=3650)] = 7,
) -> int:
    """Show what did not arrive, and why.

    A message that failed for good, or of which nobody knows whether it came: when it was written,
    what it was about, and how often it was tried. Not to whom, and not what it said.
    """
    from bot.commands.letters import show

    return show(group, days)


@app.command()
def understand(
    now: Annotated[
        datetime | None,
        typer.Option(
            parser=_moment,
            metavar="TIME",
            help="When the messages came, such as 2026-03-01T09:30; otherwise now.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Read messages, and say what each one means.

    One message a line on the way in, one JSON object a line on the way out. A line that is a JSON
    object with "text" and "now" is read as that.
    """
    from bot.commands.understand import understand as work

    return work(now)


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one call. 0: done; 1: it could not be done; 2: it was called wrongly."""
    try:
        # The numbers of a process that was interrupted (130) are not for scripts to tell apart.
        code = app(arguments, prog_name="popround", standalone_mode=False) or 0
        sys.stdout.flush()
    except typer.TyperException as error:
        return _complain(_about_the_call(error), error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        from bot.commands.errors import sentence

        words = sentence(error)
        if words is None:
            if os.environ.get("POPROUND_LOG_LEVEL", "").upper() == "DEBUG":
                raise
            words = (
                f"Something went wrong that nobody foresaw ({type(error).__name__}); "
                "POPROUND_LOG_LEVEL=DEBUG shows all of it."
            )
        return _complain(words, 1)
    if code > 2:
        return _complain("Stopped.", 1)
    return int(code)


def _about_the_call(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    help_at = f"{context.command_path} --help" if context else "popround --help"
    return f"{error.format_message().strip().rstrip('.')}; see `{help_at}`."


def _complain(words: str, code: int) -> int:
    print(words, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
