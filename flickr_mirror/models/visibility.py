"""Who may see a photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flickr_mirror.models.photos import FlickrPhoto


def is_public(photo: FlickrPhoto) -> bool:
    """Return whether everybody may see a photo, as far as is known."""
    return photo.facts.privacy in (None, "public")


def is_for_visitors(photo: FlickrPhoto) -> bool:
    """Return whether Flickr lists a photo to visitors without a login: it is public and safe, as far as is known."""
    return is_public(photo) and not photo.facts.safety_level
