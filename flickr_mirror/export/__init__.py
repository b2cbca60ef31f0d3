"""Writes copies of a mirror that need no program: folders with readable names, BagIt bags, and XMP sidecar files.

It reads a mirror through `reader` and never changes it. May import: `reader`, `storage`, `models` and the modules at
the top.
"""
