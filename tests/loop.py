"""The event loop, which all tests of a process share: nothing of one goes on in the next."""

import asyncio


async def end_others() -> None:
    """Ends every task but the caller's, as a loop of the test's own would when it closes."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
