//! Numbers and tables for people.

use crate::app::commit::Queued;
use crate::app::commit::Waiting;

/// `1.2 MB`: decimal units, as `ls -h --si` and disk makers use them.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{n} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

pub fn files(n: u64) -> String {
    count(n, "file")
}

/// `1 file`, `2 files`; for words whose plural is regular, or in -y.
pub fn count(n: u64, word: &str) -> String {
    match (n, word.strip_suffix('y')) {
        (1, _) => format!("1 {word}"),
        (_, Some(stem)) => format!("{n} {stem}ies"),
        (_, None) => format!("{n} {word}s"),
    }
}

/// Columns as wide as their widest cell, two spaces apart; no trailing space. Cells without styles.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| rows.iter().filter_map(|r| r.get(c)).map(|s| s.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A name as a person may read it: control characters made visible.
pub fn visible(name: &str) -> String {
    if name.chars().any(char::is_control) { format!("{name:?}") } else { name.to_owned() }
}

/// What a commit waits for, in one line.
pub fn waiting(waiting: &Waiting) -> String {
    let (commit, since) = (waiting.commit.short(), waiting.since.to_seconds());
    match &waiting.data[..] {
        [] => format!("waiting for the ledger: commit {commit} since {since}"),
        data => format!("waiting for data: commit {commit} since {since} ({})", visible(&data.join(", "))),
    }
}

/// An entry that waits for a ledger that is shared.
pub fn queued(queued: &Queued) -> String {
    let about = match (&queued.run, &queued.commit) {
        (Some(run), _) => format!(" (run {})", run.short()),
        (None, Some(commit)) => format!(" (commit {})", commit.short()),
        (None, None) => String::new(),
    };
    format!("waiting for the ledger: {}{about} since {}", queued.kind, queued.since.to_seconds())
}

/// Where an entry stands in the log.
pub fn at(index: Option<u64>) -> String {
    index.map_or_else(|| "waits for the ledger".to_owned(), |index| format!("index {index}"))
}

/// Of a package without an image.
pub const NOT_DEPLOYABLE: &str = "; not deployable as registered (no --image)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_000), "1.0 kB");
        assert_eq!(bytes(4_294_967_296), "4.3 GB");
        assert_eq!(files(1), "1 file");
    }

    #[test]
    fn tables_line_up() {
        let rows = vec![vec!["a".into(), "bb".into()], vec!["ccc".into(), "".into()]];
        assert_eq!(table(&rows), "a    bb\nccc\n");
    }
}
