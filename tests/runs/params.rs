//! Parameters, metrics, and what was required of them.

use crate::common::Sandbox;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const PARAMS: &str = "# how fast\nlr: 0.1  # carefully\nopt:\n  name: adam\n";

fn project() -> Sandbox {
    let s = Sandbox::repo();
    s.write("params.yaml", PARAMS);
    s.write("train.py", "x\n");
    s.commit_all("code");
    s
}

/// The entry of the last run's end.
fn ended(s: &Sandbox) -> serde_json::Value {
    let ends = s.json(&["log", "--kind", "run.finished", "-n", "1"]);
    s.body_of(ends["entries"][0]["id"].as_str().unwrap())
}

fn parameters(s: &Sandbox) -> Vec<(String, String)> {
    let body = s.body_of("latest");
    let pair = |p: &serde_json::Value| {
        (p["name"].as_str().unwrap().to_owned(), p["value"].as_str().unwrap().to_owned())
    };
    body["parameters"].as_array().unwrap().iter().map(pair).collect()
}

fn pairs(items: &[(&str, &str)]) -> Vec<(String, String)> {
    items.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn another_value_for_one_run_and_the_file_is_as_it_was() {
    let s = project();
    fs::set_permissions(s.path("params.yaml"), fs::Permissions::from_mode(0o640)).unwrap();
    let seen = s.home().join("seen");
    let script = format!("cp params.yaml {}", seen.display());
    s.mlprov(&["run", "-S", "lr=0.01", "-S", "opt.name=sgd", "--", "sh", "-c", &script]).success();
    let during = fs::read_to_string(&seen).unwrap();
    assert!(
        during.contains("lr: 0.01") && during.contains("name: sgd") && during.contains("# how fast"),
        "{during}"
    );
    assert_eq!(s.read("params.yaml"), PARAMS);
    assert_eq!(fs::metadata(s.path("params.yaml")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(parameters(&s), pairs(&[("lr", "0.01"), ("opt.name", "sgd")]));
    assert_eq!(s.body_of("latest")["source"]["state"], "clean+params");
    s.mlprov(&["verify", "latest"]).success();
    // That is clean enough; anything else is not.
    s.mlprov(&["run", "--require-clean", "-S", "lr=0.5", "--", "true"]).success();
    s.write("train.py", "changed\n");
    s.mlprov(&["run", "-S", "lr=0.5", "--", "true"]).success();
    assert_eq!(s.body_of("latest")["source"]["state"], "dirty");
    s.git(&["checkout", "-q", "train.py"]);
    // Not as the commit has it before the value was set: that is no parameter of this run alone.
    s.write("params.yaml", PARAMS.replace("adam", "rmsprop"));
    s.mlprov(&["run", "-S", "lr=0.5", "--", "true"]).success();
    assert_eq!(s.body_of("latest")["source"]["state"], "dirty");
    assert!(s.read("params.yaml").contains("rmsprop") && s.read("params.yaml").contains("lr: 0.1 "));
}

#[test]
fn files_can_be_named_and_values_without_a_file_are_recorded() {
    let s = project();
    s.write("conf/model.toml", "depth = 3\n");
    s.write("conf/data.json", "{\"seed\": 1}\n");
    s.commit_all("more");
    let set = ["run", "-S", "conf/model.toml:depth=5", "-S", "conf/data.json:seed=2", "--", "true"];
    s.mlprov(&set).success();
    assert_eq!(parameters(&s), pairs(&[("seed", "2"), ("depth", "5")]));
    fs::remove_file(s.path("params.yaml")).unwrap();
    s.commit_all("no parameters");
    s.mlprov(&["run", "-S", "lr=0.2", "--", "true"]).success();
    assert_eq!(parameters(&s), pairs(&[("lr", "0.2")]));
    s.mlprov(&["verify", "latest"]).success();
}

#[test]
fn slips_are_refused_before_anything_begins() {
    let s = project();
    for (set, why) in [
        ("lrr=0.1", "has no parameter \"lrr\""),
        ("lr", "is not KEY=VALUE"),
        ("=1", "names no parameter"),
        ("none.yaml:lr=1", "it is not there"),
        ("opt=1", "has no parameter \"opt\""),
    ] {
        s.refused(2, &["run", "-S", set, "--", "touch", "ran"]).says(why);
    }
    s.refused(2, &["run", "--require", "acc", "--", "touch", "ran"]).says("METRIC >= NUMBER");
    assert!(!s.path("ran").exists());
}

/// Whatever happens to mlprov, the next run gives the file back what it held.
#[test]
fn a_killed_run_leaves_no_other_values_behind_and_is_closed_as_unknown() {
    let s = project();
    let script = "kill -9 $PPID; sleep 0.2";
    let killed = s.mlprov(&["run", "-S", "lr=0.9", "--", "sh", "-c", script]);
    assert_eq!(killed.exit_code(), None, "{}", killed.snapshot());
    assert!(s.read("params.yaml").contains("lr: 0.9"), "nobody was there to give it back");
    let open = s.mlprov(&["status"]).success().stdout();
    assert!(open.contains("no end recorded: run r-"), "{open}");
    s.mlprov(&["verify", "latest"]).code(3).shows("pending");
    s.mlprov(&["run", "--", "true"]).success();
    assert_eq!(s.read("params.yaml"), PARAMS);
    let runs = s.json(&["log", "--kind", "run.finished"])["entries"].as_array().unwrap().clone();
    let states: Vec<&str> = runs.iter().map(|r| r["status"].as_str().unwrap()).collect();
    assert_eq!(states, ["COMPLETE", "UNKNOWN"]);
    s.mlprov(&["verify", runs[1]["run"].as_str().unwrap()]).code(1).shows("UNKNOWN");
    s.mlprov(&["verify", "latest"]).success();
    assert!(!s.mlprov(&["status"]).success().stdout().contains("no end recorded"));
    s.mlprov(&["ledger", "audit"]).success();
}

#[test]
fn a_parameter_file_that_the_command_changes_keeps_that() {
    let s = project();
    let out = s.mlprov(&["run", "-S", "lr=0.9", "--", "sh", "-c", "echo 'lr: 7' > params.yaml"]);
    out.success().says("was changed while the run went on");
    assert_eq!(s.read("params.yaml"), "lr: 7\n");
}

#[test]
fn metrics_of_a_training_loop_are_the_last_of_each_column() {
    let s = project();
    s.write(".gitignore", "*.csv\n");
    s.commit_all("ignore");
    let script = "printf 'epoch,loss,acc\\n0,0.9,0.5\\n1,0.25,\\n' > m.csv";
    s.mlprov(&["run", "-m", "m.csv", "--", "sh", "-c", script]).success();
    let metrics = ended(&s)["metrics"].clone();
    let pairs: Vec<String> =
        metrics.as_array().unwrap().iter().map(|m| format!("{}={}", m["name"], m["value"])).collect();
    assert_eq!(pairs, [r#""acc"="0.5""#, r#""epoch"="1""#, r#""loss"="0.25""#]);
    s.mlprov(&["verify", "latest"]).success();
}

#[test]
fn what_was_required_decides() {
    let s = project();
    s.write(".gitignore", "m.json\nmodel\n");
    s.commit_all("ignore");
    let run = |acc: &str, more: &[&str]| {
        let script = format!("echo '{{\"acc\": {acc}, \"loss\": 0.1}}' > m.json; echo {acc} > model");
        let args = [
            &["run", "-m", "m.json", "--require", "acc >= 0.9", "--require", "loss<1"],
            more,
            &["--", "sh", "-c", &script],
        ];
        s.mlprov(&args.concat())
    };
    run("0.93", &[]).success();
    s.mlprov(&["verify", "latest"]).success().shows("requirement").shows("it is 0.93");
    let failed = run("0.89", &["--model", "model", "--model-group", "g"]);
    failed.code(1).says("acc >= 0.9 was required; it is 0.89");
    s.mlprov(&["verify", "latest"]).code(1).shows("requirement");
    assert!(ended(&s).get("modelPackage").is_none(), "no model is registered");
    run("NaN", &[]).code(1).says("it is NaN");
    let none = s.mlprov(&["run", "--require", "f1 > 0", "--", "true"]);
    none.code(1).says("f1 > 0 was required; it is not there");
    // It was declared when the run began, and stands in its first entry.
    let started = s.json(&["log", "--kind", "run.started"])["entries"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(s.body_of(&started)["run"]["requirements"][0], "f1 > 0");
}

#[test]
fn inputs_that_were_not_touched_are_not_read_again_unless_it_is_asked_for() {
    let s = project();
    for n in 0..20 {
        s.write(&format!("data/f{n}"), format!("{n}"));
    }
    s.mlprov(&["track", "data"]).success();
    s.commit_all("data");
    let observed = |args: &[&str]| {
        s.mlprov(&[&["run", "-d", "data"], args, &["--", "true"]].concat()).success();
        s.mlprov(&["verify", "latest"]).success();
        let input = ended(&s)["inputs"][0].clone();
        assert_eq!(input["stable"], true);
        input["observed"].as_str().unwrap().to_owned()
    };
    std::thread::sleep(std::time::Duration::from_millis(2100));
    s.mlprov(&["track", "data"]).success();
    assert_eq!(observed(&[]), "stat");
    assert_eq!(observed(&["--rehash"]), "bytes");
    s.write("data/f3", "changed");
    let root = s.body_of("latest")["inputs"][0]["digest"]["blake3"].clone();
    observed(&[]);
    assert_ne!(s.body_of("latest")["inputs"][0]["digest"]["blake3"], root);
    let out = s.mlprov(&["run", "-d", "data", "--", "sh", "-c", "echo y > data/f4"]);
    out.success().says("input data changed while the command ran");
    assert_eq!(ended(&s)["inputs"][0]["stable"], false);
    s.mlprov(&["verify", "latest"]).code(1);
}
