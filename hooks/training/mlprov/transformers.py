"""A callback for Hugging Face's Trainer: ``Trainer(..., callbacks=[mlprov.transformers.Callback()])``.

It records the training arguments, the numbers of every log, and the best (else the last) checkpoint as an output.
"""

import os

from transformers import TrainerCallback
from transformers.trainer_utils import get_last_checkpoint

from . import _run


class Callback(TrainerCallback):
    """``arguments`` are those of `mlprov.run`, for a run of its own; below ``mlprov run`` it adds to that."""

    def __init__(self, **arguments):
        self._arguments, self._run = arguments, None

    def on_train_begin(self, args, state, control, **kwargs):
        if state.is_world_process_zero:
            self._run = _run.run(**self._arguments)
            self._run.log_params(args.to_sanitized_dict())

    def on_log(self, args, state, control, logs=None, **kwargs):
        if self._run is not None:
            numbers = {name: value for name, value in (logs or {}).items() if isinstance(value, (int, float))}
            self._run.log_metrics(numbers, step=state.global_step)

    def on_train_end(self, args, state, control, **kwargs):
        if self._run is None:
            return
        there = os.path.isdir(args.output_dir)
        made = state.best_model_checkpoint or (get_last_checkpoint(args.output_dir) if there else None)
        if made:
            self._run.log_output(made)
        run, self._run = self._run, None
        run.end()
