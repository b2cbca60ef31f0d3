"""Everything that can go wrong, as one tree.

    FlickrMirrorError
    ├── FlickrApiError            Flickr answered stat="fail"; str() is Flickr's own message
    │   ├── UserNotFoundError
    │   ├── InvalidKeyError
    │   ├── InvalidCallError      Flickr does not understand the call
    │   ├── PhotoNotFoundError    (also a PhotoError)
    │   └── PermissionDeniedError (also a PhotoError)
    ├── PhotoError                this photo only; the run goes on
    │   ├── BadImageError         what came is not one whole image
    │   │   ├── NotAnImageError   a page, a text or nothing came
    │   │   └── NotUnderstoodError  what came is of a format that is not known
    │   ├── ImageGoneError        the image server answers 401, 403, 404 or 410
    │   ├── NoSizeError           Flickr lists no file of this photo that could be kept
    │   └── PhotoForgottenError   the photo was erased on request, and is not to be mirrored
    ├── PhotostreamError          this user's photostream cannot be mirrored as it was asked for
    ├── TransportError            no usable answer after all retries
    │   ├── ThrottledError        "too many requests", for longer than is waited for
    │   ├── CertificateError      the server does not prove that it is who it should be
    │   └── ProxyLoginError       the proxy asks for a login
    ├── CacheError                the mirror's folder cannot be used
    │   ├── CacheFullError
    │   ├── CacheLockedError
    │   ├── CacheOwnerError       the folder belongs to another Flickr account
    │   ├── CatalogueError
    │   │   └── CatalogueDamagedError
    │   └── PlaceTakenError       something else is in the place of a file (also a PhotoError)
    ├── KeysError                 no usable API keys
    ├── SettingsError             an environment variable that others read too cannot be used
    └── ResourcesError            the system allows no more threads or processes

Wrong arguments are `ValueError` where they are given, outside of this tree.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class FlickrMirrorError(Exception):
    """The root of all errors that this package raises on purpose."""


class FlickrApiError(FlickrMirrorError):
    """Flickr refused a call; the text is Flickr's own message.

    `code` is Flickr's number, which means something else for each `method`.
    """

    def __init__(self, message: str, code: int = 0, method: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.method = method


class UserNotFoundError(FlickrApiError):
    """No Flickr account goes by this name, or the account was deleted."""


class InvalidKeyError(FlickrApiError):
    """Flickr does not accept the API key."""


class InvalidCallError(FlickrApiError):
    """Flickr does not understand the call: the mistake is this program's, or that of another endpoint."""


class PhotoError(FlickrMirrorError):
    """One photo cannot be mirrored now; the run goes on without it."""


class PhotoNotFoundError(FlickrApiError, PhotoError):
    """The photo was deleted, is private or never existed: Flickr does not tell which."""


class PermissionDeniedError(FlickrApiError, PhotoError):
    """The owner does not let strangers see this."""


class BadImageError(PhotoError):
    """What was received is not one whole image."""


class NotAnImageError(BadImageError):
    """A page, a text or nothing was received in place of an image."""


class NotUnderstoodError(BadImageError):
    """What was received is of a format that is not known, so that nothing tells whether it is whole."""


class ImageGoneError(PhotoError):
    """The image server does not serve this address (any more); `status` is the one of HTTP."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class NoSizeError(PhotoError):
    """Flickr lists no file of this photo that could be kept."""


class PhotoForgottenError(PhotoError):
    """The photo was erased from its mirror on request, and is not to be mirrored again."""


class PhotostreamError(FlickrMirrorError):
    """This user's photostream cannot be mirrored as it was asked for."""


class TransportError(FlickrMirrorError):
    """No usable answer came, though it was asked for several times.

    `status` is that of HTTP where a server answered with another one than 200, else 0.
    """

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class ThrottledError(TransportError):
    """The server asks for a pause; `retry_after` is in seconds where it said how long.

    Pauses are waited for, so it ends a run only where they last longer than `Limits.max_wait`.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CertificateError(TransportError):
    """The server's certificate does not prove that it is who it should be; trying again is of no use."""


class ProxyLoginError(TransportError):
    """The proxy of the environment asks for a login, or refuses the one that it was given."""


class CacheError(FlickrMirrorError):
    """The folder of a mirror cannot be used; `path` is the place that failed."""

    def __init__(self, message: str, path: Path | None = None) -> None:
        super().__init__(message)
        self.path = path


class CacheFullError(CacheError):
    """The disk, the quota or the number of files is used up."""


class CacheLockedError(CacheError):
    """Another process works on this mirror."""


class CacheOwnerError(CacheError):
    """The folder holds the photostream of another Flickr account."""


class CatalogueError(CacheError):
    """The mirror's catalogue cannot be used, or was written by a newer version."""


class CatalogueDamagedError(CatalogueError):
    """The mirror's catalogue is not what was written; it can be rebuilt from the files of the mirror."""


class PlaceTakenError(CacheError, PhotoError):
    """Something else is in the place of a file: a folder, a link to elsewhere, another photo."""


class KeysError(FlickrMirrorError):
    """There are no usable API keys."""


class SettingsError(FlickrMirrorError):
    """An environment variable, such as `SSL_CERT_FILE`, names what cannot be used."""


class ResourcesError(FlickrMirrorError):
    """The system allows no more threads or processes."""


@contextmanager
def one_error() -> Iterator[None]:
    """Let one error out of the group that a task group makes of them: the first of this package, or else the first.

    Raises `ResourcesError` in place of the error that means that no thread could be started.
    """
    with needing_threads(), _one_of_group():
        yield


@contextmanager
def needing_threads() -> Iterator[None]:
    """Raise `ResourcesError` in place of the `RuntimeError` that means that no thread could be started."""
    try:
        yield
    except RuntimeError as error:
        if "can't start new thread" not in str(error):
            raise
        raise ResourcesError(
            "The system allows no more threads or processes. Allow more of them: `ulimit -u`, for a container "
            "`--pids-limit`, for a service `TasksMax=`. Then run the same command again: it goes on where it stopped."
        ) from error


@contextmanager
def _one_of_group() -> Iterator[None]:
    try:
        yield
    except BaseExceptionGroup as group:
        leaves = list(_leaves(group))
        own = [error for error in leaves if isinstance(error, FlickrMirrorError)]
        if len(leaves) == 1:
            raise leaves[0] from leaves[0].__cause__
        if own:
            raise own[0] from group
        if isinstance(group, ExceptionGroup):  # workers of one kind stumble over the same thing
            raise leaves[0] from group
        raise


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
