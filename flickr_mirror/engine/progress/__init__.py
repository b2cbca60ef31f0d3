"""The progress of a run: what is done and left, the speed, and the time that is left. It depends on events only."""
