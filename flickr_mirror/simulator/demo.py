"""The photostream of the demonstration: sixty photos of landscapes, half of them a hundred years old."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, NamedTuple

from flickr_mirror.simulator.artwork.aging import Finish
from flickr_mirror.simulator.artwork.landscapes import draw_landscape
from flickr_mirror.simulator.artwork.scenes import Figure, Ground, Light, Scene
from flickr_mirror.simulator.data.sizes import Kind
from flickr_mirror.simulator.data.stream import SimulatedPhotostream

if TYPE_CHECKING:
    from flickr_mirror.simulator.data.photo import SimulatedPhoto

COUNT = 60
_VIDEOS = (15, 40)
_LIGHTS = tuple(Light)
_DIMS = ((1280, 853), (1280, 853), (853, 1280), (1280, 853), (1280, 960))
_YEARS = {
    Finish.CYANOTYPE: (1887, 1909),
    Finish.SEPIA: (1895, 1931),
    Finish.GREY: (1921, 1958),
    Finish.SLIDE: (1959, 1979),
    Finish.COLOUR: (1993, 2024),
}
_FINISHES = (
    Finish.SEPIA,
    Finish.COLOUR,
    Finish.GREY,
    Finish.SLIDE,
    Finish.SEPIA,
    Finish.COLOUR,
    Finish.CYANOTYPE,
)


class _Subject(NamedTuple):
    """A place: what is written under its photos, and what can be seen there."""

    title: str
    description: str
    ground: Ground
    figures: tuple[Figure, ...]


_SUBJECTS = (
    _Subject(
        "HUẾ {year} - Chùa bên sông Hương",
        "Ảnh chụp từ bờ nam, một buổi sáng yên tĩnh.",
        Ground.HILLS,
        (Figure.PAGODA, Figure.BOAT),
    ),
    _Subject(
        "VỊNH HẠ LONG {year} - Thuyền buồm giữa các đảo đá",
        "Những cánh buồm nâu trên vịnh.",
        Ground.KARST,
        (Figure.JUNK,),
    ),
    _Subject(
        "HUÉ {year} - Sampan sur la Rivière des Parfums",
        "Épreuve d'un album de famille ; au dos, une date au crayon.",
        Ground.HILLS,
        (Figure.BOAT, Figure.GRASS),
    ),
    _Subject(
        "NHA TRANG {year} - Hàng dừa trên bãi biển",
        "Gió biển buổi chiều, chim bay về đảo.",
        Ground.SEA,
        (Figure.PALMS, Figure.BIRDS),
    ),
    _Subject(
        "Baie d'Along {year} - Une jonque au large",
        "Plaque de verre, 13 x 18 cm.",
        Ground.KARST,
        (Figure.JUNK, Figure.BIRDS),
    ),
    _Subject(
        "CẦN THƠ {year} - Bến sông mùa nước lớn",
        "Ai biết bến này xin cho biết tên, cám ơn nhiều.",
        Ground.PLAIN,
        (Figure.BOAT, Figure.PALMS),
    ),
    _Subject(
        "NINH BÌNH {year} - Tam Cốc",
        "Núi đá, sông nhỏ và những chiếc thuyền nan.",
        Ground.KARST,
        (Figure.BOAT, Figure.GRASS),
    ),
    _Subject(
        "Fishing boats off Vung Tau, {year}",
        "The sails were dyed with mangrove bark, which keeps them from rotting.",
        Ground.SEA,
        (Figure.JUNK, Figure.BIRDS),
    ),
    _Subject("HỒ TÂY {year} - Chùa Trấn Quốc", "Hà Nội, một ngày đầu đông.", Ground.PLAIN, (Figure.PAGODA,)),
    _Subject(
        "ĐÀ LẠT {year} - Sương trên hồ",
        "Sáng sớm, sương chưa tan.",
        Ground.HILLS,
        (Figure.GRASS, Figure.BIRDS),
    ),
    _Subject("順化 {year} - 香江與古塔", "祖父相簿中的照片。", Ground.HILLS, (Figure.PAGODA, Figure.BIRDS)),
    _Subject(
        "The Mekong near My Tho, {year}",
        "A quiet arm of the river, an hour before the rain.",
        Ground.PLAIN,
        (Figure.PALMS, Figure.GRASS),
    ),
    _Subject("ハロン湾 {year}", "乾季の朝の静かな海。", Ground.KARST, (Figure.BOAT, Figure.BIRDS)),
    _Subject("PHÚ QUỐC {year} - Chiều trên biển", "", Ground.SEA, (Figure.BOAT, Figure.PALMS)),
    _Subject("{year}", "", Ground.SEA, (Figure.BOAT, Figure.BIRDS)),
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
    """Return the photostream of the demonstration; its pictures are drawn when they are asked for."""
    stream = SimulatedPhotostream(
        COUNT,
        nsid="19210714@N05",
        username="river light",
        path_alias="river-light",
        real_name="Ánh Sáng Trên Sông",
        commented=0,
        painter=lambda photo: draw_landscape(_scene(photo)),
    )
    stream.image_shapes = _DIMS
    for photo_id in stream.ids:
        _describe(stream, stream.photo(photo_id))
    return stream


def _describe(stream: SimulatedPhotostream, photo: SimulatedPhoto) -> None:
    """Give a photo the texts that fit its picture."""
    subject = _SUBJECTS[photo.index % len(_SUBJECTS)]
    random = Random(photo.index)
    year = random.randint(*_YEARS[_finish(photo)])
    stream.edit(
        photo.id,
        title=subject.title.format(year=year),
        description=subject.description,
        tags=f"vietnam landscape {subject.ground} {year}",
        taken=f"{year}-{random.randint(1, 12):02}-{random.randint(1, 28):02} 00:00:00",
        kind=Kind.VIDEO if photo.index in _VIDEOS else Kind.PLAIN,
        at=photo.uploaded,
    )
    if photo.index % 2:
        for hours, text in enumerate(_CONVERSATIONS[photo.index // 2 % len(_CONVERSATIONS)], 1):
            stream.add_comment(photo.id, text, at=photo.uploaded + 3600 * hours)


def _finish(photo: SimulatedPhoto) -> Finish:
    return _FINISHES[photo.index % len(_FINISHES)]


def _scene(photo: SimulatedPhoto) -> Scene:
    subject = _SUBJECTS[photo.index % len(_SUBJECTS)]
    # once every subject has been seen, it is seen again in another light
    light = _LIGHTS[(photo.index + photo.index // len(_SUBJECTS)) % len(_LIGHTS)]
    original = photo.pictures[-1]
    seed = photo.index + 1000 * photo.changes.revision
    dims = (original.width, original.height)
    return Scene(seed, light, subject.ground, subject.figures, _finish(photo), dims)
