import multiprocessing
import os
import signal
import threading
import time

import pytest

from voipwatch.cli.interrupt import ended_by_ctrl_c


def test_workers_end_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    worker = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60.0,))
    worker.start()
    with pytest.raises(KeyboardInterrupt), ended_by_ctrl_c():
        os.kill(os.getpid(), signal.SIGINT)
    worker.join(30.0)
    assert worker.exitcode == -signal.SIGTERM
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_worker_that_hears_it_itself_ends_without_a_word() -> None:
    with ended_by_ctrl_c():
        child = os.fork()
        if child == 0:
            os.kill(os.getpid(), signal.SIGINT)
            os._exit(99)  # not reached: the handler has ended this process
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 130


def test_in_another_thread_nothing_is_changed() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def look() -> None:
        with ended_by_ctrl_c():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [before]
