"""The signature of a request: equal to the published examples, a second library and the simulator."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import httpx
from authlib.oauth1 import ClientAuth
from authlib.oauth1.rfc5849.parameters import prepare_headers
from hypothesis import given
from hypothesis import strategies as st

from flickr_mirror.flickr.oauth_signature import Credentials, RequestSigner
from flickr_mirror.simulator.oauth import base_string, signature

if TYPE_CHECKING:
    import pytest

URL = httpx.URL("https://api.flickr.com/services/rest/")
NOW = 1_191_242_096
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def sign(credentials: Credentials, url: httpx.URL, nonce: str = "kllo9940pd9333jh", now: float = NOW) -> str:
    """Return the signature of a GET."""
    return RequestSigner(credentials, lambda: now).sign("GET", url, nonce=nonce).signature


def test_the_signature_of_the_standard() -> None:
    """OAuth Core 1.0a, appendix A.5.3, which has `oauth_version` as Flickr's calls have."""
    credentials = Credentials("dpf43f3p2l4k3l03", "kd94hf93k423kf44", "nnch734d00sl2jdk", "pfkkdhi9sl3r4s00")
    url = httpx.URL("http://photos.example.net/photos?file=vacation.jpg&size=original")
    assert sign(credentials, url) == "tR3+Ty81lMeYAr/Fid0kMTYa/WM="


def test_the_signature_of_flickrs_documentation() -> None:
    """https://www.flickr.com/services/api/auth.oauth.html, with the secret of flickcurl's example."""
    credentials = Credentials(
        "653e7a6ecc1d528c516cc8f92cf98611", "a9567d986a7539fe", callback="http://www.example.com"
    )
    url = httpx.URL("http://www.flickr.com/services/oauth/request_token")
    assert sign(credentials, url, "95613465", 1_305_586_162) == "7w18YS2bONDPL/zgyzP5XTr5af4="


def test_the_simulator_checks_like_the_standard() -> None:
    """RFC 5849, sections 1.2 and 3.4.1.1, without the `oauth_version` that the library always adds."""
    protocol = {
        "oauth_consumer_key": "dpf43f3p2l4k3l03",
        "oauth_token": "nnch734d00sl2jdk",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "137131202",
        "oauth_nonce": "chapoH",
    }
    parameters = [("file", "vacation.jpg"), ("size", "original"), *protocol.items()]
    base = base_string("GET", "http://photos.example.net/photos", parameters)
    assert signature(base, "kd94hf93k423kf44", "pfkkdhi9sl3r4s00") == "MdpQcU8iPSUjWoN/UDMsK2sui9I="
    parameters = [("b5", "=%3D"), ("a3", "a"), ("c@", ""), ("a2", "r b"), ("c2", ""), ("a3", "2 q")]
    assert base_string("post", "http://example.com/request", parameters) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&"
        "a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D"
    )


@given(
    arguments=st.dictionaries(TEXT, TEXT, max_size=4),
    key=st.from_regex("[0-9a-f]{4}", fullmatch=True),
    secrets=st.tuples(TEXT, TEXT),
)
def test_the_signature_of_two_other_implementations(
    arguments: dict[str, str], key: str, secrets: tuple[str, str]
) -> None:
    """Authlib and the simulator compute the same, for any texts."""
    credentials = Credentials(key, secrets[0], "token-1", secrets[1])
    signed = RequestSigner(credentials, lambda: NOW).sign("GET", URL.copy_with(params=arguments))
    sent = {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', signed.header)}
    assert sent["oauth_signature"] == signed.signature
    assert dict(signed.url.params) == arguments
    parameters = [*signed.url.params.multi_items(), *sent.items()]
    base = base_string("GET", str(URL), parameters)
    assert signature(base, secrets[0], secrets[1]) == signed.signature
    other = ClientAuth(key, secrets[0], "token-1", secrets[1])
    headers = prepare_headers(other.get_oauth_params(sent["oauth_nonce"], sent["oauth_timestamp"]), {})
    assert other.get_oauth_signature("GET", str(signed.url), headers, b"") == signed.signature


def test_each_signature_is_different() -> None:
    """The nonce of a signed request is used once, also within one second."""
    signer = RequestSigner(Credentials("key", "secret", "token", "token secret"), lambda: NOW)
    assert len({signer.sign("GET", URL).signature for _ in range(50)}) == 50


def test_no_output_shows_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    """Neither `repr` nor the debug log of the library, which contains the signed text."""
    caplog.set_level(0)
    logging.getLogger("oauthlib").setLevel(logging.DEBUG)
    credentials = Credentials(
        "the-key", "the-secret", "the-token", "the-token-secret", verifier="the-verifier"
    )
    signed = RequestSigner(credentials, lambda: NOW).sign("GET", URL)
    shown = f"{credentials!r} {signed!r} {caplog.text}"
    assert not [word for word in (*credentials.secrets, signed.signature) if word in shown]
