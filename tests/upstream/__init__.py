"""The test suites of asyncio's users, run on asyncio's loop and on PyLoop: ``make test-upstream``.

Each is of a pinned release, in an environment of its own under build/upstream. What passes on asyncio and not on PyLoop
fails the run, but for what a subject excludes by name and with a reason.
"""
