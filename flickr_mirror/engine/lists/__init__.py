"""The lists of an account, one module for each: profile, favourites, galleries, groups, contacts, tags.

Each has a function for the registry in `engine.account_lists`. May import: what `engine` may import.
"""
