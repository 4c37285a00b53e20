"""A batch and planned messages under random faults: none lost, none twice, unknown only where a call was open.

`CHAOS_SEED=7 pytest tests/chaos` repeats a run; a failure prints its seed. `./lotwire bench chaos` is the long one.
"""

import os
import random
from pathlib import Path

from tests import databases
from tests import site as sites
from tests.chaos.faults import Run
from tests.conftest import MORNING

DURABLE = {"timezone": "UTC", "max_connections": "60"}


async def test_a_batch_under_faults_reaches_everybody_once(database: str, tmp_path: Path) -> None:
    seed = int(os.environ.get("CHAOS_SEED") or random.randrange(1_000_000))
    made = databases.Databases(tmp_path, DURABLE)
    try:
        with sites.running(made, database, MORNING) as site:
            cluster = made.cluster() if database == "postgres" else None
            run = Run(site, seed, recipients=250, planned=30, faults=8, a_second=25, cluster=cluster)
            story = await run.go()
    finally:
        made.stop()
    assert sum(story.faults.values()) == 8
