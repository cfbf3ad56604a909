"""The first cell of every notebook, in one place: it makes the course's helpers importable."""

SETUP_TAGS = ["course-setup", "remove-cell"]

# `tools/fork.py` rewrites the line that begins with "REPO, BRANCH =".
SETUP_CELL = """\
# Set-up: finds the course's helpers, or fetches them (Colab, a downloaded notebook).
import os
import subprocess
import sys
from pathlib import Path

REPO, BRANCH = "https://github.com/cnn-companion/cnn-companion", "main"


class HelpersMissing(Exception):
    def _render_traceback_(self):  # Jupyter shows one line, not a traceback
        return [str(self)]


folders = [Path.cwd(), *Path.cwd().parents]
root = next((folder for folder in folders if (folder / "utils" / "style.py").is_file()), None)
if root is None:
    source, root = os.environ.get("COURSE_REPO", REPO), Path.cwd() / REPO.rsplit("/", 1)[-1]
    if not (root / "utils" / "style.py").is_file():
        command = ["git", "clone", "--quiet", "--depth=1", f"--branch={BRANCH}", source, str(root)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            raise HelpersMissing(
                f"The course's helpers could not be fetched from {source}: check the network and "
                f"that git is installed, then run this cell again (or unpack the course into "
                f"{root.name}/)."
            ) from None
if str(root) not in sys.path:
    sys.path.insert(0, str(root))"""
