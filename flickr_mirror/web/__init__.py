"""Shows a mirror to browsers and to clients of Flickr's API.

It reads a mirror through `reader` and never changes it. May import: `reader`, `storage`, `models` and the modules at
the top; aiohttp stays in `web.server`.
"""
