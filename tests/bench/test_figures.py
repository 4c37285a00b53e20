"""How figures are summed up, judged and shown."""

import json

import pytest

from tests.bench.figures import Figure, Target, percentile, ratios, readable, table


def test_one_slow_run_does_not_move_the_figure() -> None:
    assert Figure("startup", "s", (2.0, 2.2, 9.0, 2.1, 2.1)).median == 2.1


def test_a_figure_that_was_never_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="never measured"):
        Figure("startup", "s", ())


@pytest.mark.parametrize(
    ("target", "runs", "verdict"),
    [
        (Target(3), (2.0, 3.0, 9.0), "met"),
        (Target(3), (2.0, 3.1, 3.2), "missed"),
        (Target(0.4, at_most=False), (0.1, 0.4, 0.5), "met"),
        (Target(0.4, at_most=False), (0.1, 0.39, 0.5), "missed"),
        (None, (1.0,), ""),
    ],
)
def test_the_median_is_what_is_judged(target: Target | None, runs: tuple[float, ...], verdict: str) -> None:
    assert Figure("startup", "s", runs, target).verdict == verdict


def test_each_run_is_compared_with_the_bare_one_beside_it() -> None:
    assert ratios([50.0, 10.0], [100.0, 20.0]) == (0.5, 0.5)


def test_runs_without_a_bare_one_beside_them_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratios([50.0, 10.0], [100.0])


def test_percentiles_are_numbers_that_were_measured() -> None:
    hundred = [float(n) for n in range(100, 0, -1)]

    assert percentile(hundred, 50) == 50
    assert percentile(hundred, 99) == 99
    assert percentile([7.0], 99) == 7
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 50)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (0.004119, "0.00412"),
        (0.4, "0.4"),
        (3.14159, "3.14"),
        (41.23, "41.2"),
        (250, "250"),
        (12345.6, "12,346"),
    ],
)
def test_three_digits_count(number: float, shown: str) -> None:
    assert readable(number) == shown


def test_a_table_tells_the_median_the_range_and_whether_the_target_was_met() -> None:
    shown = table(
        [
            Figure("First page", "s", (2.5, 2.0, 4.0), Target(3)),
            Figure("Texts", "texts/s", (1200.0,), Target(1500, False)),
        ]
    ).splitlines()

    assert shown[0].split() == ["median", "min", "–", "max", "target"]
    assert shown[1].split() == ["First", "page", "2.5", "2", "–", "4", "s", "≤", "3", "met"]
    assert shown[2].split() == ["Texts", "1,200", "texts/s", "≥", "1,500", "missed"]


def test_json_has_every_run_and_no_invented_verdict() -> None:
    record = json.loads(json.dumps(Figure("First page", "s", (2.5, 2.0)).record()))

    assert record["runs"] == [2.5, 2.0]
    assert (record["least"], record["median"], record["most"]) == (2.0, 2.25, 2.5)
    assert (record["target"], record["verdict"]) == (None, None)
