"""The API for staff's own programs: every command and list of the pages, by personal token."""
