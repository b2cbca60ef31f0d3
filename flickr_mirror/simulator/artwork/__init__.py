"""The images of the demo, drawn in Python.

May import: `simulator.data`.
"""
