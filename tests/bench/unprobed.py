"""Our web application with the pre-flight switched off, which only a benchmark may want."""

import os
from dataclasses import replace

from app.factory import create_app, prepare_database
from app.outside.answers import DEFAULT_LIMITS, Answer
from app.settings import Settings


class _Nothing:
    def get(self, url: str, limits: object = DEFAULT_LIMITS, headers: object = None) -> Answer:
        return Answer(200, url, {}, b"", False, 0.0)


_settings = Settings.read(os.environ)
prepare_database(_settings)
application = create_app(_settings)
application.extensions["classic"] = replace(application.extensions["classic"], outside=_Nothing())
