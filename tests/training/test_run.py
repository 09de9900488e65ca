"""A whole training run on drawn pictures, from Parquet to served weights; resume goes on along the curve."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fashionviz.images import from_pixels
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.models.registry import get_model
from fashionviz.models.weights import load_trained
from fashionviz.training import commands
from fashionviz.training.install import install
from fashionviz.training.recipes import Stage, get_recipe
from fashionviz.training.run import train

# Lightning warns of its own use of torch, and gives advice on workers that a tiny run has no need of.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

MODEL = "mobilenet_v2.gender_category"
RECIPE = replace(
    get_recipe(MODEL),
    stages=(Stage((32, 24), 2),),
    batch={"catalogue": 8, "catalogue-large": 2, "pasted": 2, "street": 2, "home": 2},
)


def test_train_install_serve(data: Path, monkeypatch: pytest.MonkeyPatch, drawn: dict[str, np.ndarray]) -> None:
    monkeypatch.setattr(commands, "any_recipe", lambda name: RECIPE)
    said = commands.train_and_install(MODEL, init="scratch", resume=False, force=False)
    assert said.startswith(f"Installed {MODEL}")
    engine = Engine(EngineConfig(device="cpu"))
    assert engine.ready().ready
    info = engine.model()
    assert {(m["data_set"], m["split"]) for m in info.metrics} >= {
        ("fpi", "test"),
        ("fpi", "validation"),
        ("ccp", "test"),
    }
    prediction = engine.predict(from_pixels(drawn["shirt"]))
    assert len(prediction.scores) == 6
    assert prediction.assurance is not None, "newly trained weights get their assurance"
    engine.close()


def test_an_int8_card_states_what_int8_costs(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fashionviz.models.packing.LIMIT", 1_000)
    network = get_model(MODEL).build().eval()
    head = network.get_submodule("classifier.1")
    assert isinstance(head, torch.nn.Linear)
    # Men/Other, which no drawn item is, leads by less than fp16 can hold; as stored it ties with Men/Accessories, which
    # every fourth item is and which comes first.
    with torch.no_grad():
        head.weight.zero_()
        head.bias.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0001, 0.0]))
    card = install(RECIPE, network, (), command="fashionviz train it")
    assert card.dtype == "int8"
    before = card.metric("accuracy_float32", "fpi", "validation")
    after = card.metric("accuracy", "fpi", "validation")
    assert before is not None
    assert after is not None
    assert (before.value, before.n) == (0.0, 8)
    assert (after.value, after.n) == (0.25, 8)
    assert before.command == "fashionviz train it"
    assert load_trained(MODEL)[1] == card


def test_a_resumed_run_goes_on_along_its_curve(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = train(RECIPE)
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache2"))
    train(RECIPE, epochs=1)  # stopped after the first epoch
    resumed = train(RECIPE, resume=True)
    assert [h["epoch"] for h in resumed.history] == [0, 1]
    for before, after in zip(whole.history, resumed.history, strict=True):
        assert after["train_loss"] == pytest.approx(before["train_loss"], rel=1e-6)
    ends = [torch.load(r.checkpoint.parent / "last.ckpt", weights_only=True) for r in (whole, resumed)]
    for key in ("state_dict", "current_model_state"):
        for name, value in ends[0][key].items():
            # Loaded weights may lie differently in memory, which rounds differently; one step would be 1e-3.
            torch.testing.assert_close(ends[1][key][name], value, atol=1e-4, rtol=1e-3, msg=f"{key} {name}")
