"""Options from variables and from a file: precedence, refusals, and output."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated

import pytest
import typer

from flickr_mirror.cli.options.configured_command import ConfigurableCommand
from flickr_mirror.cli.options.settings_file import Config  # noqa: TC001 - Typer reads the annotations
from flickr_mirror.cli.options.usage_errors import ConfigError
from tests.support.calling import call

SECRET = "canary-hunter2"


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, tuple[str, str]]:
    """Return the output of --print-config: each option with its value and its origin."""
    assert call(*arguments, "--print-config") == 0
    lines = re.findall(r"^(?:# )?([a-z-]+)(?: = (.*?))? +# (.*)$", capsys.readouterr().out, re.MULTILINE)
    return {key: (value, where) for key, value, where in lines}


def written(path: Path, text: str, mode: int = 0o600) -> str:
    """Write a file of settings, and return its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return str(path)


def refused(path: Path, text: str, *arguments: str, mode: int = 0o600) -> str:
    """Return the error for a settings file, which begins with the file's name."""
    with pytest.raises(ConfigError) as caught:
        call("--config", written(path, text, mode), *arguments, "--print-config")
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(str(path))


def test_the_precedence_is_flag_variable_file_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An option given in three places has the value and the origin of the first."""
    assert shown(capsys)["info-level"] == ("0", "default")
    file = written(tmp_path / "c.toml", "info-level = 1")
    assert shown(capsys, "--config", file)["info-level"] == ("1", f"file {file}")
    monkeypatch.setenv("MIRROR_FLICKR_INFO_LEVEL", "2")
    assert shown(capsys, "--config", file)["info-level"] == (
        "2",
        "environment variable MIRROR_FLICKR_INFO_LEVEL",
    )
    assert shown(capsys, "--config", file, "--info-level", "0")["info-level"] == ("0", "flag --info-level")


def test_each_option_has_a_variable_and_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The output of --print-config is a valid settings file; each option also has a variable."""
    values = {
        "username": "river light",
        "info-level": 1,
        "fifo": True,
        "full-scan-every": "30d",
        "watch": "10m",
        "cache-path": "/tmp/\x1b[2J\x9b2J\u202ephotos",  # noqa: S108 - nothing is put there
        "calls-per-second": 2.5,
        "bwlimit": "512k",
        "api-url": "https://example.com/rest/",
    }
    for key, value in values.items():
        monkeypatch.setenv(f"MIRROR_FLICKR_{key.upper().replace('-', '_')}", str(value))
    assert call("--print-config") == 0
    text = capsys.readouterr().out
    assert not {"\x1b", "\x9b", "\u202e"} & {*text}
    found = tomllib.loads(text)
    assert {key: found[key] for key in values} == {**values, "username": ["river light"]}

    assert shown(capsys, "--watch", "90s", "--calls-per-hour", "7")["watch"] == ('"90s"', "flag --watch")
    for key in values:
        monkeypatch.delenv(f"MIRROR_FLICKR_{key.upper().replace('-', '_')}")
    assert call("--config", written(tmp_path / "again.toml", text), "--print-config") == 0
    assert tomllib.loads(capsys.readouterr().out) == tomllib.loads(text)


def test_the_documented_file_is_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The example in the reference can be copied: each of its lines has an effect."""
    page = Path(__file__).parents[4] / "docs" / "reference" / "configuration.md"
    (example,) = re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    found = shown(capsys, "--config", written(tmp_path / "c.toml", example))
    assert len(tomllib.loads(example)) == 7
    assert all(found[key][1].startswith("file") for key in tomllib.loads(example))


def test_the_platforms_file_is_read(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is optional, and ignored if --config names another file, or none."""
    monkeypatch.setattr("sys.platform", "linux")
    assert "username" in shown(capsys)
    file = written(home / ".config" / "mirror_flickr" / "config.toml", 'username = "mine"')
    assert shown(capsys)["username"] == ('["mine"]', f"file {file}")
    assert shown(capsys, "--config", "")["username"] == ("", "default")
    other = written(tmp_path / "xdg" / "mirror_flickr" / "config.toml", 'username = "other"')
    assert shown(capsys, "--config", other)["username"] == ('["other"]', f"file {other}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert shown(capsys)["username"] == ('["other"]', f"file {other}")
    monkeypatch.setenv("MIRROR_FLICKR_CONFIG", file)
    assert shown(capsys)["username"] == ('["mine"]', f"file {file}")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("info_levle = 1", ": unknown option 'info_levle'. Did you mean info-level?"),
        ("zzzzzz = 1", ": unknown option 'zzzzzz'. `mirror_flickr --print-config` lists all options."),
        ("config = 'x'", ": unknown option 'config'"),
        ("print-config = true", ": unknown option 'print-config'"),
        ("version = true", ": unknown option 'version'"),
        ("[check]\npart = '1/2'", ": unknown option 'check'"),
        ("info-level = 1\ninfo_level = 2", ": info-level is set twice"),
        ("info-level = '1'", ": info-level takes a whole number, without quotes."),
        ("info-level = 1.0", ": info-level takes a whole number, without quotes."),
        ("info-level = true", ": info-level takes a whole number, without quotes."),
        ("info-level = 7", ": info-level: "),
        ("calls-per-second = '3'", ": calls-per-second takes a number, without quotes."),
        ("fifo = 'yes'", ": fifo takes true or false, without quotes."),
        ("fifo = 1", ": fifo takes true or false, without quotes."),
        ("username = 5", ": username takes a text in quotes."),
        ("cache-path = 1979-05-27", ": cache-path takes a text in quotes."),
        ("watch = 600", ": watch takes a text in quotes."),
        ("watch = '600'", ": watch: invalid duration '600': use "),
        ("part = '4/3'", ": part: invalid share '4/3': use "),
        ("info-level = 3", ": info-level: invalid value '3': use a whole number from 0 to 2."),
        ("info-level 1", " is not valid TOML: "),
        ("a = " + "[" * 100_000, " is not valid TOML: "),
        ("#" * 1_100_000, " is too large"),
    ],
)
def test_unsupported_settings_in_a_file_are_refused(tmp_path: Path, text: str, sentence: str) -> None:
    """A wrong key or value is refused in one sentence with file and key, and a suggestion if a similar one exists."""
    assert refused(tmp_path / "c.toml", text).startswith(sentence)


@pytest.mark.parametrize("text", ["info_level = 2", "info-level = 2", "\ufeffinfo-level = 2"])
def test_keys_may_have_hyphens_or_underscores(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """Both spellings are the same option, also after a byte order mark."""
    assert shown(capsys, "--config", written(tmp_path / "c.toml", text))["info-level"][0] == "2"


def test_a_named_file_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing file, a folder and a binary file are refused by name, with the way to run without a file."""
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    for name in ("missing", "bytes", "."):
        path = tmp_path / name
        with pytest.raises(ConfigError, match=re.escape(str(path))):
            call("--config", str(path), "--print-config")
    monkeypatch.setenv("MIRROR_FLICKR_CONFIG", "~/missing.toml")
    with pytest.raises(
        ConfigError, match=r"missing\.toml: No such file or directory\. Use --config '' to run without"
    ):
        call("--print-config")


@pytest.mark.parametrize(
    "text",
    [
        f"consumer-key = '{SECRET}'",
        f"consumer_secret = '{SECRET}'",
        f"api-url = 'https://me:{SECRET}@x/'",
        f"ping-url = 'https://x/{SECRET}'",
    ],
)
def test_secrets_are_accepted_only_in_a_private_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """A file that others can read must not contain keys and passwords; from a private one they are used, and masked."""
    path = tmp_path / "c.toml"
    for mode in (0o640, 0o604, 0o620):
        assert SECRET not in refused(path, text, mode=mode)
    assert "chmod 600" in refused(path, text, mode=0o644)
    assert call("--config", written(path, text), "--print-config") == 0
    out = capsys.readouterr().out
    assert SECRET not in out
    assert re.search(rf"^# \S+ = \S*\*\*\*\S* +# file {path}$", out, re.MULTILINE)


@pytest.mark.parametrize("option", ["consumer-key", "consumer-secret"])
def test_a_key_from_any_source_is_masked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    """The output of --print-config shows no key."""
    assert shown(capsys, f"--{option}", SECRET)[option] == ('"***"', f"flag --{option}")
    name = option.upper().replace("-", "_")
    for variable in (f"MIRROR_FLICKR_{name}", f"FLICKR_{name}"):
        monkeypatch.setenv(variable, SECRET)
        assert shown(capsys)[option] == ('"***"', f"environment variable {variable}")
    assert shown(capsys, "--ping-url", f"https://me@x/{SECRET}")["ping-url"][0] == '"***"'
    assert shown(capsys, "--api-url", f"https://me:{SECRET}/x@host/")["api-url"][0] == '"https://***@host/"'


@pytest.mark.parametrize(
    ("variable", "value"),
    [("INFO_LEVEL", "7"), ("PRUNE", "maybe"), ("WATCH", "5"), ("CALLS_PER_SECOND", "fast")],
)
def test_an_invalid_variable_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    """The error for an invalid value from the environment names its variable, not an option."""
    monkeypatch.setenv(f"MIRROR_FLICKR_{variable}", value)
    with pytest.raises(ConfigError, match=rf"^MIRROR_FLICKR_{variable}: .*[.]$"):
        call("--print-config")


def test_a_variable_of_a_subcommand_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same holds for the options of `check`."""
    monkeypatch.setenv("MIRROR_FLICKR_PART", "9/3")
    with pytest.raises(ConfigError, match=r"^MIRROR_FLICKR_PART: invalid share '9/3'"):
        call("check", "--username", "x")
    with pytest.raises(ConfigError, match=r"^--part: invalid share '8/3'"):
        call("check", "--username", "x", "--part", "8/3")


@pytest.mark.parametrize(
    ("variables", "text", "arguments", "on"),
    [
        ({}, "fifo = true", ("--lifo",), "lifo"),
        ({"FIFO": "1"}, "", ("--lifo",), "lifo"),
        ({"LIFO": "1"}, "fifo = true", (), "lifo"),
        ({}, "image-only = true", ("--info-only",), "info-only"),
        ({"IMAGE_ONLY": "0"}, "image-only = true", (), None),
        ({"IMAGE_ONLY": ""}, "image-only = true", (), "image-only"),
    ],
)
def test_flags_of_the_file_can_be_turned_off(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    text: str,
    arguments: tuple[str, ...],
    on: str | None,
) -> None:
    """A flag overrides its opposite in the file, and a variable of 0 turns a flag off; an empty one is ignored."""
    for name, value in variables.items():
        monkeypatch.setenv(f"MIRROR_FLICKR_{name}", value)
    found = shown(capsys, "--config", written(tmp_path / "c.toml", text), *arguments)
    pairs = ("lifo", "fifo", "image-only", "info-only")
    assert {name for name in pairs if found[name][0] == "true"} == ({on} if on else set())


@pytest.mark.parametrize(
    ("text", "arguments", "sentence"),
    [
        (
            "lifo = true\nfifo = true",
            (),
            r"--fifo and --lifo exclude .* --fifo comes from the file .*c\.toml",
        ),
        (
            "verify-image = true",
            ("--info-only",),
            r"exclude .* Here --verify-image comes from the file .*c\.toml\.$",
        ),
        ("prune = true", (), r"--prune needs a full scan.* Here --prune comes from the file"),
        ("api-url = 'ftp://x'", (), r"--api-url is invalid: use a URL .* --api-url comes from the file"),
        ("", ("--fifo", "--lifo"), r"use only one of them\.$"),
    ],
)
def test_a_contradiction_names_the_source_of_each_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, arguments: tuple[str, ...], sentence: str
) -> None:
    """Messages about flags also apply to settings, with the file or the variable added."""
    assert call("--config", written(tmp_path / "c.toml", text), "--username", "x", *arguments) == 2
    assert re.search(sentence, capsys.readouterr().err)


def test_a_subcommand_uses_the_common_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`check` uses the folder in the file, unless a variable or a flag overrides it."""
    file = written(tmp_path / "c.toml", f'username = "x"\ncache-path = "{tmp_path}/file"\nfifo = true')
    monkeypatch.setattr("flickr_mirror.cli.commands.mirror.set_up", lambda _: None)
    assert call("--config", file, "check") == 4
    assert f"'x' in {tmp_path}/file" in capsys.readouterr().err
    monkeypatch.setenv("MIRROR_FLICKR_CACHE_PATH", f"{tmp_path}/variable")
    assert call("--config", file, "check") == 4
    assert f"{tmp_path}/variable" in capsys.readouterr().err
    assert call("--config", file, "check", "--cache-path", f"{tmp_path}/flag") == 4
    assert f"{tmp_path}/flag" in capsys.readouterr().err


def test_the_demo_ignores_the_cache_path_of_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo does not write its photos to the folder of the user's mirrors."""
    places: list[Path] = []

    def demo(cache_path: Path, _: object) -> int:
        places.append(cache_path)
        return 0

    monkeypatch.setattr("flickr_mirror.cli.commands.mirror.demo", demo)
    monkeypatch.setenv("MIRROR_FLICKR_CACHE_PATH", str(tmp_path))
    assert call("--config", written(tmp_path / "c.toml", 'cache-path = "/x"'), "demo") == 0
    assert places == [Path("flickr_demo")]


def test_the_help_is_shown_with_an_invalid_settings_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The help is shown with an invalid settings file, and names no variables."""
    file = written(tmp_path / "c.toml", "what?")
    for arguments in (("--help",), ("check", "--help"), ("keys", "set", "-h")):
        assert call("--config", file, *arguments) == 0
        assert "Usage:" in capsys.readouterr().out
    assert call("--help") == 0
    assert "MIRROR_FLICKR_IMAGE_ONLY" not in capsys.readouterr().out


def test_an_unknown_variable_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt variable is reported with a suggestion; one for --version or --help has no effect."""
    monkeypatch.setenv("MIRROR_FLICKR_INFOLEVEL", "2")
    monkeypatch.setenv("MIRROR_FLICKR_VERSION", "1.2")
    monkeypatch.setenv("MIRROR_FLICKR_HELP", "1")
    assert call("--print-config") == 0
    out = capsys.readouterr().out
    assert (
        "MIRROR_FLICKR_INFOLEVEL is ignored: there is no such option. Did you mean MIRROR_FLICKR_INFO_LEVEL?"
        in out
    )
    assert "MIRROR_FLICKR_VERSION is ignored" in out


def test_an_option_that_may_be_given_several_times_is_a_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such an option is a list in the file, and separated by commas in its variable, because names can have blanks."""
    app = typer.Typer()
    taken: list[tuple[list[str], int]] = []

    @app.callback(cls=ConfigurableCommand, invoke_without_command=True)
    def run(
        name: Annotated[list[str] | None, typer.Option()] = None,
        count: Annotated[list[int] | None, typer.Option()] = None,
        settings: Config = None,
    ) -> None:
        taken.append((list(name or ()), sum(count or ())))

    @app.command("sub")
    def sub(name: Annotated[str, typer.Option()] = "nobody") -> None:
        taken.append(([name], 0))

    def call_it(*arguments: str) -> None:
        typer.main.get_command(app).main(list(arguments), "x", standalone_mode=False)

    file = written(tmp_path / "c.toml", "name = ['a b', 'c']\ncount = [1, 2]")
    call_it("--config", file, "sub")
    call_it("--config", written(tmp_path / "one.toml", "name = 'a b'"), "sub")
    call_it("--config", written(tmp_path / "list.toml", "name = ['a b']"), "sub")
    monkeypatch.setenv("MIRROR_FLICKR_NAME", "river light, d,")
    call_it("--config", file)
    call_it("--config", file, "--name", "e", "--name", "f")
    assert taken == [
        (["a b", "c"], 3),
        (["nobody"], 0),
        (["a b"], 0),
        (["a b"], 0),
        (["a b"], 0),
        (["a b"], 0),
        (["river light", "d"], 3),
        (["e", "f"], 3),
    ]
    with pytest.raises(ConfigError, match="count takes a whole number"):
        call_it("--config", written(tmp_path / "bad.toml", "count = ['1']"))
