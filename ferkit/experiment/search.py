"""The trials of `[search]`: Optuna proposes settings, and the run folder has the history.

A study is rebuilt for each trial from settings.json, metrics.jsonl and finished.json, with a sampler whose
seed depends on the fold and the trial. An interrupted search therefore continues with the same trials.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from statistics import mean
from typing import TYPE_CHECKING, Any

from ferkit.errors import RunError
from ferkit.evaluation.protocol import Fold
from ferkit.evaluation.protocol_options import Measure
from ferkit.evaluation.run_files import read_settings
from ferkit.experiment.run_dir import RunDir
from ferkit.neural.device import derive_seed
from ferkit.recipe.schema import Recipe
from ferkit.recipe.search_options import Dimension, Search

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution

RANDOM_TRIALS = 10
"""Trials before the TPE sampler learns, which is Optuna's default."""
UNPRUNED_TRIALS = 5
"""Trials before the median pruner ends any, which is Optuna's default."""

History = dict[int, dict[int, tuple[float, float]]]
"""Trial to epoch to (value, value for ties) on the validation images. Higher is better."""


def propose(recipe: Recipe, run_dir: RunDir, fold: Fold, measure: Measure) -> None:
    """Choose and save the settings of a trial, unless an earlier start did."""
    search, number = recipe.search, fold.candidate
    if search is None or number is None or read_settings(run_dir.path, fold.name):
        return
    seed = derive_seed(recipe.protocol.seed, fold.repeat, fold.index, number)
    study = _study(search, run_dir, fold, measure, number, seed)
    parameters = study.ask(_distributions(search)).params
    settings = {key: _decode(search.space[key], value) for key, value in parameters.items()}
    run_dir.record_settings(fold, settings)


def make_pruner(recipe: Recipe, run_dir: RunDir, fold: Fold, measure: Measure) -> Callable[[], bool] | None:
    """Return a function that is True if the trial should end after its last epoch. None without a pruner."""
    search, number = recipe.search, fold.candidate
    if search is None or number is None or search.pruner == "none":
        return None

    def is_hopeless() -> bool:
        trial = _study(search, run_dir, fold, measure, number).ask()
        for epoch, (merit, _) in _read_history(run_dir, fold, measure)[number].items():
            trial.report(merit, epoch)
        return trial.should_prune()

    return is_hopeless


def check_trials(recipe: Recipe, run_dir: RunDir, fold: Fold) -> None:
    """Raise RunError after the last trial of a fold, if no trial has an epoch."""
    if recipe.search and fold.candidate == recipe.search.trials - 1 and not run_dir.choice(fold):
        raise RunError(
            f"every trial of repeat {fold.repeat + 1}, fold {fold.index + 1} diverged in its first epoch. "
            "Lower the learning rates in [search.space], and start a new run."
        )


def describe_search(recipe: Recipe, run_dir: RunDir, folds: list[Fold], measure: Measure) -> dict[str, Any]:
    """Return the history of each fold and the importance of the keys, for summary.json."""
    search = recipe.search
    assert search
    first = [fold for fold in folds if fold.candidate == 0]
    described: list[dict[str, Any]] = []
    for fold in first:
        study = _study(search, run_dir, fold, measure, search.trials)
        history = _read_history(run_dir, fold, measure)
        numbered = [
            (replace(fold, candidate=number), history.get(number, {})) for number in range(search.trials)
        ]
        trials = [_describe_trial(run_dir, one, merits, measure) for one, merits in numbered]
        importance = _importance(study)
        described.append(
            {"repeat": fold.repeat, "fold": fold.index, "importance": importance, "trials": trials}
        )
    known = [one["importance"] for one in described if one["importance"]]
    importance = {key: mean(one.get(key, 0.0) for one in known) for key in search.space} if known else {}
    options = search.model_dump(include={"sampler", "pruner"})
    return {**options, "measure": measure, "importance": importance, "folds": described}


def _describe_trial(
    run_dir: RunDir, fold: Fold, merits: Mapping[int, tuple[float, float]], measure: Measure
) -> dict[str, Any]:
    best = max(merits, key=lambda epoch: merits[epoch], default=None)
    value = None if best is None else merits[best][0] * (-1 if measure == "nll" else 1)
    facts = run_dir.finished(fold) or {}
    ends = {key: bool(facts.get(key)) for key in ("is_pruned", "has_diverged")}
    settings = read_settings(run_dir.path, fold.name)
    return {"settings": settings, "value": value, "epoch": best, **ends}


def _study(
    search: Search, run_dir: RunDir, fold: Fold, measure: Measure, trials: int, seed: int = 0
) -> Study:
    """Return a study in memory with the first trials of a fold. Higher values are better."""
    import optuna
    from optuna.samplers import RandomSampler, TPESampler

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler: optuna.samplers.BaseSampler = RandomSampler(seed=seed)
    if search.sampler == "tpe":
        sampler = TPESampler(seed=seed, n_startup_trials=RANDOM_TRIALS)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=UNPRUNED_TRIALS)
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)
    states, history = optuna.trial.TrialState, _read_history(run_dir, fold, measure)
    for number in range(trials):
        one = replace(fold, candidate=number)
        facts = run_dir.finished(one) or {}
        merits = {epoch: merit for epoch, (merit, _) in history.get(number, {}).items()}
        settings = read_settings(run_dir.path, one.name)
        is_complete = not (facts.get("is_pruned") or facts.get("has_diverged"))
        past = optuna.trial.create_trial(
            state=states.COMPLETE if is_complete else states.PRUNED if merits else states.FAIL,
            value=max(merits.values(), default=None),
            params={key: _encode(search.space[key], value) for key, value in settings.items()},
            distributions=_distributions(search),
            intermediate_values=merits,
        )
        study.add_trial(past)
    return study


def _read_history(run_dir: RunDir, fold: Fold, measure: Measure) -> History:
    history: History = {}
    for one in run_dir.epoch_scores():
        if (one.repeat, one.fold) == (fold.repeat, fold.index) and one.candidate is not None:
            history.setdefault(one.candidate, {})[one.epoch] = one.merit(measure)
    return history


def _distributions(search: Search) -> dict[str, BaseDistribution]:
    return {key: _distribution(one) for key, one in search.space.items()}


def _distribution(one: Dimension) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if one.choices is not None:
        return CategoricalDistribution([_encode(one, choice) for choice in one.choices])
    if one.is_integer:
        high = one.high - (one.high - one.low) % (one.step or 1)
        return IntDistribution(one.low, high, log=one.log, step=one.step or 1)
    return FloatDistribution(float(one.low), float(one.high), log=one.log, step=one.step)


def _encode(one: Dimension, value: Any) -> Any:
    """Return a value for Optuna, whose choices can't be tables or lists."""
    return value if one.choices is None else json.dumps(value, sort_keys=True)


def _decode(one: Dimension, value: Any) -> Any:
    return value if one.choices is None else json.loads(value)


def _importance(study: Study) -> Mapping[str, float]:
    """Return the importance of each key by fANOVA (Hutter et al. 2014). Empty with too few trials."""
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return dict(get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0)))
    except (ValueError, RuntimeError):  # fewer than two complete trials, or equal values
        return {}
