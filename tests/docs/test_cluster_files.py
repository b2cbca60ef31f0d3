"""The ready-to-use files of docs/how-to/cluster.md: for Compose, Kubernetes and Slurm."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import yaml

from flickr_mirror.models.scheduler_address import check_scheduler
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.support import canary
from tests.support.object_servers import program, set_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = Path(__file__).parents[2] / "docs/how-to/files/cluster"
KEY_WORDS = ("flickr_keys", "flickr-keys", "FLICKR_CONSUMER")


def containers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and the settings of each container of the compose file and of the manifests."""
    compose = yaml.safe_load((FILES / "compose.yaml").read_text())
    yield from compose["services"].items()
    for manifest in yaml.safe_load_all((FILES / "kubernetes.yaml").read_text()):
        spec = manifest.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        for container in spec.get("template", {}).get("spec", {}).get("containers", ()):
            yield container["name"], container


def line_of(container: dict[str, Any]) -> list[str]:
    """Return the arguments of the program of a container."""
    line = container.get("args") or container.get("entrypoint") or container["command"]
    return line.split() if isinstance(line, str) else list(line)


def test_each_file_has_the_three_roles() -> None:
    """A scheduler, workers and one coordinator."""
    assert sorted(name for name, _ in containers()) == sorted(2 * ["scheduler", "worker", "coordinator"])


@pytest.mark.slow
def test_the_command_lines_are_valid(tmp_path: Path) -> None:
    """The program takes the options of the coordinators, and the addresses of the workers."""
    for name, container in containers():
        line = line_of(container)
        if name == "worker":
            assert line[0] == "worker"
            check_scheduler(line[1])
        elif name == "coordinator":
            command = [sys.executable, "-m", "flickr_mirror", *line, "--print-config"]
            result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
            assert (result.returncode, 'cluster = "tcp://' in result.stdout) == (0, True), result.stderr
        else:
            shown = subprocess.run(
                [program("dask"), "scheduler", "--help"], capture_output=True, text=True, check=True
            )
            assert line[:2] == ["dask", "scheduler"]
            assert line[2].replace("--no-", "--") in shown.stdout


def test_only_the_coordinators_get_the_api_key() -> None:
    """Workers download without it."""
    with_key = {name for name, container in containers() if any(word in str(container) for word in KEY_WORDS)}
    assert with_key == {"coordinator"}


@pytest.mark.slow
async def test_the_job_for_slurm_mirrors(
    tmp_path: Path, home: Path, s3_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a `srun` that starts one task on this machine, the script ends with the code of the run."""
    set_credentials(monkeypatch)
    store = f"s3://archive/{uuid.uuid4().hex}?region=us-east-1&endpoint={s3_server}"
    script = re.sub(r"'s3://[^']*'", f"'{store}'", (FILES / "job.sh").read_text())
    (tmp_path / "job.sh").write_text(script)
    for name, text in (
        ("srun", '#!/bin/sh\nexec "$@"\n'),
        ("mirror_flickr", f'#!/bin/sh\nexec {sys.executable} -m flickr_mirror "$@"\n'),
        ("dask", f'#!/bin/sh\nexec {program("dask")} "$@"\n'),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    stream = SimulatedPhotostream(5, username="manhhai")
    async with SimulatedFlickr(stream) as flickr:
        environment = {
            **os.environ,
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "HOME": str(home),
            "FLICKR_API_URL": flickr.api_url,
            "FLICKR_CONSUMER_KEY": canary.KEY,
            "FLICKR_CONSUMER_SECRET": canary.SECRET,
        }
        with (tmp_path / "log").open("wb") as log:
            job = subprocess.Popen(  # noqa: ASYNC220 - it takes no time
                ["/bin/bash", tmp_path / "job.sh"],
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        try:
            code = await anyio.to_thread.run_sync(job.wait, 120)
        finally:
            os.killpg(job.pid, signal.SIGKILL)
    output = (tmp_path / "log").read_text()
    assert (code, "images=5 " in output) == (0, True), output
