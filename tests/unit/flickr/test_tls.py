"""Tests of `flickr_mirror.flickr.tls`: an invalid variable is named, with the reason."""

from __future__ import annotations

import errno
import os
import ssl
from typing import TYPE_CHECKING

import pytest

from flickr_mirror.errors import SettingsError
from flickr_mirror.flickr.tls import KEY_LOG, key_log_failure, tls_context
from tests.support.unusable_paths import folder, loop, missing, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FILE, FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"


@pytest.fixture(autouse=True)
def no_context(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make a new context in each test, from the variables that it sets."""
    for name in (FILE, FOLDER, KEY_LOG):
        monkeypatch.delenv(name, raising=False)
    tls_context.cache_clear()
    yield
    tls_context.cache_clear()


UNUSABLE: list[tuple[str, Callable[[Path], str], str]] = [
    (FILE, missing, "No such file or directory"),
    (FILE, folder, "Is a directory"),
    (FILE, loop, "Too many levels of symbolic links"),
    (FILE, text, "it holds no certificates in PEM form"),
    (FOLDER, missing, "No such file or directory"),
    (FOLDER, text, "Not a directory"),
    (FOLDER, loop, "Too many levels of symbolic links"),
    (FOLDER, folder, "it holds no certificates named by hashes (`openssl rehash` names them)"),
    (KEY_LOG, missing, "No such file or directory"),
    (KEY_LOG, folder, "Is a directory"),
    (KEY_LOG, loop, "Too many levels of symbolic links"),
]


@pytest.mark.parametrize(("variable", "make", "reason"), UNUSABLE)
def test_an_invalid_variable_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, make: Callable[[Path], str], reason: str
) -> None:
    path = make(tmp_path)
    monkeypatch.setenv(variable, path)
    with pytest.raises(SettingsError) as caught:
        tls_context()
    assert str(caught.value) == f"{variable} is {path}: {reason}. Correct the variable, or unset it."


def test_a_folder_is_not_read_if_there_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSSL gives the file precedence, too."""
    monkeypatch.setenv(FILE, ssl.get_default_verify_paths().cafile or text(tmp_path))
    monkeypatch.setenv(FOLDER, missing(tmp_path))
    try:
        tls_context()
    except SettingsError as error:
        assert FILE in str(error)  # noqa: PT017 - a machine without certificates


def test_one_folder_of_several_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "0a1b2c3d.0").touch()
    monkeypatch.setenv(FOLDER, os.pathsep.join([missing(tmp_path), str(tmp_path)]))
    assert tls_context().verify_mode is ssl.CERT_REQUIRED


def test_all_connections_share_the_context() -> None:
    assert tls_context() is tls_context()


def test_only_errors_of_the_key_log_are_translated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import opens the log; any other `OSError` is unrelated."""
    path = missing(tmp_path)
    error = OSError(errno.ENOENT, "No such file or directory", path)
    assert key_log_failure(error) is None
    monkeypatch.setenv(KEY_LOG, path)
    assert key_log_failure(OSError(errno.ENOENT, "No such file or directory", "other")) is None
    assert str(key_log_failure(error)).startswith(f"{KEY_LOG} is {path}: No such file or directory.")
