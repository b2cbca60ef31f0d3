"""API keys: the environment, the file `flickr_keys`, the keyring, the prompt.

May import: `storage`, `models`, `errors`.
"""
