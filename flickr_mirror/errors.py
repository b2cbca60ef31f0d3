"""The errors that this package raises, as one tree.

    FlickrMirrorError
    ├── FlickrApiError            Flickr answered stat="fail"; str() is Flickr's own message
    │   ├── UserNotFoundError
    │   ├── InvalidKeyError
    │   ├── InvalidCallError      Flickr rejects the call as invalid
    │   ├── AlbumNotFoundError
    │   ├── PhotoNotFoundError    (also a PhotoError)
    │   └── PermissionDeniedError (also a PhotoError)
    ├── PhotoError                one photo failed; the run continues
    │   ├── BadImageError         the download is not one complete image
    │   │   ├── NotAnImageError   a web page, a text or nothing was received
    │   │   └── NotUnderstoodError  the format is not supported
    │   ├── ImageGoneError        the image server answers 401, 403, 404 or 410
    │   ├── NoSizeError           Flickr lists no file of this photo that can be mirrored
    │   └── PhotoForgottenError   the photo was erased on request, and is never mirrored again
    ├── PhotostreamError          this photostream cannot be mirrored as requested
    ├── TransportError            no usable answer after all retries
    │   ├── ThrottledError        "too many requests" for longer than the limit
    │   ├── CertificateError      the server's certificate is not valid
    │   ├── ClusterError          the scheduler or all workers of a cluster are lost
    │   └── ProxyLoginError       the proxy requires a login
    ├── CacheError                the folder of the mirror cannot be used
    │   ├── CacheFullError
    │   ├── CacheLockedError
    │   ├── CacheOwnerError       the folder belongs to another Flickr account
    │   ├── CatalogueError
    │   │   └── CatalogueDamagedError
    │   ├── StoreUnavailableError the object store of the mirror does not answer
    │   └── PlaceTakenError       something else is at the path of a file (also a PhotoError)
    ├── KeysError                 no usable API keys
    ├── LoginError                the login is missing, was refused, or does not permit enough
    ├── ExportError               the files given are not one export of one account
    ├── SettingsError             an environment variable, such as SSL_CERT_FILE, is invalid
    └── ResourcesError            the system allows no more threads or processes

Invalid arguments raise `ValueError`, which is not in this tree.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class FlickrMirrorError(Exception):
    """The base class of the errors of this package."""


class FlickrApiError(FlickrMirrorError):
    """Flickr refused a call; the text is Flickr's own message.

    `code` is Flickr's error code, whose meaning depends on the `method`.
    """

    def __init__(self, message: str, code: int = 0, method: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.method = method


class UserNotFoundError(FlickrApiError):
    """No Flickr account has this name, or it was deleted."""


class InvalidKeyError(FlickrApiError):
    """Flickr does not accept the API key."""


class InvalidCallError(FlickrApiError):
    """Flickr rejects the call as invalid: a bug of this program, or an endpoint other than Flickr's."""


class AlbumNotFoundError(FlickrApiError):
    """The album was deleted, is private or another account's, or never existed: Flickr does not distinguish these."""


class PhotoError(FlickrMirrorError):
    """One photo cannot be mirrored now; the run continues without it."""


class PhotoNotFoundError(FlickrApiError, PhotoError):
    """The photo was deleted, is private or never existed: Flickr does not distinguish these."""


class PermissionDeniedError(FlickrApiError, PhotoError):
    """The owner does not show this to the public."""


class BadImageError(PhotoError):
    """The downloaded file is not one complete image."""


class NotAnImageError(BadImageError):
    """A web page, a text or nothing was received instead of an image."""


class NotUnderstoodError(BadImageError):
    """The downloaded file has a format that is not supported, so it cannot be checked."""


class ImageGoneError(PhotoError):
    """The image server does not serve this URL (any more); `status` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class NoSizeError(PhotoError):
    """Flickr lists no file of this photo that can be mirrored."""


class PhotoForgottenError(PhotoError):
    """The photo was erased from the mirror on request, and is never mirrored again."""


class PhotostreamError(FlickrMirrorError):
    """This photostream cannot be mirrored as requested."""


class TransportError(FlickrMirrorError):
    """No usable answer was received after all retries.

    `status` is the HTTP status if it was not 200, else 0.
    """

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class ThrottledError(TransportError):
    """The server asks for a pause, of `retry_after` seconds if it stated a time.

    The run waits for pauses, and ends with this error only if they last longer than `Limits.max_wait`.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CertificateError(TransportError):
    """The server's certificate is not valid; a retry would not help."""


class ProxyLoginError(TransportError):
    """The proxy of the environment requires a login, or refuses the one it was sent."""


class ClusterError(TransportError):
    """The scheduler of a cluster does not answer, or there are no workers (any more) that can be used."""


class CacheError(FlickrMirrorError):
    """The folder of a mirror cannot be used; `path` is the file or folder that failed."""

    def __init__(self, message: str, path: Path | None = None) -> None:
        super().__init__(message)
        self.path = path


class CacheFullError(CacheError):
    """The disk, the quota or the number of files is exhausted."""


class CacheLockedError(CacheError):
    """Another process is using this mirror."""


class CacheOwnerError(CacheError):
    """The folder holds the photostream of another Flickr account."""


class CatalogueError(CacheError):
    """The mirror's catalogue cannot be used, or was written by a newer version."""


class CatalogueDamagedError(CatalogueError):
    """The mirror's catalogue is damaged; it can be rebuilt from the files of the mirror."""


class StoreUnavailableError(CacheError):
    """The object store of the mirror does not answer, or is busy for longer than a run waits."""


class PlaceTakenError(CacheError, PhotoError):
    """Something else is at the path of a file: a folder, a link to elsewhere, another photo."""


class KeysError(FlickrMirrorError):
    """There are no usable API keys."""


class LoginError(FlickrMirrorError):
    """The login is missing, was refused or does not permit enough.

    `problem` is Flickr's name for it (`oauth_problem`), such as `token_rejected`, or empty.
    """

    def __init__(self, message: str, problem: str = "") -> None:
        super().__init__(message)
        self.problem = problem


class ExportError(FlickrMirrorError):
    """The files given are not a usable export of one Flickr account."""


class SettingsError(FlickrMirrorError):
    """An environment variable, such as `SSL_CERT_FILE`, is invalid."""


class ServerError(FlickrMirrorError):
    """A server cannot listen at its address."""


class ResourcesError(FlickrMirrorError):
    """The system allows no more threads or processes."""


@contextmanager
def one_error() -> Iterator[None]:
    """Raise one error in place of an exception group: the first of this package, else the first.

    Raises `ResourcesError` in place of the error that no thread could be started.
    """
    with needing_threads(), _one_of_group():
        yield


@contextmanager
def needing_threads() -> Iterator[None]:
    """Raise `ResourcesError` in place of the `RuntimeError` that no thread could be started."""
    try:
        yield
    except RuntimeError as error:
        if "can't start new thread" not in str(error):
            raise
        raise ResourcesError(
            "The system allows no more threads or processes. Raise the limit: `ulimit -u`, for a container "
            "`--pids-limit`, for a service `TasksMax=`. Then run the same command again: it continues where it stopped."
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
        if isinstance(group, ExceptionGroup):  # workers of one kind fail for the same reason
            raise leaves[0] from group
        raise


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
