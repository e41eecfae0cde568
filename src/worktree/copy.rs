//! Files of a dataset in a second place.

use super::problem::Problem;
use super::problem::ProblemKind;
use super::problem::ScanError;
use super::scan::Scanned;
use super::scan::ScannedFile;
use crate::domain::pointer::DatasetKind;
use crate::durable;
use std::fs::File;
use std::fs::FileTimes;
use std::io;
use std::path::Path;

/// Puts every file at its path below `root`; blocks are shared where the file system can. A symlink becomes what it
/// points to. Nothing is made durable: the copy is for one process.
pub fn copy(scanned: &Scanned, root: &Path) -> Result<(), ScanError> {
    let base = root.join(scanned.path.as_str());
    let dir = match scanned.kind {
        DatasetKind::Directory | DatasetKind::Declared => &base,
        DatasetKind::File => base.parent().unwrap_or(root),
    };
    for file in &scanned.files {
        copy_one(scanned, file, &dir.join(&*file.name))
            .map_err(|problem| ScanError { problems: vec![problem] })?;
    }
    Ok(())
}

fn copy_one(scanned: &Scanned, file: &ScannedFile, to: &Path) -> Result<(), Problem> {
    let failed = |e: io::Error| Problem { path: to.to_owned(), kind: ProblemKind::of(&e) };
    let from = scanned.open(file)?;
    if let Some(dir) = to.parent() {
        durable::create_dir_all(dir).map_err(|e| failed(e.source))?;
    }
    let mut out = File::create(to).map_err(failed)?;
    if rustix::fs::ioctl_ficlone(&out, &from).is_err() {
        io::copy(&mut &from, &mut out).map_err(failed)?;
    }
    scanned.check(file, &from)?;
    let meta = from.metadata().map_err(failed)?;
    out.set_permissions(meta.permissions()).map_err(failed)?;
    out.set_times(FileTimes::new().set_modified(meta.modified().map_err(failed)?)).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worktree::scan;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_copy_has_bytes_modes_and_times_of_its_own() {
        let d = tempfile::tempdir().unwrap();
        let to = d.path().join("to");
        let from = d.path().join("from");
        fs::create_dir_all(from.join("data/sub")).unwrap();
        let from = from.canonicalize().unwrap();
        fs::write(from.join("data/sub/a"), "a").unwrap();
        fs::write(from.join("data/run.sh"), "b").unwrap();
        fs::set_permissions(from.join("data/run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("sub/a", from.join("data/link")).unwrap();
        for path in ["data", "data/sub/a"] {
            let scanned = scan::scan(&from, &path.parse().unwrap()).unwrap();
            copy(&scanned, &to).unwrap();
        }
        for (name, text) in [("sub/a", "a"), ("run.sh", "b"), ("link", "a")] {
            let place = to.join("data").join(name);
            assert_eq!(fs::read_to_string(&place).unwrap(), text);
            assert!(fs::symlink_metadata(&place).unwrap().is_file());
            let time = |root: &Path| fs::metadata(root.join("data").join(name)).unwrap().modified().unwrap();
            assert_eq!(time(&to), time(&from));
        }
        assert_eq!(fs::metadata(to.join("data/run.sh")).unwrap().permissions().mode() & 0o777, 0o755);
        fs::write(to.join("data/sub/a"), "other").unwrap();
        assert_eq!(fs::read_to_string(from.join("data/sub/a")).unwrap(), "a");
        // What changes after it was looked at is no copy of it.
        let scanned = scan::scan(&from, &"data/sub/a".parse().unwrap()).unwrap();
        fs::write(from.join("data/sub/a"), "longer").unwrap();
        assert_eq!(copy(&scanned, &to).unwrap_err().problems[0].kind, ProblemKind::Changed);
    }
}
