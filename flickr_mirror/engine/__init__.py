"""Runs: mirror, watch, check, rebuild, prune, forget. The engine joins `flickr`, `storage` and `catalogue`.

No module here prints or reads the command line. May import: those three folders, `models` and the modules at the top.
"""
