"""The connection of one mirror to Flickr: opens the API, and counts what was sent and received."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flickr_mirror.engine.shared_budget import shared_budget
from flickr_mirror.flickr.api import AsyncFlickrApi
from flickr_mirror.flickr.http_client import HttpClient
from flickr_mirror.models.events import Waiting

if TYPE_CHECKING:
    import httpx

    from flickr_mirror.flickr.outage import OutageMonitor
    from flickr_mirror.flickr.rate_limiter import ApiBudget
    from flickr_mirror.models.access_token import AccessToken
    from flickr_mirror.models.events import Observer
    from flickr_mirror.models.options import Limits


class FlickrSession:
    """Opens the API anew for each run. Its figures are those of the latest run."""

    def __init__(
        self,
        consumer_key: str,
        consumer_secret: str,
        *,
        token: AccessToken | None,
        emit: Observer,
        budget: ApiBudget | None,
        api_transport: httpx.AsyncBaseTransport | None,
        image_transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        self.__consumer_key = consumer_key
        self.__consumer_secret = consumer_secret
        self.__token = token
        self._emit = emit
        self.budget = budget
        """The budget of API calls, `None` before the first run if the caller gave none."""
        self._api_transport = api_transport
        self._image_transport = image_transport
        self._http_client: HttpClient | None = None

    def open(self, api_url: str, limits: Limits) -> AsyncFlickrApi:
        """Return the API, to be used in `async with`."""
        self.budget = self.budget or shared_budget(self.__consumer_key, limits, api_url)
        self.budget.on_wait = lambda seconds: self._emit(Waiting("budget", seconds))
        self.budget.on_pause = lambda seconds: self._emit(Waiting("api", seconds))
        self._http_client = HttpClient(
            self.__consumer_key,
            budget=self.budget,
            api_url=api_url,
            limits=limits,
            api_transport=self._api_transport,
            image_transport=self._image_transport,
            login=(self.__consumer_secret, self.__token) if self.__token else None,
        )
        return AsyncFlickrApi(
            self.__consumer_key, self.__consumer_secret, token=self.__token, http_client=self._http_client
        )

    def reset(self) -> None:
        """Forget the figures of the latest run."""
        self._http_client = None

    @property
    def calls(self) -> dict[str, int]:
        """The number of API calls sent, by method."""
        return dict(self._http_client.calls) if self._http_client else {}

    @property
    def images_in_flight(self) -> int:
        """The number of images whose exchange with a server is open."""
        return self._http_client.image_silence.in_flight if self._http_client else 0

    @property
    def bytes_received(self) -> int:
        """The number of bytes of images and films received, including those of failed downloads."""
        return self._http_client.bytes_received if self._http_client else 0

    @property
    def outages(self) -> tuple[OutageMonitor, ...]:
        """The outage monitors of the API and of the image servers."""
        return (self._http_client.api_silence, self._http_client.image_silence) if self._http_client else ()
