"""A protocol as a study definition of CDISC USDM 4.0, and a study definition as a pack's draft."""

from sojourn.exchange.usdm.drafting import Draft, draft
from sojourn.exchange.usdm.reading import text_of
from sojourn.exchange.usdm.writing import study_definition

__all__ = ["Draft", "draft", "study_definition", "text_of"]
