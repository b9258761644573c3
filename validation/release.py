"""What a release is: sdist, wheel, list of contents, digests, and a signature: `make release`.

The signature is ssh-keygen's (`-Y sign`), over the file of digests; SECURITY.md tells how it is
verified. The same commit gives the same wheel, byte by byte; the sdist has the times of its files.
"""

import argparse
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SUMS, NAMESPACE = "SHA256SUMS", "sojourn-release"


def build(folder: Path) -> None:
    """The sdist and the wheel of the tree at hand, by the build backend alone."""
    from setuptools import build_meta

    folder.mkdir(parents=True, exist_ok=True)
    when = _said("git", "log", "-1", "--format=%ct")
    os.environ["SOURCE_DATE_EPOCH"] = when
    os.chdir(ROOT)
    with contextlib.redirect_stdout(sys.stderr):
        build_meta.build_sdist(str(folder))
        build_meta.build_wheel(str(folder))
    shutil.rmtree(ROOT / "build", ignore_errors=True)


def sums(folder: Path) -> Path:
    """The file of digests over everything else in ``folder``, as sha256sum reads it."""
    names = sorted(each.name for each in folder.iterdir() if each.name not in (SUMS, f"{SUMS}.sig"))
    lines = [
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names
    ]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")
    return folder / SUMS


def sign(file: Path, key: Path) -> Path:
    """The signature of ``file`` by an SSH key, beside it."""
    signature = file.with_name(f"{file.name}.sig")
    signature.unlink(missing_ok=True)
    subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-q", "-n", NAMESPACE, "-f", str(key), str(file)],
        check=True,
    )
    return signature


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--key", type=Path, required=True, help="the SSH key that signs releases")
    parser.add_argument("--sbom", type=Path, required=True, help="what the release holds")
    parser.add_argument("--into", type=Path, default=ROOT / "dist" / "release")
    asked = parser.parse_args()
    if _said("git", "status", "--porcelain"):
        print("the tree has changes that are in no commit; commit them first", file=sys.stderr)
        return 1
    folder, sbom, key = (each.resolve() for each in (asked.into, asked.sbom, asked.key))
    shutil.rmtree(folder, ignore_errors=True)
    build(folder)
    shutil.copy(sbom, folder / sbom.name)
    signature = sign(sums(folder), key)
    print(signature.with_suffix("").read_text(encoding="utf-8"), end="")
    print(f"signed: {signature}")
    return 0


def _said(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
