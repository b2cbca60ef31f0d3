"""The network: Flickr's API, HTTP with retries and rate limits, downloads, the walk over a photostream.

No module here opens a file of a mirror. May import: `models` and the modules at the top (`errors`, `version`, ...).
"""
