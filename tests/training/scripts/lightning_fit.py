import sys

import lightning
import mlprov.lightning
import torch
from torch.utils.data import DataLoader, TensorDataset


class Line(lightning.LightningModule):
    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch, index):
        if sys.argv[1] == "fail":
            raise ValueError("no")
        x, y = batch
        loss = torch.nn.functional.mse_loss(self.layer(x), y)
        self.log("loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, index):
        x, y = batch
        self.log("val_loss", torch.nn.functional.mse_loss(self.layer(x), y))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


x = torch.arange(32, dtype=torch.float32).reshape(-1, 1) / 32
data = DataLoader(TensorDataset(x, 3 * x + 1), batch_size=8)
checkpoint = lightning.pytorch.callbacks.ModelCheckpoint("checkpoints", monitor="val_loss")
trainer = lightning.Trainer(
    max_epochs=3,
    accelerator="cpu",
    logger=False,
    enable_progress_bar=False,
    callbacks=[mlprov.lightning.Callback(name="line"), checkpoint],
)
trainer.fit(Line(), data, data)
