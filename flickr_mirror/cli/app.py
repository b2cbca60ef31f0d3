"""The command `mirror_flickr` and its subcommands. Slow imports are made when a subcommand needs them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from flickr_mirror.cli import mirror_app
from flickr_mirror.cli.completion import Shell, completion_script
from flickr_mirror.cli.export_app import export
from flickr_mirror.cli.forget_app import forget
from flickr_mirror.cli.gallery_app import gallery
from flickr_mirror.cli.import_app import import_export
from flickr_mirror.cli.keys_app import keys_app
from flickr_mirror.cli.login_app import login, logout
from flickr_mirror.cli.options import (
    flags,
    limit_flags,
    login_flags,
    output_flags,
    report_flags,
    settings_file,
    settings_origin,
)
from flickr_mirror.cli.options.configured_command import ConfigurableCommand
from flickr_mirror.cli.options.help_text import help_of
from flickr_mirror.cli.options.option_names import given_options
from flickr_mirror.cli.options.timing import timing_of
from flickr_mirror.cli.photo_app import photo
from flickr_mirror.cli.reports_app import check, describe, list_photos, search, stats, status
from flickr_mirror.cli.serve_app import serve
from flickr_mirror.cli.worker_app import worker
from flickr_mirror.models.options import DEFAULT_CACHE_PATH, FLICKR_API_URL

EXAMPLES = """\b
mirror_flickr demo                               mirror 60 simulated photos, without a key
mirror_flickr keys set                           save your API key
mirror_flickr --username manhhai --dry-run       show what a run would cost
mirror_flickr --username manhhai --info-level 2  mirror with all comments
mirror_flickr status                             show the last run"""
SETTINGS_HELP = (
    "Each option can also be set by an environment variable, such as MIRROR_FLICKR_INFO_LEVEL, or in a settings "
    "file; --print-config shows its path."
)
EXIT_HELP = (
    "Exit codes: 0 success; 1 unexpected error; 2 usage error; 3 done, but photos failed; 4 no such user or "
    "photo, or no photos; 5 API keys or login missing or refused; 7 the folder cannot be used; 8 stopped by a "
    "limit, more is left to do; 11 another run is using this mirror; 75 no answer from Flickr or the object store, "
    "run again later; "
    "129, 130, 143 stopped by a signal."
)
app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(
    cls=ConfigurableCommand,
    invoke_without_command=True,
    help=f"Mirror the photostream of a Flickr user to disk.\n\n{EXAMPLES}",
    epilog=f"{SETTINGS_HELP}\n\n{EXIT_HELP}",
)
def mirror_flickr(
    context: typer.Context,
    username: flags.Username = None,
    source: flags.SourceList = None,
    streams: flags.Streams = None,
    side_by_side: flags.SideBySide = 1,
    info_level: flags.InfoLevel = 0,
    include: flags.Includes = None,
    image_only: flags.ImageOnly = False,
    info_only: flags.InfoOnly = False,
    lifo: flags.Lifo = False,
    fifo: flags.Fifo = False,
    no_description: flags.NoDescription = False,
    full_scan: flags.FullScan = False,
    full_scan_every: flags.FullScanEvery = None,
    prune: flags.Prune = False,
    accept_loss: flags.AcceptLoss = False,
    verify_image: flags.VerifyImage = False,
    since: flags.Since = None,
    until: flags.Until = None,
    album: flags.Album = None,
    watch: flags.Watch = None,
    dry_run: flags.DryRun = False,
    cache_path: flags.CachePath = DEFAULT_CACHE_PATH,
    cache_directory_depth: flags.CacheDirectoryDepth = None,
    store: flags.Store = None,
    cluster: flags.Cluster = None,
    consumer_key: flags.ConsumerKey = None,
    consumer_secret: flags.ConsumerSecret = None,
    save_api_keys: flags.SaveApiKeys = False,
    as_: login_flags.As = None,
    no_login: login_flags.NoLogin = False,
    oauth_token: login_flags.OauthToken = None,
    oauth_token_secret: login_flags.OauthTokenSecret = None,
    calls_per_hour: limit_flags.CallsPerHour = 3600,
    calls_per_second: limit_flags.CallsPerSecond = 10,
    size_workers: limit_flags.SizeWorkers = 2,
    image_workers: limit_flags.ImageWorkers = 16,
    min_image_workers: limit_flags.MinImageWorkers = 1,
    info_workers: limit_flags.InfoWorkers = 4,
    bwlimit: limit_flags.Bwlimit = None,
    images_per_second: limit_flags.ImagesPerSecond = None,
    max_photos: limit_flags.MaxPhotos = None,
    max_duration: limit_flags.MaxDuration = None,
    max_bytes: limit_flags.MaxBytes = None,
    until_time: limit_flags.UntilTime = None,
    min_free: limit_flags.MinFree = None,
    quiet: output_flags.Quiet = False,
    verbose: output_flags.Verbose = False,
    no_progress: output_flags.NoProgress = False,
    as_json: output_flags.AsJson = False,
    debug: output_flags.Debug = None,
    ping_url: output_flags.PingUrl = None,
    hook: output_flags.Hook = None,
    api_url: flags.ApiUrl = FLICKR_API_URL,
    settings: settings_file.Config = None,
    print_config: settings_file.PrintConfig = False,
    version: flags.Version = False,
) -> None:
    """Mirror the photostream of a Flickr user to disk."""
    _run(context)


def _run(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        if context.params["print_config"]:
            sys.stdout.write(settings_origin.print_config(context))
            raise typer.Exit
        mirror_app.run(context)
    if given := [flag for flag in given_options(context) if flag != "--config"]:
        command = f"mirror_flickr {context.invoked_subcommand}"
        mirror_app.usage_error(f"{given[0]} must follow the command: `{command} --help` lists its options.")


@app.command("demo")
def _demo(
    context: typer.Context,
    cache_path: report_flags.DemoPath = Path("flickr_demo"),
) -> None:
    """Mirror 60 photos from a Flickr simulated on this machine, without a key or a network."""
    from flickr_mirror.cli.commands.mirror import demo

    raise typer.Exit(demo(cache_path, timing_of(context)))


for _command in (
    check,
    status,
    describe,
    search,
    stats,
    gallery,
    export,
    serve,
    photo,
    forget,
    worker,
    login,
    logout,
):
    app.command(_command.__name__)(_command)
app.command("list")(list_photos)
app.command("import")(import_export)
app.add_typer(keys_app, name="keys")


@app.command("completion")
def _completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print a script that completes options and commands in bash, zsh or fish."""
    sys.stdout.write(f"{completion_script(shell)}\n")


@app.command("manual")
def _manual(context: typer.Context) -> None:
    """Print the manual page, for `man -l -`."""
    from flickr_mirror.cli.options.man_page import page

    sys.stdout.write(page(context.find_root().command))


@app.command("help")
def _help(
    context: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND", help="The command to show help for, such as `keys set`."),
    ] = None,
) -> None:
    """Show the help of a command, by default the main help."""
    sys.stdout.write(f"{help_of(context.find_root(), command or ())}\n")
    raise typer.Exit


@app.command("version")
def _version() -> None:
    """Show the version."""
    sys.stdout.write(flags.VERSION)
    raise typer.Exit
