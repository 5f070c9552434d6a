"""Independent parts on several threads: in order, as outside, and all settings as before."""

import threading

import pytest
import torch

from phenoscope.core.threads import each


@pytest.fixture(params=[1, 2, 3])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_parts_come_in_order_and_settings_stay(threads):
    assert each(lambda part: 2 * part, range(7)) == [0, 2, 4, 6, 8, 10, 12]
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("graded", [True, False])
def test_gradients_are_recorded_as_outside(threads, graded):
    leaf = torch.ones(2, requires_grad=True)
    with torch.set_grad_enabled(graded):
        assert [part.requires_grad for part in each(lambda part: part * leaf, range(3))] == [graded] * 3


def test_a_failure_is_the_callers_and_leaves_all_as_it_was(threads):
    with pytest.raises(ZeroDivisionError):
        each(lambda part: 1 // part, [1, 0, 2])
    assert torch.get_num_threads() == threads


def test_as_many_parts_at_once_as_threads(threads):
    """They wait for each other, which none could where one came after the other; each operation has one thread."""
    together = threading.Barrier(threads, timeout=20)

    def work(part):
        together.wait()
        return torch.get_num_threads()

    assert each(work, range(threads)) == [1] * threads
