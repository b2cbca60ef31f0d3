"""The entry point of the command: signals, standard streams, errors and the exit code."""

from __future__ import annotations

import sys
from typing import NoReturn

from flickr_mirror.cli.app import app
from flickr_mirror.cli.completion import enable_completion
from flickr_mirror.cli.options.usage_errors import ConfigError
from flickr_mirror.cli.output.standard_streams import (
    discard_unwritable_outputs,
    open_closed_streams,
    output_failure,
)
from flickr_mirror.cli.signals import cancel_exit_timer, exit_on_signals, signalled_exit_code
from flickr_mirror.errors import FlickrMirrorError
from flickr_mirror.models.timing import Timing


def main(timing: Timing = Timing()) -> None:
    """Run the command with these times, and exit with its code."""
    open_closed_streams()
    exit_on_signals()
    enable_completion()
    try:
        _run_app(timing)
    except BrokenPipeError:  # `mirror_flickr ... | head`
        sys.exit(1)
    except ConfigError as error:
        from flickr_mirror.cli.output.console import echo

        echo(f"mirror_flickr: {error}")
        sys.exit(2)
    except Exception as error:  # noqa: BLE001 - the user gets one sentence, the log gets the traceback
        if code := signalled_exit_code():
            sys.exit(code)
        from flickr_mirror.cli.failure_messages import echo_failure, echo_unexpected_error
        from flickr_mirror.flickr.tls import key_log_failure

        failure = key_log_failure(error) if isinstance(error, OSError) else error
        if isinstance(failure, FlickrMirrorError):
            sys.exit(echo_failure(failure))

        echo_unexpected_error(error)
        sys.exit(1)
    finally:
        cancel_exit_timer()
        discard_unwritable_outputs()


def _run_app(timing: Timing) -> NoReturn:
    """Run the app, and exit with its code, or with 1 if its output could not be written."""
    code: object = 0
    reason = ""
    try:
        app(obj=timing)
    except SystemExit as leave:
        code = leave.code
    except OSError as error:
        code = getattr(error.__context__, "exit_code", None)  # of a usage error that could not be printed
        if code is None and not (reason := output_failure(probe="\n")):
            raise
    if reason := reason or output_failure():
        from flickr_mirror.cli.output.console import echo

        echo(f"mirror_flickr: Cannot write to standard output: {reason}.", force=True)
        code = code or 1
    sys.exit(code if isinstance(code, int) else 1)
