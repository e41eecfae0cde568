import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import mlprov
import mlprov.keras
import numpy

x = numpy.arange(32, dtype="float32").reshape(-1, 1) / 32
model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
with mlprov.run("keras", outputs=["model.keras"]):
    model.fit(x, 3 * x + 1, epochs=2, verbose=0, callbacks=[mlprov.keras.Callback()])
    model.save("model.keras")
