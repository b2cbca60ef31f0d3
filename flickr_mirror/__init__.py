"""Mirror a Flickr photostream to disk: every photo, its information and its comments."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from flickr_mirror.version import __version__

if TYPE_CHECKING:
    from flickr_mirror.blocking import FlickrApi, FlickrUserPhotostreamMirroringAgent
    from flickr_mirror.engine.check import CheckReport, check_mirror
    from flickr_mirror.engine.forget import (
        ForgetReport,
        ForgottenPhoto,
        forget_photos,
        forgotten_photos,
        undo_forget,
    )
    from flickr_mirror.engine.import_export import ImportReport, import_export
    from flickr_mirror.engine.list_mirror import ListMirror
    from flickr_mirror.engine.mirror import PhotostreamMirror
    from flickr_mirror.engine.progress.run_progress import RunProgress
    from flickr_mirror.errors import (
        AlbumNotFoundError,
        BadImageError,
        CacheError,
        CacheFullError,
        CacheLockedError,
        CacheOwnerError,
        CatalogueDamagedError,
        CatalogueError,
        CertificateError,
        ClusterError,
        ExportError,
        FlickrApiError,
        FlickrMirrorError,
        ImageGoneError,
        InvalidCallError,
        InvalidKeyError,
        KeysError,
        LoginError,
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
        ServerError,
        SettingsError,
        StoreUnavailableError,
        ThrottledError,
        TransportError,
        UserNotFoundError,
    )
    from flickr_mirror.flickr.api import AsyncFlickrApi
    from flickr_mirror.flickr.oauth import OAuthHandshake
    from flickr_mirror.flickr.rate_limiter import ApiBudget
    from flickr_mirror.models.access_token import AccessToken
    from flickr_mirror.models.events import Event, Observer
    from flickr_mirror.models.includes import Include
    from flickr_mirror.models.languages import Label, Locale
    from flickr_mirror.models.licenses import License
    from flickr_mirror.models.options import CachingStrategy, Limits, MirrorOptions
    from flickr_mirror.models.photos import FlickrComment, FlickrPhoto, PhotoPage
    from flickr_mirror.models.reports import FailedPhoto, MirrorReport
    from flickr_mirror.models.sizes import FlickrPhotoSize
    from flickr_mirror.models.tombstones import Tombstone
    from flickr_mirror.models.users import FlickrProfile, FlickrUser
    from flickr_mirror.reader.filters import PhotoFilter
    from flickr_mirror.reader.mirror_reader import (
        ArchivedAlbum,
        ArchivedFile,
        ArchivedPhoto,
        MirrorReader,
        open_mirror,
    )
    from flickr_mirror.reader.search_index import SearchIndex

__all__ = [
    "AccessToken",
    "AlbumNotFoundError",
    "ApiBudget",
    "ArchivedAlbum",
    "ArchivedFile",
    "ArchivedPhoto",
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
    "ClusterError",
    "Event",
    "ExportError",
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
    "ImportReport",
    "Include",
    "InvalidCallError",
    "InvalidKeyError",
    "KeysError",
    "Label",
    "License",
    "Limits",
    "ListMirror",
    "Locale",
    "LoginError",
    "MirrorOptions",
    "MirrorReader",
    "MirrorReport",
    "NoSizeError",
    "NotAnImageError",
    "NotUnderstoodError",
    "OAuthHandshake",
    "Observer",
    "PermissionDeniedError",
    "PhotoError",
    "PhotoFilter",
    "PhotoForgottenError",
    "PhotoNotFoundError",
    "PhotoPage",
    "PhotostreamError",
    "PhotostreamMirror",
    "PlaceTakenError",
    "ProxyLoginError",
    "ResourcesError",
    "RunProgress",
    "SearchIndex",
    "ServerError",
    "SettingsError",
    "StoreUnavailableError",
    "ThrottledError",
    "Tombstone",
    "TransportError",
    "UserNotFoundError",
    "__version__",
    "check_mirror",
    "forget_photos",
    "forgotten_photos",
    "import_export",
    "open_mirror",
    "undo_forget",
]

_SOURCES = {
    "blocking": (
        "FlickrApi",
        "FlickrUserPhotostreamMirroringAgent",
    ),
    "engine.check": (
        "CheckReport",
        "check_mirror",
    ),
    "engine.forget": (
        "ForgetReport",
        "ForgottenPhoto",
        "forget_photos",
        "forgotten_photos",
        "undo_forget",
    ),
    "engine.import_export": (
        "ImportReport",
        "import_export",
    ),
    "engine.list_mirror": ("ListMirror",),
    "engine.mirror": ("PhotostreamMirror",),
    "engine.progress.run_progress": ("RunProgress",),
    "errors": (
        "AlbumNotFoundError",
        "BadImageError",
        "CacheError",
        "CacheFullError",
        "CacheLockedError",
        "CacheOwnerError",
        "CatalogueDamagedError",
        "CatalogueError",
        "CertificateError",
        "ClusterError",
        "ExportError",
        "FlickrApiError",
        "FlickrMirrorError",
        "ImageGoneError",
        "InvalidCallError",
        "InvalidKeyError",
        "KeysError",
        "LoginError",
        "NoSizeError",
        "NotAnImageError",
        "NotUnderstoodError",
        "PermissionDeniedError",
        "PhotoError",
        "PhotoForgottenError",
        "PhotoNotFoundError",
        "PhotostreamError",
        "PlaceTakenError",
        "ProxyLoginError",
        "ResourcesError",
        "ServerError",
        "SettingsError",
        "StoreUnavailableError",
        "StoreUnavailableError",
        "ThrottledError",
        "TransportError",
        "UserNotFoundError",
    ),
    "flickr.api": ("AsyncFlickrApi",),
    "flickr.oauth": ("OAuthHandshake",),
    "flickr.rate_limiter": ("ApiBudget",),
    "models.access_token": ("AccessToken",),
    "models.events": (
        "Event",
        "Observer",
    ),
    "models.includes": ("Include",),
    "models.languages": (
        "Label",
        "Locale",
    ),
    "models.licenses": ("License",),
    "models.options": (
        "CachingStrategy",
        "Limits",
        "MirrorOptions",
    ),
    "models.photos": (
        "FlickrComment",
        "FlickrPhoto",
        "PhotoPage",
    ),
    "models.reports": (
        "FailedPhoto",
        "MirrorReport",
    ),
    "models.sizes": ("FlickrPhotoSize",),
    "models.tombstones": ("Tombstone",),
    "models.users": (
        "FlickrProfile",
        "FlickrUser",
    ),
    "reader.filters": ("PhotoFilter",),
    "reader.mirror_reader": (
        "ArchivedAlbum",
        "ArchivedFile",
        "ArchivedPhoto",
        "MirrorReader",
        "open_mirror",
    ),
    "reader.search_index": ("SearchIndex",),
}
"""The public names by the module that defines them."""

_MODULE_OF = {name: module for module, names in _SOURCES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used.

    So the command handles a Ctrl-C from its start, and the process that detects languages does not load the
    network libraries.
    """
    if module := _MODULE_OF.get(name):
        return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
