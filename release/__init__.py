"""What is done before a version is given away: audit, licences, wheel, SBOM, compatibility.

Programs for the people who make this project, `python -m release.<name>`; no part of the wheel.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
