"""Options: their flags, values, settings files and help.

May import: `models`, `errors` and `cli.completion`. Typer is used here and in the `*_app` modules only.
"""
