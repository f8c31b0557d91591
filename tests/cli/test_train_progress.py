"""What is said within an epoch."""

from __future__ import annotations

import io

from rich.console import Console

from histoloop.cli.train_progress import StepListener, step_listener


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def listen(every, steps, epochs=3, seconds=0.0):
    """Two steps a second through two epochs."""
    clock, lines = Clock(), []
    listener = StepListener(epochs, steps, lines.append, every, clock, seconds)
    for epoch in (1, 2):
        for done in range(1, steps + 1):
            clock.now += 0.5
            listener.step(epoch, done)
        clock.now += 1000
    return lines


def test_a_step_says_speed_and_what_is_left_of_the_epoch_and_of_all():
    lines = listen(0.0, 100)
    assert lines[0].startswith(
        "step 2/100 of epoch 1/3: 2.0 steps/s, 49 s left in it, 2 min in all"
    )
    assert lines[-1] == "step 100/100 of epoch 2/3: 2.0 steps/s, 0 s left in it, 50 s in all"


def test_judging_between_epochs_counts_for_the_rest_and_not_for_the_speed():
    lines = listen(0.0, 100, seconds=3600.0)
    assert lines[99].endswith("of epoch 2/3: 2.0 steps/s, 49 s left in it, 61 min in all")
    assert lines[0].endswith("2 h 01 min in all")


def test_a_log_has_a_line_a_minute():
    assert [line.split(":")[0] for line in listen(60.0, 250)] == [
        "step 121/250 of epoch 1/3",
        "step 241/250 of epoch 1/3",
        "step 2/250 of epoch 2/3",
        "step 122/250 of epoch 2/3",
        "step 242/250 of epoch 2/3",
    ]


def test_a_terminal_has_one_line_that_is_gone_in_the_end():
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    with step_listener(1, 5, console) as listener:
        for done in range(1, 6):
            listener.step(1, done)
    assert "step" in screen.getvalue()
    assert "\x1b[2K" in screen.getvalue()


def test_what_is_said_on_standard_output_stays_there(capsys):
    screen = io.StringIO()
    with step_listener(1, 5, Console(file=screen, force_terminal=True)):
        print("epoch 1/1")
    assert capsys.readouterr().out == "epoch 1/1\n"
    assert "epoch 1/1" not in screen.getvalue()


def test_a_short_training_leaves_no_such_line_in_a_log():
    log = io.StringIO()
    with step_listener(1, 5, Console(file=log)) as listener:
        for done in range(1, 6):
            listener.step(1, done)
    assert log.getvalue() == ""
