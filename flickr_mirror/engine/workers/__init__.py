"""The workers of a run: page producer, size resolver, image downloader and info fetcher.

`engine.pipeline` starts them in pools. May import: what `engine` may import, but none of the modules that start them.
"""
