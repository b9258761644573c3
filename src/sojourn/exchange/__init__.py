"""What comes in from a site's own files and, later, what goes out to others."""
