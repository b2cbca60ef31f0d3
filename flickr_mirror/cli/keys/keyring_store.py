"""The API keys in the keyring of the desktop, where the extra `keyring` is installed."""

from __future__ import annotations

import logging

from flickr_mirror.cli.keys.key_file import ApiKeys, as_json, parse_keys
from flickr_mirror.errors import KeysError

SERVICE, ENTRY = "mirror_flickr", "flickr_keys"
ORIGIN = f"the keyring ({ENTRY} of {SERVICE})"

logger = logging.getLogger("flickr_mirror")


def read_keyring() -> ApiKeys | None:
    """Return the keys in the keyring, `None` where there are none, or no keyring; the log says if it is locked.

    Raises `KeysError` where something else is in their place.
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
    except Exception as error:  # noqa: BLE001 - each system's keyring has errors of its own
        logger.warning("The keyring cannot be read (%s: %s).", type(error).__name__, error)
        return None
    if content is None:
        return None
    return parse_keys(content, ORIGIN, "Save them anew with `mirror_flickr keys set --keyring`.")


def check_keyring() -> None:
    """Raise `KeysError` where keys cannot be kept in a keyring."""
    try:
        import keyring
    except ImportError:
        raise KeysError(
            "The package for keyrings is missing. Install it with pip install 'flickr-mirror[keyring]'."
        ) from None
    try:
        works = keyring.get_keyring().priority > 0
    except Exception:  # noqa: BLE001 - a backend that somebody chose, and that is not there
        works = False
    if not works:
        raise KeysError("There is no keyring on this machine: save the keys without --keyring.")


def save_in_keyring(keys: ApiKeys) -> str:
    """Save the keys in the keyring, and return where. Raises `KeysError`."""
    import keyring

    try:
        keyring.set_password(SERVICE, ENTRY, as_json(keys))
    except Exception as error:  # noqa: BLE001
        # without its text, which might hold what could not be saved
        raise KeysError(
            f"The keyring does not take the keys ({type(error).__name__}). Is it locked?"
        ) from None
    if read_keyring() != keys:
        raise KeysError("The keyring has not kept the keys: save them without --keyring.")
    return ORIGIN


def remove_from_keyring() -> str | None:
    """Remove the keys from the keyring; return where they were, `None` where there were none. Raises `KeysError`."""
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
            f"The keyring does not give up the keys ({type(error).__name__}). Is it locked?"
        ) from None
    return ORIGIN
