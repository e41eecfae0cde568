"""Train a softmax regression on the Iris data. Standard library only."""
import csv
import json
import math
import random


def load(path):
    with open(path, newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    features = [name for name in rows[0] if name != "species"]
    x = [[float(row[name]) for name in features] for row in rows]
    return features, x, [row["species"] for row in rows]


def standardise(x, means, stds):
    # A constant 1.0 is appended so that the last weight acts as the bias.
    return [[(v - m) / s for v, m, s in zip(row, means, stds)] + [1.0] for row in x]


def predict(weights, row):
    """Probability of each class for one standardised row."""
    scores = [sum(w * v for w, v in zip(ws, row)) for ws in weights]
    top = max(scores)
    exps = [math.exp(s - top) for s in scores]
    total = sum(exps)
    return [e / total for e in exps]


def fit(x, y, n_classes, params):
    """Full-batch gradient descent on cross-entropy with an L2 penalty."""
    rng = random.Random(params["seed"])
    n_inputs = len(x[0])
    weights = [[rng.gauss(0, 0.01) for _ in range(n_inputs)] for _ in range(n_classes)]
    for _ in range(params["epochs"]):
        grad = [[0.0] * n_inputs for _ in range(n_classes)]
        for row, label in zip(x, y):
            for k, p in enumerate(predict(weights, row)):
                error = p - (k == label)
                for j, v in enumerate(row):
                    grad[k][j] += error * v / len(x)
        for k in range(n_classes):
            for j in range(n_inputs):
                decay = params["l2"] * weights[k][j] if j < n_inputs - 1 else 0.0
                weights[k][j] -= params["learning_rate"] * (grad[k][j] + decay)
    return weights


def write_json(path, value):
    with open(path, "w", encoding="utf-8", newline="\n") as f:
        f.write(json.dumps(value, indent=2, sort_keys=True) + "\n")


def main():
    with open("params.json", encoding="utf-8") as f:
        params = json.load(f)
    features, train_x, train_species = load("data/train.csv")
    _, test_x, test_species = load("data/test.csv")
    classes = sorted(set(train_species))

    columns = list(zip(*train_x))
    means = [sum(c) / len(c) for c in columns]
    stds = [math.sqrt(sum((v - m) ** 2 for v in c) / len(c)) for c, m in zip(columns, means)]
    train_y = [classes.index(s) for s in train_species]
    weights = fit(standardise(train_x, means, stds), train_y, len(classes), params)

    probs = [predict(weights, row) for row in standardise(test_x, means, stds)]
    test_y = [classes.index(s) for s in test_species]
    hits = sum(p.index(max(p)) == label for p, label in zip(probs, test_y))
    accuracy = hits / len(test_y)
    log_loss = -sum(math.log(p[label]) for p, label in zip(probs, test_y)) / len(test_y)

    write_json("model.json", {
        "classes": classes, "features": features,
        "means": [round(m, 6) for m in means], "stds": [round(s, 6) for s in stds],
        "weights": [[round(w, 6) for w in ws] for ws in weights],
    })
    write_json("metrics.json", {
        "accuracy": round(accuracy, 6), "log_loss": round(log_loss, 6),
        "train_rows": len(train_x), "test_rows": len(test_x),
    })
    print(f"accuracy {accuracy:.4f} on {len(test_x)} test rows (log loss {log_loss:.4f})")


if __name__ == "__main__":
    main()
