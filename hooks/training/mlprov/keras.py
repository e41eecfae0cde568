"""A callback for Keras (3): ``model.fit(..., callbacks=[mlprov.keras.Callback()])``.

It records the optimizer's configuration and the metrics of every epoch. ``model.save`` comes after ``fit``: name what it
writes in ``outputs``, inside a ``with mlprov.run(...)`` block around both.
"""

from keras.callbacks import Callback as _Callback

from . import _run


class Callback(_Callback):
    """``arguments`` are those of `mlprov.run`, for a run of its own; inside another run it adds to that."""

    def __init__(self, **arguments):
        super().__init__()
        self._arguments, self._run = arguments, None

    def on_train_begin(self, logs=None):
        self._run = _run.run(**self._arguments)
        self._run.log_params({"fit": self.params, "optimizer": self.model.optimizer.get_config()})

    def on_epoch_end(self, epoch, logs=None):
        self._run.log_metrics(logs or {}, step=epoch)

    def on_train_end(self, logs=None):
        self._run.end()
