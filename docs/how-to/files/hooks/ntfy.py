#!/usr/bin/env python3
"""Tells a phone where a run did not end well: mirror_flickr --hook '/path/to/ntfy.py https://ntfy.sh/your-topic'."""

import json
import sys
import urllib.request

run = json.load(sys.stdin)
if run["exit"]:
    text = run["error"] or f"{run['failed']} photos failed, {run['new']} are new."
    title = f"mirror_flickr: exit code {run['exit']}"
    request = urllib.request.Request(sys.argv[1], text.encode(), {"Title": title})  # noqa: S310 - it is your own
    urllib.request.urlopen(request, timeout=30).close()  # noqa: S310
