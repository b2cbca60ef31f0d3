"""The API keys and the logins: their files, the keyring, the credentials of a service, the prompt.

May import: `storage`, `models`, `errors`.
"""
