//! The Python package in hooks/training, with the libraries that it speaks to.

#[path = "../common/mod.rs"]
mod common;

use common::Output;
use common::Sandbox;
use common::skipped;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

fn project() -> Sandbox {
    let s = Sandbox::repo();
    s.write("data/a.csv", "1\n");
    s.mlprov(&["track", "data"]).success();
    s.write("params.yaml", "lr: 0.1\n");
    s.write(".gitignore", "/data\n/checkpoints\n/model.*\n/extra.txt\n/mlruns.db\n");
    s.commit_all("code");
    s
}

fn tool(below: &str) -> Option<PathBuf> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools").join(below);
    place.exists().then_some(place)
}

/// A Python with the training libraries.
fn with_libraries() -> Option<PathBuf> {
    let python = tool("training/ready").and_then(|_| tool("training/bin/python"));
    if python.is_none() {
        skipped("the training libraries are not installed (tests/run.sh does it)");
    }
    python
}

fn python(s: &Sandbox, python: &Path, script: &str, arguments: &[&str]) -> Output {
    python_below(s, &[], python, script, arguments)
}

/// A script of `scripts/` with our package on its path, below `before` as in `mlprov run --`.
fn python_below(s: &Sandbox, before: &[&str], python: &Path, script: &str, arguments: &[&str]) -> Output {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = here.join("tests/training/scripts").join(script);
    let mut words: Vec<String> = before.iter().map(|word| (*word).to_owned()).collect();
    words.extend([python, &script].map(|path| path.to_str().unwrap().to_owned()));
    words.extend(arguments.iter().map(|word| (*word).to_owned()));
    let line = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let package = here.join("hooks/training");
    s.paste("repo", &format!("PYTHONDONTWRITEBYTECODE=1 PYTHONPATH={} {line}", package.display()))
}

fn ended(s: &Sandbox, name: &str) -> Value {
    let runs = s.json(&["log", "--where", &format!("name = '{name}'")]);
    let run = runs["runs"][0]["run"].as_str().unwrap_or_else(|| panic!("no run {name}: {runs}"));
    let shown = s.json(&["show", run]);
    shown["entries"].as_array().unwrap().last().unwrap()["statement"]["predicate"].clone()
}

fn values(list: &Value) -> Vec<String> {
    let line = |v: &Value| format!("{}={}", v["name"].as_str().unwrap(), v["value"].as_str().unwrap());
    list.as_array().unwrap().iter().map(line).collect()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|v| v["name"].as_str().unwrap()).collect()
}

fn bare() -> PathBuf {
    PathBuf::from("python3")
}

#[test]
fn a_block_is_a_run() {
    let s = project();
    python(&s, &bare(), "plain.py", &[]).success();
    let body = ended(&s, "plain");
    assert_eq!(body["run"]["status"], "COMPLETE", "{body}");
    assert_eq!(values(&body["metrics"]), ["acc=0.95", "big=1099511627776", "n=1"]);
    let parameters = values(&body["parameters"]).join(" ");
    for value in ["lr=0.5", "child=1", "layers=[64,32]", "opt.eps=1e-8", "opt.name=adam"] {
        assert!(parameters.contains(value), "{parameters}");
    }
    assert_eq!(names(&body["inputs"]), ["data"]);
    assert_eq!(names(&body["outputs"]), ["model.txt", "extra.txt"]);
    assert_eq!((&body["source"]["state"], &body["notes"][0]), (&"clean+params".into(), &"told".into()));
    assert!(body["environment"]["pythonPackages"].is_u64(), "of the Python that ran");
    let inner = ended(&s, "inner");
    assert_eq!(inner["run"]["parents"][0], body["run"]["id"]);
    s.mlprov(&["verify", body["run"]["id"].as_str().unwrap()]).success();
    assert_eq!(s.read("params.yaml"), "lr: 0.1\n");
}

#[test]
fn below_mlprov_run_it_is_that_run() {
    let s = project();
    let before = ["mlprov", "run", "-n", "outer", "-d", "data", "--"];
    python_below(&s, &before, &bare(), "ends.py", &["raised"]).code(1);
    assert_eq!(ended(&s, "outer")["run"]["status"], "FAIL");
    let before = ["mlprov", "run", "-n", "again", "--require", "acc > 1", "--"];
    python_below(&s, &before, &bare(), "ends.py", &["unmet"]).code(1).says("goes on already");
    assert_eq!(values(&ended(&s, "again")["metrics"]), ["acc=1"]);
    let starts = s.json(&["log", "--kind", "run.started"]);
    assert_eq!(starts["entries"].as_array().unwrap().len(), 2, "no run but those two");
}

#[test]
fn it_ends_as_its_block_does() {
    let s = project();
    for (how, code, status) in [
        ("exit-0", 0, "COMPLETE"),
        ("ended", 0, "COMPLETE"),
        ("fork", 0, "COMPLETE"),
        ("fork-exit", 0, "COMPLETE"),
        ("raised", 1, "FAIL"),
        ("exit-3", 3, "FAIL"),
        ("unmet", 1, "FAIL"),
        ("lost", 1, "FAIL"),
        ("unclosed", 0, "UNKNOWN"),
    ] {
        python(&s, &bare(), "ends.py", &[how]).code(code);
        assert_eq!(ended(&s, how)["run"]["status"], status, "{how}");
    }
    // Python ends itself by the signal.
    python(&s, &bare(), "ends.py", &["interrupted"]).code(130);
    assert_eq!(ended(&s, "interrupted")["run"]["status"], "ABORT");
    python(&s, &bare(), "ends.py", &["killed"]).code(137);
    s.mlprov(&["run", "--", "true"]).success();
    assert_eq!(ended(&s, "killed")["run"]["status"], "UNKNOWN");
    python(&s, &bare(), "ends.py", &["late"]).success().says("has ended");
    assert_eq!(ended(&s, "late")["metrics"], Value::Null);
}

#[test]
fn without_a_command_or_a_project_it_does_nothing() {
    let s = project();
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks/training");
    let script = "import mlprov\nwith mlprov.run(inputs=['data']) as run:\n  mlprov.log_metric('acc', 1)\n  run.log_output('x')\nassert run.id is None";
    let strict = script.replace("(inputs", "(required=True, inputs");
    let call = |dir: &str, path: &str, script: &str| {
        let mut command = s.command("/usr/bin/env", dir);
        command
            .env("PATH", path)
            .env("PYTHONPATH", &package)
            .args(["python3", "-B", "-W", "error", "-c", script]);
        Output::of("python3", &[script], &mut command)
    };
    let path = s.paste("repo", "echo $PATH").stdout();
    let python = s.paste("repo", "dirname $(command -v python3)").stdout();
    fs::create_dir(s.root().join("elsewhere")).unwrap();
    for (dir, path, why) in [
        ("repo", format!("{}:/usr/bin:/bin", python.trim()), "there is no mlprov command"),
        ("elsewhere", path.trim().to_owned(), "this is no mlprov project"),
    ] {
        let quiet = call(dir, &path, script);
        quiet.success();
        assert_eq!((quiet.stdout(), quiet.stderr()), (String::new(), String::new()));
        call(dir, &path, &strict).code(1).says(why);
    }
    // Of a distributed job rank 0 records.
    let entries = s.entries().len();
    s.paste("repo", &format!("RANK=1 PYTHONPATH={} python3 -B -c \"{script}\"", package.display())).success();
    assert_eq!(s.entries().len(), entries);
    // What cannot be begun is an error, and nothing runs.
    let bad = "import mlprov\nwith mlprov.run(inputs=['gone']):\n  print('ran')";
    let out = call("repo", path.trim(), bad);
    out.code(1).says("mlprov.Error").says("gone");
    assert_eq!(out.stdout(), "");
}

#[test]
fn scikit_learn() {
    let Some(with_libraries) = with_libraries() else { return };
    let s = project();
    python(&s, &with_libraries, "sklearn_iris.py", &[]).success();
    let body = ended(&s, "iris");
    assert!(values(&body["parameters"]).contains(&"max_iter=500".to_owned()), "{body}");
    let acc: f64 = body["metrics"][0]["value"].as_str().unwrap().parse().unwrap();
    assert!(acc > 0.9, "{acc}");
    assert_eq!(body["modelPackage"]["groupName"], "iris");
    assert!(body["environment"]["pythonPackages"].as_u64().unwrap() > 50, "its own Python's packages");
    s.mlprov(&["verify", "latest"]).success();
}

#[test]
fn lightning() {
    let Some(with_libraries) = with_libraries() else { return };
    let s = project();
    python(&s, &with_libraries, "lightning_fit.py", &["fit"]).success();
    let body = ended(&s, "line");
    assert_eq!(
        (&body["run"]["status"], &values(&body["parameters"])[..]),
        (&"COMPLETE".into(), &["lr=0.1".to_owned()][..])
    );
    assert_eq!(names(&body["metrics"]), ["loss", "val_loss"]);
    let checkpoint = names(&body["outputs"])[0];
    assert!(checkpoint.starts_with("checkpoints/epoch=") && checkpoint.ends_with(".ckpt"), "{checkpoint}");
    s.mlprov(&["verify", "latest"]).success();
    python(&s, &with_libraries, "lightning_fit.py", &["fail"]).code(1).says("ValueError");
    assert_eq!(ended(&s, "line")["run"]["status"], "FAIL");
}

#[test]
fn transformers() {
    let Some(with_libraries) = with_libraries() else { return };
    let s = project();
    python(&s, &with_libraries, "transformers_train.py", &[]).success();
    let body = ended(&s, "bert");
    assert_eq!(body["run"]["status"], "COMPLETE", "{body}");
    assert!(names(&body["metrics"]).contains(&"loss"), "{}", body["metrics"]);
    assert_eq!(names(&body["outputs"]), ["checkpoints/checkpoint-8"]);
    let parameters = s.mlprov(&["log", "--csv", "--where", "params.num_train_epochs = 2"]);
    assert!(parameters.success().stdout().contains("bert"));
    s.mlprov(&["verify", "latest"]).success();
}

#[test]
fn keras() {
    let Some(with_libraries) = with_libraries() else { return };
    let s = project();
    python(&s, &with_libraries, "keras_fit.py", &[]).success();
    let body = ended(&s, "keras");
    assert_eq!((&body["run"]["status"], names(&body["metrics"])), (&"COMPLETE".into(), vec!["loss"]));
    assert!(values(&body["parameters"]).iter().any(|v| v == "fit.epochs=2"), "{body}");
    assert_eq!(names(&body["outputs"]), ["model.keras"]);
    s.mlprov(&["verify", "latest"]).success();
}

#[test]
fn a_notebook_of_a_real_server() {
    let Some(with_libraries) = with_libraries() else { return };
    let s = project();
    let cell = |text: &str| serde_json::json!({"cell_type": "code", "source": [text], "metadata": {}, "outputs": [], "execution_count": null});
    let notebook = |cells: &[&str]| {
        let cells: Vec<Value> = cells.iter().map(|text| cell(text)).collect();
        serde_json::json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).to_string()
    };
    let begin = "import mlprov\nrun = mlprov.run('book')";
    for (cells, status) in [
        (&[begin, "mlprov.log_metric('acc', 0.5)"][..], "COMPLETE"),
        (&[begin, "mlprov.log_metric('acc', 0.5)", "1 / 0"], "FAIL"),
    ] {
        let text = notebook(cells);
        s.write("books/book.ipynb", &text);
        s.commit_all("book");
        let runtime = format!("JUPYTER_RUNTIME_DIR={}", s.root().join("runtime").display());
        let before = ["env", &runtime, "PYTHONWARNINGS=ignore"];
        let out = python_below(&s, &before, &with_libraries, "notebook.py", &["books/book.ipynb"]);
        out.success();
        let body = ended(&s, "book");
        assert_eq!(body["run"]["status"], status, "{}", out.stdout());
        let books: Vec<&Value> =
            body["configFiles"].as_array().unwrap().iter().filter(|f| f["role"] == "notebook").collect();
        assert_eq!(books[0]["name"], "books/book.ipynb");
        assert_eq!(books[0]["digest"]["blake3"], blake3::hash(text.as_bytes()).to_hex().to_string());
        assert_eq!(values(&body["metrics"]), ["acc=0.5"]);
    }
}

#[test]
fn a_notebook_that_papermill_runs() {
    let Some(with_libraries) = with_libraries() else { return };
    let s = project();
    let cell = |text: &str| serde_json::json!({"cell_type": "code", "id": "a", "source": [text], "metadata": {}, "outputs": [], "execution_count": null});
    let text = "import mlprov\nwith mlprov.run('papermill'):\n  mlprov.log_metric('acc', 0.5)";
    let spec = serde_json::json!({"name": "python3", "display_name": "", "language": "python"});
    let book = serde_json::json!({"cells": [cell(text)], "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5});
    s.write("book.ipynb", book.to_string());
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks/training");
    let line = format!(
        "PYTHONPATH={} {} -B -m papermill --inject-paths --no-progress-bar book.ipynb ../done.ipynb",
        package.display(),
        with_libraries.display()
    );
    s.paste("repo", &line).success();
    let body = ended(&s, "papermill");
    assert_eq!(
        (&body["run"]["status"], values(&body["metrics"])),
        (&"COMPLETE".into(), vec!["acc=0.5".to_owned()])
    );
    let books = body["configFiles"].as_array().unwrap().iter().filter(|f| f["role"] == "notebook");
    assert_eq!(books.map(|f| f["name"].as_str().unwrap()).collect::<Vec<_>>(), ["book.ipynb"]);
}

/// What `pip install .` made: the command, the package, and the entry point by which MLflow finds it.
#[test]
fn installed_by_pip_with_mlflow() {
    let Some(installed) = tool("wheel/bin/mlprov").and_then(|_| tool("wheel/bin/python")) else {
        return skipped("the package is not installed (tests/run.sh does it)");
    };
    let s = project();
    let here = s.paste("repo", &format!("{} -m mlprov --version", installed.display()));
    assert_eq!(here.success().stdout(), format!("mlprov {}\n", env!("CARGO_PKG_VERSION")));
    let Some(with_libraries) = with_libraries() else { return };
    let site = s.paste(
        "repo",
        &format!(
            "{} -c 'import sysconfig; print(sysconfig.get_path(\"purelib\"))'",
            with_libraries.display()
        ),
    );
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/training/scripts");
    let line = |before: &str, how: &str| {
        let (site, scripts) = (site.stdout().trim().to_owned(), scripts.display());
        format!(
            "PYTHONPATH={site} {before} {} -B {scripts}/mlflow_tags.py mlruns.db {how}",
            installed.display()
        )
    };
    let told = |out: Output| -> Vec<String> {
        out.success();
        out.stdout().lines().last().unwrap().split_whitespace().map(str::to_owned).collect()
    };
    for (before, how, name) in [("", "own", "with mlflow"), ("mlprov run -n around --", "joined", "around")] {
        let said = told(s.paste("repo", &line(before, how)));
        let body = ended(&s, name);
        assert_eq!(body["run"]["id"], said[1]);
        assert_eq!(body["run"]["externalIds"]["mlflow"], said[0]);
        let shown = s.json(&["show", &said[1]]);
        assert_eq!(shown["entries"][0]["leafHash"], said[2], "of its run.started");
    }
    let said = told(s.paste("repo", &line("", "none")));
    assert_eq!(said[1..], ["None", "None"]);
}
