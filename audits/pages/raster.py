"""From a drawing to a PNG that looks the same on every machine.

Letters come from Inter, the font of the screens, which Unfold brings along as WOFF2; servers often have no
font at all. It is unpacked once to TrueType, which the renderer reads, and kept beside the other files.
"""

import hashlib
import io
import os
from functools import cache
from pathlib import Path

import resvg_py
import unfold
from django.conf import settings
from fontTools.ttLib import TTFont

WEIGHTS = ("Regular", "SemiBold")
SHARPNESS = 2.0


def png_of(svg: str) -> bytes:
    """The drawing at twice its size, so that it is sharp on screens of high density."""
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            zoom=SHARPNESS,
            skip_system_fonts=True,
            font_files=[str(path) for path in fonts(settings.VAR_DIR / "fonts")],
            font_family="Inter",
        )
    )


@cache
def fonts(directory: Path) -> tuple[Path, ...]:
    """The weights that drawings use, as TrueType files below ``directory``."""
    packed = Path(str(unfold.__file__)).parent / "static/unfold/fonts/inter"
    return tuple(_unpacked(packed / f"Inter-{weight}.woff2", directory) for weight in WEIGHTS)


def _unpacked(packed: Path, directory: Path) -> Path:
    data = packed.read_bytes()
    path = directory / f"{packed.stem}-{hashlib.sha256(data).hexdigest()[:12]}.ttf"
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        font = TTFont(io.BytesIO(data))
        font.flavor = None
        unfinished = path.with_suffix(f".{os.getpid()}")
        font.save(unfinished)
        unfinished.rename(path)
    return path
