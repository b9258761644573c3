"""Flesch-Kincaid grade (Kincaid 1975, DTIC ADA006655): school years that a text asks for."""

import re

# Letters are said one by one.
_ACRONYM = re.compile(r"^[A-Z0-9-]{2,}$")
# Endings that add a vowel to the letters and none to the ear.
_SILENT = re.compile(r"(?:[^laeiouy]es|[^aeiou]ed|[^laeiouy]e)$")
_SOUNDED = re.compile(r"(?:[td]ed|[sxzcg]es|[sc]hes)$")


def grade(text: str) -> float:
    """0.39 words a sentence + 11.8 syllables a word - 15.59."""
    sentences = [each for each in re.split(r"[.!?:]+(?:\s|$)", text) if re.search(r"\w", each)]
    words = re.findall(r"[A-Za-z0-9][A-Za-z0-9'’.,-]*", text)
    return (
        0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59
    )


def syllables(word: str) -> int:
    """Groups of vowels, with silent endings taken off; a number or acronym by its signs."""
    word = word.strip("'’.,-")
    if _ACRONYM.match(word):
        return max(1, sum(3 if each == "W" else 1 for each in word if each.isalnum()))
    return sum(_of_part(part) for part in word.lower().split("-")) or 1


def _of_part(word: str) -> int:
    word = re.sub(r"['’]s?$", "", re.sub(r"[^a-z'’]", "", word))
    if not word:
        return 0
    count = len(re.findall(r"[aeiouy]+", word))
    if _SILENT.search(word) and not _SOUNDED.search(word):
        count -= 1
    count += len(re.findall(r"(?:ia(?!l)|rial|io(?!n|us)|[aeiou]ing$)", word))
    return max(1, count)
