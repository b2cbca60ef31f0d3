"""The budget of API calls that all runs with a key share."""

from __future__ import annotations

import hashlib
import logging
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flickr_mirror.errors import CacheError
from flickr_mirror.flickr.rate_limiter import ApiBudget
from flickr_mirror.models.options import DEFAULT_CACHE_PATH, FLICKR_API_URL
from flickr_mirror.storage import filesystem
from flickr_mirror.storage.call_ledger import CallLedgerFile

if TYPE_CHECKING:
    from flickr_mirror.models.options import Limits

logger = logging.getLogger("flickr_mirror")


def shared_budget(consumer_key: str, limits: Limits, api_url: str = FLICKR_API_URL) -> ApiBudget:
    """Return the budget of calls that all processes of this user share for a key.

    It is stored in a file below `~/.flickr`, named by a hash of the key. If that folder cannot be written to, the
    budget is for this process only.
    """
    open_budget = partial(ApiBudget, limits.calls_per_hour, limits.calls_per_second, timing=limits.timing)
    name = hashlib.sha256(f"{consumer_key} {_endpoint(api_url)}".encode()).hexdigest()[:16]
    try:
        folder = filesystem.home(DEFAULT_CACHE_PATH) / "api_calls"
        filesystem.check_writable(folder)
        filesystem.keep_private(folder)
        file = CallLedgerFile(folder / name)
    except CacheError as error:
        logger.warning("Other runs with this key cannot count the calls of this run: %s", error)
        return open_budget()
    return open_budget(ledger=file, utc=file.now)


def _endpoint(api_url: str) -> str:
    """Return the same address for all addresses of a server, whose calls are counted together.

    >>> _endpoint("http://user:password@API.flickr.com.:80")
    'https://api.flickr.com/services/rest/'
    """
    try:
        parts = urlsplit(api_url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:  # refused where it is used
        return api_url
    is_default = port in (None, 80 if parts.scheme == "http" else 443)
    return f"https://{host}{'' if is_default else f':{port}'}/services/rest/"
