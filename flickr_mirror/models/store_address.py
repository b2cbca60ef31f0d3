"""The address of an object store, such as `s3://bucket/prefix?region=eu-west-1`, which never holds credentials."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

_PARAMETERS = {"s3": ("region", "endpoint"), "gs": (), "az": ("account", "endpoint")}
_CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
_INVALID = (
    "Invalid store: use an address such as s3://bucket/prefix?region=eu-west-1, gs://bucket/prefix or "
    "az://container/prefix."
)


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """A bucket, or container, and the prefix of the mirrors' objects in it.

    `scheme` is `s3`, `gs` or `az`. `region`, `endpoint` and `account` are empty if the environment or the store's own
    default decides.
    """

    scheme: str
    bucket: str
    prefix: str = ""
    region: str = ""
    endpoint: str = ""
    account: str = ""

    def __str__(self) -> str:
        """Return the address as `parse_store_address` reads it."""
        query = {name: getattr(self, name) for name in _PARAMETERS[self.scheme] if getattr(self, name)}
        path = f"/{quote(self.prefix, safe='/@()')}" if self.prefix else ""
        return f"{self.scheme}://{self.bucket}{path}" + (f"?{urlencode(query, safe=':/')}" if query else "")

    @property
    def place(self) -> str:
        """The address for messages: without parameters, and with all letters as they are."""
        return f"{self.scheme}://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")

    def below(self, name: str) -> StoreAddress:
        """Return the address of the folder `name` in this place."""
        return replace(self, prefix=f"{self.prefix}/{name}".lstrip("/"))

    def has(self, other: StoreAddress) -> bool:
        """Return whether `other` is the address of a folder in this place."""
        return other.place.rpartition("/")[0] == self.place

    @property
    def credentials(self) -> str:
        """The names of the environment variables that hold the credentials of such a store."""
        return _CREDENTIALS[self.scheme]


def parse_store_address(text: str) -> StoreAddress:
    """Return the address that `text` is. Raises `ValueError`, whose message quotes nothing that may be a secret.

    >>> str(parse_store_address("s3://archive/flickr/?region=eu-west-1"))
    's3://archive/flickr?region=eu-west-1'
    """
    try:
        parts = urlsplit(text)
        query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise ValueError(_INVALID) from None
    scheme = parts.scheme.lower()
    if scheme not in _PARAMETERS:
        raise ValueError(_INVALID)
    if "@" in parts.netloc or "@" in urlsplit(query.get("endpoint", "")).netloc:
        raise ValueError(
            f"Invalid store: use an address without credentials, and set {_CREDENTIALS[scheme]} in the environment or "
            "give the machine a role."
        )
    known = _PARAMETERS[scheme]
    if unknown := next((name for name in query if name not in known), None):
        raise ValueError(
            f"Invalid parameter {unknown!r} of a store: use {' or '.join(known) or 'none'} after {scheme}://. "
            f"Credentials belong in the environment: {_CREDENTIALS[scheme]}."
        )
    segments = [unquote(part) for part in parts.path.split("/") if part]
    if not parts.netloc or ":" in parts.netloc or parts.fragment or {".", ".."} & {*segments}:
        raise ValueError(_INVALID)
    endpoint = query.get("endpoint", "")
    if endpoint and not endpoint.startswith(("https://", "http://")):
        raise ValueError("Invalid endpoint of a store: use an address such as https://s3.example.org:9000.")
    return StoreAddress(scheme, parts.netloc, "/".join(segments), **query)
