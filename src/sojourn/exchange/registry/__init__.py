"""Trials as public registries describe them, for those who look for a lawful way in."""
