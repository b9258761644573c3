"""What the published trials show: results as data, their synthesis, the register of claims."""

from sojourn.evidence.answers import Answered, Change, answer_all, answer_claim, changes
from sojourn.evidence.balance import ProsAndCons, pros_and_cons
from sojourn.evidence.beside import Beside, beside
from sojourn.evidence.checks import Finding, findings
from sojourn.evidence.effects import Count
from sojourn.evidence.forest import Forest, Moment, answer
from sojourn.evidence.lines import Line
from sojourn.evidence.load import EvidenceError, load_studies, load_study, shipped_studies
from sojourn.evidence.model import Study
from sojourn.evidence.register import Claim, shipped_claims
from sojourn.evidence.summary import Summary

__all__ = [
    "Answered",
    "Beside",
    "Change",
    "Claim",
    "Count",
    "EvidenceError",
    "Finding",
    "Forest",
    "Line",
    "Moment",
    "ProsAndCons",
    "Study",
    "Summary",
    "answer",
    "answer_all",
    "answer_claim",
    "beside",
    "changes",
    "findings",
    "load_studies",
    "load_study",
    "pros_and_cons",
    "shipped_claims",
    "shipped_studies",
]
