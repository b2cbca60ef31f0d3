"""Detects the languages of texts in a worker process, so that the event loop is not blocked."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Self, cast

import anyio
from anyio import to_thread
from anyio.streams.buffered import BufferedByteReceiveStream

from flickr_mirror import subprocesses
from flickr_mirror.errors import FlickrMirrorError
from flickr_mirror.models.languages import ENGLISH, Locale, detect_locale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anyio.abc import ByteReceiveStream, ByteSendStream, Process

LOG = logging.getLogger("flickr_mirror")

_BATCH = 16  # texts per request: few, so that callers take turns and workers share a long list
_PATIENCE = 60  # seconds for a batch, which takes a fraction of one
_GRACE = 10  # seconds that a worker has to end by itself
_LONGEST_ANSWER = 64 * 1024
_FAILURES = 3  # calls in a row without an answer of a worker after which no worker is started
_REMEMBERED = 1024
_SHORT = 200  # characters: titles repeat, comments do not


class LanguageDetector:
    """Detects languages in worker processes, because the milliseconds that a text takes would delay all downloads.

        async with LanguageDetector() as detector:
            locales = await detector.detect(["Phố cổ Hội An", "Sur le pont d'Avignon"])

    A worker is started for the first text that needs one, and again if it was killed. If that fails, and outside of
    `async with`, a thread detects the language; so every text gets its locale.

    Raises `ValueError` if `workers` is less than 1.
    """

    def __init__(self, workers: int = 1) -> None:
        if workers < 1:
            raise ValueError(f"workers is 1 or more, not {workers!r}.")
        self._workers = [_Worker() for _ in range(workers)]
        self._idle = [*self._workers]
        self._turns = anyio.Semaphore(workers)
        self._threads = anyio.CapacityLimiter(1)
        self._remembered: dict[str, Locale] = {}
        self._failures = 0
        self._is_open = False

    async def __aenter__(self) -> Self:
        self._is_open = True
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._is_open = False
        for worker in self._workers:
            worker.kill()
        # tasks that wait for a killed worker get an error, and release it
        with anyio.CancelScope(shield=True):
            for _ in self._workers:
                await self._turns.acquire()
            for worker in self._workers:
                await worker.stop()
                self._turns.release()

    async def detect(self, texts: Sequence[str]) -> list[Locale]:
        """Return the locales that `texts` are most likely written in, in the same order.

        Many tasks may call this at once. Raises `FlickrMirrorError` if the language tables cannot be read.
        """
        found: dict[str, Locale] = {}
        unknown: list[str] = []
        for text in dict.fromkeys(texts):
            if locale := self._recall(text):
                found[text] = locale
            else:
                unknown.append(text)
        batches = (unknown[start : start + _BATCH] for start in range(0, len(unknown), _BATCH))

        async def work() -> None:
            for batch in batches:
                for text, locale in zip(batch, await self._detect_batch(batch), strict=True):
                    found[text] = self._remember(text, locale)

        if len(unknown) <= _BATCH:
            await work()
        else:
            async with anyio.create_task_group() as tasks:
                for _ in self._workers:
                    tasks.start_soon(work)
        return [found[text] for text in texts]

    def _recall(self, text: str) -> Locale | None:
        if not any(character.isalpha() for character in text):
            return ENGLISH
        locale = self._remembered.pop(text, None)
        return self._remember(text, locale) if locale else None

    def _remember(self, text: str, locale: Locale) -> Locale:
        if len(text) <= _SHORT:
            self._remembered[text] = locale
            if len(self._remembered) > _REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
        return locale

    async def _detect_batch(self, texts: list[str]) -> list[Locale]:
        async with self._turns:
            worker = self._idle.pop()  # the one that was used last: another one may never be needed
            try:
                locales = await self._ask(worker, texts)
            finally:
                self._idle.append(worker)
        if locales is None:
            try:
                locales = await to_thread.run_sync(_detect, texts, limiter=self._threads)
            except OSError as error:  # which has nothing to do with the texts
                raise FlickrMirrorError(
                    f"Cannot read the language tables ({error.strerror}). Allow more open files (`ulimit -n 256`) or, "
                    "if a table is missing, reinstall flickr_mirror; then run the same command again."
                ) from error
        return locales

    async def _ask(self, worker: _Worker, texts: list[str]) -> list[Locale] | None:
        """Return the answer of `worker`, after a second attempt if necessary; `None` if both fail."""
        for _ in range(2):
            if not self._is_open or self._failures >= _FAILURES:
                return None
            try:
                locales = await worker.detect(texts)
            except _WorkerLostError as error:
                if self._is_open:
                    LOG.warning("The process that detects languages was lost (%s).", error)
            else:
                self._failures = 0
                return locales
        self._failures += 1
        LOG.warning("Detecting languages in a thread instead, which slows the downloads down.")
        return None


class _WorkerLostError(Exception):
    """The worker did not start, died, or sent an invalid answer."""


class _Worker:
    """One worker process, started by the first request and by the first one after it was lost."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._is_killed = False

    async def detect(self, texts: list[str]) -> list[Locale]:
        """Return the locales of `texts`. Only one task may call this at a time. Raises `_WorkerLostError`."""
        try:
            with anyio.fail_after(_PATIENCE):
                return await self._exchange(texts)
        except Exception as error:
            await self.stop()
            raise _WorkerLostError(type(error).__name__) from error
        except BaseException:
            # cancelled: the pending answer would be taken for that of the next request
            self.kill()
            await self.stop()
            raise

    async def _exchange(self, texts: list[str]) -> list[Locale]:
        process = self._process or await self._start()
        await cast("ByteSendStream", process.stdin).send(json.dumps(texts).encode() + b"\n")
        answer = await self._answers.receive_until(b"\n", _LONGEST_ANSWER)
        locales = [Locale.from_string(tag) for tag in json.loads(answer)]
        if len(locales) != len(texts):
            raise ValueError(answer)
        return locales

    async def _start(self) -> Process:
        command, environment = subprocesses.command(__name__), subprocesses.environment()
        with anyio.CancelScope(shield=True):
            process = await anyio.open_process(command, stderr=subprocess.DEVNULL, env=environment)
        self._process = process
        self._answers = BufferedByteReceiveStream(cast("ByteReceiveStream", process.stdout))
        if self._is_killed:
            self.kill()
        # reads the language tables here, because that would block the event loop
        await to_thread.run_sync(Locale, "vie")
        return process

    def kill(self) -> None:
        """Kill the process, so that a task that waits for its answer gets an error."""
        self._is_killed = True
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def stop(self) -> None:
        """Let the process end by itself, or kill it. Cancellation does not interrupt this."""
        # asyncio warns if a process is killed that is about to end by itself
        with anyio.move_on_after(_GRACE, shield=True):
            if self._process is not None:
                await self._process.aclose()
        self._process = None
        self._is_killed = False


def _detect(texts: list[str]) -> list[Locale]:
    return [_detect_one(text) for text in texts]


def _detect_one(text: str) -> Locale:
    try:
        return detect_locale(text)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - an error in langdetect must not fail a photo
        LOG.warning("Cannot detect the language of a text of %d characters: %r.", len(text), type(error))
        return ENGLISH


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer each line of `requests`, a list of texts, with a line that lists their locales.

    ["Ph\\u1ed1 c\\u1ed5 H\\u1ed9i An", "Hello, world"]  ->  ["vie", "eng"]
    """
    for request in requests:
        locales = _detect(json.loads(request))
        answers.write(json.dumps([str(locale) for locale in locales]).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":  # pragma: no cover - runs in the worker
    subprocesses.outlive_signals()
    os.nice(19)  # not the idle class of Linux, which gets no time at all beside a busy program
    _serve(sys.stdin.buffer, sys.stdout.buffer)
