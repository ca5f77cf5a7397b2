"""Names the cause of a wrong backward pass: what would have to be so for it to say what it says."""

from __future__ import annotations

from oracles.diagnosis.cause import Cause as Cause
from oracles.diagnosis.diagnose import diagnose as diagnose
