"""What is wrong, said as FHIR says it: an OperationOutcome for every error."""

from typing import Any

from sojourn.exchange.fhir.elements import Resource

# FHIR's kind of issue for each HTTP status, where nothing more particular is known.
KINDS = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    409: "conflict",
    410: "deleted",
    412: "multiple-matches",
    413: "too-long",
    415: "not-supported",
    422: "business-rule",
}


class Fault(Exception):
    """Something that can't be answered: the HTTP status, where, and the mend in words."""

    def __init__(self, status: int, text: str, expression: str = "", code: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.expression = expression
        self.code = code or KINDS.get(status, "processing")

    def outcome(self) -> Resource:
        """The OperationOutcome that tells it."""
        return outcome("error", self.code, self.text, self.expression)


def outcome(severity: str, code: str, text: str, expression: str = "") -> Resource:
    """An OperationOutcome with one issue."""
    issue: dict[str, Any] = {"severity": severity, "code": code, "diagnostics": text}
    if expression:
        issue["expression"] = [expression]
    return {"resourceType": "OperationOutcome", "issue": [issue]}
