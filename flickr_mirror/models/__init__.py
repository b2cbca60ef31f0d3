"""Values and pure rules: photos and their metadata, sizes, options, events, reports, intervals of upload time.

No module in this folder opens a file or a connection. It may import only `errors`; every other folder may import it.
"""
