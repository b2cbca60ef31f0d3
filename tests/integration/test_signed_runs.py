"""Runs of the command with saved and given logins: which are signed, by which login, and their errors."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from flickr_mirror import AccessToken, Limits, LoginError
from flickr_mirror.cli.keys.key_file import ApiKeys
from flickr_mirror.cli.keys.login_choice import LoginChoice
from flickr_mirror.cli.keys.token_file import SavedLogin, hash_of, write_logins
from flickr_mirror.cli.run_logins import choose_logins
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from flickr_mirror.simulator.oauth import IssuedToken
from tests.support import canary, command
from tests.support.command import infos
from tests.support.timing import FAST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aiohttp import web

pytestmark = pytest.mark.usefixtures("one_language")

ANNA, BEN = "1000001@N01", "2000002@N02"
KEYS = ApiKeys(canary.KEY, canary.SECRET)
CHECK = "flickr.auth.oauth.checkToken"


class Served:
    """A simulated Flickr with two accounts; `signers` are the accounts that signed each API call, or none."""

    def __init__(self, flickr: SimulatedFlickr) -> None:
        self.flickr = flickr
        self.calls: list[tuple[str, str]] = []
        flickr.intercept = self._note

    @property
    def signers(self) -> set[str]:
        """The accounts whose logins signed the calls."""
        return {signer for _, signer in self.calls}

    def methods(self) -> list[str]:
        """Return the methods called, without their common prefix, and reset them."""
        found = [method.removeprefix("flickr.") for method, _ in self.calls]
        self.calls.clear()
        return found

    def login(self, index: int) -> SavedLogin:
        """Return a login of an account for the key of the canary."""
        stream = self.flickr.streams[index]
        token, secret = f"{canary.TOKEN}-{index}", f"{canary.TOKEN_SECRET}-{index}"
        self.flickr.oauth.tokens[token] = IssuedToken(token, secret, stream.nsid, canary.KEY)
        return SavedLogin(AccessToken(token, secret, stream.nsid, stream.username), hash_of(canary.KEY))

    async def _note(self, request: web.Request) -> web.StreamResponse | None:
        if method := request.query.get("method"):
            match = re.search('oauth_token="([^"]+)"', request.headers.get("Authorization", ""))
            issued = self.flickr.oauth.tokens.get(match[1]) if match else None
            self.calls.append((method, issued.nsid if issued else ""))
        return None


async def run(
    flickr: SimulatedFlickr | None, cache: Path, *arguments: str, **environment: str
) -> command.Outcome:
    """Run the command for images, which is faster than for information."""
    return await command.run(flickr, cache, "--image-only", *arguments, **environment)


@asynccontextmanager
async def serving(**options: int) -> AsyncIterator[Served]:
    """Serve the photostreams of anna and ben."""
    streams = (
        SimulatedPhotostream(options.get("photos", 2), username="anna", nsid=ANNA, path_alias="ann-a"),
        SimulatedPhotostream(2, username="ben", nsid=BEN, path_alias="b-en"),
    )
    async with SimulatedFlickr(*streams, api_key=canary.KEY, api_secret=canary.SECRET) as flickr:
        yield Served(flickr)


async def choose(
    served: Served, root: Path, *names: str, account: str | None = None, keys: ApiKeys = KEYS
) -> list[str]:
    """Return the tokens of the logins that sign the runs of these names, empty for none."""
    found = await choose_logins(
        names, root, keys, LoginChoice(account=account), served.flickr.api_url, Limits(timing=FAST)
    )
    return [login.token.token if login else "" for login in found.values()]


OWN = ["anna", "Anna", ANNA, f"https://www.flickr.com/photos/{ANNA}/", f"flickr.com/people/{ANNA}"]
ALIASES = ["ann-a", "https://www.flickr.com/photos/ann-a/"]


async def test_an_account_is_found_by_its_username_its_nsid_or_its_address(tmp_path: Path) -> None:
    """Without a call; a path alias is looked up."""
    async with serving() as served:
        anna = served.login(0)
        write_logins(tmp_path, [served.login(1), anna])
        assert await choose(served, tmp_path, *OWN) == [anna.token.token] * len(OWN)
        for name in OWN:
            assert await choose(served, tmp_path, "ben", account=name) == [anna.token.token]
        assert served.calls == []
        for name in ALIASES:
            assert await choose(served, tmp_path, name) == [anna.token.token]
            assert await choose(served, tmp_path, "ben", account=name) == [anna.token.token]
        assert served.signers == {""}
        assert len(served.methods()) == 2 + 2 + 1 + 1


async def test_without_logins_no_call_is_made(tmp_path: Path) -> None:
    """For any form of a name."""
    async with serving() as served:
        assert await choose(served, tmp_path, *OWN, *ALIASES) == [""] * (len(OWN) + len(ALIASES))
        assert served.calls == []


async def test_a_login_is_used_only_with_its_key(tmp_path: Path) -> None:
    """With another key, the sentence names the account and the command; other accounts are not affected."""
    async with serving() as served:
        old = replace(served.login(0), key_hash=hash_of("another key"))
        write_logins(tmp_path, [old])
        sentence = (
            rf"The login of 'anna' \({ANNA}\) was made with another API key\. Log in again: `mirror_flickr "
        )
        for names, account in ((("anna",), None), (("ben",), ANNA)):
            with pytest.raises(LoginError, match=sentence):
                await choose(served, tmp_path, *names, account=account)
        assert await choose(served, tmp_path, "ben") == [""]
        write_logins(
            tmp_path, [old, replace(old, token=replace(old.token, token="new"), key_hash=hash_of(canary.KEY))]
        )
        assert await choose(served, tmp_path, "anna") == ["new"]


async def test_a_run_for_the_logged_in_account_is_signed(tmp_path: Path) -> None:
    """Every call is signed by its login, with as many calls as an unsigned run, and a line reports that."""
    async with serving() as served:
        path = write_logins(tmp_path, [served.login(1), served.login(0)])
        outcome = await run(served.flickr, tmp_path, "--username", "anna")
        assert outcome.code == 0, outcome.err
        assert served.signers == {ANNA}
        signed = served.methods()
        assert (
            f"The calls for 'anna' are signed with the login of 'anna' ({ANNA}) from {path}." in outcome.err
        )
        outcome = await run(served.flickr, tmp_path / "other", "--username", "anna")
        assert (outcome.code, served.signers) == (0, {""})
        assert served.methods() == signed
        assert "signed" not in outcome.err


async def test_an_alias_is_looked_up_once(tmp_path: Path) -> None:
    """The first run looks up the account at Flickr; a later one reads it from the mirror."""
    async with serving() as served:
        write_logins(tmp_path, [served.login(0)])
        assert (await run(served.flickr, tmp_path, "--username", "ann-a")).code == 0
        assert served.signers == {"", ANNA}
        served.calls.clear()
        assert (await run(served.flickr, tmp_path, "--username", "ann-a")).code == 0
        assert served.signers == {ANNA}


async def test_a_run_for_another_account_is_not_signed(tmp_path: Path) -> None:
    """Other photostreams are mirrored as the public sees them, unless `--as` is given."""
    async with serving() as served:
        write_logins(tmp_path, [served.login(0)])
        outcome = await run(served.flickr, tmp_path, "--username", "ben")
        assert (outcome.code, served.signers) == (0, {""})
        first = served.methods()
        outcome = await run(served.flickr, tmp_path, "--username", "ben")
        assert (outcome.code, served.signers) == (0, {""})
        assert first.count("people.findByUsername") == 2
        assert served.methods().count("people.findByUsername") == 1
        outcome = await run(served.flickr, tmp_path, "--username", "carl")
        assert outcome.code == 4
        assert "no Flickr account has the username" in outcome.err


async def test_a_run_with_the_login_of_another_account(tmp_path: Path) -> None:
    """`--as`, also from a variable; `--no-login` overrides the variable, and mirrors as the public sees it."""
    async with serving() as served:
        write_logins(tmp_path, [served.login(0), served.login(1)])
        for line, variable, signer in (
            (("--as", "anna"), "", ANNA),
            ((), "anna", ANNA),
            ((), "", BEN),
            (("--no-login",), "anna", ""),
        ):
            outcome = await run(
                served.flickr, tmp_path, "--username", "ben", *line, MIRROR_FLICKR_AS=variable
            )
            assert (outcome.code, served.signers) == (0, {signer}), outcome.err
            served.calls.clear()
        outcome = await run(served.flickr, tmp_path, "--username", "ben", "--no-login", "--as", "anna")
        assert outcome.code == 2
        assert "--as and --no-login exclude each other" in outcome.err


@pytest.mark.parametrize("extra", [(), ("--dry-run",)])
async def test_a_missing_login_ends_the_run(tmp_path: Path, extra: tuple[str, ...]) -> None:
    """`--as` with a name that has no login: one sentence, exit 5, and nothing is mirrored."""
    async with serving() as served:
        for name, calls in (("ben", 1), ("carl", 2)):
            write_logins(tmp_path, [served.login(0)])
            outcome = await run(served.flickr, tmp_path, "--as", name, *extra)
            assert outcome.code == 5
            sentence = next(line for line in outcome.err.splitlines() if line.startswith("mirror_flickr:"))
            assert sentence == (
                f"mirror_flickr: There is no login of '{name}': run `mirror_flickr login` with that account, or leave "
                f"out --as. There are logins of: 'anna' ({ANNA})."
            )
            assert len(served.methods()) == calls
        (tmp_path / "flickr_tokens").unlink()
        outcome = await run(served.flickr, tmp_path, "--as", "ben", *extra)
        assert (outcome.code, served.calls) == (5, [])
        assert "or leave out --as.\n" in outcome.err
        assert [path.name for path in tmp_path.iterdir()] == []


async def test_each_user_of_one_command_has_its_login(tmp_path: Path) -> None:
    """Two photostreams in turn, each signed by its own account, a third one unsigned."""
    async with serving() as served:
        write_logins(tmp_path, [served.login(0)])
        outcome = await run(served.flickr, tmp_path, "--username", "anna", "--username", "ben")
        assert outcome.code == 0, outcome.err
        listed = [signer for method, signer in served.calls if method.endswith("getPhotos")]
        assert listed == [ANNA, ""]
        served.calls.clear()
        outcome = await run(served.flickr, tmp_path, "--username", "anna", "--dry-run")
        assert (outcome.code, served.signers) == (0, {ANNA})


async def test_a_login_of_another_key_ends_the_run(tmp_path: Path) -> None:
    """After a change of the key: exit 5 before any call; without the login the run succeeds."""
    async with serving() as served:
        write_logins(tmp_path, [replace(served.login(0), key_hash=hash_of("another key"))])
        outcome = await run(served.flickr, tmp_path, "--username", "anna")
        assert (outcome.code, served.calls) == (5, [])
        (sentence,) = re.findall("^mirror_flickr: .*", outcome.err, re.MULTILINE)
        assert sentence.endswith("was made with another API key. Log in again: `mirror_flickr login`.")
        outcome = await run(served.flickr, tmp_path, "--username", "anna", "--no-login")
        assert (outcome.code, served.signers) == (0, {""})


async def test_a_damaged_file_of_logins_ends_the_run(tmp_path: Path) -> None:
    """A run that should be signed does not continue unsigned."""
    (tmp_path / "flickr_tokens").write_text(f"{canary.TOKEN}")
    async with serving() as served:
        outcome = await run(served.flickr, tmp_path, "--username", "anna")
        assert (outcome.code, served.calls) == (5, [])
        assert "flickr_tokens holds no logins of this program. Remove it, then log in again." in outcome.err
        assert (await run(served.flickr, tmp_path, "--username", "anna", "--no-login")).code == 0


async def test_a_token_of_the_environment_needs_no_file(tmp_path: Path) -> None:
    """As in a container: one call shows its account; it takes precedence over a saved login."""
    async with serving() as served:
        token = served.login(0).token
        variables = {"FLICKR_OAUTH_TOKEN": token.token, "FLICKR_OAUTH_TOKEN_SECRET": token.secret}
        outcome = await run(served.flickr, tmp_path, "--username", "anna", **variables)
        assert (outcome.code, served.signers) == (0, {ANNA}), outcome.err
        assert served.methods().count("auth.oauth.checkToken") == 1
        assert "from the environment variable FLICKR_OAUTH_TOKEN." in outcome.err
        assert not (tmp_path / "flickr_tokens").exists()
        outcome = await run(served.flickr, tmp_path, "--username", "ben", **variables)
        assert outcome.code == 0
        assert {signer for method, signer in served.calls if method != CHECK} == {""}
        outcome = await run(served.flickr, tmp_path, "--username", "ben", "--as", "anna", **variables)
        assert outcome.code == 0
        served.calls.clear()
        outcome = await run(served.flickr, tmp_path, "--username", "anna", "--no-login", **variables)
        assert (outcome.code, served.signers) == (0, {""})

        saved = replace(served.login(0).token, token="saved-before", secret="x" * 10)
        write_logins(tmp_path, [SavedLogin(saved, hash_of(canary.KEY))])
        served.calls.clear()
        outcome = await run(served.flickr, tmp_path, "--username", "anna", **variables)
        assert (outcome.code, served.signers) == (0, {ANNA}), outcome.err


async def test_a_wrong_token_of_the_environment_ends_the_run(tmp_path: Path) -> None:
    """Revoked, incomplete, or with another secret: exit 5 before anything is mirrored."""
    async with serving() as served:
        token = served.login(0).token
        served.flickr.oauth.revoke(token.token)
        variables = {"FLICKR_OAUTH_TOKEN": token.token, "FLICKR_OAUTH_TOKEN_SECRET": token.secret}
        outcome = await run(served.flickr, tmp_path, "--username", "anna", **variables)
        assert outcome.code == 5
        assert "it was revoked" in outcome.err
        assert "renew FLICKR_OAUTH_TOKEN and FLICKR_OAUTH_TOKEN_SECRET" in outcome.err
        variables["FLICKR_OAUTH_TOKEN_SECRET"] = "wrong"
        outcome = await run(served.flickr, tmp_path, "--username", "anna", **variables)
        assert outcome.code == 5
        del variables["FLICKR_OAUTH_TOKEN_SECRET"]
        outcome = await run(served.flickr, tmp_path, "--username", "anna", **variables)
        assert outcome.code == 5
        assert (
            "FLICKR_OAUTH_TOKEN is set without FLICKR_OAUTH_TOKEN_SECRET: set both, or neither."
            in outcome.err
        )
        assert list(tmp_path.iterdir()) == []


async def test_a_token_on_the_command_line_causes_a_warning(tmp_path: Path) -> None:
    """Other users can see it; one from the environment or a settings file causes none."""
    async with serving() as served:
        token = served.login(0).token
        line = ("--oauth-token", token.token, "--oauth-token-secret", token.secret)
        outcome = await run(served.flickr, tmp_path, "--username", "anna", *line)
        assert (outcome.code, served.signers) == (0, {ANNA})
        assert outcome.err.count("can see the token of the login in the list of processes") == 1
        settings = tmp_path / "settings.toml"
        settings.touch(0o600)
        settings.write_text(f'oauth-token = "{token.token}"\noauth-token-secret = "{token.secret}"\n')
        served.calls.clear()
        outcome = await run(served.flickr, tmp_path, "--username", "anna", "--config", str(settings))
        assert (outcome.code, served.signers) == (0, {ANNA})
        assert "can see the token" not in outcome.err
        settings.chmod(0o644)
        outcome = await run(served.flickr, tmp_path, "--username", "anna", "--config", str(settings))
        assert outcome.code == 2
        assert "oauth-token is secret, and other users can read this file" in outcome.err
        settings.chmod(0o600)
        outcome = await run(served.flickr, tmp_path, "--print-config", *line, "--config", str(settings))
        assert "canary-token" not in outcome.out
        assert '# oauth-token = "***"' in outcome.out


async def test_a_login_revoked_during_a_run_ends_the_run(tmp_path: Path) -> None:
    """Exit 5 with the command to run; mirrored files stay, and the next run with a login completes the mirror."""
    async with serving(photos=40) as served:
        login = served.login(0)
        write_logins(tmp_path, [login])
        comments = 0

        async def revoke(request: web.Request) -> web.StreamResponse | None:
            nonlocal comments
            comments += request.query.get("method", "").endswith("comments.getList")
            if comments == 10:
                served.flickr.oauth.revoke(login.token.token)
            return None

        served.flickr.intercept = revoke
        line = ("--username", "anna", "--info-level", "2", "--info-workers", "1")
        outcome = await command.run(served.flickr, tmp_path, *line)
        assert outcome.code == 5
        assert outcome.err.count("mirror_flickr: ") == 1
        assert "Flickr does not accept the login: it was revoked" in outcome.err
        assert "Run `mirror_flickr login`, or renew" in outcome.err
        assert "Everything mirrored so far stays." in outcome.err
        left = infos(tmp_path)
        assert 0 < len(left) < 40

        served.flickr.intercept = None
        served.flickr.oauth.tokens.clear()
        write_logins(tmp_path, [served.login(0)])
        outcome = await command.run(served.flickr, tmp_path, *line)
        assert outcome.code == 0, outcome.err
        assert len(infos(tmp_path)) == 40
        assert outcome.summary["infos"] == str(40 - len(left))


async def test_an_endpoint_with_a_password_cannot_be_used_with_a_login(tmp_path: Path) -> None:
    """Both need the same header: a usage error before the run; without the login the run succeeds."""
    async with serving() as served:
        write_logins(tmp_path, [served.login(0)])
        url = served.flickr.api_url.replace("://", "://me:hunter2@")
        keys = {"FLICKR_CONSUMER_KEY": canary.KEY, "FLICKR_CONSUMER_SECRET": canary.SECRET}
        line = ("--username", "anna", "--api-url", url)
        outcome = await run(None, tmp_path, *line, **keys)
        assert outcome.code == 2
        assert "--api-url with a name or password cannot be used with a login" in outcome.err
        assert "hunter2" not in outcome.err
        assert (await run(None, tmp_path, *line, "--no-login", **keys)).code == 0
