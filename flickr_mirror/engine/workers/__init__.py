"""The work of one photo: page producer, size resolver, image downloader and information fetcher.

The pipeline above starts these in pools. May import: what `engine` may import, but not `engine.pipeline`.
"""
