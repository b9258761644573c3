"""A scanner that speaks clamd's protocol over a real socket and knows one sign."""

import socketserver
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

# The industry's harmless test sign, in two halves: whole, it would stop this file itself.
SIGN = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + rb"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class _Scan(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        command = b""
        while not command.endswith(b"\0"):
            command += self.rfile.read(1)
        assert command == b"zINSTREAM\0", command
        content = b""
        while size := struct.unpack("!I", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
        self.server.seen.append(content)
        said = self.server.says or (
            b"stream: Eicar-Test-Signature FOUND" if SIGN in content else b"stream: OK"
        )
        self.wfile.write(said + b"\0" if self.server.finishes else said)


class Scanner(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Scan)
        self.seen: list[bytes] = []
        self.says = b""
        self.finishes = True

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.server_address[1]}"


@contextmanager
def scanner() -> Iterator[Scanner]:
    with Scanner() as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()
