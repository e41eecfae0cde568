//! `log` as a question about runs.

use crate::common::Sandbox;

/// Four runs of one sweep and one beside it; the last one fails.
fn project() -> Sandbox {
    let s = Sandbox::repo();
    s.write("params.yaml", "lr: 0.1\nseed: 7\n");
    s.write("train.sh", "lr=$(sed -n 's/^lr: //p' params.yaml)\necho \"{\\\"acc\\\": $1, \\\"loss\\\": 0.5}\" > m.json\nexit ${2:-0}\n");
    s.write(".gitignore", "/m.json\n/data\n/model\n");
    s.write("data/a.csv", "1\n");
    s.mlprov(&["track", "data"]).success();
    s.commit_all("code");
    for (lr, acc, code) in
        [("0.1", "0.8", "0"), ("0.01", "0.95", "0"), ("0.01", "0.9", "0"), ("1e-3", "0.99", "1")]
    {
        let lr = format!("lr={lr}");
        let args = [
            "run",
            "--sweep",
            "grid",
            "-n",
            "try, \"it\"",
            "-m",
            "m.json",
            "-S",
            &lr,
            "-p",
            "params.yaml",
            "--",
            "sh",
            "train.sh",
            acc,
            code,
        ];
        let out = s.mlprov(&args);
        assert_eq!(out.exit_code(), Some(code.parse().unwrap()), "{}", out.snapshot());
    }
    s.mlprov(&[
        "run",
        "--model",
        "model",
        "--model-group",
        "iris",
        "-d",
        "data",
        "--",
        "sh",
        "-c",
        "echo m > model",
    ])
    .success();
    s
}

/// Metric `acc` of the runs that are found, in their order.
fn accs(s: &Sandbox, args: &[&str]) -> Vec<String> {
    let report = s.json(&[&["log"], args].concat());
    let acc = |r: &serde_json::Value| r["metrics"]["acc"].as_str().unwrap_or("-").to_owned();
    report["runs"].as_array().unwrap().iter().map(acc).collect()
}

#[test]
fn filters_find_what_they_say() {
    let s = project();
    let of = |filter: &str| accs(&s, &["--where", filter]);
    assert_eq!(of("metrics.acc > 0.9"), ["0.99", "0.95"]);
    assert_eq!(of("metrics.acc >= 0.9 and params.lr = 0.01"), ["0.9", "0.95"]);
    assert_eq!(of("params.lr = 0.001"), ["0.99"], "the same number, however it is written");
    assert_eq!(of("status = FAIL"), ["0.99"]);
    assert_eq!(of("status != FAIL and metrics.acc < 0.85"), ["0.8"]);
    assert_eq!(of("name = 'nobody'"), [""; 0]);
    assert_eq!(accs(&s, &["--sweep", "grid"]).len(), 4);
    assert_eq!(accs(&s, &["--model", "iris"]), ["-"]);
    assert_eq!(accs(&s, &["--dataset", "data", "--where", "status = COMPLETE"]).len(), 4, "all that read it");
    let root = s.json(&["ls"])["datasets"][0]["blake3"].as_str().unwrap().to_owned();
    assert_eq!(accs(&s, &["--dataset", &root[..8]]).len(), 5);
    assert_eq!(accs(&s, &["--commit", "HEAD"]).len(), 5);
    s.refused(3, &["log", "--commit", "nonsense"]).says("nonsense");
    s.refused(2, &["log", "--where", "acc > 1"]).says("knows no field \"acc\"");
    s.refused(2, &["log", "--sort", "acc"]).says("knows no field");
    s.mlprov(&["log", "--where", "metrics.acc > 2"]).success().shows("No run that is recorded here matches.");
}

#[test]
fn runs_are_sorted_and_cut() {
    let s = project();
    assert_eq!(accs(&s, &["--sort", "metrics.acc"]), ["0.8", "0.9", "0.95", "0.99", "-"]);
    assert_eq!(accs(&s, &["--sort", "-metrics.acc", "-n", "2"]), ["0.99", "0.95"]);
    assert_eq!(accs(&s, &["--sort", "-params.lr", "--sweep", "grid"]), ["0.8", "0.9", "0.95", "0.99"]);
}

#[test]
fn side_by_side_and_as_csv() {
    let s = project();
    let out = s.mlprov(&["log", "--sweep", "grid", "--sort", "-metrics.acc", "--table"]);
    let table = out.success().stdout();
    let head = table.lines().next().unwrap().to_owned();
    // What is the same everywhere is no column.
    assert!(
        head.contains("params.lr") && head.contains("metrics.acc") && !head.contains("params.seed"),
        "{table}"
    );
    assert!(table.lines().nth(1).unwrap().contains("0.99"), "{table}");
    let csv = s.mlprov(&["log", "--csv", "--sweep", "grid"]).success().stdout();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let head: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(
        head,
        [
            "run",
            "name",
            "status",
            "time",
            "commit",
            "sweep",
            "params.lr",
            "params.seed",
            "metrics.acc",
            "metrics.loss"
        ]
    );
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!((rows.len(), &rows[0][1], &rows[0][6], &rows[0][8]), (4, "try, \"it\"", "0.001", "0.99"));
    // Without a table: the fields that were asked about.
    let shown = s.mlprov(&["log", "--where", "metrics.acc > 0.94"]).success().stdout();
    assert!(shown.lines().next().unwrap().ends_with("metrics.acc"), "{shown}");
}
