"""The API keys: the file `flickr_keys`, the keyring, the credentials of a service, the prompt.

May import: `storage`, `models`, `errors`.
"""
