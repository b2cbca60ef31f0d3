"""The command `mirror_flickr`, which is `python -m flickr_mirror` too."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; a Ctrl-C while it is being loaded is no reason for a traceback."""
    if sys.platform == "win32":
        sys.exit("mirror_flickr: Windows is not supported: run it on Linux or macOS, or in WSL.")
    try:
        from flickr_mirror.cli import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
