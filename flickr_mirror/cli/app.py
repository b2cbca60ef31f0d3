"""The command `mirror_flickr`: its flags, and what they mean. What is heavy is loaded when it is needed."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from flickr_mirror.cli.completion import Shell, answer_in_typers_way, script
from flickr_mirror.cli.forget_app import forget
from flickr_mirror.cli.keys_app import keys_app
from flickr_mirror.cli.options import flags, settings_file, settings_origin
from flickr_mirror.cli.options.help_text import help_of
from flickr_mirror.cli.options.parsing import endpoint, given_options, in_flags, ping_address, text, words
from flickr_mirror.cli.output.standard_streams import let_go_of_outputs, open_closed_streams, output_failure
from flickr_mirror.cli.reports_app import check, list_photos, status
from flickr_mirror.cli.signals import leave_on_signals, wait_no_more
from flickr_mirror.errors import FlickrMirrorError
from flickr_mirror.models.options import (
    DEFAULT_CACHE_PATH,
    FLICKR_API_URL,
    CachingStrategy,
    Limits,
    MirrorOptions,
)

INFO = 3
"""The `--debug` level from which on a log tells what happens."""
EXCLUDING = (
    ("fifo", "lifo"),
    ("quiet", "verbose"),
    ("quiet", "debug"),
    ("dry_run", "watch"),
    ("dry_run", "save_api_keys"),
)
EXAMPLES = """\b
mirror_flickr demo                               60 simulated photos, no key
mirror_flickr keys set                           save your API key
mirror_flickr --username manhhai --dry-run       what it would cost
mirror_flickr --username manhhai --info-level 2  with all comments
mirror_flickr status                             how it went"""
SETTINGS_HELP = (
    "Each option can be given by an environment variable too, such as MIRROR_FLICKR_INFO_LEVEL, and in a file of "
    "settings; --print-config shows where it is looked for."
)
EXIT_HELP = (
    "Exit codes: 0 all done; 1 unexpected error; 2 wrong usage; 3 done, but photos failed; 4 no such user or "
    "no photos; 5 API keys; 7 the folder cannot be used; 8 stopped by a limit, more is left to do; "
    "11 another run works on this mirror; 75 no answer from Flickr, run again later; 129, 130, 143 stopped by a "
    "signal."
)
app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(
    cls=settings_file.Configured,
    invoke_without_command=True,
    help=f"Mirror the photostream of a Flickr user to disk.\n\n{EXAMPLES}",
    epilog=f"{SETTINGS_HELP}\n\n{EXIT_HELP}",
)
def mirror_flickr(
    context: typer.Context,
    username: flags.Username = None,
    info_level: flags.InfoLevel = 0,
    image_only: flags.ImageOnly = False,
    info_only: flags.InfoOnly = False,
    lifo: flags.Lifo = False,
    fifo: flags.Fifo = False,
    full_scan: flags.FullScan = False,
    full_scan_every: flags.FullScanEvery = None,
    prune: flags.Prune = False,
    accept_loss: flags.AcceptLoss = False,
    verify_image: flags.VerifyImage = False,
    since: flags.Since = None,
    until: flags.Until = None,
    watch: flags.Watch = None,
    dry_run: flags.DryRun = False,
    cache_path: flags.CachePath = DEFAULT_CACHE_PATH,
    cache_directory_depth: flags.CacheDirectoryDepth = None,
    consumer_key: flags.ConsumerKey = None,
    consumer_secret: flags.ConsumerSecret = None,
    save_api_keys: flags.SaveApiKeys = False,
    calls_per_hour: flags.CallsPerHour = 3600,
    calls_per_second: flags.CallsPerSecond = 10,
    size_workers: flags.SizeWorkers = 2,
    image_workers: flags.ImageWorkers = 16,
    min_image_workers: flags.MinImageWorkers = 1,
    info_workers: flags.InfoWorkers = 4,
    bwlimit: flags.Bwlimit = None,
    max_photos: flags.MaxPhotos = None,
    max_duration: flags.MaxDuration = None,
    max_bytes: flags.MaxBytes = None,
    until_time: flags.UntilTime = None,
    min_free: flags.MinFree = None,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    no_progress: flags.NoProgress = False,
    as_json: flags.AsJson = False,
    debug: flags.Debug = None,
    ping_url: flags.PingUrl = None,
    hook: flags.Hook = None,
    api_url: flags.ApiUrl = FLICKR_API_URL,
    settings: settings_file.Config = None,
    print_config: settings_file.PrintConfig = False,
    version: flags.Version = False,
) -> None:
    """Mirror the photostream of a Flickr user to disk."""
    if context.invoked_subcommand is not None:
        if given := [flag for flag in given_options(context) if flag != "--config"]:
            command = f"mirror_flickr {context.invoked_subcommand}"
            _usage(f"{given[0]} belongs after the command: `{command} --help` lists what it takes.")
        return
    if print_config:
        sys.stdout.write(settings_origin.print_config(context))
        raise typer.Exit
    if not username or "" in username:
        _usage("--username is missing: say whose photostream to mirror, or try `mirror_flickr demo`.")
    _check_together(context)
    if watch is not None and len(set(username)) > 1:
        _usage("--watch takes one --username: start a command for each, they share the hour's calls.")
    try:
        options = MirrorOptions(
            cache_path=cache_path,
            cache_directory_depth=cache_directory_depth,
            strategy=CachingStrategy.FIFO if fifo else CachingStrategy.LIFO,
            image_only=image_only,
            info_only=info_only,
            info_level=info_level,
            verify_image=verify_image,
            full_scan=full_scan,
            full_scan_every=full_scan_every,
            prune=prune,
            accept_loss=accept_loss,
            since=since,
            until=until,
            api_url=endpoint(api_url),
        )
        limits = Limits(
            calls_per_hour=calls_per_hour,
            calls_per_second=calls_per_second,
            size_workers=size_workers,
            image_workers=image_workers,
            min_image_workers=min_image_workers,
            bwlimit=bwlimit,
            info_workers=info_workers,
            max_photos=max_photos,
            max_duration=max_duration,
            max_bytes=max_bytes,
            until_time=until_time,
            min_free=min_free,
        )
        names = list(dict.fromkeys(text(name) for name in username))
        told = ping_address(ping_url), words(hook)
    except ValueError as error:
        _usage(settings_origin.with_origins(context, in_flags(str(error))))
    if not quiet:
        _announce(names, debug)
    from flickr_mirror.cli.commands.mirror import mirror
    from flickr_mirror.cli.output.console import OutputOptions

    shown = OutputOptions(
        debug=debug, quiet=quiet, verbose=verbose, progress=not no_progress, as_json=as_json
    )
    is_key_seen = bool({"--consumer-key", "--consumer-secret"} & {*given_options(context)})
    keys = consumer_key, consumer_secret
    try:
        run = mirror(
            names,
            options,
            limits,
            keys,
            is_key_seen=is_key_seen,
            save=save_api_keys,
            watch=watch,
            dry_run=dry_run,
            shown=shown,
            told=told,
        )
    except ValueError as error:
        _usage(in_flags(str(error)))
    if unknown := settings_file.unknown_variables(context.command):
        import logging

        logging.getLogger("flickr_mirror").warning(" ".join(unknown))
    raise typer.Exit(run())


@app.command("demo")
def _demo(
    cache_path: flags.DemoPath = Path("flickr_demo"),
) -> None:
    """Mirror 60 photos from a Flickr simulated on this machine: no key, no network."""
    from flickr_mirror.cli.commands.mirror import demo

    raise typer.Exit(demo(cache_path))


for _name, _report in (("check", check), ("status", status), ("list", list_photos)):
    app.command(_name)(_report)
app.command("forget")(forget)
app.add_typer(keys_app, name="keys")


@app.command("completion")
def _completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print a script that completes options and commands in a shell: bash, zsh or fish."""
    sys.stdout.write(f"{script(shell)}\n")


@app.command("manual")
def _manual(context: typer.Context) -> None:
    """Print the manual page, for `man -l -`."""
    from flickr_mirror.cli.options.man_page import page

    sys.stdout.write(page(context.find_root().command))


@app.command("help")
def _help(
    context: typer.Context,
    command: Annotated[
        list[str] | None, typer.Argument(metavar="COMMAND", help="Whose help: `keys set`, for example.")
    ] = None,
) -> None:
    """Show the help of a command, by default of all."""
    sys.stdout.write(f"{help_of(context.find_root(), command or ())}\n")
    raise typer.Exit


@app.command("version")
def _version() -> None:
    """Show the version."""
    sys.stdout.write(flags.VERSION)
    raise typer.Exit


def _check_together(context: typer.Context) -> None:
    for pair in EXCLUDING:
        if not any(context.params[name] is None or context.params[name] is False for name in pair):
            first, second = (f"--{name.replace('_', '-')}" for name in pair)
            sentence = f"{first} and {second} exclude each other: give one of the two."
            _usage(settings_origin.with_origins(context, sentence))


def _announce(names: list[str], debug: int | None) -> None:
    """Say at once what is going to happen: what a run needs takes half a second to load."""
    what = f"Mirroring the photostream of {' and of '.join(map(repr, names))}."
    stream = sys.stderr
    with suppress(OSError, ValueError, AttributeError):  # nobody reads it, or it was closed before the start
        if stream.isatty():
            stream.write(f"{what}\n")
        elif debug is None or debug >= INFO:
            now = time.time()
            stamp = f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(now))},{int(now % 1 * 1000):03}"
            stream.write(f"{stamp} [INFO] {what}\n")
        stream.flush()


def _usage(text: str) -> NoReturn:
    from flickr_mirror.cli.output.console import echo

    echo(f"mirror_flickr: {text}")
    raise typer.Exit(2)


def main() -> None:
    """Run the command."""
    open_closed_streams()
    leave_on_signals()
    answer_in_typers_way()
    try:
        _run_app()
    except BrokenPipeError:  # `mirror_flickr ... | head`
        sys.exit(1)
    except settings_file.ConfigError as error:
        from flickr_mirror.cli.output.console import echo

        echo(f"mirror_flickr: {error}")
        sys.exit(2)
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets a sentence, and the log the rest
        from flickr_mirror.cli.runner import say_failure, say_unexpected
        from flickr_mirror.flickr.tls import key_log_failure

        failure = key_log_failure(error) if isinstance(error, OSError) else error
        if isinstance(failure, FlickrMirrorError):
            sys.exit(say_failure(failure))

        say_unexpected(error)
        sys.exit(1)
    finally:
        wait_no_more()
        let_go_of_outputs()


def _run_app() -> NoReturn:
    """Run the app, and end with its exit code, or with 1 where what it was to write is lost."""
    code: object = 0
    reason = ""
    try:
        app()
    except SystemExit as leave:
        code = leave.code
    except OSError as error:
        code = getattr(error.__context__, "exit_code", None)  # of a usage error that could not be written
        if code is None and not (reason := output_failure(probe="\n")):
            raise
    if reason := reason or output_failure():
        from flickr_mirror.cli.output.console import echo

        echo(f"mirror_flickr: Standard output cannot be written: {reason}.", force=True)
        code = code or 1
    sys.exit(code if isinstance(code, int) else 1)
