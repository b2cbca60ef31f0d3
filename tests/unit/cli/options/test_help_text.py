"""Usage errors: one sentence with advice, in this package's words."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer

from flickr_mirror import __version__
from flickr_mirror.cli.app import app
from flickr_mirror.cli.options.option_names import key_of, settings_of
from flickr_mirror.cli.options.usage_errors import ConfigError
from tests.support.calling import call

COMMAND: Any = typer.main.get_command(app)
OF_TYPER = re.compile(
    r"Input should|Value error|Invalid value|No such|Missing|requires an|Got unexpected|<=x"
)

NO_COMMAND = "To mirror the photostream of the user manhhai, use --username manhhai."


def refused(*arguments: str) -> str:
    """Return the error message for a command line."""
    with pytest.raises(ConfigError) as caught:
        call(*arguments)
    assert not OF_TYPER.search(str(caught.value))
    assert str(caught.value).endswith((".", "?"))
    return str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("staus",), "There is no command 'staus'. Did you mean `mirror_flickr status`?"),
        (("open",), "There is no command 'open'. Did you mean `mirror_flickr gallery`?"),
        (("delete", "1"), "There is no command 'delete'. Did you mean `mirror_flickr forget`?"),
        (("keys", "open"), "There is no command 'open'. `mirror_flickr keys --help` lists the commands."),
        (("Status",), "There is no command 'Status'. Did you mean `mirror_flickr status`?"),
        (("chekc", "--username", "x"), "There is no command 'chekc'. Did you mean `mirror_flickr check`?"),
        (("--username", "x", "lst"), "There is no command 'lst'. Did you mean `mirror_flickr list`?"),
        (("keys", "forgte"), "There is no command 'forgte'. Did you mean `mirror_flickr keys forget`?"),
        (("help", "statu"), "There is no command 'statu'. Did you mean `mirror_flickr status`?"),
        (("help", "status", "x"), "`mirror_flickr status` has no subcommands: leave out 'x'."),
        (
            ("manhhai",),
            "There is no command 'manhhai'. `mirror_flickr --help` lists the commands. " + NO_COMMAND,
        ),
        (("keys",), "A command is missing: use `mirror_flickr keys` with set, check or forget."),
        (("--usrname", "x"), "`mirror_flickr` has no option --usrname. Did you mean --username?"),
        (("-x",), "`mirror_flickr` has no option -x. `mirror_flickr --help` lists the options."),
        (
            ("search", "hue", "-temple"),
            (
                "`mirror_flickr search` has no option -t. To search for photos without a word, write -- before the "
                "query: `mirror_flickr search -- hue -temple`."
            ),
        ),
        (
            ("status", "--part", "1/2"),
            "`mirror_flickr status` has no option --part. `mirror_flickr status --help` lists the options.",
        ),
        (("--username",), "--username needs a value."),
        (("--quiet=1",), "--quiet takes no value."),
        (
            ("status", "x"),
            "`mirror_flickr status` does not take 'x' as an argument. To choose a mirror, use --username x.",
        ),
        (("demo", "x"), "`mirror_flickr demo` does not take 'x' as an argument."),
        (("completion",), "SHELL: a value is missing: bash, zsh or fish."),
        (("completion", "tcsh"), "SHELL: 'tcsh' is not one of 'bash', 'zsh', 'fish'."),
        (("--info-level", "x"), "--info-level: invalid value 'x': use a whole number from 0 to 2."),
        (("--debug", "9"), "--debug: invalid value '9': use a whole number from 0 to 4."),
        (
            ("--watch", "0s"),
            "--watch: invalid interval '0s': use one second or more, such as 30s, 10m or 1h.",
        ),
        (
            ("check", "--part", "3"),
            "--part: invalid share '3': use I/N with I from 1 to N, such as 3/30 for the third of 30 shares.",
        ),
    ],
)
def test_usage_errors_give_advice(arguments: tuple[str, ...], sentence: str) -> None:
    """For a mistyped command or option the right one is suggested; for a missing or invalid value, a valid one."""
    assert refused(*arguments) == sentence


def test_the_error_for_an_invalid_switch_names_the_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that Typer cannot read as true or false is reported with its variable."""
    monkeypatch.setenv("MIRROR_FLICKR_FIFO", "maybe")
    assert refused("--username", "x") == "MIRROR_FLICKR_FIFO: use true or false."


TEXTS = {
    "config",
    "cache-path",
    "username",
    "consumer-key",
    "consumer-secret",
    "api-url",
    "ping-url",
    "hook",
    "tag",
    "plots",
    "streams",
    "to",
}
TEXTS |= {"as", "oauth-token", "oauth-token-secret"}
"""Options that take any text."""
OF_KEYS = {"keyring", "stdin"}
OPTIONS = {key_of(parameter): owner for owner, parameter in settings_of(COMMAND)}


@pytest.mark.parametrize("option", sorted(OPTIONS.keys() - TEXTS - OF_KEYS))
def test_no_error_has_the_words_of_a_library(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An invalid value of an option is refused in a sentence that states what to use."""
    monkeypatch.setenv(f"MIRROR_FLICKR_{option.upper().replace('-', '_')}", "?")
    owner = OPTIONS[option]
    arguments = {"search": ("x",), "export": ("--to", "x")}.get(owner.name, ())
    words = ("--print-config",) if owner is COMMAND else (str(owner.name), *arguments)
    assert re.search(r": (?:invalid .*: )?use ", refused(*words))


def test_the_help_shows_ranges_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` shows `0 to 2` and `1 to 16`, not `0<=x<=2`."""
    assert call("--help") == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "<=" not in text
    assert ">=" not in text
    assert re.search(r"Most API calls per hour: 1 to 3600\. \\?\[default: 3600\]", text)


def test_all_forms_of_the_version_option_show_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`-V`, `--version` and `version` are the same."""
    for words in ("-V", "--version", "version"):
        assert call(words) == 0
        assert capsys.readouterr().out == f"mirror_flickr {__version__}\n"


@pytest.mark.parametrize(
    ("words", "same"),
    [
        (("help",), ("--help",)),
        (("help", "status"), ("status", "--help")),
        (("help", "keys"), ("keys", "--help")),
        (("help", "keys", "set"), ("keys", "set", "--help")),
    ],
)
def test_help_is_a_command_too(
    words: tuple[str, ...], same: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """`help COMMAND` is `COMMAND --help`, for each command of the program."""
    assert call(*words) == 0
    shown = capsys.readouterr().out
    assert call(*same) == 0
    assert capsys.readouterr().out == shown
    if words == ("help",):
        for name in ("demo", "check", "status", "list", "keys", "manual", "help", "version"):
            assert re.search(rf"^  {name} ", shown, re.MULTILINE)


def test_help_ignores_an_invalid_settings_file(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An invalid settings file stops neither `help` nor `version`."""
    (tmp_path / "c.toml").write_text("what?")
    monkeypatch.setenv("MIRROR_FLICKR_CONFIG", str(tmp_path / "c.toml"))
    assert call("help", "status") == 0
    assert "--max-age" in capsys.readouterr().out
    assert call("version") == 0


def test_an_option_before_the_command_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """The error for `--json status` states the position of --json."""
    assert call("--json", "status") == 2
    assert "--json must follow the command: `mirror_flickr status --help` lists" in capsys.readouterr().err
