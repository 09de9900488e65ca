"""``fashionviz sweep``: run an ordered search, go on with it, show its plan, or write its record."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from fashionviz.console import JsonOption, plain_errors, print_json, safe
from fashionviz.errors import InvalidRequest

if TYPE_CHECKING:
    from fashionviz.sweeps.record import SweepRecord
    from fashionviz.sweeps.run import Told
    from fashionviz.sweeps.studies import Study


def sweep_command(
    study: Annotated[str, typer.Argument(help="A study's name, for example clothing10-ordered.")],
    trials: Annotated[int | None, typer.Option("--trials", min=1, help="Run so many trials at most.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the steps and what is left; run nothing.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Write the record so far; run nothing.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Run failed trials again.")] = False,
    folder: Annotated[Path, typer.Option("--out", "-o", help="Where record, page and pictures go.")] = Path(
        "docs/sweeps"
    ),
    as_json: JsonOption = False,
) -> None:
    """Search hyper-parameters in an order, on validation. Stop it at any time; the same command goes on."""
    from fashionviz.sweeps.studies import get_study

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    console = Console(stderr=True)
    with plain_errors("Stopped. Run the same command again to go on from here."):
        chosen = get_study(study)
        if dry_run:
            if report or trials or retry_failed:
                raise InvalidRequest("--dry-run goes with no option but --json.")
            _show_plan(chosen, as_json)
            return
        from fashionviz.sweeps import page
        from fashionviz.sweeps import run as running

        if report and (trials or retry_failed):
            raise InvalidRequest("--report runs nothing: leave out --trials and --retry-failed.")
        if report:
            record, failed = running.report(chosen), 0
        else:
            record, failed = _run(chosen, trials, retry_failed, console)
        if report or record.complete:
            console.print(f"Wrote {safe(str(page.write(record, folder)))}.", highlight=False)
        if as_json:
            print_json(record.model_dump(mode="json"))
        else:
            _show_record(record)
        if failed or (not report and _stuck(record)):
            raise typer.Exit(1)


def _run(study: Study, limit: int | None, retry_failed: bool, console: Console) -> tuple[SweepRecord, int]:
    """Run trials with a line and a bar each; the record, and how many trials of this call failed."""
    from fashionviz.sweeps.run import sweep

    failed = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("epochs"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("looking for photos and weights", total=None)

        def on_start(told: Told) -> None:
            step = next(s for s in study.steps if s.name == told.trial.step)
            varied = ", ".join(f"{name} {told.trial.choices[name]}" for name in step.dimensions)
            bar.update(task, description=f"trial {told.done + 1} of {told.total}: {varied}", completed=0, total=None)

        def on_trial(told: Told) -> None:
            nonlocal failed
            failed += told.trial.state == "failed"
            console.print(_news(study, told), highlight=False, markup=False, soft_wrap=True)

        record = sweep(
            study, limit=limit, retry_failed=retry_failed, on_start=on_start, on_trial=on_trial,
            on_epoch=lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    return record, failed


def _news(study: Study, told: Told) -> str:
    """One line on a trial that has ended."""
    trial = told.trial
    step = next(s for s in study.steps if s.name == trial.step)
    said = f"{told.done}/{told.total}  " + ", ".join(f"{name} {trial.choices[name]}" for name in step.dimensions)
    if trial.accuracy is not None and trial.ci95 is not None:
        interval = f"{trial.ci95[0]:.4f} – {trial.ci95[1]:.4f}"
        said += f": accuracy {trial.accuracy:.4f} ({interval}, n {trial.n:,}) after {trial.seconds or 0:.0f} s"
    else:
        said += f": failed after {trial.seconds or 0:.0f} s. {trial.sentence}"
    return said if told.left_s is None else f"{said} · {_minutes(told.left_s)} left"


def _minutes(seconds: float) -> str:
    return f"about {seconds / 60:.0f} min" if seconds >= 90 else f"about {seconds:.0f} s"


def plan(study: Study) -> dict[str, object]:
    """What ``--dry-run`` prints: the steps, and what is done and left. Steps without a winner show what starts them."""
    from fashionviz.sweeps.order import grid, missing_trials, search
    from fashionviz.sweeps.record import Trial, scores_of
    from fashionviz.sweeps.run import seconds_left
    from fashionviz.sweeps.storage import TrialStore, study_folder

    trials: tuple[Trial, ...] = ()
    if (study_folder(study.name) / "journal.log").is_file():
        trials = TrialStore(study).trials()
    scores = scores_of(study, trials)
    found = search(study, scores)
    fixed, steps = study.start, []
    for number, step in enumerate(study.steps):
        winner = found.steps[number].winner if number < len(found.steps) else None
        points = found.steps[number].points if number < len(found.steps) else grid(study, step, fixed)
        steps.append(
            {
                "name": step.name,
                "choices": {d.name: [c.name for c in d.choices] for d in study.dimensions if d.name in step.dimensions},
                "grid": len(points),
                "tried": sum(p in scores for p in points),
                "winner": None if winner is None else {d: study.named(winner)[d] for d in step.dimensions},
            }
        )
        fixed = winner or fixed
    left, recipe = missing_trials(study, scores), study.base
    return {
        "study": study.name,
        "model": recipe.model,
        "photos": recipe.subsample,
        "epochs": recipe.epochs,
        "steps": steps,
        "trials": {"tried": len(scores), "left": left, "stuck": found.stuck},
        "seconds_left": seconds_left(trials, left),
    }


def _show_plan(study: Study, as_json: bool) -> None:
    found = plan(study)
    if as_json:
        print_json(found)
        return
    out = Console()
    table = Table("step", "choices", "grid", "tried", "winner", title=study.title)
    steps: list[dict] = found["steps"]  # type: ignore[assignment]
    for step in steps:
        choices = "\n".join(f"{name}: {', '.join(values)}" for name, values in step["choices"].items())
        winner = ", ".join(f"{k} {v}" for k, v in (step["winner"] or {}).items())
        table.add_row(step["name"], choices, str(step["grid"]), str(step["tried"]), winner)
    out.print(table)
    counts: dict = found["trials"]  # type: ignore[assignment]
    recipe = study.base
    photos = "all" if recipe.subsample is None else f"{recipe.subsample:,}"
    out.print(
        f"{counts['left']} trials left, {counts['tried']} tried; each {recipe.epochs} epochs of {photos} photos. A "
        "point that an earlier step has tried is not run again.",
        highlight=False,
    )
    seconds = found["seconds_left"]
    left = _minutes(seconds) if isinstance(seconds, float) else "known after the first trial"
    out.print(f"Time left: {left}.", highlight=False)


def _stuck(record: SweepRecord) -> bool:
    last = record.steps[-1]
    return last.winner is None and all(row.trial is not None for row in last.rows)


def _show_record(record: SweepRecord) -> None:
    out = Console()
    table = Table("step", "winner", "accuracy", "95 % interval", "n", title=record.title)
    for step in record.steps:
        row = None if step.winner is None else step.rows[step.winner]
        trial = record.trial(row.trial) if row else None
        if row and trial and trial.accuracy is not None and trial.ci95 is not None:
            interval = f"{trial.ci95[0]:.4f} – {trial.ci95[1]:.4f}"
            winner = ", ".join(f"{k} {v}" for k, v in row.choices.items())
            table.add_row(step.name, winner, f"{trial.accuracy:.4f}", interval, f"{trial.n:,}")
        else:
            tried = sum(r.trial is not None for r in step.rows)
            table.add_row(step.name, f"{tried} of {len(step.rows)} tried", "–", "–", "–")
    out.print(table)
    if _stuck(record):
        out.print(
            f"Every trial of the step {record.steps[-1].name} failed, so the search cannot go on. Mend what the "
            "sentences above say, and run the command again with --retry-failed.",
            highlight=False,
        )
    elif not record.complete:
        out.print("Not finished: the same command goes on.", highlight=False)
