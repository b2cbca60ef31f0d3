"""The differences between two listings that count as a change of a photo."""

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
    """Return a photo as a listing shows it, with some facts replaced."""
    return FlickrPhoto(
        "49499525286", title, description=description, facts=replace(FACTS, **facts), sizes=list(sizes)
    )


def stored(old: FlickrPhoto) -> StoredPhoto:
    """Return the stored row of a listed photo."""
    return StoredPhoto(old, best_picture(old.sizes), SizeEvidence.LISTING, 2)


def change_of_sizes(
    *, before: Sequence[FlickrPhotoSize], after: Sequence[FlickrPhotoSize], **facts: Any
) -> Change:
    """Return the change of a photo whose sizes differ from before."""
    return changes(stored(photo(sizes=before, **facts)), photo(sizes=after, **facts))


def test_an_unchanged_photo_has_no_changes() -> None:
    """An unchanged photo causes no work."""
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
    """An edit of any value in the sidecar causes a rewrite, and no download."""
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
    """A visit, another name of the account, or the state of a video causes no rewrite."""
    assert changes(stored(photo()), photo(**edit)) == NOTHING


def test_a_fact_listed_for_the_first_time_is_no_change() -> None:
    """It is not an edit, but an edit at the same time is found."""
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
    """A comment that was added, edited or deleted is noticed, even if the time of the last update stays the same."""
    assert changes(stored(photo()), photo(**comments)) == Change.COMMENTS


def test_the_first_comment_is_a_change() -> None:
    """The first comment of a photo is requested."""
    old = stored(photo(comment_count=0))
    assert changes(old, photo(comment_count=1)) == Change.COMMENTS


def test_a_photo_without_comments_needs_no_call() -> None:
    """An update of a photo that had no comments and has none causes no call."""
    old = stored(photo(comment_count=0))
    assert changes(old, photo(comment_count=0, updated=1_600_000_900)) == NOTHING


def test_without_comment_counts_each_update_may_be_a_comment() -> None:
    """If a server does not list the number of comments, each update of the photo counts as a change of them."""
    old = stored(photo(comment_count=None))
    assert changes(old, photo(comment_count=None)) == NOTHING
    assert changes(old, photo(comment_count=None, updated=1_600_000_900)) == Change.COMMENTS


def test_another_secret_is_another_image() -> None:
    """An image that was replaced by one of the same size is fetched."""
    assert changes(stored(photo()), photo(secret="0d1a994712")) == Change.IMAGE


def test_an_image_fetched_before_its_listing_is_not_fetched_again() -> None:
    """If getSizes already returned the file that a listing shows only now, another secret is not a change."""
    asked = replace(stored(photo()), proof=SizeEvidence.ASKED)
    assert changes(asked, photo(secret="0d1a994712")) == NOTHING
    assert (
        changes(asked, photo(secret="0d1a994712", sizes=[replace(LARGE, url="https://x/y.jpg")]))
        == Change.IMAGE
    )


@pytest.mark.parametrize(("before", "after"), [("", "0d1a994712"), ("e6f0b9d940", "")])
def test_a_missing_secret_is_not_a_change(before: str, after: str) -> None:
    """A listing without secrets does not cause a download of the whole mirror."""
    assert changes(stored(photo(secret=before)), photo(secret=after)) == NOTHING


def test_a_larger_size_is_fetched() -> None:
    """For example after the owner allows the originals, or pays for the account."""
    original = size("Original", 4000, 2667, "49499525286_1111111111_o.jpg")
    large_2048 = size("Large 2048", 2048, 1366, "49499525286_2222222222_k.jpg")
    assert change_of_sizes(before=[LARGE], after=[LARGE, original]) == Change.IMAGE
    assert change_of_sizes(before=[LARGE], after=[LARGE, large_2048]) == Change.IMAGE


def test_an_original_is_fetched_instead_of_a_copy_with_as_many_pixels() -> None:
    """The uploaded file is better than one that Flickr compressed, and not vice versa."""
    original = size("Original", 1024, 683, "49499525286_1111111111_o.jpg")
    assert change_of_sizes(before=[LARGE], after=[LARGE, original]) == Change.IMAGE
    assert change_of_sizes(before=[LARGE, original], after=[LARGE]) == NOTHING


def test_a_smaller_size_is_not_fetched() -> None:
    """Withdrawn originals stay in the mirror."""
    original = size("Original", 4000, 2667, "49499525286_1111111111_o.jpg")
    assert change_of_sizes(before=[LARGE, original], after=[LARGE]) == NOTHING
    assert change_of_sizes(before=[LARGE, original], after=[]) == NOTHING


def test_another_file_of_the_same_size_is_fetched() -> None:
    """A file with another name, or rotated by 90 degrees, is another image, with any secret."""
    other_name = size("Large", 1024, 683, "49499525286_9999999999_b.jpg")
    assert change_of_sizes(before=[LARGE], after=[other_name]) == Change.IMAGE
    assert change_of_sizes(before=[LARGE], after=[size("Large", 683, 1024)]) == Change.IMAGE
    assert change_of_sizes(before=[LARGE], after=[size("Large", 1000, 667)]) == Change.IMAGE


@pytest.mark.parametrize(
    "folder", ["https://farm66.staticflickr.com/65535/", "https://live.staticflickr.com/7890/"]
)
def test_a_file_that_moved_is_not_fetched_again(folder: str) -> None:
    """Flickr moves its files to other hosts and folders, which must not cause downloads."""
    moved = replace(LARGE, url=folder + LARGE.url.rpartition("/")[2])
    assert change_of_sizes(before=[LARGE], after=[moved]) == NOTHING


def test_other_posters_do_not_cause_a_download_of_the_film() -> None:
    """A video with other posters is the same film; another secret is another film."""
    larger = size("Large 2048", 2048, 1152, "49499525286_9999999999_k.jpg")
    assert change_of_sizes(before=[LARGE], after=[larger], media="video") == NOTHING
    old = stored(photo(media="video"))
    assert changes(old, photo(media="video", secret="0d1a994712")) == Change.IMAGE


def test_without_sizes_images_are_not_compared() -> None:
    """A missing size, now or before, is not a change of the image."""
    assert change_of_sizes(before=[], after=[LARGE]) == NOTHING
    assert change_of_sizes(before=[LARGE], after=[]) == NOTHING
    assert change_of_sizes(before=[], after=[]) == NOTHING


def test_one_listing_can_show_several_changes() -> None:
    """A replaced image, an edited title and a new comment are reported together."""
    new = photo(title="Huế", secret="0d1a994712", comment_count=4, updated=1_600_000_900)
    assert changes(stored(photo()), new) == Change.TEXT | Change.COMMENTS | Change.IMAGE
