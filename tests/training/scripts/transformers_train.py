import mlprov.transformers
import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

torch.manual_seed(0)
config = BertConfig(
    vocab_size=32, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, num_labels=2
)
rows = [{"input_ids": [n % 32] * 8, "labels": n % 2} for n in range(32)]
arguments = TrainingArguments(
    output_dir="checkpoints", num_train_epochs=2, logging_steps=2, save_strategy="epoch", report_to=[], use_cpu=True
)
trainer = Trainer(
    model=BertForSequenceClassification(config),
    args=arguments,
    train_dataset=rows,
    callbacks=[mlprov.transformers.Callback(name="bert")],
)
trainer.train()
