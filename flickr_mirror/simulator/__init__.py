"""A simulated Flickr on the loopback interface, for tests, the demo and benchmarks.

It needs no network. May import: `models` and the modules at the top (`errors`, `version`, ...).
"""

from flickr_mirror.simulator.account_export import write_export
from flickr_mirror.simulator.data.album_filling import fill_albums
from flickr_mirror.simulator.data.albums import SimulatedAlbum, SimulatedCollection
from flickr_mirror.simulator.data.list_filling import fill_lists
from flickr_mirror.simulator.data.lists import (
    SimulatedContact,
    SimulatedGallery,
    SimulatedGroup,
    SimulatedLists,
)
from flickr_mirror.simulator.data.photo import SimulatedPhoto
from flickr_mirror.simulator.data.sizes import Kind, Mix, SimulatedSize
from flickr_mirror.simulator.data.stream import SimulatedPhotostream
from flickr_mirror.simulator.data.texts import SimulatedComment
from flickr_mirror.simulator.demo import demo_photostream
from flickr_mirror.simulator.fault_plan import Asked, Disturbance, Rule, Script
from flickr_mirror.simulator.server import SimulatedFlickr, arguments_of, run_in_thread

__all__ = [
    "Asked",
    "Disturbance",
    "Kind",
    "Mix",
    "Rule",
    "Script",
    "SimulatedAlbum",
    "SimulatedCollection",
    "SimulatedComment",
    "SimulatedContact",
    "SimulatedFlickr",
    "SimulatedGallery",
    "SimulatedGroup",
    "SimulatedLists",
    "SimulatedPhoto",
    "SimulatedPhotostream",
    "SimulatedSize",
    "arguments_of",
    "demo_photostream",
    "fill_albums",
    "fill_lists",
    "run_in_thread",
    "write_export",
]
