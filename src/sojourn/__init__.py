"""Sojourn runs MDMA-assisted therapy for PTSD on one unbroken record."""
