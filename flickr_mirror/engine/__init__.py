"""The operations on a mirror: run, watch, estimate, check, rebuild, prune, forget, import.

The engine joins `flickr`, `storage` and `catalogue`. It does not print, and does not read the command line. May
import: those three folders, `models` and the modules at the top.
"""
