"""Draws the photos of the demo, which are stored in the package: `python -m tests.support.artwork`."""
