//! What is started where a package is deployed: nothing that no entry tells of.

use crate::artefact::Shelf;

#[test]
fn a_model_that_no_archive_has_room_for_is_told_with_the_reason() {
    let Some(t) = Shelf::ministack("longname") else { return };
    let model = format!("{}.pkl", "n".repeat(97));
    let script = format!("echo first > {model}");
    let run =
        ["run", "-d", "data", "--model", &model, "--model-group", "longname", "--", "sh", "-c", &script];
    let report = t.s.json(&run);
    assert_eq!(report["status"], "COMPLETE", "{report}");
    let note = report["notes"][0].as_str().unwrap();
    assert!(note.contains("not registered") && note.contains("101 bytes"), "{note}");
    t.s.mlprov(&["model", "register", &model, "--model-group", "longname", "--run", "latest"])
        .code(2)
        .says("101 bytes");
}
