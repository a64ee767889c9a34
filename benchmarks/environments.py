"""Virtual environments of the peers, each from its own hashed requirements."""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "benchmarks"


def peer_python(name: str, directory: Path) -> str:
    """The interpreter of a peer's environment, made anew when its requirements changed."""
    requirements = REQUIREMENTS / f"requirements-{name}.txt"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    home = directory / "peers" / name
    python, made = home / "bin" / "python", home / "made-from"
    if not made.exists() or made.read_text() != wanted:
        uv = str(Path(sys.executable).parent / "uv")
        install = [uv, "pip", "install", "--quiet", "--python", str(python), "--require-hashes", "-r"]
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(home)], check=True)
        subprocess.run([*install, str(requirements)], check=True)
        made.write_text(wanted)
    return str(python)
