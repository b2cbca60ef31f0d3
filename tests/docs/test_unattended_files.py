"""The ready-to-use files of the guides on unattended runs: systemd units, a container, a crontab, hooks."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from flickr_mirror import MirrorReport
from flickr_mirror.cli.exit_codes import EXIT_CODES
from flickr_mirror.cli.keys.key_file import FILE_NAME
from flickr_mirror.cli.output.summary import summary_of
from flickr_mirror.models.reports import FailedPhoto
from flickr_mirror.models.timing import Timing
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.support import canary
from tests.support.command import tree

if TYPE_CHECKING:
    from collections.abc import Callable

GUIDES = Path(__file__).parents[2] / "docs/how-to"
FILES = GUIDES / "files"
SERVICES = {kind: FILES / f"systemd/{kind}/mirror_flickr@.service" for kind in ("system", "user")}
TIMER = FILES / "systemd/mirror_flickr@.timer"


def settings(path: Path) -> dict[str, list[str]]:
    """Return the settings of a unit, by name."""
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        name, is_setting, value = line.partition("=")
        if is_setting and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


@pytest.fixture
def analyze(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs `systemd-analyze`."""
    program = shutil.which("systemd-analyze")
    if not program:
        pytest.skip("systemd is not installed")
    runtime = tmp_path / "runtime"
    runtime.mkdir()

    def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(runtime), "LC_ALL": "C"}
        return subprocess.run(
            (program, *arguments), capture_output=True, text=True, check=False, env=environment
        )

    return ask


def installed(kind: str, folder: Path) -> list[str]:
    """Copy a service and its timer, with an existing program, and return their paths."""
    service = folder / SERVICES[kind].name
    text = re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={sys.executable}", SERVICES[kind].read_text())
    service.write_text(text)
    return [str(service), str(shutil.copy(TIMER, folder))]


@pytest.mark.parametrize("kind", SERVICES)
def test_systemd_accepts_the_units(
    kind: str, analyze: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """systemd verifies the units without warnings."""
    whose = ("--user",) if kind == "user" else ()
    result = analyze(*whose, "verify", *installed(kind, tmp_path))
    # it may report other units of this machine
    complaints = [line for line in result.stderr.splitlines() if "mirror_flickr" in line]
    assert (result.returncode, complaints) == (0, []), result.stderr


def test_the_system_service_is_sandboxed(
    analyze: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """systemd's own review rates the exposure of the service as 1.5 of 10 at most."""
    service, _ = installed("system", tmp_path)
    result = analyze("security", "--offline=true", "--threshold=15", "--no-pager", service)
    if "unrecognized option" in result.stderr:
        pytest.skip("this systemd reviews no files")
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_timer_elapses_once_a_night(analyze: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """The calendar of the timer means half past three of each day."""
    (calendar,) = settings(TIMER)["OnCalendar"]
    result = analyze("calendar", "--iterations=3", calendar)
    assert result.returncode == 0, result.stderr
    nights = re.findall(r"(\d{4}-\d\d-(\d\d)) 03:30:00", result.stdout)
    assert len({day for _, day in nights}) == 3
    assert settings(TIMER)["Persistent"] == ["true"]


@pytest.mark.parametrize("kind", SERVICES)
def test_the_services_handle_the_exit_codes(kind: str) -> None:
    """A permanent failure is not restarted; a reached limit and a stop are no failures."""
    service = settings(SERVICES[kind])
    never = {int(code) for code in service["RestartPreventExitStatus"][0].split()}
    assert never == {code for _, code in EXIT_CODES} - {75} | {1, 2, 3}
    assert service["Restart"] == ["on-failure"]
    assert service["SuccessExitStatus"] == ["8 143"]
    assert service["Type"] == ["oneshot"]


async def assert_mirrors(line: list[str], flickr: SimulatedFlickr, cache: Path, home: Path) -> None:
    """Assert that a command, in a bare environment, mirrors into a folder."""
    bare = {
        "HOME": str(home),
        "PATH": "/usr/bin:/bin",
        "FLICKR_CONSUMER_KEY": canary.KEY,
        "FLICKR_CONSUMER_SECRET": canary.SECRET,
        "FLICKR_API_URL": flickr.api_url,
    }
    result = await anyio.run_process(line, env=bare, check=False, cwd="/")
    assert result.returncode == 0, result.stderr
    assert sum(name.endswith((".jpg", ".json")) for name in tree(cache)) == 6


def command_in(place: Path) -> None:
    """Write the command to the path that a file of the guides expects."""
    place.parent.mkdir(parents=True)
    place.write_text(f"#!{sys.executable}\nfrom flickr_mirror.__main__ import main\nmain()\n")
    place.chmod(0o755)


@pytest.mark.slow
@pytest.mark.parametrize("kind", SERVICES)
async def test_the_command_of_a_service_mirrors(kind: str, home: Path) -> None:
    """The command in ExecStart works, with the part after the @ as the user."""
    (line,) = settings(SERVICES[kind])["ExecStart"]
    place, cache = "/opt/mirror_flickr/bin/mirror_flickr", "/var/lib/mirror_flickr"
    line = line.replace(place, str(home / ".local/bin/mirror_flickr")).replace(cache, str(home / ".flickr"))
    command_in(home / ".local/bin/mirror_flickr")
    async with SimulatedFlickr(SimulatedPhotostream(3, path_alias="hanoi-1972")) as flickr:
        words = shlex.split(line.replace("%h", str(home)).replace("%i", "hanoi-1972"))
        await assert_mirrors(words, flickr, home / ".flickr", home)


def test_the_system_service_passes_the_keys() -> None:
    """The credential has the name that the command searches for, and the writable folder is the right one."""
    service = settings(SERVICES["system"])
    assert service["LoadCredential"] == [f"{FILE_NAME}:/etc/mirror_flickr/{FILE_NAME}"]
    assert f"--cache-path /var/lib/{service['StateDirectory'][0]} " in service["ExecStart"][0]


@pytest.mark.slow
async def test_the_line_of_the_crontab_mirrors(home: Path) -> None:
    """The crontab line works as cron runs it, prints nothing, and is the one in the guide."""
    (line,) = [line for line in (FILES / "crontab").read_text().splitlines() if not line.startswith("#")]
    assert line in (GUIDES / "nightly_runs.md").read_text()
    fields, command = re.fullmatch(r"((?:[\d*]+ ){5}) (.*)", line).groups()  # type: ignore[union-attr]
    assert fields == "47 3 * * * "
    assert "%" not in command  # cron ends a line there
    command_in(home / ".local/bin/mirror_flickr")
    said = shlex.quote(str(home / "said"))
    silently = f"({command}) > {said} 2>&1 && ! [ -s {said} ]"
    async with SimulatedFlickr(SimulatedPhotostream(3, username="manhhai")) as flickr:
        await assert_mirrors(["/bin/sh", "-c", silently], flickr, home / ".flickr", home)


def instructions() -> list[list[tuple[str, str]]]:
    """Return the stages of the Dockerfile, each as its instructions."""
    text = re.sub(r"\\\n", " ", (FILES / "docker/Dockerfile").read_text())
    stages: list[list[tuple[str, str]]] = []
    for line in text.splitlines():
        if line and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            if word == "FROM":
                stages.append([])
            stages[-1].append((word, rest.strip()))
    return stages


SECRET_WORDS = re.compile(r"key|secret|password|token|credential", re.IGNORECASE)


def test_the_image_is_small_and_runs_as_any_user() -> None:
    """The image runs as an ordinary user, keeps its data in a volume, and has neither cron nor build tools."""
    *_, last = instructions()
    image = dict(last)
    assert image["FROM"].endswith("-slim")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", image["USER"])
    assert image["VOLUME"] == image["WORKDIR"] == "/data"
    assert json.loads(image["ENTRYPOINT"]) == ["mirror_flickr"]
    assert "HOME=/data" in image["ENV"]
    assert [word for word, _ in last].index("USER") > max(
        number for number, (word, _) in enumerate(last) if word == "RUN"
    )
    assert not re.search(r"apt|cron|sudo", (FILES / "docker/Dockerfile").read_text())


def test_no_secret_is_in_the_image() -> None:
    """No environment, argument or copied file of the image contains a key."""
    ignored = (FILES / "docker/Dockerfile.dockerignore").read_text().split()
    assert ignored[0] == "*"
    root = GUIDES.parents[1]
    for word, rest in (one for stage in instructions() for one in stage):
        if word in ("ENV", "ARG", "LABEL"):
            assert not SECRET_WORDS.search(rest)
        elif word in ("COPY", "ADD") and not rest.startswith("--from"):
            *sources, _ = rest.split()
            assert all((root / source).exists() and f"!{source}" in ignored for source in sources)


def compose() -> dict[str, Any]:
    """Return the content of the compose file."""
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    found: dict[str, Any] = yaml.safe_load((FILES / "docker/compose.yaml").read_text())
    return found


def test_the_compose_file_matches_the_guide() -> None:
    """The container cannot write outside of its volume, gains no privileges, and gets its keys as a file."""
    mirror = compose()["services"]["mirror"]
    assert mirror["read_only"] is True
    assert mirror["cap_drop"] == ["ALL"]
    assert mirror["security_opt"] == ["no-new-privileges:true"]
    assert mirror["user"] not in ("0:0", "root")
    assert mirror["volumes"] == ["./photos:/data"]
    assert mirror["secrets"] == [FILE_NAME]
    assert compose()["secrets"] == {FILE_NAME: {"file": f"./{FILE_NAME}"}}
    assert int(mirror["stop_grace_period"].removesuffix("s")) > Timing().stop_grace + Timing().close_wait


@pytest.mark.slow
async def test_the_command_of_the_container_mirrors_and_is_healthy(home: Path, tmp_path: Path) -> None:
    """The command of the compose file works with the key from a file, and its health check then succeeds."""
    mirror = compose()["services"]["mirror"]
    (tmp_path / FILE_NAME).write_text(
        json.dumps({"consumer_key": canary.KEY, "consumer_secret": canary.SECRET})
    )
    *_, last = instructions()
    own = dict(pair.split("=") for pair in dict(last)["ENV"].split() if pair.startswith("MIRROR"))
    environment = {**own, **mirror["environment"], "HOME": str(home)}
    assert (environment["MIRROR_FLICKR_CACHE_PATH"], environment["CREDENTIALS_DIRECTORY"]) == (
        "/data",
        "/run/secrets",
    )
    environment |= {"MIRROR_FLICKR_CACHE_PATH": str(home / "data"), "CREDENTIALS_DIRECTORY": str(tmp_path)}
    program = [sys.executable, "-m", "flickr_mirror"]
    stream = SimulatedPhotostream(3, username=mirror["environment"]["MIRROR_FLICKR_USERNAME"])
    _, ask, *health = mirror["healthcheck"]["test"]
    assert ask == "mirror_flickr"
    assert (await anyio.run_process([*program, *health], env=environment, check=False)).returncode
    async with SimulatedFlickr(stream) as flickr:
        environment["FLICKR_API_URL"] = flickr.api_url
        line = mirror["command"].partition("--watch")[0].split()
        result = await anyio.run_process([*program, *line], env=environment, check=False)
    assert result.returncode == 0, result.stderr
    assert len(tree(home / "data")) == 6
    healthy = await anyio.run_process([*program, *health], env=environment, check=False)
    assert healthy.returncode == 0, healthy.stderr


def test_the_image_can_be_built() -> None:
    """The image runs with a read-only root file system, as an ordinary user."""
    if os.environ.get("FLICKR_MIRROR_DOCKER") != "1":
        pytest.skip("it uses the network: FLICKR_MIRROR_DOCKER=1 builds the image")
    docker = shutil.which("docker")
    if not docker or subprocess.run((docker, "info"), capture_output=True, check=False).returncode:
        pytest.skip("no Docker daemon runs here")
    build = (docker, "build", "-q", "-f", str(FILES / "docker/Dockerfile"), str(GUIDES.parents[1]))
    image = subprocess.run(build, capture_output=True, text=True, check=True).stdout.strip()
    line = (docker, "run", "--rm", "--read-only", "--network", "none", "--cap-drop", "ALL", image, "demo")
    result = subprocess.run((*line, "--cache-path", "/data"), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def summary(code: int) -> bytes:
    """Return the summary that a hook receives."""
    report = MirrorReport(username="hanoi\n1972", new=4)
    report.failures = [FailedPhoto("17", "image", "The image is gone.", lasting=True, known=False)]
    return json.dumps(summary_of(report, code)).encode()


async def call(name: str, *arguments: str, code: int, path: str = "/usr/bin:/bin") -> None:
    """Run a program of the guides as `--hook` does."""
    line = [sys.executable, str(FILES / "hooks" / name), *arguments]
    result = await anyio.run_process(line, input=summary(code), env={"PATH": path}, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")


async def test_a_phone_receives_a_notification() -> None:
    """ntfy.py sends one message after a failed run, and none after a successful one."""
    from aiohttp import web

    received: list[tuple[str, str]] = []

    async def take(request: web.Request) -> web.StreamResponse:
        received.append((request.headers["Title"], await request.text()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/topic", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        for code in (0, 3):
            await call("ntfy.py", f"http://127.0.0.1:{runner.addresses[0][1]}/topic", code=code)
    finally:
        await runner.cleanup()
    assert received == [("mirror_flickr: exit code 3", "1 photos failed, 4 are new.")]


async def test_a_mail_is_sent(tmp_path: Path) -> None:
    """mail.py sends one mail after a failed run, and none after a successful one."""
    sendmail, box = tmp_path / "sendmail", tmp_path / "box"
    sendmail.write_text(f'#!/bin/sh\necho "$@" >> {box}; cat >> {box}\n')
    sendmail.chmod(0o755)
    await call("mail.py", "me@example.org", code=0, path=f"{tmp_path}:/usr/bin:/bin")
    assert not box.exists()
    await call("mail.py", "me@example.org", code=3, path=f"{tmp_path}:/usr/bin:/bin")
    text = box.read_text()
    assert text.startswith("-t\nTo: me@example.org\n")
    assert "Subject: mirror_flickr 'hanoi\\n1972': exit code 3\n" in text
    assert "Photo 17, image: The image is gone." in text
