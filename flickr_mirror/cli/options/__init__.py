"""The options: flags, parsers of values, settings file, help and manual page.

May import: `models`, `errors` and `cli.completion`. Typer is used here and in the `*_app` modules only.
"""
