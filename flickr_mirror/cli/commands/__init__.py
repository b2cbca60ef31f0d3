"""One module per subcommand, which does the work after the options are parsed.

Imported only when the subcommand runs. May import: `engine`, `cli.keys`, `cli.output` and `cli.runner`.
"""
