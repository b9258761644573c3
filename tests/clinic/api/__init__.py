"""The API for staff's programs."""
