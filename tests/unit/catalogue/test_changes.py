"""Which differences between two listings count as a change of a photo, and which do not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from flickr_mirror.catalogue.changes import Change, changes
from flickr_mirror.catalogue.rows import StoredPhoto
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.models.photos import FlickrPhoto
from flickr_mirror.models.sizes import FlickrPhotoSize, SizeEvidence, best_picture

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTHING = Change(0)
FACTS = PhotoMetadata(
    secret="e6f0b9d940",
    uploaded=1_600_000_000,
    updated=1_600_000_500,
    taken="1968-02-01 00:00:00",
    tags="hue citadel",
    machine_tags="",
    license="4",
    latitude=16.467,
    longitude=107.591,
    accuracy=16,
    comment_count=3,
    path_alias="manhhai",
    privacy="public",
    safety_level=0,
    original_width=4000,
    original_height=2667,
)


def size(label: str, width: int, height: int, name: str = "49499525286_e6f0b9d940_b.jpg") -> FlickrPhotoSize:
    """Return a size as a listing shows it."""
    return FlickrPhotoSize(label, width, height, f"https://live.staticflickr.com/65535/{name}")


LARGE = size("Large", 1024, 683)


def photo(
    title: str = "Huế 1968",
    description: str | None = "Kỳ Đài",
    sizes: Sequence[FlickrPhotoSize] = (LARGE,),
    **facts: Any,
) -> FlickrPhoto:
    """Return a photo as a listing shows it, of which some facts may be other ones."""
    return FlickrPhoto(
        "49499525286", title, description=description, facts=replace(FACTS, **facts), sizes=list(sizes)
    )


def stored(old: FlickrPhoto) -> StoredPhoto:
    """Return what was noted when a photo was listed."""
    return StoredPhoto(old, best_picture(old.sizes), SizeEvidence.LISTING, 2)


def change_of_sizes(
    *, before: Sequence[FlickrPhotoSize], after: Sequence[FlickrPhotoSize], **facts: Any
) -> Change:
    """Return how a photo changed whose sizes are other ones than before."""
    return changes(stored(photo(sizes=before, **facts)), photo(sizes=after, **facts))


def test_what_is_the_same_did_not_change() -> None:
    """A photo that is listed again as it was costs nothing."""
    assert changes(stored(photo()), photo()) == NOTHING


@pytest.mark.parametrize(
    "edit",
    [
        {"title": "Huế, Tết Mậu Thân"},
        {"description": ""},
        {"tags": "hue"},
        {"machine_tags": "geo:lat=16"},
        {"license": "0"},
        {"taken": "1968-01-31 00:00:00"},
        {"taken_granularity": 4},
        {"taken_unknown": True},
        {"latitude": None, "longitude": None, "accuracy": None},
        {"rotation": 90},
        {"uploaded": 1_500_000_000},
        {"privacy": "private"},
        {"safety_level": 2},
        {"original_width": 3000},
    ],
    ids=lambda edit: next(iter(edit)),
)
def test_an_edit_is_a_change_of_the_text(edit: dict[str, Any]) -> None:
    """An edit of anything in the sidecar writes the sidecar again, and fetches no image."""
    assert changes(stored(photo()), photo(**edit)) == Change.TEXT


@pytest.mark.parametrize(
    "edit",
    [
        {"path_alias": "manhhai2"},
        {"owner_name": "manh hai", "real_name": "Mạnh Hải", "icon_server": 7, "icon_farm": 8},
        {"views": 7, "faves": 1},
        {"can_download": False},
        {"media_status": "pending"},
    ],
    ids=lambda edit: next(iter(edit)),
)
def test_changes_without_an_edit_rewrite_no_file(edit: dict[str, Any]) -> None:
    """A visit, another name of the account, or the state of a video rewrites no information."""
    assert changes(stored(photo()), photo(**edit)) == NOTHING


def test_a_fact_that_a_listing_states_for_the_first_time_is_no_change() -> None:
    """A mirror of an earlier version was not edited; an edit at the same time is found beside it."""
    old = stored(photo(privacy=None, safety_level=None, original_width=None, original_height=None))
    assert changes(old, photo()) == NOTHING
    assert changes(old, photo(title="Huế")) == Change.TEXT


@pytest.mark.parametrize(
    "comments",
    [
        {"updated": 1_600_000_900},
        {"comment_count": 4},
        {"comment_count": 2},
        {"comment_count": 0, "updated": 1_600_000_900},
        {"comment_count": None},
    ],
    ids=["updated", "one more", "one less", "none left", "not counted any more"],
)
def test_comments_change_with_the_last_update_or_their_number(comments: dict[str, Any]) -> None:
    """A comment that was added, edited or deleted is noticed, even where the time of the last update stays."""
    assert changes(stored(photo()), photo(**comments)) == Change.COMMENTS


def test_the_first_comment_is_noticed() -> None:
    """A photo without comments that gets one is asked for it."""
    old = stored(photo(comment_count=0))
    assert changes(old, photo(comment_count=1)) == Change.COMMENTS


def test_a_photo_without_comments_is_never_asked_for_them() -> None:
    """An update of a photo that had no comments and has none costs no call."""
    old = stored(photo(comment_count=0))
    assert changes(old, photo(comment_count=0, updated=1_600_000_900)) == NOTHING


def test_where_comments_are_not_counted_each_update_may_be_one() -> None:
    """If a server does not list the number of comments, each update of the photo counts as a change of them."""
    old = stored(photo(comment_count=None))
    assert changes(old, photo(comment_count=None)) == NOTHING
    assert changes(old, photo(comment_count=None, updated=1_600_000_900)) == Change.COMMENTS


def test_another_secret_is_another_image() -> None:
    """An image that was replaced by one of the same size is fetched."""
    assert changes(stored(photo()), photo(secret="0d1a994712")) == Change.IMAGE


def test_an_image_fetched_before_its_listing_is_not_fetched_again() -> None:
    """If getSizes already named the file that a listing shows only now, another secret is not a change."""
    asked = replace(stored(photo()), proof=SizeEvidence.ASKED)
    assert changes(asked, photo(secret="0d1a994712")) == NOTHING
    assert (
        changes(asked, photo(secret="0d1a994712", sizes=[replace(LARGE, url="https://x/y.jpg")]))
        == Change.IMAGE
    )


@pytest.mark.parametrize(("before", "after"), [("", "0d1a994712"), ("e6f0b9d940", "")])
def test_a_missing_secret_is_not_a_change(before: str, after: str) -> None:
    """A listing that leaves the secret out does not let a whole mirror be fetched again."""
    assert changes(stored(photo(secret=before)), photo(secret=after)) == NOTHING


def test_a_larger_size_is_fetched() -> None:
    """An owner who allows the originals, or pays for the account, lets the mirror get better."""
    original = size("Original", 4000, 2667, "49499525286_1111111111_o.jpg")
    large_2048 = size("Large 2048", 2048, 1366, "49499525286_2222222222_k.jpg")
    assert change_of_sizes(before=[LARGE], after=[LARGE, original]) == Change.IMAGE
    assert change_of_sizes(before=[LARGE], after=[LARGE, large_2048]) == Change.IMAGE


def test_an_original_is_fetched_instead_of_a_copy_with_as_many_pixels() -> None:
    """What was uploaded is better than what Flickr compressed again, and not the other way round."""
    original = size("Original", 1024, 683, "49499525286_1111111111_o.jpg")
    assert change_of_sizes(before=[LARGE], after=[LARGE, original]) == Change.IMAGE
    assert change_of_sizes(before=[LARGE, original], after=[LARGE]) == NOTHING


def test_a_smaller_size_is_not_fetched() -> None:
    """An owner who withdraws the originals takes nothing away from the mirror."""
    original = size("Original", 4000, 2667, "49499525286_1111111111_o.jpg")
    assert change_of_sizes(before=[LARGE, original], after=[LARGE]) == NOTHING
    assert change_of_sizes(before=[LARGE, original], after=[]) == NOTHING


def test_another_file_of_the_same_size_is_fetched() -> None:
    """A file with another name, or turned by 90 degrees, is another image, with any secret."""
    other_name = size("Large", 1024, 683, "49499525286_9999999999_b.jpg")
    assert change_of_sizes(before=[LARGE], after=[other_name]) == Change.IMAGE
    assert change_of_sizes(before=[LARGE], after=[size("Large", 683, 1024)]) == Change.IMAGE
    assert change_of_sizes(before=[LARGE], after=[size("Large", 1000, 667)]) == Change.IMAGE


@pytest.mark.parametrize(
    "folder", ["https://farm66.staticflickr.com/65535/", "https://live.staticflickr.com/7890/"]
)
def test_a_file_that_moved_is_not_fetched_again(folder: str) -> None:
    """Flickr moves its files to other hosts and folders; a mirror of 100,000 photos stays as it is."""
    moved = replace(LARGE, url=folder + LARGE.url.rpartition("/")[2])
    assert change_of_sizes(before=[LARGE], after=[moved]) == NOTHING


def test_posters_do_not_let_a_film_be_fetched_again() -> None:
    """A video whose posters are other ones is the same film; another secret is another film."""
    larger = size("Large 2048", 2048, 1152, "49499525286_9999999999_k.jpg")
    assert change_of_sizes(before=[LARGE], after=[larger], media="video") == NOTHING
    old = stored(photo(media="video"))
    assert changes(old, photo(media="video", secret="0d1a994712")) == Change.IMAGE


def test_without_sizes_nothing_is_compared() -> None:
    """A listing that shows no size, now or before, does not change the image."""
    assert change_of_sizes(before=[], after=[LARGE]) == NOTHING
    assert change_of_sizes(before=[LARGE], after=[]) == NOTHING
    assert change_of_sizes(before=[], after=[]) == NOTHING


def test_one_listing_can_show_several_changes() -> None:
    """A replaced image, an edited title and a new comment are reported together."""
    new = photo(title="Huế", secret="0d1a994712", comment_count=4, updated=1_600_000_900)
    assert changes(stored(photo()), new) == Change.TEXT | Change.COMMENTS | Change.IMAGE
