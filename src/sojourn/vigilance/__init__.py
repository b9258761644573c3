"""Pharmacovigilance: terms events are coded to, reporting clocks, case reports."""
