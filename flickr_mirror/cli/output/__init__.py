"""What the command prints: live view, log, summary line, JSON.

May import: `models`, `storage`, `errors`; `run_view` also imports `cli.notifications`.
"""
