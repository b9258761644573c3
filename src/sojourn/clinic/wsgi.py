"""The door through which a web server calls Sojourn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sojourn.clinic.settings")
application = get_wsgi_application()
