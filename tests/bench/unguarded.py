"""Our web application whose probes are plain requests: any address, no cap, which only a benchmark may want."""

import os
import threading
from dataclasses import replace

import requests

from app.factory import create_app, prepare_database
from app.outside.answers import DEFAULT_LIMITS, Answer, Limits
from app.settings import Settings


class _Plain:
    def __init__(self) -> None:
        self._own = threading.local()

    def get(self, url: str, limits: Limits = DEFAULT_LIMITS, headers: object = None) -> Answer:
        if not hasattr(self._own, "session"):
            self._own.session = requests.Session()
        answer = self._own.session.get(url, timeout=limits.total)
        return Answer(answer.status_code, url, answer.headers, answer.content, False, 0.0)


_settings = Settings.read(os.environ)
prepare_database(_settings)
application = create_app(_settings)
application.extensions["classic"] = replace(application.extensions["classic"], outside=_Plain())
