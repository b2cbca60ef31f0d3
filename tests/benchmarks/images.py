"""Images per second: the whole product, and tools that only download, on the same server.

    python tests/benchmarks/images.py --kilobytes 200 --count 5000 --tls --rounds 3

Needs nginx, aria2c and curl on the path; gallery-dl only with `--gallery-dl`. The contenders take
turns; the medians of the rounds are printed, as images per second from the first to the last completed image,
and as CPU time per image, including child processes. The product checks, syncs and catalogues each image.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.server import Server, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    Contender = Callable[[Server, Path], list[str]]

PARALLEL = 16


@dataclass(frozen=True)
class Result:
    """The result of a run: images per second, the whole time in seconds, CPU in seconds, peak memory in MB."""

    rate: float
    seconds: float
    cpu: float
    memory: float


def ours(level: int | None) -> Contender:
    """Return the product, which mirrors images only, or also information of this level."""

    def line(server: Server, out: Path) -> list[str]:
        what = ["--image-only"] if level is None else ["--info-level", str(level)]
        return [
            *(sys.executable, "-m", "flickr_mirror", "--username", server.stream.username, "--debug", "2"),
            *("--consumer-key", "k", "--consumer-secret", "s", "--api-url", server.api_url),
            *(
                "--cache-path",
                str(out),
                "--image-workers",
                str(PARALLEL),
                "--min-image-workers",
                str(PARALLEL),
                *what,
            ),
        ]

    return line


def aria2c(server: Server, out: Path) -> list[str]:
    """Return aria2c, one connection for each of 16 files at a time."""
    (out / "urls").write_text("".join(f"{url}\n" for url in server.urls))
    return [
        *("aria2c", "--quiet", "-i", str(out / "urls"), "-d", str(out / "images"), f"-j{PARALLEL}", "-x1"),
        *("--file-allocation=none", f"--ca-certificate={server.authority}"),
    ]


def curl(server: Server, out: Path) -> list[str]:
    """Return curl with 16 transfers at a time."""
    lines = "".join(f'url = "{url}"\nremote-name\n' for url in server.urls)
    (out / "urls").write_text(lines)
    return [
        *("curl", "--no-progress-meter", "--parallel", "--parallel-max", str(PARALLEL), "--create-dirs"),
        *("--output-dir", str(out / "images"), "--cacert", str(server.authority), "-K", str(out / "urls")),
    ]


def gallery_dl(program: str, server: Server, out: Path) -> list[str]:
    """Return gallery-dl, which downloads one file after the other."""
    (out / "urls").write_text("".join(f"{url}\n" for url in server.urls))
    return [
        *(program, "--quiet", "--config-ignore", "-o", f"verify={server.authority}"),
        *("-d", str(out / "images"), "-i", str(out / "urls")),
    ]


def run_once(contender: Contender, server: Server, out: Path) -> Result:
    """Run a contender in a new folder, and measure it.

    The files of earlier contenders stay on the disk, because ext4 creates files and folders slowly for half a minute
    after others were removed.
    """
    out.mkdir()
    os.sync()
    line = contender(server, out)
    environment = {**os.environ, "HOME": str(out), "SSL_CERT_FILE": str(server.authority)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    subprocess.run(line, env=environment, check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # an image's last change after its last byte is its rename, which changes its time
    times = sorted(path.stat().st_ctime_ns for path in out.rglob("*.jpg"))
    assert len(times) == len(server.urls), (line[0], len(times))
    span = (times[-1] - times[0]) / 1e9
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Result((len(times) - 1) / span, seconds, cpu, after.ru_maxrss / 1024)


async def measure(arguments: argparse.Namespace) -> None:
    """Let the contenders take turns, and print the medians."""
    contenders: dict[str, Contender] = {"flickr_mirror, images": ours(None)}
    if arguments.level is not None:
        contenders[f"flickr_mirror, level {arguments.level}"] = ours(arguments.level)
    if not arguments.alone:
        contenders |= {"aria2c": aria2c, "curl --parallel": curl}
    if arguments.gallery_dl:
        contenders["gallery-dl"] = partial(gallery_dl, arguments.gallery_dl)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx may run as another user
        async with serving(
            folder, count=arguments.count, kilobytes=arguments.kilobytes, tls=arguments.tls
        ) as server:
            size = server.total_bytes / arguments.count / 1000
            sys.stdout.write(
                f"{arguments.count} images of {size:.0f} kB, {PARALLEL} parallel, "
                f"{'TLS' if arguments.tls else 'plain'}, {arguments.rounds} rounds\n"
            )
            results: dict[str, list[Result]] = {title: [] for title in contenders}
            for turn in range(arguments.rounds):
                for number, (title, contender) in enumerate(contenders.items()):
                    out = folder / f"out-{turn}-{number}"
                    results[title].append(await to_thread.run_sync(run_once, contender, server, out))
    show(results, arguments.count)


def show(results: dict[str, list[Result]], count: int) -> None:
    """Print the medians, and the speed of the first contender relative to them."""
    medians = {
        title: Result(*(statistics.median(values) for values in zip(*map(_values, rounds), strict=True)))
        for title, rounds in results.items()
    }
    first = next(iter(medians.values()))
    for title, result in medians.items():
        sys.stdout.write(
            f"{title:28} {result.rate:8.1f} images/s  {result.seconds:7.2f} s in all  "
            f"{1000 * result.cpu / count:6.2f} ms CPU per image  {first.rate / result.rate:5.2f} times\n"
        )


def _values(result: Result) -> tuple[float, float, float, float]:
    return result.rate, result.seconds, result.cpu, result.memory


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--kilobytes", type=int, choices=(20, 200, 2000), default=200)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--level", type=int, choices=(0, 1, 2))
    parser.add_argument("--alone", action="store_true", help="measure the product only")
    parser.add_argument("--gallery-dl", metavar="PROGRAM")
    parser.add_argument("--folder", help="folder of the downloads (default: the folder for temporary files)")
    anyio.run(measure, parser.parse_args())
