"""What a run says about its tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from results import Result
from verdicts import Judged, Verdict

_ROW = "{:<24}{:>7}" + "{:>9}" * len(Verdict) + "{:>9}"
_HEADINGS = ("module", "run", *Verdict, "seconds")


def progress(module: str, results: Sequence[Result], seconds: float) -> str:
    """Return a line that says that ``module`` has been run, before its outcomes are judged."""
    outcomes = Counter(result.outcome for result in results)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    return f"{module}: {counts or 'no tests'}, {seconds:.1f} s"


def details(judged: Iterable[Judged], verdict: Verdict) -> Iterator[str]:
    """Yield all there is to say about each test of one verdict."""
    for entry in judged:
        if entry.verdict is verdict:
            yield f"\n{verdict.upper()} {entry.result.test}\n{entry.detail.rstrip()}"


def summary(judged: Sequence[Judged]) -> str:
    """Return the number of tests by module and verdict, and a last line with those of the whole run."""
    modules: dict[str, list[Judged]] = {}
    for entry in judged:
        modules.setdefault(entry.result.test.split()[0].partition(".")[0], []).append(entry)
    rows = ["", _ROW.format(*_HEADINGS)]
    rows += [_row(name, entries) for name, entries in sorted(modules.items())]
    rows.append(_row("total", judged))
    counts = Counter(entry.verdict for entry in judged)
    rows.append(
        ", ".join(f"{counts[verdict]} {verdict}" for verdict in (Verdict.PASSED, Verdict.FAILED, Verdict.SKIPPED))
    )
    return "\n".join(rows)


def _row(name: str, entries: Sequence[Judged]) -> str:
    counts = Counter(entry.verdict for entry in entries)
    seconds = sum(entry.result.seconds for entry in entries)
    return _ROW.format(name, len(entries), *(counts[verdict] for verdict in Verdict), f"{seconds:.1f}")
