"""A callback for PyTorch Lightning: ``Trainer(callbacks=[mlprov.lightning.Callback()])``.

It records hyperparameters, the metrics of every epoch, and the best (else the last) checkpoint as an output.
"""

import os

try:
    from lightning.pytorch import callbacks
except ImportError:
    from pytorch_lightning import callbacks

from . import _run


class Callback(callbacks.Callback):
    """``arguments`` are those of `mlprov.run`, for a run of its own; below ``mlprov run`` it adds to that."""

    def __init__(self, **arguments):
        self._arguments, self._run = arguments, None

    def on_fit_start(self, trainer, pl_module):
        if trainer.is_global_zero:
            self._run = _run.run(**self._arguments)
            self._run.log_params(dict(pl_module.hparams))

    def on_train_epoch_end(self, trainer, pl_module):
        self._log(trainer)

    def on_validation_end(self, trainer, pl_module):
        if not trainer.sanity_checking:
            self._log(trainer)

    def on_fit_end(self, trainer, pl_module):
        if self._run is None:
            return
        self._log(trainer)
        for callback in trainer.checkpoint_callbacks:
            path = callback.best_model_path or getattr(callback, "last_model_path", "")
            if path and os.path.exists(path):
                self._run.log_output(path)
        run, self._run = self._run, None
        run.end()

    def on_exception(self, trainer, pl_module, exception):
        if self._run is not None:
            run, self._run = self._run, None
            run.__exit__(type(exception), exception, None)

    def _log(self, trainer):
        if self._run is not None:
            self._run.log_metrics(trainer.callback_metrics, step=trainer.global_step)
