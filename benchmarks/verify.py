"""How long a whole record takes to verify, against a bare loop of the same hashes.

    python benchmarks/verify.py [--entries 1000000]

The bare loop holds the bytes of every entry in memory and makes each entry's
SHA-256, its Merkle leaf and every node above: nothing is read, compared or
looked up. Goal: verify takes at most three times as long.
"""

import shutil
import sys
import time
from hashlib import sha256

from record_of_many import count_asked_for, fill, start

GOAL = 3.0


def bare_loop(texts: list[bytes]) -> tuple[float, str]:
    """Seconds and the root."""
    began = time.perf_counter()
    nodes = [sha256(b"\x00" + sha256(text).digest()).digest() for text in texts]
    while len(nodes) > 1:
        odd = [nodes[-1]] if len(nodes) % 2 else []
        nodes = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(nodes[::2], nodes[1::2], strict=False)
        ] + odd
    return time.perf_counter() - began, nodes[0].hex()


def main() -> int:
    entries = count_asked_for(1_000_000)
    home = start()
    from sojourn.ledger.snapshot import stored_rows
    from sojourn.ledger.verify import verify

    fill(entries, streams=max(1, entries // 50))
    texts = ["\n".join(map(str, row[:14])).encode() for rows in stored_rows() for row in rows]
    size = sum(map(len, texts)) / entries
    bare, root = min(bare_loop(texts) for _ in range(3))
    del texts
    times = []
    for _ in range(3):
        began = time.perf_counter()
        report = verify()
        times.append(time.perf_counter() - began)
    shutil.rmtree(home)
    ratio = min(times) / bare
    right = report.root == root and not report.problems and report.entries == entries
    print(f"{entries} entries of {size:.0f} bytes; same root: {right}")
    print(f"  bare loop of the same hashes  {bare:7.2f} s  (best of 3)")
    print(f"  verify                        {min(times):7.2f} s  (best of 3)")
    print(f"  ratio {ratio:.2f}, goal at most {GOAL}: {'pass' if ratio <= GOAL else 'FAIL'}")
    return 0 if right and ratio <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
