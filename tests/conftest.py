"""What every test shares."""

import os
import tempfile

os.environ.setdefault("SOJOURN_HOME", tempfile.mkdtemp(prefix="sojourn-tests-"))
