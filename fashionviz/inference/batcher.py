"""A bounded queue and a worker that forms micro-batches."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from dataclasses import dataclass, field

import torch
from torch import Tensor

from fashionviz.errors import Overloaded, WorkerDied

log = logging.getLogger(__name__)


@dataclass
class _Ticket:
    x: Tensor
    future: Future[Answer]
    queued: float = field(default_factory=time.perf_counter)


@dataclass(frozen=True)
class Answer:
    """Logits ``(K,)`` float32 on the CPU, with the time waited and computed in milliseconds."""

    logits: Tensor
    queue_ms: float
    compute_ms: float
    batch: int


class Batcher:
    """Runs ``forward`` on micro-batches in one worker thread; thread-safe.

    Args:
        name: for messages and the thread's name.
        forward: ``(N, 3, H, W)`` to ``(N, K)``.
        max_batch: most inputs at once.
        max_wait_ms: how long the first input waits for company.
        queue_size: most waiting inputs.
    """

    def __init__(
        self,
        name: str,
        forward: Callable[[Tensor], Tensor],
        *,
        max_batch: int,
        max_wait_ms: float,
        queue_size: int,
    ) -> None:
        self.name = name
        self._forward = forward
        self._max_batch = max_batch
        self._max_wait = max_wait_ms / 1000
        self._queue: queue.Queue[_Ticket | None] = queue.Queue(maxsize=queue_size)
        self._lock = threading.Lock()
        self._worker: threading.Thread | None = None
        self._closed = False
        self._recent_s = 0.05  # running mean time of a batch, for Retry-After

    def submit(self, x: Tensor, timeout_s: float) -> Answer:
        """Answer one input ``(3, H, W)``, waiting for a place in a micro-batch.

        Raises:
            Overloaded: the queue is full, or no answer came in time.
            WorkerDied: the worker stopped; the next call starts a new one.
        """
        ticket = _Ticket(x, Future())
        with self._lock:
            if self._closed:
                raise WorkerDied(f"{self.name} has just been unloaded; please try again.")
            self._ensure_worker()
            try:
                self._queue.put_nowait(ticket)
            except queue.Full:
                wait = max(1.0, self._queue.qsize() / self._max_batch * self._recent_s)
                raise Overloaded(
                    f"{self.name} has {self._queue.qsize()} photos waiting; please try again in {wait:.0f} s.", wait
                ) from None
        try:
            return ticket.future.result(timeout=timeout_s)
        except FutureTimeout as error:
            ticket.future.cancel()
            raise Overloaded(
                f"{self.name} did not answer within {timeout_s:.0f} s; please try again.", timeout_s
            ) from error

    @property
    def waiting(self) -> int:
        """Inputs in the queue."""
        return self._queue.qsize()

    def close(self) -> None:
        """Stop the worker after what is queued."""
        with self._lock:
            self._closed = True
            worker = self._worker
        if worker is not None and worker.is_alive():
            # Outside the lock, which the worker takes on its way out.
            with suppress(queue.Full):
                self._queue.put(None, timeout=5)
            worker.join(timeout=5)

    def _ensure_worker(self) -> None:
        if self._worker is None or not self._worker.is_alive():
            self._worker = threading.Thread(target=self._work, name=f"batcher-{self.name}", daemon=True)
            self._worker.start()

    def _work(self) -> None:
        batch: list[_Ticket] = []
        try:
            while True:
                batch = []
                first = self._queue.get()
                if first is None:
                    return
                batch = [first]
                closing = self._fill(batch)
                self._run([t for t in batch if t.future.set_running_or_notify_cancel()])
                if closing:
                    return
        finally:
            # Reached on close, and when the worker is killed by something that is no ordinary error. Under the lock,
            # so that nothing is queued for a worker that has already looked for the last time.
            with self._lock:
                self._worker = None
                self._fail(batch)
                while not self._queue.empty():
                    left = self._queue.get_nowait()
                    if left is not None:
                        self._fail([left])

    def _fill(self, batch: list[_Ticket]) -> bool:
        deadline = time.perf_counter() + self._max_wait
        while len(batch) < self._max_batch:
            try:
                ticket = self._queue.get(timeout=max(0.0, deadline - time.perf_counter()))
            except queue.Empty:
                return False
            if ticket is None:
                return True
            batch.append(ticket)
        return False

    def _run(self, batch: list[_Ticket]) -> None:
        """Answer a batch; inputs of several sizes, as detectors take them, one size after the other."""
        for shape in dict.fromkeys(ticket.x.shape for ticket in batch):
            self._run_alike([ticket for ticket in batch if ticket.x.shape == shape])

    def _run_alike(self, batch: list[_Ticket]) -> None:
        start = time.perf_counter()
        try:
            with torch.inference_mode():
                logits = self._forward(torch.stack([t.x for t in batch])).float().cpu()
        except Exception as error:
            log.exception("%s failed on a batch of %d", self.name, len(batch))
            for ticket in batch:
                ticket.future.set_exception(error)
            return
        spent = time.perf_counter() - start
        self._recent_s = 0.8 * self._recent_s + 0.2 * spent
        for ticket, row in zip(batch, logits, strict=True):
            waited = (start - ticket.queued) * 1000
            ticket.future.set_result(Answer(row.clone(), waited, spent * 1000, len(batch)))

    def _fail(self, tickets: list[_Ticket]) -> None:
        for ticket in tickets:
            if not ticket.future.done():
                ticket.future.set_exception(
                    WorkerDied(f"The worker of {self.name} stopped; please send the photo again.")
                )
