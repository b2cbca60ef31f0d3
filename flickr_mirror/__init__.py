"""Mirror a Flickr photostream to disk: every photo, its information and its comments."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from flickr_mirror.version import __version__

if TYPE_CHECKING:
    from flickr_mirror.api import AsyncFlickrApi
    from flickr_mirror.audit import CheckReport, check_mirror
    from flickr_mirror.blocking import FlickrApi, FlickrUserPhotostreamMirroringAgent
    from flickr_mirror.errors import (
        BadImageError,
        CacheError,
        CacheFullError,
        CacheLockedError,
        CacheOwnerError,
        CatalogueDamagedError,
        CatalogueError,
        CertificateError,
        FlickrApiError,
        FlickrMirrorError,
        ImageGoneError,
        InvalidCallError,
        InvalidKeyError,
        KeysError,
        NoSizeError,
        NotAnImageError,
        NotUnderstoodError,
        PermissionDeniedError,
        PhotoError,
        PhotoForgottenError,
        PhotoNotFoundError,
        PhotostreamError,
        PlaceTakenError,
        ProxyLoginError,
        ResourcesError,
        SettingsError,
        ThrottledError,
        TransportError,
        UserNotFoundError,
    )
    from flickr_mirror.forgetting import (
        ForgetReport,
        ForgottenPhoto,
        forget_photos,
        forgotten_photos,
        undo_forget,
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
    from flickr_mirror.tombstones import Tombstone

__all__ = [
    "ApiBudget",
    "AsyncFlickrApi",
    "BadImageError",
    "CacheError",
    "CacheFullError",
    "CacheLockedError",
    "CacheOwnerError",
    "CachingStrategy",
    "CatalogueDamagedError",
    "CatalogueError",
    "CertificateError",
    "CheckReport",
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
    "ForgetReport",
    "ForgottenPhoto",
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
    "NotAnImageError",
    "NotUnderstoodError",
    "Observer",
    "PermissionDeniedError",
    "PhotoError",
    "PhotoForgottenError",
    "PhotoNotFoundError",
    "PhotoPage",
    "PhotostreamError",
    "PhotostreamMirror",
    "PlaceTakenError",
    "ProxyLoginError",
    "ResourcesError",
    "SettingsError",
    "ThrottledError",
    "Tombstone",
    "TransportError",
    "UserNotFoundError",
    "__version__",
    "check_mirror",
    "forget_photos",
    "forgotten_photos",
    "undo_forget",
]

_ROOMS = (
    "errors",
    "options",
    "languages",
    "limiter",
    "models",
    "progress",
    "tombstones",
    "api",
    "audit",
    "forgetting",
    "mirror",
    "blocking",
)
"""Where these names are from, the light rooms first."""


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for.

    The command can then say what it has to say to a Ctrl-C from its first moment on, and the process that
    detects languages starts without the libraries of the network.
    """
    if name in __all__:
        for room in _ROOMS:
            found: object = getattr(import_module(f"flickr_mirror.{room}"), name, None)
            if found is not None:
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
