#!/usr/bin/env python3
"""Send a message to a phone if a run failed: mirror_flickr --hook '/path/to/ntfy.py https://ntfy.sh/your-topic'."""

import json
import sys
import urllib.request

run = json.load(sys.stdin)
if run["exit"]:
    text = run["error"] or f"{run['failed']} photos failed, {run['new']} are new."
    title = f"mirror_flickr: exit code {run['exit']}"
    request = urllib.request.Request(sys.argv[1], text.encode(), {"Title": title})  # noqa: S310 - your own address
    urllib.request.urlopen(request, timeout=30).close()  # noqa: S310
