"""The queue and its worker: batches, bounds, failures, a killed worker."""

import threading
import time
from collections.abc import Iterator

import pytest
import torch

from fashionviz.errors import Overloaded, WorkerDied
from fashionviz.inference.batcher import Batcher


class Slow:
    """A forward pass that waits at a gate and remembers the sizes of its batches."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.sizes: list[int] = []

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        self.entered.set()
        self.gate.wait(10)
        self.sizes.append(len(x))
        return x.flatten(1)


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def batcher(slow: Slow) -> Iterator[Batcher]:
    made = Batcher("m", slow, max_batch=4, max_wait_ms=20, queue_size=6)
    yield made
    slow.gate.set()
    made.close()


def ask(
    batcher: Batcher, values: list[float], timeout_s: float = 10
) -> tuple[list[threading.Thread], dict[float, object]]:
    answers: dict[float, object] = {}

    def one(value: float) -> None:
        try:
            answers[value] = batcher.submit(torch.tensor([[[value]]]), timeout_s).logits.item()
        except Exception as error:
            answers[value] = error

    threads = [threading.Thread(target=one, args=(v,)) for v in values]
    for thread in threads:
        thread.start()
    return threads, answers


def until(condition: object) -> None:
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.005)
    raise AssertionError("did not happen")


def test_each_gets_its_own_answer_and_batches_stay_within_bounds(batcher: Batcher, slow: Slow) -> None:
    threads, answers = ask(batcher, [0.0])
    assert slow.entered.wait(10)  # the worker holds it at the gate: what follows must wait
    more, others = ask(batcher, [1.0, 2.0, 3.0, 4.0, 5.0])
    until(lambda: batcher.waiting == 5)
    slow.gate.set()
    for thread in threads + more:
        thread.join(10)
    assert answers == {0.0: 0.0}
    assert others == {v: v for v in (1.0, 2.0, 3.0, 4.0, 5.0)}
    assert max(slow.sizes) <= 4
    assert sum(slow.sizes) == 6
    assert len(slow.sizes) < 6, "photos that wait together must share a batch"


def test_a_full_queue_says_so_at_once(batcher: Batcher, slow: Slow) -> None:
    first, _ = ask(batcher, [0.0])
    assert slow.entered.wait(10)
    threads, _ = ask(batcher, [float(i) for i in range(1, 7)])
    until(lambda: batcher.waiting == 6)
    with pytest.raises(Overloaded) as caught:
        batcher.submit(torch.zeros(1, 1, 1), 10)
    assert caught.value.retry_after_s >= 1
    assert caught.value.status == 429
    slow.gate.set()
    for thread in first + threads:
        thread.join(10)


def test_never_waits_for_ever(batcher: Batcher) -> None:
    with pytest.raises(Overloaded, match="did not answer"):
        batcher.submit(torch.zeros(1, 1, 1), 0.05)


def test_a_failing_batch_fails_its_own_photos_and_no_others() -> None:
    def fail_on_negative(x: torch.Tensor) -> torch.Tensor:
        if (x < 0).any():
            raise RuntimeError("no")
        return x.flatten(1)

    batcher = Batcher("m", fail_on_negative, max_batch=1, max_wait_ms=0, queue_size=6)
    with pytest.raises(RuntimeError, match="no"):
        batcher.submit(-torch.ones(1, 1, 1), 5)
    assert batcher.submit(torch.ones(1, 1, 1), 5).logits.item() == 1
    batcher.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_killed_worker_is_replaced() -> None:
    killed = threading.Event()

    def die_once(x: torch.Tensor) -> torch.Tensor:
        if not killed.is_set():
            killed.set()
            raise SystemExit  # not an Exception: ends the thread, as a kill would
        return x.flatten(1)

    batcher = Batcher("m", die_once, max_batch=4, max_wait_ms=1, queue_size=6)
    with pytest.raises(WorkerDied, match="again"):
        batcher.submit(torch.ones(1, 1, 1), 5)
    until(lambda: batcher._worker is None)
    # Its end is reported while it goes: in this test, which expects it, and not in the next one.
    until(lambda: all(thread.name != "batcher-m" for thread in threading.enumerate()))
    assert batcher.submit(torch.ones(1, 1, 1), 5).logits.item() == 1
    batcher.close()
    with pytest.raises(WorkerDied):
        batcher.submit(torch.ones(1, 1, 1), 5)
