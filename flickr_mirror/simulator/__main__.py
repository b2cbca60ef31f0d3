"""Serve a simulated Flickr until it is interrupted: `python -m flickr_mirror.simulator --photos 1000`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from flickr_mirror.simulator.account_export import write_export
from flickr_mirror.simulator.data.album_filling import fill_albums
from flickr_mirror.simulator.data.list_filling import fill_lists
from flickr_mirror.simulator.data.sizes import Mix
from flickr_mirror.simulator.data.stream import SimulatedPhotostream
from flickr_mirror.simulator.demo import demo_photostream
from flickr_mirror.simulator.fault_plan import MIXES, Disturbance
from flickr_mirror.simulator.server import SimulatedFlickr

if TYPE_CHECKING:
    from collections.abc import Sequence

_MIXES = {"plain": Mix.PLAIN, "mixed": Mix.MIXED, "free": Mix.FREE, "no-originals": Mix.NO_ORIGINALS}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m flickr_mirror.simulator", description=__doc__)
    parser.add_argument("--photos", type=int, default=1000, help="how many photos there are (default: 1000)")
    parser.add_argument(
        "--mix", choices=_MIXES, default="plain", help="which kinds of photos (default: plain)"
    )
    parser.add_argument("--seed", type=int, default=0, help="another number generates other photos")
    parser.add_argument("--albums", type=int, default=0, help="how many albums there are (default: none)")
    parser.add_argument("--demo", action="store_true", help="serve the sixty photos of the demo")
    parser.add_argument(
        "--lists",
        action="store_true",
        help="add a second account, and lists with its photos to the first one",
    )
    parser.add_argument(
        "--port", type=int, default=0, help="the port to listen on; 0, the default, chooses a free one"
    )
    parser.add_argument("--api-latency", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--image-latency", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument(
        "--disturb",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="the share of requests that get a fault, 0 to 1",
    )
    parser.add_argument(
        "--disturb-with",
        choices=MIXES,
        nargs="+",
        default=list(MIXES),
        help="the kinds of faults (default: all); --seed chooses other requests",
    )
    parser.add_argument(
        "--export",
        type=Path,
        metavar="FOLDER",
        help="write the account export of these photos to a folder, and serve nothing",
    )
    return parser


def build_flickr(arguments: argparse.Namespace) -> SimulatedFlickr:
    """Return the server for the arguments of the command line."""
    if arguments.demo:
        stream = demo_photostream()
    else:
        stream = SimulatedPhotostream(arguments.photos, seed=arguments.seed, mix=_MIXES[arguments.mix])
    fill_albums(stream, arguments.albums, seed=arguments.seed)
    streams = [stream]
    if arguments.lists:
        streams.append(SimulatedPhotostream(200, nsid="8800001@N03", username="other", path_alias="other"))
        fill_lists(stream, streams[1:])
    return SimulatedFlickr(
        *streams,
        port=arguments.port,
        api_latency=arguments.api_latency,
        image_latency=arguments.image_latency,
        faults=Disturbance(
            arguments.disturb,
            arguments.seed,
            {kind: MIXES[kind] for kind in arguments.disturb_with},
            in_a_row=4,
        ),
    )


async def serve(flickr: SimulatedFlickr) -> None:
    """Print the address of the API, and serve until the task is cancelled."""
    async with flickr:
        stream = flickr.streams[0]
        sys.stdout.write(f"{flickr.api_url}\n")
        sys.stdout.flush()
        sys.stderr.write(f"{len(stream)} photos of {stream.username!r} ({stream.nsid}); stop with Ctrl-C.\n")
        await asyncio.Event().wait()


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    arguments = build_parser().parse_args(argv)
    flickr = build_flickr(arguments)
    with contextlib.suppress(KeyboardInterrupt):
        if arguments.export:
            for path in write_export(flickr.streams[0], arguments.export):
                sys.stdout.write(f"{path}\n")
        else:
            asyncio.run(serve(flickr))


if __name__ == "__main__":
    main()
