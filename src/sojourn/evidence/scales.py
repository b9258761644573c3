"""What a rating scale can give: its range, and whether one person's total is a whole number."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    lowest: int
    highest: int
    whole: bool


SCALES: dict[str, Scale] = {
    "caps-5": Scale(0, 80, whole=True),  # Weathers 2018, doi 10.1037/pas0000486
    "caps-iv": Scale(0, 136, whole=True),  # Blake 1995, doi 10.1002/jts.2490080106
    "pds": Scale(0, 51, whole=True),  # Foa 1997, doi 10.1037/1040-3590.9.4.445
    "lsas": Scale(0, 144, whole=True),  # Liebowitz 1987, doi 10.1159/000414022
    "bdi-ii": Scale(0, 63, whole=True),  # Beck 1996
}
