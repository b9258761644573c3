"""FHIR R4: the record as others read it, and what they may add to it."""
