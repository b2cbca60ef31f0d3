"""The plain pages of the server, used when there is no gallery."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flickr_mirror.web.photo_index import PhotoIndex

_HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
    "<title>{title}</title></head><body>"
)
NO_GALLERY = "Run `mirror_flickr gallery` to see pages with thumbnails, albums, timeline and map here."
NEWEST = 100
"""How many photos the front page links."""
LONGEST = 100
"""The most characters of a title on the front page."""


def front_page(indexes: Sequence[PhotoIndex], url: str, galleries: Sequence[str]) -> str:
    """Return the page that names the mirrors, links galleries and newest photos, and states how to use the API.

    `galleries` has the address of the gallery of each mirror, empty if there is none.
    """
    from flickr_mirror.web.answers import image_path

    parts = [_HEAD.format(title="Mirrored photos"), "<h1>Mirrored photos</h1>"]
    for index, gallery in zip(indexes, galleries, strict=True):
        ids = index.ids()
        parts.append(
            f"<h2>{escape(index.reader.username)}</h2><p>{len(ids):,} photo{'' if len(ids) == 1 else 's'}</p>"
        )
        link = f'<a href="{escape(gallery)}">Open the gallery</a>' if gallery else escape(NO_GALLERY)
        parts.append(f"<p>{link}</p>")
        parts.append("<ul>")
        for photo in index.photos(ids[:NEWEST]):
            link = escape(image_path(photo, "video" if photo.file("video") else "image"))
            title = photo.title.strip() or photo.id
            shown = title if len(title) <= LONGEST else f"{title[:LONGEST]}…"
            parts.append(f'<li><a href="{link}" dir="auto">{escape(shown)}</a></li>')
        parts.append("</ul>")
    # gallery-dl reads the key of the site from a page, and calls the API with it
    parts.append('<!-- root.YUI_config.flickr.api.site_key = "mirror"; -->')
    parts.append(f"<p>Flickr's API: <code>{escape(url)}/services/rest/</code></p></body></html>")
    return "".join(parts)


def not_found_page() -> str:
    """Return the page for an address that does not exist."""
    return (
        _HEAD.format(title="Not found") + '<h1>Not found</h1><p><a href="/">All photos</a></p></body></html>'
    )
