"""`mirror_flickr login`, `logout` and `keys check` on a simulated Flickr: saved logins, calls, and refusals."""

from __future__ import annotations

import asyncio
import io
import json
import re
import stat
import sys
import time
import urllib.request
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import keyring
import pytest
from aiohttp import web
from keyring.errors import KeyringLocked

from flickr_mirror.cli.keys.key_file import ApiKeys, save_keys
from flickr_mirror.cli.keys.keyring_logins import LOGIN_ORIGIN, entry_of, read_keyring_logins
from flickr_mirror.cli.keys.keyring_store import ORIGIN, save_in_keyring
from flickr_mirror.cli.keys.login_choice import LoginChoice
from flickr_mirror.cli.keys.token_file import SavedLogin, as_json, hash_of, read_logins
from flickr_mirror.cli.options.usage_errors import ConfigError
from flickr_mirror.cli.run_logins import choose_logins
from flickr_mirror.models.options import Limits
from flickr_mirror.simulator import Rule, Script, SimulatedFlickr, SimulatedPhotostream, faults, run_in_thread
from tests.support.calling import call
from tests.support.canary import KEY, SECRET
from tests.support.keyrings import FileKeyring, ForgetfulKeyring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEYS = ApiKeys(KEY, SECRET)
CHECK = "flickr.auth.oauth.checkToken"
DAY = 86_400


@pytest.fixture
def flickr(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedFlickr]:
    """Serve two accounts for one key, which is saved; anna is signed in to the browser."""
    streams = (
        SimulatedPhotostream(3, username="anna"),
        SimulatedPhotostream(2, username="ben", nsid="7000001@N02"),
    )
    save_keys(home / ".flickr", KEYS)
    with run_in_thread(SimulatedFlickr(*streams, api_key=KEY, api_secret=SECRET)) as running:
        monkeypatch.setenv("FLICKR_API_URL", running.api_url)
        yield running


class User:
    """Runs commands, visits the page that `login` shows, and sends a code to its standard input."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self.err = ""
        self.address = ""
        self.has_terminal = False

    def __call__(self, *arguments: str) -> tuple[int, str]:
        """Return the exit code, and the result or the error."""
        self.err = ""
        code = call(*arguments)
        captured = self._capsys.readouterr()
        self.err += captured.err
        assert len(captured.out.splitlines()) == (code == 0)
        for secret in (KEY, SECRET):
            assert secret not in captured.out + self.err
        return code, captured.err if code else captured.out

    def login(
        self, *arguments: str, sends: Callable[[str], str | None] = lambda code: code
    ) -> tuple[int, str]:
        """Run `login`; `sends` returns the input for the right code, `None` for the end of the input."""
        self._monkeypatch.setattr(sys, "stdin", _Input(self, sends))
        return self("login", *arguments)

    def code(self) -> str:
        """Return the code that the page of Flickr shows."""
        self.err += self._capsys.readouterr().err
        (self.address,) = re.findall(r"^http\S+$", self.err, re.MULTILINE)[-1:]
        with urllib.request.urlopen(self.address) as page:  # noqa: S310 - of the simulated Flickr
            (code,) = re.findall(r"<b>([-0-9]+)</b>", page.read().decode())
        return str(code)


class _Input(io.TextIOWrapper):
    """A standard input whose lines depend on the output of the command."""

    def __init__(self, user: User, sends: Callable[[str], str | None]) -> None:
        super().__init__(_Lines(user, sends))
        self._user = user

    def isatty(self) -> bool:
        return self._user.has_terminal


class _Lines(io.BytesIO):
    def __init__(self, user: User, sends: Callable[[str], str | None]) -> None:
        super().__init__()
        self._user = user
        self._sends = sends

    def readline(self, size: int | None = -1, /) -> bytes:
        assert size
        assert size > 0
        text = self._sends(self._user.code())
        return b"" if text is None else f"{text}\n".encode("utf-8", "surrogateescape")[:size]


@pytest.fixture
def user(
    flickr: SimulatedFlickr, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> User:
    """Return a user of that Flickr."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return User(capsys, monkeypatch)


@pytest.fixture
def ring(home: Path) -> Iterator[None]:
    """Install a keyring in this process."""
    before = keyring.get_keyring()
    keyring.set_keyring(FileKeyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


def saved(home: Path) -> list[SavedLogin]:
    """Return the logins in the home folder."""
    return read_logins(home / ".flickr")


def test_a_login_is_saved_after_flickr_has_accepted_it(
    user: User, home: Path, flickr: SimulatedFlickr
) -> None:
    """One call, a private file, the account and the permission; the token itself is not shown."""
    code, text = user.login()
    path = home / ".flickr" / "flickr_tokens"
    nsid = flickr.streams[0].nsid
    assert code == 0
    assert text.startswith(f"Logged in as 'anna' ({nsid}) with the permission 'read'. ")
    assert text.endswith(f" The login is saved in {path}, readable by you alone.\n")
    assert flickr.calls == {CHECK: 1}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (login,) = saved(home)
    issued = flickr.oauth.tokens[login.token.token]
    assert (login.token.secret, login.token.nsid) == (issued.secret, nsid)
    assert login.key_hash == hash_of(KEY)
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", login.date)
    for secret in (issued.token, issued.secret):
        assert secret not in text + user.err


@pytest.mark.parametrize("written", ["{0}{1}{2}", " {0} {1} {2} ", "{0}-{1}-{2}\r", "{0}\u2013{1}\u2013{2}"])
def test_a_code_is_accepted_with_blanks_and_dashes(user: User, written: str) -> None:
    """With or without dashes and blanks, from a pipe."""
    code, text = user.login(sends=lambda code: written.format(*code.split("-")))
    assert code == 0, text


@pytest.mark.parametrize("wrong", ["123-456-789", "x", "\udcff\udcfe", "9" * 5000])
def test_a_wrong_code_saves_nothing(user: User, home: Path, wrong: str) -> None:
    """`verifier_invalid`: one sentence with the cause and the remedy; exit 5."""
    code, text = user.login(sends=lambda _: wrong)
    assert code == 5
    nothing, sentence = text.splitlines()
    assert nothing == "Nothing was saved."
    assert sentence.startswith(
        "mirror_flickr: Flickr does not accept the code: enter the one that it shows for this"
    )
    assert sentence.endswith(" login, or start the login again. Run `mirror_flickr login` again.")
    assert saved(home) == []


@pytest.mark.parametrize("sent", [None, "", "  "])
def test_a_missing_code_saves_nothing(user: User, home: Path, sent: str | None) -> None:
    """As under cron: advice, and exit 5."""
    code, text = user.login(sends=lambda _: sent)
    assert code == 5
    assert "No code was entered. Run `mirror_flickr login` on a terminal, or send the code" in text
    assert saved(home) == []


def test_a_wrong_code_can_be_entered_again_on_a_terminal(user: User, home: Path) -> None:
    """There are three attempts; an empty line counts as one."""
    user.has_terminal = True
    wrong = ["", "123"]
    code, text = user.login(sends=lambda code: wrong.pop() if wrong else code)
    assert code == 0, text
    assert user.err.count("does not accept the code") == 2
    (login,) = saved(home)
    code, text = user.login(sends=lambda _: "123")
    assert code == 5
    assert user.err.count("Code: ") == 3
    assert saved(home) == [login]


def test_the_code_of_another_login_is_refused(user: User, home: Path) -> None:
    """A code is valid only for the login that it was shown for."""
    codes: list[str] = []
    user.login(sends=lambda code: codes.append(code))
    code, text = user.login(sends=lambda _: codes[0])
    assert (code, "does not accept the code" in text) == (5, True)
    assert saved(home) == []


def test_a_login_that_has_expired_starts_again(user: User, home: Path, flickr: SimulatedFlickr) -> None:
    """`token_rejected`: its code was used or is too old."""

    def expire(code: str) -> str:
        flickr.oauth._requested.clear()
        return code

    code, text = user.login(sends=expire)
    assert code == 5
    assert text.endswith(
        "mirror_flickr: The login has expired, or its code was already used. Start the login again. "
        "Run `mirror_flickr login` again.\n"
    )
    assert saved(home) == []


def test_a_lost_answer_starts_again(user: User, home: Path, flickr: SimulatedFlickr) -> None:
    """The last step is sent once, because Flickr accepts the code once."""
    asked = Script(Rule(faults.Broken(0, "reset"), kind="oauth", times=None))

    def break_off(code: str) -> str:
        flickr.faults = asked
        return code

    code, text = user.login(sends=break_off)
    assert code == 5
    assert (
        "The answer of Flickr was lost, and the code is valid only once. Start the login again. Run" in text
    )
    assert len(asked.done) == 1
    assert saved(home) == []


@pytest.mark.parametrize("step", ["request_token", "access_token"])
def test_a_clock_that_flickr_refuses_is_named(user: User, flickr: SimulatedFlickr, step: str) -> None:
    """`timestamp_refused`, also with the time that Flickr states: set the clock; exit 5."""

    async def refuse(request: web.Request) -> web.StreamResponse | None:
        if not request.path.endswith(step):
            return None
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + DAY))
        return web.Response(status=401, text="oauth_problem=timestamp_refused", headers={"Date": date})

    flickr.intercept = refuse
    code, text = user.login()
    assert code == 5
    assert text.endswith(
        "mirror_flickr: This machine's clock is 24.0 hours behind Flickr's. Set the clock, then run again.\n"
    )


def test_an_unverified_login_is_not_saved(user: User, home: Path, flickr: SimulatedFlickr) -> None:
    """The code is right, but `checkToken` is refused."""

    async def refuse(request: web.Request) -> web.StreamResponse | None:
        if request.query.get("method") != CHECK:
            return None
        return web.json_response({"stat": "fail", "code": 98, "message": "Invalid auth token"})

    flickr.intercept = refuse
    code, text = user.login()
    assert code == 5
    assert text.startswith("Nothing was saved.\n")
    assert "Log in again. Flickr's message: Invalid auth token. Run `mirror_flickr login`, or" in text
    assert saved(home) == []


def test_missing_or_wrong_keys_are_named(user: User, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without keys there is no login; a wrong secret is named as such."""
    monkeypatch.setenv("FLICKR_CONSUMER_SECRET", "wrong")
    code, text = user.login()
    assert (code, "the secret of the API key is wrong. Compare it" in text) == (5, True)
    monkeypatch.setenv("FLICKR_CONSUMER_KEY", "wrong")
    code, text = user.login()
    assert (code, "does not know the API key" in text, "keys set" in text) == (5, True, True)
    monkeypatch.delenv("FLICKR_CONSUMER_KEY")
    (home / ".flickr" / "flickr_keys").unlink()
    code, text = user.login()
    assert (code, "API keys are missing" in text) == (5, True)
    assert saved(home) == []


def test_each_account_has_its_login(user: User, home: Path, flickr: SimulatedFlickr) -> None:
    """A second account is added, a second login of the first one replaces the first."""
    user.login()
    flickr.oauth.visitor = flickr.streams[1].nsid
    assert user.login()[1].startswith("Logged in as 'ben' (7000001@N02)")
    flickr.oauth.visitor = flickr.streams[0].nsid
    first = saved(home)[0].token
    user.login()
    assert [login.token.username for login in saved(home)] == ["ben", "anna"]
    assert saved(home)[1].token != first


def test_a_damaged_file_of_logins_is_not_replaced(user: User, home: Path) -> None:
    """It may hold logins of other accounts: it is named."""
    path = home / ".flickr" / "flickr_tokens"
    path.write_text("damaged")
    code, text = user.login()
    assert (code, f"{path} holds no logins of this program. Remove it" in text) == (5, True)
    assert path.read_text() == "damaged"


@pytest.mark.usefixtures("ring")
def test_a_login_is_saved_where_the_keys_are(user: User, home: Path) -> None:
    """With keys in the keyring, the logins are there too, and no file is written."""
    (home / ".flickr" / "flickr_keys").unlink()
    save_in_keyring(KEYS)
    code, text = user.login()
    assert (code, f"is saved in {LOGIN_ORIGIN}, readable" in text) == (0, True)
    user.login()
    assert not (home / ".flickr" / "flickr_tokens").exists()
    assert len(login_entries(home)) == 2  # the list, and one login
    code, text = user("keys", "check")
    assert (code, f"from {LOGIN_ORIGIN} works" in text) == (0, True)
    assert user("logout", "anna")[1].startswith(f"The login of 'anna' is removed from {LOGIN_ORIGIN}.")
    assert "flickr_tokens" not in (home / "keyring.json").read_text()
    user.login()
    assert user("logout")[1].startswith(f"The logins are removed from {LOGIN_ORIGIN}.")
    assert "flickr_tokens" not in (home / "keyring.json").read_text()


def login_entries(home: Path) -> dict[str, Any]:
    """Return the documents about logins in the keyring by the names of their entries."""
    kept: dict[str, str] = json.loads((home / "keyring.json").read_bytes())
    named = {name.removeprefix("mirror_flickr "): text for name, text in kept.items()}
    return {name: json.loads(text) for name, text in named.items() if name.startswith("flickr_tokens")}


@pytest.fixture
def two_logins(user: User, home: Path, flickr: SimulatedFlickr, ring: None) -> list[SavedLogin]:
    """Log in to two accounts with keys in the keyring, and return the logins."""
    (home / ".flickr" / "flickr_keys").unlink()
    save_in_keyring(KEYS)
    for stream in flickr.streams[:2]:
        flickr.oauth.visitor = stream.nsid
        assert user.login()[0] == 0
    return read_keyring_logins()


def test_each_login_has_its_own_entry_in_the_keyring(
    user: User, home: Path, flickr: SimulatedFlickr, two_logins: list[SavedLogin]
) -> None:
    """A list names the entries, has no secret, and is removed with the last one; one login or all can be removed."""
    anna, ben = two_logins
    assert [login.token.username for login in two_logins] == ["anna", "ben"]
    entries = login_entries(home)
    assert entries.pop("flickr_tokens") == {"format": 2, "entries": [entry_of(anna), entry_of(ben)]}
    assert [entries[entry_of(login)]["logins"][0]["token"] for login in two_logins] == [
        login.token.token for login in two_logins
    ]

    assert user("logout", "anna")[1].startswith(f"The login of 'anna' is removed from {LOGIN_ORIGIN}.")
    assert set(login_entries(home)) == {"flickr_tokens", entry_of(ben)}
    assert user("logout", "anna")[0] == 5
    flickr.oauth.visitor = anna.token.nsid
    user.login()
    assert user("logout")[1].startswith(f"The logins are removed from {LOGIN_ORIGIN}.")
    assert login_entries(home) == {}


def test_a_check_of_one_login_sends_no_other(
    user: User, flickr: SimulatedFlickr, two_logins: list[SavedLogin]
) -> None:
    """`keys check NAME` makes one call for that login; without a name, a refused login does not hide the others."""
    anna, ben = two_logins
    flickr.oauth.revoke(anna.token.token)
    flickr.reset_counters()
    code, text = user("keys", "check", "BEN")
    assert (code, flickr.calls[CHECK]) == (0, 1)
    assert text.endswith(
        f" The login of {ben.account} from {LOGIN_ORIGIN} works, with the permission 'read'.\n"
    )
    code, text = user("keys", "check")
    assert (code, flickr.calls[CHECK]) == (5, 3)
    assert f"The login of {anna.account} from {LOGIN_ORIGIN}: Flickr does not accept the login" in text
    assert f"The login of {ben.account} from {LOGIN_ORIGIN} works" in text
    code, text = user("keys", "check", "carl")
    assert (code, "There is no saved login of 'carl': run `mirror_flickr login`" in text) == (5, True)


def test_logins_that_an_earlier_version_saved_in_the_keyring_are_read_and_divided(
    user: User, home: Path, flickr: SimulatedFlickr, two_logins: list[SavedLogin]
) -> None:
    """They shared one entry. A login or a logout gives each its own."""
    anna, ben = two_logins
    earlier = as_json(two_logins)
    user("logout")
    keyring.set_password("mirror_flickr", "flickr_tokens", earlier)
    code, text = user("keys", "check")
    assert (code, f"{anna.account} from" in text, f"{ben.account} from" in text) == (0, True, True)
    assert user.login()[0] == 0  # as ben again
    assert [login.token.username for login in read_keyring_logins()] == ["anna", "ben"]
    assert set(login_entries(home)) == {"flickr_tokens", entry_of(anna), entry_of(ben)}

    user("logout")
    keyring.set_password("mirror_flickr", "flickr_tokens", earlier)
    assert user("logout", "ben")[0] == 0
    assert read_keyring_logins() == [anna]
    assert set(login_entries(home)) == {"flickr_tokens", entry_of(anna)}

    keyring.set_password("mirror_flickr", "flickr_tokens", earlier)
    assert user("logout")[0] == 0
    assert "flickr_tokens" not in login_entries(home)


def test_a_run_chooses_among_the_logins_of_the_keyring(
    flickr: SimulatedFlickr, two_logins: list[SavedLogin], tmp_path: Path
) -> None:
    """`--as` names one of them; without it, it is the one of the account that is mirrored."""
    anna, ben = two_logins
    for account, expected in (("ben", ben), (None, anna)):
        chosen = asyncio.run(
            choose_logins(
                ["anna"],
                tmp_path,
                replace(KEYS, origin=ORIGIN),
                LoginChoice(account=account),
                flickr.api_url,
                Limits(),
            )
        )
        assert chosen == {"anna": expected}


@pytest.mark.usefixtures("two_logins")
@pytest.mark.parametrize("content", ["hunter2", '{"format": 3, "logins": []}', '{"format": 2}'])
def test_a_damaged_list_of_the_keyring_is_reported_and_can_be_removed(
    user: User, home: Path, content: str
) -> None:
    """Only a logout replaces it, and reports that entries may be left."""
    keyring.set_password("mirror_flickr", "flickr_tokens", content)
    code, text = user.login()
    assert (code, LOGIN_ORIGIN in text, "hunter2" in text) == (5, True, False)
    assert keyring.get_password("mirror_flickr", "flickr_tokens") == content
    assert user("logout")[0] == 0
    assert "whose names begin with flickr_tokens/" in user.err
    assert "flickr_tokens" not in login_entries(home)


def test_an_entry_that_was_removed_by_hand_is_left_out(
    user: User, home: Path, two_logins: list[SavedLogin]
) -> None:
    """The other logins stay valid, and the next login repairs the list."""
    anna, ben = two_logins
    keyring.delete_password("mirror_flickr", entry_of(anna))
    assert read_keyring_logins() == [ben]
    assert user.login()[0] == 0
    assert login_entries(home)["flickr_tokens"]["entries"] == [entry_of(ben)]


def test_a_locked_keyring_loses_no_login(
    user: User, home: Path, two_logins: list[SavedLogin], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A keyring that refuses to be read is not taken for an empty one: then neither login nor logout writes."""
    refuse = True

    def refusing(self: FileKeyring, service: str, username: str) -> str | None:
        if refuse and username == "flickr_tokens":
            raise KeyringLocked("dismissed")
        return read(self, service, username)

    read = FileKeyring.get_password
    monkeypatch.setattr(FileKeyring, "get_password", refusing)
    for code, text in (user.login(), user("logout"), user("logout", "anna")):
        assert (code, "KeyringLocked" in text) == (5, True)
    refuse = False
    assert read_keyring_logins() == two_logins


@pytest.mark.usefixtures("ring")
@pytest.mark.parametrize("trouble", ["forgetful", "locked later"])
def test_a_keyring_that_saves_no_login_is_named(user: User, home: Path, trouble: str) -> None:
    """A login that the keyring did not store is not reported as saved."""
    (home / ".flickr" / "flickr_keys").unlink()
    save_in_keyring(KEYS)
    if trouble == "forgetful":
        keyring.set_keyring(ForgetfulKeyring())  # type: ignore[no-untyped-call]

    def lock(code: str) -> str:
        if trouble == "locked later":
            (home / "locked").touch()
        return code

    code, text = user.login(sends=lock)
    assert code == 5
    assert ("did not save the login" if trouble == "forgetful" else "KeyringLocked") in text


def test_a_browser_is_opened_if_there_is_one(
    user: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only on a desktop, on a terminal, and without --no-browser; the address is printed in any case."""
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr(sys, "platform", "linux")
    user.has_terminal = True
    assert user.login()[0] == 0
    monkeypatch.setenv("DISPLAY", ":0")
    assert user.login("--no-browser")[0] == 0
    user.has_terminal = False
    assert user.login()[0] == 0
    assert opened == []
    user.has_terminal = True
    assert user.login()[0] == 0
    assert opened == [user.address]
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("SSH_CONNECTION", "1")
    assert user.login()[0] == 0
    assert len(opened) == 1
    monkeypatch.delenv("SSH_CONNECTION")
    assert user.login()[0] == 0
    assert len(opened) == 2


def test_a_token_in_the_environment_is_reported(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning states that a run uses the token, not the saved login."""
    monkeypatch.setenv("FLICKR_OAUTH_TOKEN", "x" * 20)
    code, text = user.login()
    assert (code, text.endswith("But a run uses FLICKR_OAUTH_TOKEN, which overrides it.\n")) == (0, True)


def test_an_endpoint_with_a_password_is_refused(user: User, flickr: SimulatedFlickr) -> None:
    """The login needs the header in which the password would be."""
    with pytest.raises(ConfigError, match="--api-url with a name or password cannot be") as caught:
        user.login("--api-url", flickr.api_url.replace("://", "://me:hunter2@"))
    assert "hunter2" not in str(caught.value)


# `logout` and `keys`


def test_a_logout_states_that_the_permission_stays(user: User, home: Path, flickr: SimulatedFlickr) -> None:
    """The saved login is removed without a call; the permission stays at Flickr, with the address to revoke it."""
    path = home / ".flickr" / "flickr_tokens"
    user.login()
    flickr.oauth.visitor = flickr.streams[1].nsid
    user.login()
    flickr.reset_counters()
    code, text = user("logout", "anna")
    assert code == 0
    assert text.startswith(
        f"The login of 'anna' is removed from {path}. The permission itself stays until you "
    )
    assert text.endswith("revoke it at https://www.flickr.com/services/auth/list.gne.\n")
    assert [login.token.username for login in saved(home)] == ["ben"]
    assert user("logout", "carl") == (
        5,
        f"mirror_flickr: There is no saved login of 'carl' in {path} or the keyring.\n",
    )
    assert user("logout")[0] == 0
    assert not path.exists()
    assert user("logout") == (0, f"There are no saved logins in {path.parent}.\n")
    assert not flickr.calls


def test_a_logout_names_the_logins_that_a_run_still_uses(user: User, home: Path, tmp_path: Path) -> None:
    """Those in `~/.flickr` are used with another cache path too."""
    user.login()
    user.login("--cache-path", str(tmp_path))
    code, text = user("logout", "anna", "--cache-path", str(tmp_path))
    assert (code, f"removed from {tmp_path}/flickr_tokens." in text) == (0, True)
    (login,) = saved(home)
    still = f"A run still uses the login of {login.account} from {home}/.flickr/flickr_tokens.\n"
    assert text.endswith(f" {still}")
    code, text = user("logout", "--cache-path", str(tmp_path))
    assert (code, text) == (0, f"There are no saved logins in {tmp_path}. {still}")


def test_a_check_of_the_keys_checks_the_logins(user: User, home: Path, flickr: SimulatedFlickr) -> None:
    """One more call for each login of the key: the account and the permission that Flickr states."""
    path = home / ".flickr" / "flickr_tokens"
    keys = f"Flickr accepts the API key. A run uses the key and its secret from {home}/.flickr/flickr_keys."
    assert user("keys", "check") == (0, f"{keys}\n")
    assert flickr.calls == {"flickr.test.echo": 1}
    user.login()
    flickr.reset_counters()
    account = f"'anna' ({flickr.streams[0].nsid})"
    assert user("keys", "check") == (
        0,
        f"{keys} The login of {account} from {path} works, with the permission 'read'.\n",
    )
    assert flickr.calls == {"flickr.test.echo": 1, CHECK: 1}

    flickr.oauth.revoke(saved(home)[0].token.token)
    code, text = user("keys", "check")
    assert code == 5
    assert f"The login of {account} from {path}: Flickr does not accept the login: it was revoked" in text
    assert "Run `mirror_flickr login`" in text


def test_a_check_reports_a_login_of_another_key(
    user: User, home: Path, monkeypatch: pytest.MonkeyPatch, flickr: SimulatedFlickr
) -> None:
    """It is not sent to Flickr with this key."""
    user.login()
    path = home / ".flickr" / "flickr_tokens"
    path.write_text(path.read_text().replace(hash_of(KEY), hash_of("another key")))
    flickr.reset_counters()
    code, text = user("keys", "check")
    assert code == 0
    assert text.endswith(f" from {path} was made with another API key.\n")
    assert flickr.calls == {"flickr.test.echo": 1}


def test_a_check_includes_the_token_of_the_environment(
    user: User, home: Path, monkeypatch: pytest.MonkeyPatch, flickr: SimulatedFlickr
) -> None:
    """Its account is the one that Flickr states."""
    issued = flickr.oauth.issue("7000001@N02")
    monkeypatch.setenv("FLICKR_OAUTH_TOKEN", issued.token)
    code, text = user("keys", "check")
    assert (code, "is set without FLICKR_OAUTH_TOKEN_SECRET" in text) == (5, True)
    monkeypatch.setenv("FLICKR_OAUTH_TOKEN_SECRET", issued.secret)
    code, text = user("keys", "check")
    assert code == 0
    assert "The login of 'ben' (7000001@N02) from the environment variable FLICKR_OAUTH_TOKEN works" in text
    monkeypatch.setenv("FLICKR_OAUTH_TOKEN_SECRET", "wrong")
    code, text = user("keys", "check")
    assert (code, "the secret of the API key or of the login is wrong" in text) == (5, True)


def test_removing_the_keys_keeps_the_logins(user: User, home: Path) -> None:
    """They are valid again with the same key."""
    user.login()
    path = home / ".flickr" / "flickr_tokens"
    code, text = user("keys", "forget")
    assert code == 0
    assert text.endswith(f" The logins stay in {path}: `mirror_flickr logout` removes them.\n")
    assert len(saved(home)) == 1
