"""The rules: which outcomes are in order.

Every test that passes on the interpreter's own loop passes on PyLoop, unless it is excluded; an excluded test fails.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from results import Outcome, Result


class Verdict(StrEnum):
    """What an outcome means for the run."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    EXCLUDED = "excluded"
    """Failed, as its exclusion says."""
    FOREIGN = "foreign"
    """Failed, but on the interpreter's own loop too: PyLoop is not the cause."""


@dataclass(frozen=True)
class Judged:
    """A test and the verdict on it."""

    result: Result
    verdict: Verdict
    detail: str


def doubtful(results: Iterable[Result], exclusions: Collection[str]) -> list[Result]:
    """Return those results on PyLoop that need the interpreter's own loop to compare with.

    A skip is one of them: a test that only PyLoop skips would hide there.
    """
    return [result for result in results if result.outcome is not Outcome.PASSED and result.test not in exclusions]


def judge(result: Result, exclusions: Mapping[str, str], own: Mapping[str, Outcome] | None) -> Judged:
    """Return the verdict on ``result``.

    Args:
        result: what happened.
        exclusions: the excluded tests, and why.
        own: what happened to the doubtful tests on the interpreter's own loop; None if ``result`` is from that loop.
    """
    there = result.outcome if own is None else own.get(result.test)
    detail = result.detail
    match result.outcome:
        case Outcome.PASSED if result.test in exclusions:
            verdict = Verdict.FAILED
            detail = f"passes although it is excluded: {exclusions[result.test]}"
        case Outcome.PASSED:
            verdict = Verdict.PASSED
        case Outcome.SKIPPED if there is Outcome.PASSED:
            verdict = Verdict.FAILED
            detail = f"skipped, but passes on the interpreter's own loop: {result.detail}"
        case Outcome.SKIPPED:
            verdict = Verdict.SKIPPED
        case Outcome.FAILED if result.test in exclusions:
            verdict = Verdict.EXCLUDED
            detail = exclusions[result.test]
        case _ if own is not None and there in {Outcome.FAILED, Outcome.DIED}:
            verdict = Verdict.FOREIGN
        case _:
            verdict = Verdict.FAILED
    return Judged(result, verdict, detail)


def stale(results: Iterable[Result], exclusions: Iterable[str], modules: Collection[str]) -> list[Judged]:
    """Return a failure for each exclusion that names no test of ``modules``, which have been run completely."""
    seen = {result.test for result in results}
    missing = [test for test in exclusions if test.partition(".")[0] in modules and test not in seen]
    return [
        Judged(Result(test, Outcome.FAILED), Verdict.FAILED, "is excluded, but there is no such test")
        for test in missing
    ]
