"""Sign requests by OAuth 1.0a with HMAC-SHA1 (RFC 5849), in the `Authorization` header."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, unquote, urlencode

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from flickr_mirror.models.access_token import AccessToken

_SIGNATURE = re.compile(r'oauth_signature="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials that sign a request: the API key, and a token where there is one.

    `callback` is sent to get a request token, `verifier` to exchange it for an access token.
    """

    key: str = field(repr=False)
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
    token_secret: str = field(default="", repr=False)
    callback: str = ""
    verifier: str = field(default="", repr=False)

    @staticmethod
    def of(key: str, secret: str, token: AccessToken) -> Credentials:
        """Return the credentials of calls with a login."""
        return Credentials(key, secret, token.token, token.secret)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets, which must not be shown."""
        return self.key, self.secret, self.token, self.token_secret, self.verifier


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """The address of a request as it was signed, its `Authorization` header, and the signature in it."""

    url: httpx.URL
    header: str = field(repr=False)
    signature: str = field(repr=False)


class RequestSigner:
    """Signs requests at the time of `clock`, each with a new nonce."""

    def __init__(self, credentials: Credentials, clock: Callable[[], float]) -> None:
        from oauthlib.oauth1 import Client  # takes 60 ms, which only a login needs to spend

        # oauthlib logs the parameters and the signature
        logging.getLogger("oauthlib.oauth1.rfc5849").addFilter(_drop_record)
        self.credentials = credentials
        self._clock = clock
        self._client = Client

    def sign(self, method: str, url: httpx.URL, *, nonce: str | None = None) -> SignedRequest:
        """Return a request that may be sent once. Its parameters must be final."""
        # encoded as RFC 3986 has it, because httpx leaves characters as they are that oauthlib does not accept
        query = urlencode(url.params.multi_items(), quote_via=quote, safe="")
        url = url.copy_with(query=query.encode() or None)
        credentials = self.credentials
        options: dict[str, Any] = {
            "client_secret": credentials.secret,
            "resource_owner_key": credentials.token or None,
            "resource_owner_secret": credentials.token_secret or None,
            "callback_uri": credentials.callback or None,
            "verifier": credentials.verifier or None,
            "timestamp": str(int(self._clock())),
            "nonce": nonce,
        }
        _, headers, _ = self._client(credentials.key, **options).sign(
            str(url), http_method=cast("Any", method)
        )
        header = headers["Authorization"]
        match = _SIGNATURE.search(header)
        return SignedRequest(url, header, unquote(match[1]) if match else "")


def _drop_record(_: logging.LogRecord) -> bool:
    return False
