"""A Textual application without a terminal, driven by its pilot on a PyLoop loop."""

from __future__ import annotations

import asyncio
from typing import Any

from textual.app import App, ComposeResult
from textual.widgets import Button, Input, Static

from support.streams import run


class _Application(App[str]):  # type: ignore[misc]
    """Says back what is typed, and how often a timer went off meanwhile."""

    ticks = 0

    def compose(self) -> ComposeResult:
        """Make what is shown."""
        yield Input(id="input")
        yield Button("Say", id="say")
        yield Static(id="said")

    def on_mount(self) -> None:
        """Start the timer."""
        self.set_interval(0.01, self._tick)

    def _tick(self) -> None:
        self.ticks += 1

    def on_button_pressed(self, _: Any) -> None:
        """Say it."""
        self.query_one("#said", Static).update(self.query_one("#input", Input).value.upper())


def test_keys_and_clicks_arrive_and_timers_run(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> tuple[str, str | None]:
        application = _Application()
        async with application.run_test() as pilot:
            await pilot.press(*"word")
            await pilot.click("#say")
            while application.ticks < 5:
                await pilot.pause(0.01)
            said = str(application.query_one("#said", Static).render())
            application.exit("left")
        return said, application.return_value

    assert run(loop, main()) == ("WORD", "left")
