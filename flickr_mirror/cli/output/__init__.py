"""The output: live view, log, summary line, JSON.

May import: `models`, `storage`, `errors`, `text`.
"""
