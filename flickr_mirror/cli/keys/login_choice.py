"""The login that the user requests with flags, variables and the settings file."""

from __future__ import annotations

from dataclasses import dataclass, field

from flickr_mirror.errors import LoginError
from flickr_mirror.models.access_token import AccessToken


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginChoice:
    """The login that the user wants: `account` (`--as`), or none at all (`--no-login`).

    `token` and `secret` are those of a flag, a variable or the settings file, `origin` is where they come from, and
    `is_visible` is whether other users of the machine can see them.
    """

    account: str | None = None
    is_unwanted: bool = False
    token: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    origin: str = ""
    is_visible: bool = False

    @property
    def is_wanted(self) -> bool:
        """Whether an account or a token is given."""
        return not self.is_unwanted and bool(self.account or self.token or self.secret)

    def given(self) -> AccessToken | None:
        """Return the given token, whose account is not known yet; `None` if none is given. Raises `LoginError`."""
        if not (self.token or self.secret):
            return None
        if not (self.token and self.secret):
            missing, there = "FLICKR_OAUTH_TOKEN_SECRET", "FLICKR_OAUTH_TOKEN"
            if self.secret:
                missing, there = there, missing
            raise LoginError(f"{there} is set without {missing}: set both, or neither.")
        return AccessToken(self.token, self.secret, nsid="", username="")
