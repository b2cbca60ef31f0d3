"""The TLS settings of the environment: trusted certificates and the log of TLS keys."""

from __future__ import annotations

import os
import re
import ssl
from functools import lru_cache
from pathlib import Path

from flickr_mirror.errors import SettingsError

KEY_LOG = "SSLKEYLOGFILE"
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")
"""The file names of certificates in a folder, as OpenSSL requires them."""


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """Return the TLS settings that all connections share: reading the certificates takes 20 ms.

    Raises `SettingsError` if the environment names certificates, or a log of TLS keys, that cannot be used.
    """
    import httpx

    _check_variables()
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # including `ssl.SSLError`
        variable = next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)), "")
        if not variable:
            raise
        raise _unusable(variable, os.environ[variable], "it holds no certificates in PEM form") from error


def _check_variables() -> None:
    """Raise `SettingsError` for what OpenSSL would ignore, or report without naming the file."""
    variable = ""
    try:
        variable, path = KEY_LOG, os.environ.get(KEY_LOG)
        if path:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).keylog_filename = path
        variable, path = "SSL_CERT_FILE", os.environ.get("SSL_CERT_FILE")
        if path:
            with Path(path).open("rb") as file:
                file.read(1)
            return  # it has precedence over the folder
        variable, path = "SSL_CERT_DIR", os.environ.get("SSL_CERT_DIR")
        if path and not any(map(_holds_certificates, path.split(os.pathsep))):
            for folder in path.split(os.pathsep):
                os.scandir(folder).close()
            reason = "it holds no certificates named by hashes (`openssl rehash` names them)"
            raise _unusable(variable, path, reason)
    except OSError as error:
        raise _unusable(variable, path or "", error.strerror or str(error)) from error


def _holds_certificates(folder: str) -> bool:
    try:
        return any(_HASHED.fullmatch(path.name) for path in Path(folder).iterdir())
    except OSError:
        return False


def _unusable(variable: str, path: str, reason: str) -> SettingsError:
    return SettingsError(f"{variable} is {path}: {reason}. Correct the variable, or unset it.")


def key_log_failure(error: OSError) -> SettingsError | None:
    """Return the error for a log of TLS keys that cannot be opened; `None` if `error` is about something else.

    aiohttp opens the log when it is imported.
    """
    path = os.environ.get(KEY_LOG)
    if not path or error.filename != path:
        return None
    return _unusable(KEY_LOG, path, error.strerror or str(error))
