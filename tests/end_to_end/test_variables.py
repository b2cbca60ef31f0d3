"""Environment variables that other programs also read: certificates, the log of TLS keys, proxies."""

from __future__ import annotations

import os
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.abc
import pytest
import trustme

from flickr_mirror import ApiBudget, Limits, ProxyLoginError, TransportError
from flickr_mirror.flickr.http_client import HttpClient
from flickr_mirror.simulator import SimulatedFlickr, SimulatedPhotostream
from tests.support.canary import KEY
from tests.support.command import IMPATIENT, KEYS, Outcome, command, run, running, start
from tests.support.unusable_paths import folder, missing, text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

FLICKR = ("--username", "x", *KEYS, "--api-url", "https://flickr.invalid/")


@pytest.mark.parametrize(
    ("variable", "make", "reason"),
    [
        ("SSL_CERT_FILE", text, "it holds no certificates in PEM form"),
        ("SSL_CERT_DIR", missing, "No such file or directory"),
        ("SSLKEYLOGFILE", folder, "Is a directory"),
    ],  # the others are in tests/unit/flickr/test_tls.py
)
async def test_an_invalid_tls_variable_is_reported(
    tmp_path: Path, variable: str, make: object, reason: str
) -> None:
    """Exit code 2 and one sentence with the variable, the path and the reason, also from `keys check` and for pings."""
    assert callable(make)
    path = make(tmp_path)
    environment = {"SSL_CERT_FILE": "", "SSL_CERT_DIR": "", "SSLKEYLOGFILE": "", variable: path}
    check = ("keys", "check", "--api-url", "https://flickr.invalid/")
    names = {"FLICKR_CONSUMER_KEY": KEYS[1], "FLICKR_CONSUMER_SECRET": KEYS[3]}
    for line in ((*FLICKR, "--quiet", "--cache-path", str(tmp_path / "x")), check):
        process = await _run(*line, **environment, **names)
        assert process.code == 2, process.err
        (sentence,) = process.err.splitlines()
        assert sentence == f"mirror_flickr: {variable} is {path}: {reason}" + sentence.partition(reason)[2]
        assert sentence.endswith("Correct the variable, or unset it.")


async def test_an_invalid_log_of_tls_keys_is_reported(tmp_path: Path) -> None:
    """The same sentence if a library opens the log when it is imported."""
    path = missing(tmp_path)
    line = command(None, tmp_path / "x", *FLICKR)
    names = {"FLICKR_CONSUMER_KEY": KEYS[1], "FLICKR_CONSUMER_SECRET": KEYS[3], "SSLKEYLOGFILE": path}
    process = await anyio.run_process(line, env={**os.environ, **names}, check=False)
    assert process.returncode == 2
    assert f"SSLKEYLOGFILE is {path}: No such file or directory" in process.stderr.decode()


async def _run(*line: str, **environment: str) -> Outcome:
    process = start([*line], environment)
    try:
        return await process.wait()
    finally:
        await process.close()


async def test_valid_certificates_and_key_logs_are_used(tmp_path: Path) -> None:
    """A file of certificates, one valid folder among missing ones, and a log of keys work."""
    authority, context = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    done = await anyio.run_process(["openssl", "x509", "-noout", "-hash", "-in", str(file)], check=False)
    if done.returncode:
        pytest.skip("openssl is not installed")
    folder = tmp_path / "certificates"
    folder.mkdir()
    (folder / f"{done.stdout.decode().strip()}.0").write_bytes(file.read_bytes())
    log = tmp_path / "keys.log"
    async with SimulatedFlickr(SimulatedPhotostream(2), ssl=context) as flickr:
        for number, trusted in enumerate(
            (
                {"SSL_CERT_FILE": str(file), "SSL_CERT_DIR": "/missing"},
                {"SSL_CERT_FILE": "", "SSL_CERT_DIR": f"/missing:{folder}", "SSLKEYLOGFILE": str(log)},
            )
        ):
            outcome = await run(flickr, tmp_path / str(number), "--image-only", **trusted)
            assert outcome.code == 0, outcome.err
    assert "CLIENT_HANDSHAKE" in log.read_text()


@asynccontextmanager
async def proxy(answer: bytes) -> AsyncIterator[str]:
    """Serve a proxy that sends the same answer to every request; yield its host and port."""

    async def serve(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(answer)

    server = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with server, anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, serve)
        yield f"127.0.0.1:{server.extra(anyio.abc.SocketAttribute.local_port)}"  # noqa: S610
        tasks.cancel_scope.cancel()


LOGIN = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("variable", "scheme"),
    [("HTTPS_PROXY", "https"), ("https_proxy", "https"), ("HTTP_PROXY", "http"), ("ALL_PROXY", "https")],
)
async def test_a_proxy_that_requires_a_login_is_named(tmp_path: Path, variable: str, scheme: str) -> None:
    """A 407 ends the command at once with a message on the proxy only; blanks around its address are stripped."""
    async with proxy(LOGIN) as address:
        line = ("--username", "x", *KEYS, "--api-url", f"{scheme}://flickr.invalid/")
        outcome = await run(None, tmp_path, *line, **{variable: f" http://{address} \n"})
    assert outcome.code == 75
    assert f"The proxy of {variable} (127.0.0.1) asks for a login (HTTP 407)" in outcome.err
    assert "Flickr gave no usable answer" not in outcome.err
    assert outcome.err.count("HTTP 407") == 1


async def test_a_proxy_for_images_that_requires_a_login_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Downloads report the same, and are not retried."""
    async with proxy(LOGIN) as address:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:canary@{address}")
        async with HttpClient(KEY, budget=ApiBudget()) as transport:
            with pytest.raises(ProxyLoginError, match=r"The proxy of HTTPS_PROXY .* asks for a login"):
                async with transport.stream("https://live.staticflickr.com/1/1_1_o.jpg"):
                    pass


@pytest.mark.parametrize("answer", [b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", b""])
async def test_another_failure_of_a_proxy_is_retried(tmp_path: Path, answer: bytes) -> None:
    """A proxy that refuses, or cannot be reached, is named as well, and retried like any broken connection."""
    async with proxy(answer) as address:
        address = address if answer else "127.0.0.1:9"
        async with running(
            None, tmp_path, *FLICKR, environment={"HTTPS_PROXY": address}, timing=IMPATIENT
        ) as process:
            outcome = await process.wait()
    assert outcome.code == 75
    assert "mirror_flickr: The proxy of HTTPS_PROXY" in outcome.err
    assert ("answered HTTP 403 for flickr.invalid" in outcome.err) == bool(answer)


async def test_an_invalid_certificate_behind_a_proxy_names_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message names the server, because the proxy works."""
    authority, context = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async with SimulatedFlickr(SimulatedPhotostream(1), ssl=context) as flickr:

        async def tunnel(stream: anyio.abc.SocketStream) -> None:
            async with stream, await anyio.connect_tcp("127.0.0.1", flickr.port) as server:
                await stream.receive()
                await stream.send(b"HTTP/1.1 200 OK\r\n\r\n")
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(pump, stream, server)
                    tasks.start_soon(pump, server, stream)

        async def pump(source: anyio.abc.SocketStream, target: anyio.abc.SocketStream) -> None:
            try:
                async for data in source:
                    await target.send(data)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                return

        server = await anyio.create_tcp_listener(local_host="127.0.0.1")
        async with server, anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, tunnel)
            port = server.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610
            monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{port}")
            budget = ApiBudget()
            async with HttpClient(
                KEY, budget=budget, api_url="https://flickr.invalid/", limits=Limits(attempts=1)
            ) as transport:
                with pytest.raises(TransportError, match=r"does not prove that it is flickr\.invalid"):
                    await transport.call("flickr.test.echo")
            tasks.cancel_scope.cancel()
