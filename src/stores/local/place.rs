//! Where a journal lies: on which machine, in which file. A copy that went on beside its original would be two
//! histories under one key.

use crate::domain::digest::Blake3Hash;
use crate::durable;
use crate::ports::StoreError;
use rustix::fs::statfs;
use serde::Deserialize;
use serde::Serialize;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What is remembered of the place; nothing that names the machine to others.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Place {
    /// BLAKE3 of the machine's id.
    machine: Blake3Hash,
    /// Of the journal. Device numbers change over reboots, inodes do not.
    inode: u64,
}

fn here(journal: &Path) -> Result<Place, StoreError> {
    // Empty in most containers, whose names change with every start: then only the file itself tells.
    let id = fs::read_to_string("/etc/machine-id").unwrap_or_default();
    let meta = fs::metadata(journal).map_err(|e| StoreError::io("read", journal.display(), e))?;
    let machine = Blake3Hash(blake3::derive_key("mlprov 2026-11 machine v1", id.trim().as_bytes()));
    Ok(Place { machine, inode: meta.ino() })
}

/// Fails if the journal was copied or moved to another disk or machine since it was last written here. The
/// first call remembers the place.
pub fn check(dir: &Path) -> Result<(), StoreError> {
    let journal = dir.join("journal");
    let memory = dir.join("place");
    let now = here(&journal)?;
    let Some(then) = durable::read_derived(&memory).and_then(|b| serde_json::from_slice::<Place>(&b).ok())
    else {
        return remember(dir, &now);
    };
    if then == now {
        return Ok(());
    }
    let why = match then.machine == now.machine {
        true => "it is another file than the one that was written last: a copy, or moved from another disk",
        false => "it was written on another machine before",
    };
    Err(StoreError::Copied { what: journal.display().to_string(), why: why.to_owned() })
}

fn remember(dir: &Path, place: &Place) -> Result<(), StoreError> {
    let json = serde_json::to_vec(place).unwrap_or_default();
    Ok(durable::write_derived(&dir.join("place"), &json)?)
}

/// Locks and syncs of network file systems do not keep what the journal needs (statfs(2), magic numbers).
pub fn refuse_network(dir: &Path) -> Result<(), StoreError> {
    const NETWORK: [(u64, &str); 9] = [
        (0x6969, "NFS"),
        (0x517b, "SMB"),
        (0xfe53_4d42, "SMB2"),
        (0xff53_4d42, "CIFS"),
        (0x0102_1997, "9P"),
        (0x00c3_6400, "Ceph"),
        (0x0bd0_0bd0, "Lustre"),
        (0x5346_414f, "AFS"),
        (0x4750_4653, "GPFS"),
    ];
    let kind =
        statfs(dir).map_err(|e| StoreError::io("read", dir.display(), e.into()))?.f_type as u64 & 0xffff_ffff;
    match NETWORK.iter().find(|(magic, _)| *magic == kind) {
        None => Ok(()),
        Some((_, name)) => Err(StoreError::Unsupported {
            what: dir.display().to_string(),
            why: format!(
                "a ledger cannot lie on a network file system ({name}): clone the repository to a local disk"
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_noticed_and_a_rename_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("one"), dir.path().join("two"));
        fs::create_dir(&one).unwrap();
        fs::write(one.join("journal"), "x").unwrap();
        check(&one).unwrap();
        check(&one).unwrap();
        durable::move_dir(&one, &two).unwrap();
        check(&two).unwrap();
        fs::create_dir(&one).unwrap();
        for name in ["journal", "place"] {
            fs::copy(two.join(name), one.join(name)).unwrap();
        }
        assert!(matches!(check(&one), Err(StoreError::Copied { .. })));
        check(&two).unwrap();
    }
}
