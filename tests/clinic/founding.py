"""An open programme without dosing, ready for imports."""

from datetime import date

from sojourn.clinic.founding import Founding, found


def found_depression() -> None:
    found(
        Founding(
            key="depression",
            pack="observed-depression-trial",
            title="Depression trial",
            authorisation_kind="data-licence",
            reference="Apache-2.0",
            valid_from=date(2000, 1, 1),
            consent_version="1.0",
            committee="as published",
        ),
        author="lead",
    )
