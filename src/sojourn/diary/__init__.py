"""The participant's own pages: the diary on their phone, its links and its reminders."""
