"""The words every room shares for what is asked, decided and written down.

A *command* asks for something to happen; a decider answers with *facts*; the
ledger wraps each fact in an *entry* that says when, by whom and after what.
Nothing here reads a clock, a file or a database.
"""
