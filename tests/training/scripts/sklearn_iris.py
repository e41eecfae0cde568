import pickle

import mlprov
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

with mlprov.run("iris", outputs=["model.pkl"]) as run:
    data = load_iris()
    x, x_test, y, y_test = train_test_split(data.data, data.target, random_state=0)
    model = LogisticRegression(max_iter=500).fit(x, y)
    mlprov.log_params(model.get_params())
    mlprov.log_metric("acc", model.score(x_test, y_test))
    mlprov.log_metric("coefficient", model.coef_[0, 0])
    with open("model.pkl", "wb") as f:
        pickle.dump(model, f)
    run.log_model("model.pkl", "iris")
