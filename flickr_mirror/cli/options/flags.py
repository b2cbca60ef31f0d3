"""The flags of the command, each with its type, its limits and the line that explains it, under its heading."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from flickr_mirror.cli.completion import mirror_names
from flickr_mirror.cli.options.parsing import (
    Number,
    Share,
    amount,
    bandwidth,
    duration,
    first_moment,
    interval,
    last_moment,
    share,
    time_of_day,
)
from flickr_mirror.models.options import MAX_CACHE_DIRECTORY_DEPTH
from flickr_mirror.version import __version__

WHAT, WHERE, KEYS, HOW_HARD, SHOWN = "What to mirror", "Where to", "Keys", "How hard", "What is shown"
UNATTENDED = "Unattended"
VERSION = f"mirror_flickr {__version__}\n"
WHEN = "When to stop"
WORKERS = Number(int, 1, 16)


def _show_version(value: bool) -> None:  # noqa: FBT001 - Typer calls it
    if value:
        sys.stdout.write(VERSION)
        raise typer.Exit


Username = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        autocompletion=mirror_names,
        rich_help_panel=WHAT,
        help="Whose photostream: a username, an NSID (13476480@N07) or the address of a photostream. May be "
        "given several times.",
    ),
]
ImageOnly = Annotated[bool, typer.Option("--image-only", rich_help_panel=WHAT, help="Mirror images only.")]
InfoOnly = Annotated[bool, typer.Option("--info-only", rich_help_panel=WHAT, help="Mirror information only.")]
InfoLevel = Annotated[
    int,
    typer.Option(
        parser=Number(int, 0, 2),
        metavar="LEVEL",
        rich_help_panel=WHAT,
        help="0: title; 1: description too; 2: comments too.",
    ),
]
Lifo = Annotated[
    bool,
    typer.Option("--lifo", rich_help_panel=WHAT, help="Begin with the newest upload (the default)."),
]
Fifo = Annotated[bool, typer.Option("--fifo", rich_help_panel=WHAT, help="Begin with the oldest upload.")]
FullScan = Annotated[
    bool,
    typer.Option(
        "--full-scan",
        rich_help_panel=WHAT,
        help="List the whole photostream again: find edits, losses, late photos.",
    ),
]
FullScanEvery = Annotated[
    float | None,
    typer.Option(
        parser=duration,
        metavar="AGE",
        rich_help_panel=WHAT,
        help="Do so where the last time is longer ago: 30d.",
    ),
]
Prune = Annotated[
    bool,
    typer.Option(
        "--prune",
        rich_help_panel=WHAT,
        help="After a full scan, move what is gone from Flickr to the mirror's trash.",
    ),
]
AcceptLoss = Annotated[
    bool,
    typer.Option(
        "--accept-loss",
        rich_help_panel=WHAT,
        help="Believe a full scan that lacks more than a tenth of the photos.",
    ),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        parser=first_moment,
        metavar="DATE",
        rich_help_panel=WHAT,
        help="Only what was uploaded on this day (UTC) or later: 2020-03-23.",
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option(
        parser=last_moment,
        metavar="DATE",
        rich_help_panel=WHAT,
        help="Only what was uploaded on this day or earlier.",
    ),
]
Watch = Annotated[
    float | None,
    typer.Option(
        parser=interval,
        metavar="INTERVAL",
        rich_help_panel=WHAT,
        help="Stay, and look for new photos at this interval: 10m.",
    ),
]
VerifyImage = Annotated[
    bool,
    typer.Option(
        "--verify-image",
        rich_help_panel=WHAT,
        help="Decode the images already there; fetch broken ones again.",
    ),
]

CachePath = Annotated[
    Path,
    typer.Option(
        "--cache-path",
        "--cache_path",
        metavar="FOLDER",
        rich_help_panel=WHERE,
        help="Where images, information and keys are kept.",
    ),
]
CacheDirectoryDepth = Annotated[
    int | None,
    typer.Option(
        parser=Number(int, 0, MAX_CACHE_DIRECTORY_DEPTH),
        metavar="N",
        rich_help_panel=WHERE,
        help=f"Folders between the mirror's folder and its files: 0 to {MAX_CACHE_DIRECTORY_DEPTH}. [default: 4]",
    ),
]

ConsumerKey = Annotated[
    str | None,
    typer.Option(
        envvar="FLICKR_CONSUMER_KEY",
        show_envvar=True,
        metavar="KEY",
        rich_help_panel=KEYS,
        help="Your Flickr API key.",
    ),
]
ConsumerSecret = Annotated[
    str | None,
    typer.Option(
        envvar="FLICKR_CONSUMER_SECRET",
        show_envvar=True,
        metavar="SECRET",
        rich_help_panel=KEYS,
        help="The secret of the key.",
    ),
]
SaveApiKeys = Annotated[
    bool, typer.Option("--save-api-keys", rich_help_panel=KEYS, help="Save the keys for later runs.")
]

CallsPerHour = Annotated[
    int,
    typer.Option(
        parser=Number(int, 1, 3600),
        metavar="N",
        rich_help_panel=HOW_HARD,
        help="API calls in any hour: 1 to 3600.",
    ),
]
CallsPerSecond = Annotated[
    float,
    typer.Option(
        parser=Number(float, 0.001, 10),
        metavar="X",
        rich_help_panel=HOW_HARD,
        help="API calls in a second: 0.001 to 10.",
    ),
]
SizeWorkers = Annotated[
    int,
    typer.Option(
        parser=WORKERS, metavar="N", rich_help_panel=HOW_HARD, help="Calls for sizes side by side: 1 to 16."
    ),
]
ImageWorkers = Annotated[
    int,
    typer.Option(
        parser=WORKERS,
        metavar="N",
        rich_help_panel=HOW_HARD,
        help="Downloads side by side at most: 1 to 16.",
    ),
]
MinImageWorkers = Annotated[
    int,
    typer.Option(
        parser=WORKERS,
        metavar="N",
        rich_help_panel=HOW_HARD,
        help="Downloads side by side at least: 1 to 16.",
    ),
]
Bwlimit = Annotated[
    int | None,
    typer.Option(
        parser=bandwidth,
        metavar="RATE",
        rich_help_panel=HOW_HARD,
        help="Bytes of images per second at most: 512k, 2M.",
    ),
]
InfoWorkers = Annotated[
    int,
    typer.Option(
        parser=WORKERS, metavar="N", rich_help_panel=HOW_HARD, help="Photos described side by side: 1 to 16."
    ),
]

MaxPhotos = Annotated[
    int | None,
    typer.Option(
        parser=Number(int, 1), metavar="N", rich_help_panel=WHEN, help="Begin no more photos than this."
    ),
]
MaxDuration = Annotated[
    float | None,
    typer.Option(
        parser=duration, metavar="TIME", rich_help_panel=WHEN, help="Begin nothing after this time: 5h."
    ),
]
MaxBytes = Annotated[
    int | None,
    typer.Option(
        parser=amount,
        metavar="SIZE",
        rich_help_panel=WHEN,
        help="Begin nothing after so many bytes of images: 20G.",
    ),
]
UntilTime = Annotated[
    datetime | None,
    typer.Option(
        parser=time_of_day,
        metavar="HH:MM",
        rich_help_panel=WHEN,
        help="Begin nothing after this time of day, local time: 07:00.",
    ),
]
MinFree = Annotated[
    int | None,
    typer.Option(
        parser=amount,
        metavar="SIZE",
        rich_help_panel=WHEN,
        help="Begin nothing that would leave less than this free on the disk: 5G.",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        rich_help_panel=SHOWN,
        help="One line where something is wrong, none where all is well.",
    ),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", rich_help_panel=SHOWN, help="A line for each photo, above the live view."
    ),
]
NoProgress = Annotated[
    bool, typer.Option("--no-progress", rich_help_panel=SHOWN, help="No live view; a line each minute.")
]
AsJson = Annotated[
    bool,
    typer.Option(
        "--json", rich_help_panel=SHOWN, help="Write events to standard output, a line of JSON each."
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", rich_help_panel=WHAT, help="Tell what a run would do and cost, and write nothing."
    ),
]
Debug = Annotated[
    int | None,
    typer.Option(
        parser=Number(int, 0, 4),
        metavar="LEVEL",
        rich_help_panel=SHOWN,
        help="Log level, from critical (0) to debug (4). [default: 3; 2 on a terminal]",
    ),
]

PingUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        rich_help_panel=UNATTENDED,
        help="Tell a monitor: URL/start when a run begins, URL/ and the exit code at its end.",
    ),
]
Hook = Annotated[
    str | None,
    typer.Option(
        metavar="COMMAND",
        rich_help_panel=UNATTENDED,
        help="Start this after a run, with its summary as JSON on standard input.",
    ),
]

ApiUrl = Annotated[
    str,
    typer.Option(
        metavar="URL",
        envvar="FLICKR_API_URL",
        help="Another endpoint than Flickr's; it may serve the images too.",
    ),
]
Version = Annotated[
    bool, typer.Option("--version", "-V", callback=_show_version, is_eager=True, help="Show the version.")
]


MirrorNames = Annotated[
    list[str] | None,
    typer.Option(
        "--username",
        metavar="NAME",
        autocompletion=mirror_names,
        help="Whose mirror: the username or NSID that was mirrored, or its folder's name. May be given several times. "
        "[default: all mirrors in the cache path]",
    ),
]
DemoPath = Annotated[
    Path, typer.Option("--cache-path", metavar="FOLDER", help="Where the demonstration's photos are put.")
]
PendingFile = Annotated[
    Share | None,
    typer.Option(parser=share, metavar="I/N", help="Check the I-th of N shares only: 3/30."),
]
Rebuild = Annotated[bool, typer.Option("--rebuild", help="Make the catalogue anew from the files first.")]
ReportAsJson = Annotated[bool, typer.Option("--json", help="Write to standard output as JSON.")]
ReportQuietly = Annotated[
    bool, typer.Option("--quiet", "-q", help="One line where something is wrong, none where all is well.")
]
MaxAge = Annotated[
    float | None,
    typer.Option(
        parser=duration, metavar="AGE", help="Exit with 3 where the last success is longer ago: 2d."
    ),
]
