"""File names from templates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flickr_mirror.export.names import MAX_NAME, NameTemplate, TemplateError, safe_name, unique_paths
from flickr_mirror.models.metadata import PhotoMetadata
from flickr_mirror.reader.mirror_reader import ArchivedPhoto


def photo(title: str = "Huế", taken: str = "1966-03-01 10:20:30", granularity: int = 0) -> ArchivedPhoto:
    """Return a photo without files."""
    facts = PhotoMetadata(taken=taken, taken_granularity=granularity, license="4")
    return ArchivedPhoto("123", title, None, 1_600_000_000, facts, None, None, None, None, (), "")


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("{taken:%Y}/{title} {id}", "1966/Huế 123"),
        ("{taken} {id}", "1966-03-01 123"),
        ("{uploaded:%Y-%m-%d}", "2020-09-13"),
        ("{album}/{id}", "no album/123"),
        ("{license} by {user} {id}", "CC BY 2.0 by anna 123"),
        ("{{x}} {id}", "{x} 123"),
    ],
)
def test_fields_are_replaced(template: str, path: str) -> None:
    assert NameTemplate(template).path(photo(), "", "anna") == path


@pytest.mark.parametrize(
    ("granularity", "text"), [(0, "1966-03-01 10"), (4, "1966-03"), (6, "1966"), (8, "1966")]
)
def test_a_time_is_written_with_its_known_precision(granularity: int, text: str) -> None:
    template = NameTemplate("{taken:%Y-%m-%d %H}")
    assert template.path(photo(granularity=granularity)) == text


def test_a_photo_without_a_time_is_undated() -> None:
    assert NameTemplate("{taken:%Y}/{id}").path(photo(taken="")) == "undated/123"
    assert NameTemplate("{taken:%Y}").path(photo(taken="0000-00-00 00:00:00")) == "undated"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{foo}", "unknown field"),
        ("{id!r}", "use {id}"),
        ("{title} {", "write a field as {id}"),
        ("{id.x}", "unknown field"),
        ("{0}", "unknown field"),
        ("{taken:%Q}", "unknown directive"),
        ("{title:>9}", "takes no format"),
        ("{id", "write a field as {id}"),
        ("../{id}", "without"),
        ("/{id}", "without"),
        ("{id}/", "without"),
        ("a//{id}", "without"),
        ("a\\{id}", "without"),
        ("", "without"),
        ("photo", "at least one field"),
    ],
)
def test_a_bad_template_is_refused_in_a_sentence(template: str, reason: str) -> None:
    with pytest.raises(TemplateError, match=reason):
        NameTemplate(template)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a/b", "a-b"),
        ("..", "_"),
        ("CON", "CON_"),
        ("x.", "x"),
        ("\x00\x1f", "_"),
        ("ｘ\u202e", "ｘ"),
        ("é", "é"),
    ],
)
def test_a_name_is_made_safe(text: str, name: str) -> None:
    assert safe_name(text) == name


@given(st.text(max_size=400))
def test_every_title_is_a_name_of_one_part(title: str) -> None:
    name = NameTemplate("{title}").path(photo(title=title))
    assert name.strip()
    assert len(name.encode()) <= MAX_NAME + 1
    assert not set('/\\:*?"<>|\0') & set(name)
    assert name not in (".", "..")


def test_photos_with_one_name_get_their_ids() -> None:
    paths = unique_paths({"1 0": "a/Huế", "2 0": "a/HUẾ", "3 0": "a/b", "4 0": "x 4", "5 0": "X 4"})
    assert paths == {"1 0": "a/Huế 1", "2 0": "a/HUẾ 2", "3 0": "a/b", "4 0": "x 4", "5 0": "X 4 5"}
    assert len({path.casefold() for path in paths.values()}) == 5


def test_a_name_with_an_id_differs_from_those_of_other_photos() -> None:
    assert unique_paths({"1 0": "a", "2 0": "a", "3 0": "a 1"}) == {
        "1 0": "a 1 1",
        "2 0": "a 2",
        "3 0": "a 1",
    }
    assert unique_paths({"2 0": "x 12", "12 0": "x 12"}) == {"2 0": "x 12 2", "12 0": "x 12"}


def test_a_photo_in_two_albums_of_one_title_is_one_file() -> None:
    paths = unique_paths({"1 0": "Trip/a", "1 1": "Trip/a", "2 0": "Trip/a"})
    assert paths == {"1 0": "Trip/a 1", "1 1": "Trip/a 1", "2 0": "Trip/a 2"}


@given(st.dictionaries(st.integers(1, 30), st.sampled_from(["a", "A", "a 1", "a 2", "a 12", "a 1 1"])))
def test_no_two_photos_get_one_name(titles: dict[int, str]) -> None:
    names = unique_paths({f"{photo_id} 0": title for photo_id, title in titles.items()})
    assert len({name.casefold() for name in names.values()}) == len(titles)


def test_the_owner_is_that_of_the_photo() -> None:
    assert NameTemplate("{owner}/{id}").path(photo(), user="favorites of anna", owner="ben") == "ben/123"
    assert NameTemplate("{owner}/{id}").path(photo(), user="anna") == "anna/123"
