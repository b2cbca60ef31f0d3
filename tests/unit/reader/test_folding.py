"""Texts as the search index stores and compares them."""

import unicodedata

import pytest

from flickr_mirror.reader.folding import fold, is_plain, normalize


@pytest.mark.parametrize(
    ("word", "folded"),
    [
        ("Đường", "duong"),
        ("Nẵng", "nang"),
        ("Ångström", "angstrom"),
        ("Straße", "strasse"),
        ("Łódź", "lodz"),
        ("Œuvre", "oeuvre"),
        ("1908", "1908"),
        ("ハロン", "ハロン"),
    ],
)
def test_a_word_is_folded_to_letters_without_marks(word: str, folded: str) -> None:
    assert fold(word) == folded
    assert fold(unicodedata.normalize("NFD", word)) == folded


def test_only_a_word_without_marks_is_plain() -> None:
    assert is_plain("Duong")
    assert not is_plain("đuong")
    assert not is_plain(unicodedata.normalize("NFD", "hạ"))


def test_each_cjk_character_becomes_a_word() -> None:
    assert normalize("順化 1908").split() == ["順", "化", "1908"]
    assert normalize("서울 역").split() == ["서울", "역"]  # Korean has spaces


def test_texts_in_other_normal_forms_are_equal() -> None:
    assert normalize(unicodedata.normalize("NFD", "Huế")) == normalize("Huế")


def test_control_characters_separate_words() -> None:
    assert normalize("a\x00b\x1fc").split() == ["a", "b", "c"]
