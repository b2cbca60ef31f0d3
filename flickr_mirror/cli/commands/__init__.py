"""One module per subcommand: what it does once its options are parsed.

Loaded only when the subcommand runs. May import: `engine`, `cli.keys`, `cli.output` and `cli.runner`.
"""
