"""Signed runs under each fault: the final mirror is complete, and no output contains the login."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from flickr_mirror import FlickrMirrorError, Limits, LoginError
from flickr_mirror.simulator import Rule, Script, faults
from flickr_mirror.simulator.fault_plan import MIXES
from tests.support.mirroring import mirroring
from tests.support.parameters import with_slow_rest
from tests.support.timing import FAST

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import web

    from tests.support.canary import Canary
    from tests.support.mirroring import Run

pytestmark = pytest.mark.usefixtures("canary", "one_language")

FAULTS = [fault for mix in MIXES.values() for fault in mix]
PHOTOS = 2


def note_signatures(run: Run) -> list[str]:
    """Return a list to which the signature of each request of the API is added."""
    found: list[str] = []

    async def note(request: web.Request) -> web.StreamResponse | None:
        found.extend(re.findall('oauth_signature="([^"]+)"', request.headers.get("Authorization", "")))
        return None

    run.flickr.intercept = note
    return found


@pytest.mark.parametrize("fault", with_slow_rest(FAULTS, *FAULTS[::3]))
@pytest.mark.parametrize("kind", ["api", "image"])
async def test_a_temporary_fault_loses_nothing(
    tmp_path: Path, canary: Canary, kind: str, fault: faults.Fault
) -> None:
    """Two requests fail: everything is mirrored, each call is signed again, and no secret is shown."""
    async with mirroring(tmp_path, PHOTOS, commented=1) as run:
        run.log_in()
        run.limits = Limits(attempts=3, timing=FAST)
        signatures = note_signatures(run)
        run.flickr.faults = Script(Rule(fault, kind=kind, times=2))
        report = await run(info_level=2)
        assert (report.complete, report.images, report.failures) == (True, PHOTOS, [])
        assert len({*signatures}) == len(signatures) == run.flickr.calls.total()
    assert not [text for text in canary.texts for signature in signatures if signature in text]


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in MIXES["429"]])
async def test_a_permanent_fault_shows_no_secret(tmp_path: Path, canary: Canary, fault: faults.Fault) -> None:
    """The error that ends the run, its causes and their requests contain no secret."""
    async with mirroring(tmp_path, PHOTOS) as run:
        run.log_in()
        signatures = note_signatures(run)
        run.flickr.faults = Script(Rule(fault, times=None))
        with pytest.raises(FlickrMirrorError) as caught:
            await run()
        canary.record(caught.value)
    assert signatures
    assert not [text for text in canary.texts for signature in signatures if signature in text]


@pytest.mark.parametrize("when", ["at once", "in the middle"])
async def test_a_revoked_login_ends_the_run(tmp_path: Path, canary: Canary, when: str) -> None:
    """No photo counts as failed; after another login the next run completes the mirror."""
    async with mirroring(tmp_path, PHOTOS, commented=1) as run:
        token = run.log_in()

        async def revoke(request: web.Request) -> web.StreamResponse | None:
            if when == "at once" or "comments" in request.query.get("method", ""):
                run.flickr.oauth.revoke(token.token)
            return None

        run.flickr.intercept = revoke
        with pytest.raises(LoginError, match="it was revoked") as caught:
            await run(info_level=2)
        canary.record(caught.value)
        assert run.mirror().report.failures == []
        run.flickr.intercept = None
        run.log_in()
        report = await run(info_level=2)
        assert (report.complete, report.failures, report.infos) == (True, [], PHOTOS)
