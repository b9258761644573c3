"""A minimal data-capture application of the common kind: Django's admin, django-simple-history."""
