"""The command `mirror_flickr`: options, subcommands, API keys and output. `main` is the entry point.

May import every other folder, but `simulator` only for the demo. No other folder imports `cli`.
"""
