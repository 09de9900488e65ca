"""Training curves show the figures of the history, epoch by epoch."""

from fashionviz.figures.curves import curves_figure, metric_names, runs_figure

HISTORY = [
    {"epoch": 0, "train_loss": 1.5, "val_loss": 1.2, "val_fpi_accuracy": 0.7, "val_score": 0.7, "train_accuracy": 0.5},
    {"epoch": 1, "train_loss": 1.0, "val_loss": 0.9, "val_fpi_accuracy": 0.8, "val_ccp_department_recall": 0.75},
]


def test_every_figure_is_drawn_over_its_epochs() -> None:
    drawn = {trace.name: (list(trace.x), list(trace.y)) for trace in curves_figure(HISTORY).data}
    assert drawn == {
        "training loss": ([1, 2], [1.5, 1.0]),
        "validation loss": ([1, 2], [1.2, 0.9]),
        "training accuracy (augmented photos)": ([1], [0.5]),
        "validation accuracy (fpi)": ([1, 2], [0.7, 0.8]),
        "validation mean recall of the two departments (ccp)": ([2], [0.75]),
    }
    assert [a.text for a in curves_figure(HISTORY).layout.annotations] == ["Loss", "Share right"]


def test_a_taggers_score_is_no_share_of_right_answers() -> None:
    figure = curves_figure([{"epoch": 0, "train_loss": 1.5, "val_ccp_map": 0.3, "val_score": 0.3}])
    assert [trace.name for trace in figure.data] == [
        "training loss",
        "validation mean average precision of the tags (ccp)",
    ]
    assert [a.text for a in figure.layout.annotations] == ["Loss", "Score"]


def test_a_history_of_losses_alone_has_one_panel() -> None:
    figure = curves_figure([{"epoch": 0, "train_loss": 1.0}])
    assert [trace.name for trace in figure.data] == ["training loss"]
    assert len(figure.layout.annotations) == 1


def test_several_runs_are_laid_over_each_other() -> None:
    runs = {"a": HISTORY, "b": [{"epoch": 0, "val_loss": 2.0}, {"epoch": 1, "val_loss": 1.9, "learning_rate": 0.1}]}
    names = metric_names(runs)
    assert next(iter(names)) == "val_loss", "the one that both have"
    assert names["learning_rate"] == "learning rate"
    assert names["val_score"].startswith("score on validation")
    drawn = {trace.name: (list(trace.x), list(trace.y)) for trace in runs_figure(runs, "val_loss").data}
    assert drawn == {"a": ([1, 2], [1.2, 0.9]), "b": ([1, 2], [2.0, 1.9])}
    (only,) = runs_figure(runs, "learning_rate").data
    assert (only.name, list(only.x), list(only.y)) == ("b", [2], [0.1])
    first, second = runs_figure(runs, "val_loss").data
    assert only.line.color == second.line.color != first.line.color, "a run keeps its colour"
    assert runs_figure(runs, "val_loss").layout.yaxis.title.text == "validation loss"
