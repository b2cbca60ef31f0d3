"""The photos of a simulated photostream: ids, dates, sizes, texts.

May import: `models`.
"""
