"""A client of servers without TLS."""

from __future__ import annotations

import ssl

NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For `verify` of an httpx client: by default, each client reads the system's certificates, which takes 20 ms."""
