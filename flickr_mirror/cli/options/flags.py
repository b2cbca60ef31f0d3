"""The flags that select what to mirror, where to, and with which keys."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from flickr_mirror.cli.completion import mirror_names
from flickr_mirror.cli.options.parsing import (
    Number,
    album,
    duration,
    first_moment,
    includes,
    interval,
    last_moment,
    list_address,
    scheduler,
    store_address,
)
from flickr_mirror.models.addresses import AlbumAddress
from flickr_mirror.models.includes import Include
from flickr_mirror.models.options import MAX_CACHE_DIRECTORY_DEPTH
from flickr_mirror.version import __version__

WHAT, WHERE, KEYS = "What to mirror", "Mirror folder", "Keys"
VERSION = f"mirror_flickr {__version__}\n"


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
        help="The user: a username, an NSID (13476480@N07) or the address of a photostream. Repeatable.",
    ),
]
SourceList = Annotated[
    str | None,
    typer.Option(
        "--source",
        parser=list_address,
        metavar="ADDRESS",
        rich_help_panel=WHAT,
        help="Mirror a list of photos instead: favorites, a gallery, the pool of a group, photos of a person.",
    ),
]
Streams = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        rich_help_panel=WHAT,
        help="Mirror the photostreams of a TOML file, with the options of each.",
    ),
]
SideBySide = Annotated[
    int,
    typer.Option(
        parser=Number(int, 1, 64),
        metavar="N",
        rich_help_panel=WHAT,
        help="Mirror N photostreams of the file at the same time.",
    ),
]
ImageOnly = Annotated[bool, typer.Option("--image-only", rich_help_panel=WHAT, help="Mirror only images.")]
InfoOnly = Annotated[bool, typer.Option("--info-only", rich_help_panel=WHAT, help="Mirror only information.")]
InfoLevel = Annotated[
    int,
    typer.Option(
        parser=Number(int, 0, 2),
        metavar="LEVEL",
        rich_help_panel=WHAT,
        help="0: title; 1: also description; 2: also comments.",
    ),
]
Includes = Annotated[
    frozenset[Include] | None,
    typer.Option(
        "--include",
        parser=includes,
        metavar="NAMES",
        rich_help_panel=WHAT,
        help="Also mirror albums, tags, ... (separated by commas), or all lists: all.",
    ),
]
NoDescription = Annotated[
    bool,
    typer.Option(
        "--no-description",
        rich_help_panel=WHAT,
        help="Do not write README, tables and SHA-256 manifest at the end.",
    ),
]
Lifo = Annotated[
    bool,
    typer.Option("--lifo", rich_help_panel=WHAT, help="Mirror the newest uploads first (the default)."),
]
Fifo = Annotated[bool, typer.Option("--fifo", rich_help_panel=WHAT, help="Mirror the oldest uploads first.")]
FullScan = Annotated[
    bool,
    typer.Option(
        "--full-scan",
        rich_help_panel=WHAT,
        help="List the whole photostream again, to find edited, removed and late photos.",
    ),
]
FullScanEvery = Annotated[
    float | None,
    typer.Option(
        parser=duration,
        metavar="AGE",
        rich_help_panel=WHAT,
        help="Do a full scan if the last one is older than this: 30d.",
    ),
]
Prune = Annotated[
    bool,
    typer.Option(
        "--prune",
        rich_help_panel=WHAT,
        help="After a full scan, move photos no longer on Flickr to the mirror's trash.",
    ),
]
AcceptLoss = Annotated[
    bool,
    typer.Option(
        "--accept-loss",
        rich_help_panel=WHAT,
        help="Accept a full scan in which more than a tenth of the photos are missing.",
    ),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        parser=first_moment,
        metavar="DATE",
        rich_help_panel=WHAT,
        help="Only photos uploaded on this day (UTC) or later: 2020-03-23.",
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option(
        parser=last_moment,
        metavar="DATE",
        rich_help_panel=WHAT,
        help="Only photos uploaded on this day or earlier.",
    ),
]
Album = Annotated[
    AlbumAddress | None,
    typer.Option(
        parser=album,
        metavar="ADDRESS",
        rich_help_panel=WHAT,
        help="Only the photos of one album: its address, or its id with --username.",
    ),
]
Watch = Annotated[
    float | None,
    typer.Option(
        parser=interval,
        metavar="INTERVAL",
        rich_help_panel=WHAT,
        help="Keep running, and check for new photos at this interval: 10m.",
    ),
]
VerifyImage = Annotated[
    bool,
    typer.Option(
        "--verify-image",
        rich_help_panel=WHAT,
        help="Decode the images already mirrored, and download broken ones again.",
    ),
]

CachePath = Annotated[
    Path,
    typer.Option(
        "--cache-path",
        "--cache_path",
        metavar="FOLDER",
        rich_help_panel=WHERE,
        help="Folder for images, information and keys.",
    ),
]
CacheDirectoryDepth = Annotated[
    int | None,
    typer.Option(
        parser=Number(int, 0, MAX_CACHE_DIRECTORY_DEPTH),
        metavar="N",
        rich_help_panel=WHERE,
        help=f"Levels of folders above the files of a mirror: 0 to {MAX_CACHE_DIRECTORY_DEPTH}. [default: 4]",
    ),
]

Store = Annotated[
    str | None,
    typer.Option(
        "--store",
        parser=store_address,
        metavar="URL",
        rich_help_panel=WHERE,
        help="Keep the photos in a bucket: s3://bucket/prefix?region=..., gs://... or az://...",
    ),
]

Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        parser=scheduler,
        metavar="SCHEDULER",
        rich_help_panel=WHERE,
        help="Download by the workers of a Dask cluster: tcp://10.0.0.1:8786. Needs --store.",
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
        help="The secret of your API key.",
    ),
]
SaveApiKeys = Annotated[
    bool, typer.Option("--save-api-keys", rich_help_panel=KEYS, help="Save the keys for later runs.")
]


DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", rich_help_panel=WHAT, help="Print what a run would do and cost, and write nothing."
    ),
]


ApiUrl = Annotated[
    str,
    typer.Option(
        metavar="URL",
        envvar="FLICKR_API_URL",
        help="An API endpoint other than Flickr's, which may also serve the images.",
    ),
]
Version = Annotated[
    bool,
    typer.Option("--version", "-V", callback=_show_version, is_eager=True, help="Show the version and exit."),
]
