"""Mirror a Flickr photostream to disk: every photo, its information and its comments."""

from flickr_mirror.api import AsyncFlickrApi
from flickr_mirror.blocking import FlickrApi, FlickrUserPhotostreamMirroringAgent
from flickr_mirror.errors import (
    BadImageError,
    CacheError,
    CacheFullError,
    CacheLockedError,
    CacheOwnerError,
    CatalogueError,
    CertificateError,
    FlickrApiError,
    FlickrMirrorError,
    ImageGoneError,
    InvalidCallError,
    InvalidKeyError,
    KeysError,
    NoSizeError,
    PermissionDeniedError,
    PhotoError,
    PhotoNotFoundError,
    PhotostreamError,
    ThrottledError,
    TransportError,
    UserNotFoundError,
)
from flickr_mirror.languages import Label, Locale
from flickr_mirror.limiter import ApiBudget
from flickr_mirror.mirror import PhotostreamMirror
from flickr_mirror.models import (
    FlickrComment,
    FlickrPhoto,
    FlickrPhotoSize,
    FlickrProfile,
    FlickrUser,
    PhotoPage,
)
from flickr_mirror.options import CachingStrategy, Limits, MirrorOptions
from flickr_mirror.progress import Event, FailedPhoto, MirrorReport, Observer
from flickr_mirror.version import __version__

__all__ = [
    "ApiBudget",
    "AsyncFlickrApi",
    "BadImageError",
    "CacheError",
    "CacheFullError",
    "CacheLockedError",
    "CacheOwnerError",
    "CachingStrategy",
    "CatalogueError",
    "CertificateError",
    "Event",
    "FailedPhoto",
    "FlickrApi",
    "FlickrApiError",
    "FlickrComment",
    "FlickrMirrorError",
    "FlickrPhoto",
    "FlickrPhotoSize",
    "FlickrProfile",
    "FlickrUser",
    "FlickrUserPhotostreamMirroringAgent",
    "ImageGoneError",
    "InvalidCallError",
    "InvalidKeyError",
    "KeysError",
    "Label",
    "Limits",
    "Locale",
    "MirrorOptions",
    "MirrorReport",
    "NoSizeError",
    "Observer",
    "PermissionDeniedError",
    "PhotoError",
    "PhotoNotFoundError",
    "PhotoPage",
    "PhotostreamError",
    "PhotostreamMirror",
    "ThrottledError",
    "TransportError",
    "UserNotFoundError",
    "__version__",
]
