"""A process that appends until it is killed, and says each position once it is kept.

python -m tests.ledger.writer STREAM
"""

import sys

import django


def main(stream: str) -> None:
    django.setup()
    from sojourn.ledger import registry
    from sojourn.ledger.read import version
    from tests.ledger.facts import KINDS, NoteWritten, PulseTaken, write

    with registry.use(KINDS):
        number = version(stream)
        while True:
            note = NoteWritten("a note " * (number % 50))
            written = write(stream, PulseTaken(70), note, expected=number, minutes=number)
            number = written[-1].sequence
            sys.stdout.write(f"{written[-1].position}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
