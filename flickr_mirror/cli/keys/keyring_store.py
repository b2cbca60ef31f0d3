"""The API keys in the desktop's keyring, if the extra `keyring` is installed."""

from __future__ import annotations

import logging

from flickr_mirror.cli.keys.key_file import ApiKeys, as_json, parse_keys
from flickr_mirror.errors import KeysError

SERVICE, ENTRY = "mirror_flickr", "flickr_keys"
ORIGIN = f"the keyring ({ENTRY} of {SERVICE})"

logger = logging.getLogger("flickr_mirror")


def read_keyring() -> ApiKeys | None:
    """Return the keys in the keyring; `None`, with a warning if it is locked, if there are none or no keyring.

    Raises `KeysError` if the entry holds something else.
    """
    try:
        import keyring
        from keyring.errors import NoKeyringError
    except ImportError:
        return None
    try:
        content = keyring.get_password(SERVICE, ENTRY)
    except NoKeyringError:
        return None
    except Exception as error:  # noqa: BLE001 - each backend has its own errors
        logger.warning("The keyring cannot be read (%s: %s).", type(error).__name__, error)
        return None
    if content is None:
        return None
    return parse_keys(content, ORIGIN, "Save them again with `mirror_flickr keys set --keyring`.")


def check_keyring() -> None:
    """Raise `KeysError` if there is no working keyring."""
    try:
        import keyring
    except ImportError:
        raise KeysError(
            "The keyring package is missing. Install it with pip install 'flickr-mirror[keyring]'."
        ) from None
    try:
        works = keyring.get_keyring().priority > 0
    except Exception:  # noqa: BLE001 - the configured backend is missing
        works = False
    if not works:
        raise KeysError("This machine has no keyring: save the keys without --keyring.")


def save_in_keyring(keys: ApiKeys) -> str:
    """Save the keys in the keyring, and return a description of the entry. Raises `KeysError`."""
    import keyring

    try:
        keyring.set_password(SERVICE, ENTRY, as_json(keys))
    except Exception as error:  # noqa: BLE001
        # without the error's text, which may quote the keys
        raise KeysError(
            f"Cannot save the keys in the keyring ({type(error).__name__}). Is it locked?"
        ) from None
    if read_keyring() != keys:
        raise KeysError("The keyring did not save the keys: save them without --keyring.")
    return ORIGIN


def remove_from_keyring() -> str | None:
    """Remove the keys from the keyring, and return a description of the entry; `None` if there was none.

    Raises `KeysError`.
    """
    try:
        import keyring
        from keyring.errors import NoKeyringError
    except ImportError:
        return None
    try:
        if keyring.get_password(SERVICE, ENTRY) is None:
            return None
        keyring.delete_password(SERVICE, ENTRY)
    except NoKeyringError:
        return None
    except Exception as error:  # noqa: BLE001
        raise KeysError(
            f"Cannot remove the keys from the keyring ({type(error).__name__}). Is it locked?"
        ) from None
    return ORIGIN
