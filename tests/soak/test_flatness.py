"""The soak's judgement: noise is flat, a leak is not."""

import os
import random
import socket
import threading

import pytest

from tests.soak.flatness import trend
from tests.soak.processes import sample

SECONDS = [float(8 * n) for n in range(90)]


def noisy(base: float, noise: float, growth: float = 0.0) -> list[float]:
    """A figure over time: its noise, and what it grows by in an hour."""
    chance = random.Random(7)
    return [base + chance.uniform(-noise, noise) + growth * at / 3600 for at in SECONDS]


@pytest.mark.parametrize(("base", "noise"), [(90, 2), (300, 8)])
def test_noise_is_flat(base: float, noise: float) -> None:
    assert trend(SECONDS, noisy(base, noise), memory=True).flat


def test_a_leak_of_memory_is_not_flat_and_its_slope_is_told() -> None:
    seen = trend(SECONDS, noisy(90, 2, growth=60), memory=True)
    assert not seen.flat
    assert seen.per_hour == pytest.approx(60, abs=10)


def test_one_descriptor_lost_a_minute_is_not_flat() -> None:
    assert not trend(SECONDS, noisy(40, 2, growth=60), memory=False).flat


def test_a_peak_amid_the_run_is_no_growth() -> None:
    values = noisy(90, 1)
    values[40:50] = [200.0] * 10
    assert trend(SECONDS, values, memory=True).flat


def test_what_a_process_holds_is_counted() -> None:
    """This one, before and after it opens a connection and starts a thread."""
    before = sample(os.getpid())
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    with socket.socket():
        thread.start()
        after = sample(os.getpid())
        done.set()
    thread.join()
    assert after.connections == before.connections + 1
    assert after.descriptors >= before.descriptors + 1
    assert after.threads == before.threads + 1
    assert after.memory > 10
