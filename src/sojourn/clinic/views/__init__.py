"""Pages of the clinic: thin, each asking the record and showing what it says."""
