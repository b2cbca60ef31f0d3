"""Files: the folder of a mirror, durable writes, locks, sidecar files, and the check of image and film files.

No module here uses the network or the catalogue. May import: `models` and the modules at the top.
"""
