"""The SQLite index of a mirror: its photos, the work that is left, and the upload times that are listed.

No module here uses the network or other files. May import: `models` and the modules at the top.
"""
