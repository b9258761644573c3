"""Questionnaires and ratings as data, and the arithmetic of their scores."""

from sojourn.instruments.load import InstrumentError, load, load_shipped
from sojourn.instruments.model import Alert, Instrument, Item
from sojourn.instruments.score import (
    AnswerError,
    Change,
    Score,
    change,
    check_answers,
    score,
    score_total,
)

__all__ = [
    "Alert",
    "AnswerError",
    "Change",
    "Instrument",
    "InstrumentError",
    "Item",
    "Score",
    "change",
    "check_answers",
    "load",
    "load_shipped",
    "score",
    "score_total",
]
