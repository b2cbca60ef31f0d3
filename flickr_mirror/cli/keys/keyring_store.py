"""The entries of the desktop's keyring, if the extra `keyring` is installed, and the API keys in it."""

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
    content = read_entry(ENTRY)
    if content is None:
        return None
    return parse_keys(content, ORIGIN, "Save them again with `mirror_flickr keys set --keyring`.")


def read_entry(entry: str) -> str | None:
    """Return the text of an entry; `None`, with a warning if the keyring is locked, if there is none or no keyring."""
    try:
        return require_entry(entry)
    except KeysError as error:
        logger.warning("%s", error)
        return None


def require_entry(entry: str) -> str | None:
    """Return the text of an entry; `None` if there is none or no keyring. Raises `KeysError` if it cannot be read."""
    try:
        import keyring
        from keyring.errors import NoKeyringError
    except ImportError:
        return None
    try:
        return keyring.get_password(SERVICE, entry)
    except NoKeyringError:
        return None
    except Exception as error:  # noqa: BLE001 - each backend has its own errors
        raise KeysError(f"The keyring cannot be read ({type(error).__name__}: {error}).") from None


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
    save_entry(ENTRY, as_json(keys), "keys")
    if read_keyring() != keys:
        raise KeysError("The keyring did not save the keys: save them without --keyring.")
    return ORIGIN


def save_entry(entry: str, content: str, what: str) -> None:
    """Save a text as an entry; `what` names it in messages. Raises `KeysError`."""
    import keyring

    try:
        keyring.set_password(SERVICE, entry, content)
    except Exception as error:  # noqa: BLE001
        # without the error's text, which may quote the content
        raise KeysError(
            f"Cannot save the {what} in the keyring ({type(error).__name__}). Is it locked?"
        ) from None


def remove_from_keyring() -> str | None:
    """Remove the keys from the keyring, and return a description of the entry; `None` if there was none.

    Raises `KeysError`.
    """
    return ORIGIN if remove_entry(ENTRY, "keys") else None


def remove_entry(entry: str, what: str) -> bool:
    """Remove an entry, and return whether there was one; `what` names it in messages. Raises `KeysError`."""
    try:
        import keyring
        from keyring.errors import NoKeyringError
    except ImportError:
        return False
    try:
        if keyring.get_password(SERVICE, entry) is None:
            return False
        keyring.delete_password(SERVICE, entry)
    except NoKeyringError:
        return False
    except Exception as error:  # noqa: BLE001
        raise KeysError(
            f"Cannot remove the {what} from the keyring ({type(error).__name__}). Is it locked?"
        ) from None
    return True
