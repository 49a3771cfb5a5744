"""The suites: a module and a file of pinned requirements each."""

NAMES = ("aiohttp", "anyio", "httpcore", "httpx", "tornado", "uvicorn")
