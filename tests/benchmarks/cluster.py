"""The speed and cost of a Dask cluster, and the cost of killed workers.

    python tests/benchmarks/cluster.py addresses                        # a limit per address: 1, 2 and 4 addresses
    python tests/benchmarks/cluster.py addresses --refuse               # the same, with HTTP 429 above the limit
    python tests/benchmarks/cluster.py cpu --photos 2000                # CPU time per photo
    python tests/benchmarks/cluster.py kills --photos 3000 --kills 200  # `kill -9` of workers; nothing lost or doubled
    python tests/benchmarks/cluster.py size --photos 100000             # memory over a long run
    python tests/benchmarks/cluster.py exits                            # 50 short runs with a store exit with 0

The simulated Flickr, the S3 server `ministack`, the scheduler and each worker are processes of this machine. Worker N
connects from the address 127.0.0.N, which Linux has without any setup. Images are of about 2 kB.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from flickr_mirror.models.store_address import parse_store_address
from flickr_mirror.storage.bucket import Bucket
from tests.benchmarks.measuring import measure, product
from tests.support import canary
from tests.support.object_servers import free_port, ministack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.measuring import Cost

USERNAME = "saigon_archive"
PER_SECOND = 12
"""The images per second of one address in the simulation."""
_SERVER = """
import asyncio, json, sys
from collections import Counter
from aiohttp import web
from flickr_mirror.flickr.bandwidth import Pacer
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream

async def main():
    photos, rate, refuse, latency = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3] == "True", float(sys.argv[4])
    pacers, refused, addresses = {}, Counter(), Counter()

    async def limit(request):
        if not request.path.endswith(".jpg"):
            return None
        addresses[request.remote] += 1
        if not rate:
            return None
        delay = pacers.setdefault(request.remote, Pacer(rate)).delay(1)
        if not refuse:
            await asyncio.sleep(delay)
        elif delay > 30 / rate:  # a burst of 30 is allowed
            pacers[request.remote]._paid_until -= 1 / rate
            refused[request.remote] += 1
            return web.Response(status=429)
        return None

    stream = SimulatedPhotostream(photos, image_dims=(288, 216), commented=0)
    async with SimulatedFlickr(stream, image_latency=latency) as flickr:
        flickr.intercept = limit
        print(flickr.api_url, flush=True)
        while True:
            await asyncio.to_thread(sys.stdin.readline)
            print(json.dumps({"calls": sum(flickr.calls.values()), "images": sum(flickr.requests.values()),
                "refused": sum(refused.values()), "addresses": addresses}), flush=True)
            flickr.reset_counters()
            for one in (refused, addresses, pacers):
                one.clear()

asyncio.run(main())
"""
_WORKER = """
import sys
import aiohttp
plain = aiohttp.TCPConnector.__init__
address = sys.argv.pop(1)

def bound(self, *positional, **named):
    plain(self, *positional, **{**named, "local_addr": (address, 0)})

aiohttp.TCPConnector.__init__ = bound
from flickr_mirror.__main__ import main
main()
"""


class Bench:
    """A simulated Flickr, an S3 server and a scheduler, and workers that are started and killed."""

    def __init__(
        self, folder: Path, server: subprocess.Popen[str], s3: str, scheduler: str, scheduler_pid: int
    ) -> None:
        self.scheduler_pid = scheduler_pid
        self.folder = folder
        self.server = server
        self.api_url = self._line()
        self.s3 = s3
        self.scheduler = scheduler
        self.workers: list[subprocess.Popen[bytes]] = []
        self.runs = 0

    def _line(self) -> str:
        assert self.server.stdout is not None
        return self.server.stdout.readline().strip()

    def counters(self) -> dict[str, Any]:
        """Return the counts of the simulated Flickr since the last call."""
        assert self.server.stdin is not None
        self.server.stdin.write("\n")
        self.server.stdin.flush()
        counters: dict[str, Any] = json.loads(self._line())
        return counters

    def add_worker(self, number: int) -> None:
        """Start a worker that connects from the address 127.0.0.`number`."""
        line = [sys.executable, "-c", _WORKER, f"127.0.0.{number}", "worker", self.scheduler]
        with (self.folder / f"worker{number}.log").open("ab") as log:
            self.workers.append(subprocess.Popen(line, stdout=log, stderr=log))

    def stop_workers(self) -> None:
        """Kill all workers."""
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.workers.clear()

    def begin(self, *, workers: bool) -> tuple[list[str], dict[str, str], str]:
        """Return the command line of a run into a new place, its environment, and the address of its store."""
        self.runs += 1
        store = f"s3://archive/{self.runs}?region=us-east-1&endpoint={self.s3}"
        arguments = ["--image-only", "--store", store]
        if workers:
            arguments += ["--cluster", self.scheduler]
        line, environment = product(self.api_url, USERNAME, self.folder / str(self.runs), *arguments)
        return line, environment, store

    def run(self, *, workers: bool) -> Cost:
        """Mirror everything into a new place, and return the cost of the command."""
        line, environment, _ = self.begin(workers=workers)
        return measure(line, self.folder, **environment)


@contextmanager
def bench(photos: int, *, rate: float = 0, refuse: bool = False, latency: float = 0) -> Iterator[Bench]:
    """Start everything but the workers."""
    os.environ.update(AWS_ACCESS_KEY_ID=canary.STORE_KEY, AWS_SECRET_ACCESS_KEY=canary.STORE_SECRET)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        s3 = stack.enter_context(ministack(folder))
        port = free_port()
        line = [str(Path(sys.executable).with_name("dask")), "scheduler", "--host", "127.0.0.1"]
        line += ["--port", str(port), "--dashboard-address", "127.0.0.1:0", "--no-dashboard"]
        scheduler = stack.enter_context(
            subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
        stack.callback(scheduler.kill)
        arguments = [str(photos), str(rate), str(refuse), str(latency)]
        server = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-c", _SERVER, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        stack.callback(server.kill)
        running = Bench(folder, server, s3, f"tcp://127.0.0.1:{port}", scheduler.pid)
        stack.callback(running.stop_workers)
        yield running


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process until now (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int) -> float:
    """Return the peak memory of a process in megabytes (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measure_addresses(photos: int, *, refuse: bool) -> None:
    """Print the images per second from 1, 2 and 4 addresses, and from one address with three workers."""
    with bench(photos, rate=PER_SECOND, refuse=refuse) as running:
        first = 0.0
        for title, numbers in (
            ("1 address", [2]),
            ("2 addresses", [2, 3]),
            ("4 addresses", [2, 3, 4, 5]),
            ("1 address, 3 workers", [2, 2, 2]),
        ):
            for number in numbers:
                running.add_worker(number)
            time.sleep(5)  # exclude their start
            cost = running.run(workers=True)
            rate = photos / cost.seconds
            first = first or rate
            counted = running.counters()
            sys.stdout.write(
                f"{title:21} {rate:6.1f} images/s  {rate / first:4.2f} times  {counted['refused']:5} refused  "
                f"{counted['images']} served\n"
            )
            sys.stdout.flush()
            running.stop_workers()


def measure_cpu(photos: int) -> None:
    """Print the CPU time per photo of each process, with and without a worker.

    The start of a process is not a cost per photo, so the difference between two lengths is printed.
    """
    costs: dict[tuple[str, int], float] = {}
    for count in (photos, 3 * photos):
        with bench(count, latency=0.05) as running:
            costs["no workers", count] = running.run(workers=False).cpu
            running.add_worker(2)
            time.sleep(5)
            scheduler, worker = running.scheduler_pid, running.workers[0].pid
            before = cpu_of(scheduler), cpu_of(worker)
            cost = running.run(workers=True)
            costs["coordinator", count] = cost.cpu
            costs["scheduler", count] = cpu_of(scheduler) - before[0]
            costs["worker", count] = cpu_of(worker) - before[1]
            sys.stdout.write(
                f"{count} photos: {count / cost.seconds:.0f} images/s with 1 worker; coordinator {cost.memory:.0f} MB, "
                f"worker {memory_of(worker):.0f} MB\n"
            )
            sys.stdout.flush()
    for name in ("no workers", "coordinator", "scheduler", "worker"):
        each = (costs[name, 3 * photos] - costs[name, photos]) / (2 * photos)
        sys.stdout.write(f"{name:12} {1000 * each:5.2f} ms of CPU per photo\n")


def measure_kills(photos: int, kills: int) -> None:
    """Kill workers at random moments until `kills` are done, and check that nothing is lost or doubled."""
    choice = random.Random(7)
    with bench(photos, latency=0.05) as running:
        done = rounds = served = 0
        while done < kills:
            rounds += 1
            line, environment, store = running.begin(workers=True)
            for number in (2, 3, 4):
                running.add_worker(number)
            settings = {**os.environ, "HOME": str(running.folder), **environment}
            in_round = 0
            out = running.folder / "events.jsonl"
            with (
                out.open("w") as file,
                subprocess.Popen([*line, "--json"], env=settings, stdout=file) as command,
            ):
                while command.poll() is None:
                    time.sleep(choice.uniform(0.5, 4.0))
                    if done < kills:
                        victim = running.workers.pop(choice.randrange(len(running.workers)))
                        victim.kill()
                        victim.wait()
                        done += 1
                        in_round += 1
                        running.add_worker(choice.choice((2, 3, 4)))
            summary = json.loads(out.read_text().splitlines()[-1])
            running.stop_workers()
            bucket = Bucket.open(parse_store_address(store), 20).below(USERNAME)
            objects = sum(found.key.endswith(".jpg") for found in bucket.objects())
            counted = running.counters()
            served += counted["images"]
            problems = (summary["exit"], summary["images"], objects, len(summary["failures"])) != (
                0,
                photos,
                photos,
                0,
            )
            sys.stdout.write(
                f"round {rounds}: {in_round} kills, exit {summary['exit']}, images {summary['images']}, objects "
                f"{objects}, served {counted['images']} (limit {photos + in_round * 300}), calls {counted['calls']}, "
                f"{summary['cluster']}\n"
            )
            sys.stdout.flush()
            if problems or counted["images"] > photos + in_round * 300:
                raise SystemExit("A photo was lost, or too many were downloaded twice.")
        sys.stdout.write(f"{done} kills in {rounds} rounds: nothing lost, nothing doubled\n")


def measure_size(photos: int) -> None:
    """Print the peak memory of the coordinator and of two workers for a long run."""
    with bench(photos) as running:
        for number in (2, 3):
            running.add_worker(number)
        time.sleep(5)
        cost = running.run(workers=True)
        workers = [round(memory_of(worker.pid)) for worker in running.workers]
        scheduler = memory_of(running.scheduler_pid)
        sys.stdout.write(
            f"{photos:,} photos: {photos / cost.seconds:.0f} images/s, coordinator {cost.memory:.0f} MB, "
            f"{1000 * cost.cpu / photos:.2f} ms, scheduler {scheduler:.0f} MB, workers {workers} MB, "
            f"{running.counters()['calls']} calls\n"
        )


def measure_exits(runs: int) -> None:
    """Run a short mirror into a bucket many times; a run that does not exit with 0 raises an error."""
    with bench(5) as running:
        for _ in range(runs):
            running.run(workers=False)
        sys.stdout.write(f"{runs} runs with a store exited with 0\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["addresses", "cpu", "kills", "size", "exits"])
    parser.add_argument("--photos", type=int, default=600)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--refuse", action="store_true")
    given = parser.parse_args()
    if given.what == "addresses":
        measure_addresses(given.photos, refuse=given.refuse)
    elif given.what == "cpu":
        measure_cpu(given.photos)
    elif given.what == "kills":
        measure_kills(given.photos, given.kills)
    elif given.what == "size":
        measure_size(given.photos)
    else:
        measure_exits(50)
