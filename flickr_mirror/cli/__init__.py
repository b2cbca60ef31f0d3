"""The command `mirror_flickr`: its options, its subcommands, and everything that it prints.

May import every other folder; `simulator` only for the demo. No other folder imports `cli`.
"""
