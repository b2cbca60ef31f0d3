"""The documentation: the site, the links, the generated parts, and the options named in each place."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
import typer

from flickr_mirror.cli.app import app
from flickr_mirror.cli.options.man_page import exit_codes, page, read_commands
from flickr_mirror.models.includes import Include
from tests.support.command import start
from tests.support.pages import PAGES, ROOT, addresses, anchors, put_command_into

if TYPE_CHECKING:
    from pathlib import Path

DOCS = ROOT / "docs"
MANUAL = DOCS / "mirror_flickr.1"
COMMANDS = [command.words.partition(" ")[2] for command in read_commands(typer.main.get_command(app))]


def run(*line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program and return its result."""
    return subprocess.run(
        line, capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, **environment}
    )


def flags(text: str) -> set[str]:
    """Return the long options that appear in a text."""
    return set(re.findall(r"(?<![\w-])--[a-z][\w-]*", text))


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    """The site builds with all pages and without broken links."""
    result = run(sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-E", str(DOCS), str(tmp_path))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    pages = {
        str(path.relative_to(DOCS).with_suffix(".html")) for path in PAGES.values() if path.parent != ROOT
    }
    assert pages <= {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.html")}
    navigation = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert all(f'href="{name}"' in navigation for name in pages - {"index.html"})


def test_all_names_of_include_are_documented() -> None:
    """Each name of `--include` is in the command reference, and in a table of a guide."""
    reference = (DOCS / "reference" / "command.md").read_text(encoding="utf-8")
    [row] = [line for line in reference.splitlines() if line.startswith("| `--include NAMES`")]
    assert set(re.findall(r"`(\w+)`", row)) >= {*Include}
    guides = [
        (DOCS / "how-to" / f"{name}.md").read_text(encoding="utf-8")
        for name in ("account_lists", "notes_faves_exif")
    ]
    shown = {name for guide in guides for name in re.findall(r"^\| `(\w+)` \|", guide, re.MULTILINE)}
    assert shown == {*Include} - {"albums"}  # which have a page of their own


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    """Each link leads to an existing file and heading, as on GitHub."""
    path = PAGES[name]
    broken = []
    for address in addresses(path):
        parts = urlsplit(address)
        if parts.scheme:
            if parts.scheme != "https" or not re.fullmatch(r"[\w.-]+\.[a-z]+", parts.netloc):
                broken.append(address)
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        is_there = target.is_file() and target.is_relative_to(ROOT)
        if not is_there or (parts.fragment and parts.fragment not in anchors(target)):
            broken.append(address)
    assert broken == []


def test_every_page_is_named_on_an_index_page() -> None:
    """Every page is linked from the start page or from the index of decision records."""
    named = {
        (index.parent / urlsplit(address).path).resolve()
        for index in (DOCS / "index.md", DOCS / "decisions/index.md")
        for address in addresses(index)
    }
    assert {path for path in PAGES.values() if path.parent != ROOT} - named == {DOCS / "index.md"}


def test_generated_parts_are_up_to_date() -> None:
    """Options, exit codes, events, errors, the schema and the manual page match the code."""
    result = run(sys.executable, "docs/generate.py", "--check")
    assert (result.returncode, result.stderr) == (0, "")


async def printed(*arguments: str, **environment: str) -> str:
    """Return the output of the command, which is forked, because a new process for each command takes long."""
    process = start([*arguments], environment)
    try:
        return (await process.wait()).out
    finally:
        await process.close()


async def completed(words: str) -> set[str]:
    """Return the options that bash completes after these words."""
    line = f"mirror_flickr {words} --".replace("  ", " ")
    variables = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    return set((await printed(_MIRROR_FLICKR_COMPLETE="complete_bash", **variables)).split())


def section(text: str, begin: str, end: str) -> str:
    """Return the text between two patterns that match whole lines."""
    found = re.search(rf"^{begin}$(.*?)(?:^(?:{end})|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"no {begin!r}"
    return found[1]


def defined(text: str) -> set[str]:
    """Return the options that a section of the manual page explains."""
    return flags("\n".join(re.findall(r"^\.TP\n\\fB(.*)$", text.replace("\\-", "-"), re.MULTILINE)))


@pytest.mark.parametrize("command", COMMANDS)
async def test_options_are_the_same_everywhere(command: str) -> None:
    """Help, manual page, completions and reference name the same options of a command."""
    words = f"mirror_flickr {command}".strip()
    help_text = await printed(*command.split(), "--help", COLUMNS="200")
    listed = flags("\n".join(line[:50] for line in help_text.splitlines() if line.startswith("  -")))
    manual = MANUAL.read_text(encoding="utf-8")
    in_manual = (
        section(manual, rf"\.SS {words}", r"\.S[HS]")
        if command
        else section(manual, r"\.SH OPTIONS", r"\.SH")
    )
    reference = section(
        (DOCS / "reference/options.md").read_text(encoding="utf-8"), rf"## `{words}(?: [A-Z[-][^`]*)?`", "## "
    )
    in_reference = flags("\n".join(re.findall(r"^\| (`.*?`) \|", reference, re.MULTILINE)))
    assert "--help" in listed
    assert defined(in_manual) == listed
    assert await completed(command) == listed
    assert in_reference == listed


def test_the_page_of_the_command_explains_every_option() -> None:
    """The command reference describes every option, and no others."""
    text = (DOCS / "reference/command.md").read_text(encoding="utf-8")
    explained = flags("\n".join(re.findall(r"^\| (`-.*?) \|", text, re.MULTILINE)))
    own = {
        flag
        for command in read_commands(typer.main.get_command(app))
        for options in command.options.values()
        for option in options
        for flag in option.flags
        if flag.startswith("--")
    }
    assert explained == own - {"--cache_path"}


@pytest.mark.parametrize("name", ["README.md", "docs/reference/command.md"])
def test_exit_codes_are_the_same_everywhere(name: str) -> None:
    """The tables of exit codes list the same codes as the help."""
    table = section(PAGES[name].read_text(encoding="utf-8"), "## Exit codes", "##")
    rows = re.findall(r"^\| (\d[\d, ]*) \|", table, re.MULTILINE)
    assert rows == [codes for codes, _ in exit_codes(typer.main.get_command(app))]


def test_the_manual_page_renders_without_a_warning() -> None:
    """groff renders the manual page without warnings."""
    if not shutil.which("groff"):
        pytest.skip("groff is not installed")
    assert page(typer.main.get_command(app)) == MANUAL.read_text(encoding="utf-8")
    result = run("groff", "-man", "-Tutf8", "-ww", "-P-cbou", str(MANUAL))
    assert (result.returncode, result.stderr) == (0, "")
    for heading in (
        "NAME",
        "SYNOPSIS",
        "OPTIONS",
        "Mirror folder",
        "EXIT STATUS",
        "ENVIRONMENT",
        "FILES",
        "EXAMPLES",
    ):
        assert re.search(rf"^ *{heading}$", result.stdout, re.MULTILINE)


def test_the_manual_page_is_printed() -> None:
    """`mirror_flickr manual` prints the manual page."""
    result = run(sys.executable, "-m", "flickr_mirror", "manual")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == MANUAL.read_text(encoding="utf-8")


ASK = {
    "bash": "COMP_WORDS=(mirror_flickr --inf); COMP_CWORD=1; _mirror_flickr_completion mirror_flickr;"
    ' printf "%s\\n" "${COMPREPLY[@]}"',
    "fish": 'complete -C "mirror_flickr --inf"',
    "zsh": "_arguments() { print -r -- $@ }; words=(mirror_flickr --inf); CURRENT=2; _mirror_flickr_completion",
}


@pytest.mark.parametrize("shell", ASK)
def test_a_shell_completes_options(shell: str, tmp_path: Path) -> None:
    """With the setup of the guide, Tab after `--inf` offers the three options that begin with it."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    put_command_into(tmp_path)
    load = {
        "bash": 'eval "$(mirror_flickr completion bash)"',
        "fish": "mirror_flickr completion fish | source",
        "zsh": 'compdef() { : }; eval "$(mirror_flickr completion zsh)"',
    }[shell]
    result = run(program, "-c", f"{load}\n{ASK[shell]}", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert result.stderr == ""
    assert flags(result.stdout) == {"--info-level", "--info-only", "--info-workers"}


def test_an_unknown_shell_is_refused() -> None:
    """An unknown shell is rejected with the list of known shells."""
    result = run(sys.executable, "-m", "flickr_mirror", "completion", "tcsh")
    assert result.returncode == 2
    assert "fish" in result.stderr
