"""The photostream of the demo: sixty photos of landscapes, half of them a hundred years old.

The photos are the JPEG files in `artwork/`, named by the index of the photo. `python -m tests.support.artwork` draws
them.
"""

from __future__ import annotations

from importlib.resources import files
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from flickr_mirror.simulator.data.sizes import Kind
from flickr_mirror.simulator.data.stream import SimulatedPhotostream

if TYPE_CHECKING:
    from flickr_mirror.simulator.data.photo import SimulatedPhoto

COUNT = 60
_VIDEOS = (15, 41)
_DIMS = ((1280, 853), (1280, 853), (853, 1280), (1280, 853), (1280, 960))
_PERIODS = (
    (1895, 1931),  # sepia
    (1993, 2024),  # colour
    (1921, 1958),  # grey
    (1959, 1979),  # a faded slide
    (1895, 1931),
    (1993, 2024),
    (1887, 1909),  # cyanotype
)
"""The years in which a photo may have been taken, by its index; they fit the kind of print that is drawn."""
_FILES = files("flickr_mirror.simulator") / "artwork"


class _Subject(NamedTuple):
    """A place: the texts of its photos, and the kind of landscape that they are tagged with."""

    title: str
    description: str
    landscape: str


_SUBJECTS = (
    _Subject(
        "HUẾ {year} - Chùa bên sông Hương",
        "Ảnh chụp từ bờ nam, một buổi sáng yên tĩnh.",
        "hills",
    ),
    _Subject(
        "VỊNH HẠ LONG {year} - Thuyền buồm giữa các đảo đá",
        "Những cánh buồm nâu trên vịnh.",
        "karst",
    ),
    _Subject(
        "HUÉ {year} - Sampan sur la Rivière des Parfums",
        "Épreuve d'un album de famille ; au dos, une date au crayon.",
        "hills",
    ),
    _Subject(
        "NHA TRANG {year} - Hàng dừa trên bãi biển",
        "Gió biển buổi chiều, chim bay về đảo.",
        "sea",
    ),
    _Subject(
        "Baie d'Along {year} - Une jonque au large",
        "Plaque de verre, 13 x 18 cm.",
        "karst",
    ),
    _Subject(
        "CẦN THƠ {year} - Bến sông mùa nước lớn",
        "Ai biết bến này xin cho biết tên, cám ơn nhiều.",
        "plain",
    ),
    _Subject(
        "NINH BÌNH {year} - Tam Cốc",
        "Núi đá, sông nhỏ và những chiếc thuyền nan.",
        "karst",
    ),
    _Subject(
        "Fishing boats off Vung Tau, {year}",
        "The sails were dyed with mangrove bark, which keeps them from rotting.",
        "sea",
    ),
    _Subject("HỒ TÂY {year} - Chùa Trấn Quốc", "Hà Nội, một ngày đầu đông.", "plain"),
    _Subject(
        "ĐÀ LẠT {year} - Sương trên hồ",
        "Sáng sớm, sương chưa tan.",
        "hills",
    ),
    _Subject("順化 {year} - 香江與古塔", "祖父相簿中的照片。", "hills"),
    _Subject(
        "The Mekong near My Tho, {year}",
        "A quiet arm of the river, an hour before the rain.",
        "plain",
    ),
    _Subject("ハロン湾 {year}", "乾季の朝の静かな海。", "karst"),
    _Subject("PHÚ QUỐC {year} - Chiều trên biển", "", "sea"),
    _Subject("{year}", "", "sea"),
)

_CONVERSATIONS = (
    ("Ảnh đẹp quá, cám ơn anh đã chia sẻ!", "Magnifique document, merci."),
    ("Bà ngoại tôi kể rằng hồi đó đi thuyền từ đây về làng mất trọn một ngày.",),
    (
        "Where exactly was this taken?",
        "Nhìn dáng núi thì chắc là chụp từ bờ phía đông.",
        "Thank you! That fits.",
    ),
    ("La lumière est superbe.", "とても貴重な写真ですね。ありがとうございます。"),
    ("👍👍👍",),
    ("Замечательный снимок, спасибо!", "صورة جميلة جدا، شكرا لك.", "珍貴的照片,謝謝分享。"),
    ("My father sailed on boats like this one. The helmsman stood exactly there.",),
    ("귀한 사진을 나눠 주셔서 감사합니다.", "Wunderbar, wie ein Gemälde!"),
)


def demo_photostream() -> SimulatedPhotostream:
    """Return the photostream of the demo."""
    stream = SimulatedPhotostream(
        COUNT,
        nsid="19210714@N05",
        username="river light",
        path_alias="river-light",
        real_name="Ánh Sáng Trên Sông",
        commented=0,
        original_file=_original_file,
    )
    stream.image_shapes = _DIMS
    for photo_id in stream.ids:
        _describe(stream, stream.photo(photo_id))
    return stream


def _original_file(photo: SimulatedPhoto) -> bytes:
    return (_FILES / f"{photo.index:02}.jpg").read_bytes()


def _describe(stream: SimulatedPhotostream, photo: SimulatedPhoto) -> None:
    """Give a photo the texts that fit its picture."""
    subject = _SUBJECTS[photo.index % len(_SUBJECTS)]
    random = Random(photo.index)
    year = random.randint(*_PERIODS[photo.index % len(_PERIODS)])
    stream.edit(
        photo.id,
        title=subject.title.format(year=year),
        description=subject.description,
        tags=f"vietnam landscape {subject.landscape} {year}",
        taken=f"{year}-{random.randint(1, 12):02}-{random.randint(1, 28):02} 00:00:00",
        kind=Kind.VIDEO if photo.index in _VIDEOS else Kind.PLAIN,
        at=photo.uploaded,
    )
    if photo.index % 2:
        for hours, text in enumerate(_CONVERSATIONS[photo.index // 2 % len(_CONVERSATIONS)], 1):
            stream.add_comment(photo.id, text, at=photo.uploaded + 3600 * hours)
