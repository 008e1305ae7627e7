"""For WSGI servers other than ``ringback web``: ``gunicorn wsgi:application``."""

import os

from app.factory import create_app, prepare_database
from app.settings import Settings

_settings = Settings.read(os.environ)
prepare_database(_settings)
application = create_app(_settings)
