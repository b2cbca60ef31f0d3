"""Values and pure rules: photos, sizes, texts, options, events, reports, intervals of upload time.

No module here opens a file, a connection or a clock. May import: only `errors` and the modules beside it. Every
other folder may import it.
"""
