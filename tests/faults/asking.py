"""A member of staff at a real server, without a browser: signs in, reads, taps."""

import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field

from tests.clinic.serving import Served


@dataclass
class Staff:
    """One signed-in member."""

    served: Served
    name: str = "therapist"
    cookies: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def __post_init__(self) -> None:
        path = "/account/login/"
        self.get(path)
        status, said = self.post(path, {"login": self.name, "password": self.served.password})
        assert status == 200, said

    @property
    def room(self) -> str:
        return f"/demo/participants/{self.served.people['in_session']}/room/"

    def get(self, path: str, accept: str = "text/html") -> tuple[int, str]:
        return self._send(urllib.request.Request(self.served.url + path, headers=self._own(accept)))

    def post(self, path: str, data: dict, accept: str = "text/html") -> tuple[int, str]:
        token = next((each.value for each in self.cookies if each.name == "csrftoken"), "")
        body = urllib.parse.urlencode({**data, "csrfmiddlewaretoken": token}).encode()
        request = urllib.request.Request(
            self.served.url + path, data=body, headers=self._own(accept)
        )
        return self._send(request)

    def note(self, text: str, key: str = "") -> int:
        """The status of a note sent as the room's script sends it; its key is its text."""
        visit = re.search(r'name="visit" value="([^"]*)"', self.get(self.room)[1])
        data = {"tap": "note", "text": text, "key": key or text, "age_ms": "0"}
        data["visit"] = visit[1] if visit else ""
        status, said = self.post(self.room + "tap/", data, accept="application/json")
        if status != 200:
            assert "refused" in json.loads(said)
        return status

    def noted(self) -> list[str]:
        """The notes that the record holds of this member."""
        entries = self.served.entries(self.served.people["in_session"])
        mine = [each["data"] for each in entries if each["author"] == self.name]
        return [data["text"] for data in mine if "text" in data]

    def _own(self, accept: str) -> dict[str, str]:
        return {"Accept": accept, "Referer": self.served.url}

    def _send(self, request: urllib.request.Request) -> tuple[int, str]:
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        try:
            with opener.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, answer.read().decode()
