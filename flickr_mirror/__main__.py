"""`python -m flickr_mirror` is the command `mirror_flickr`."""

from flickr_mirror.cli import main

if __name__ == "__main__":
    main()
