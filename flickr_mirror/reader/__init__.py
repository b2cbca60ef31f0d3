"""Reads a mirror without changing it: its photos, texts and files, and the index that searches them.

Search, statistics, gallery, server and export are built on it. May import: `models`, `storage`, `catalogue` and the
modules at the top; never the network.
"""
