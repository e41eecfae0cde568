//! What a run had around it, without what is nobody's business.

use crate::domain::entry::Environment;
use crate::domain::redact;
use std::collections::BTreeMap;

/// Variables that change results. All others are only counted; their values are never read into the record.
const ALLOWED: [&str; 9] = [
    "CUDA_VISIBLE_DEVICES",
    "PYTHONHASHSEED",
    "CUBLAS_WORKSPACE_CONFIG",
    "TF_DETERMINISTIC_OPS",
    "SLURM_JOB_ID",
    "SLURM_NTASKS",
    "WORLD_SIZE",
    "RANK",
    "TZ",
];
const ALLOWED_PREFIXES: [&str; 4] = ["OMP_", "MKL_", "NCCL_", "SM_NUM_"];
/// Bytes of all values together; what is beyond counts as omitted.
const LIMIT: usize = 4 * 1024;

pub fn capture() -> Environment {
    let name = rustix::system::uname();
    let mut variables = BTreeMap::new();
    let mut omitted = 0;
    let mut used = 0;
    let mut all: Vec<(String, Option<String>)> =
        std::env::vars_os().map(|(k, v)| (k.to_string_lossy().into_owned(), v.into_string().ok())).collect();
    all.sort();
    for (key, value) in all {
        let allowed = ALLOWED.contains(&key.as_str()) || ALLOWED_PREFIXES.iter().any(|p| key.starts_with(p));
        match value.filter(|v| allowed && key.is_ascii() && used + key.len() + v.len() <= LIMIT) {
            Some(value) => {
                used += key.len() + value.len();
                variables.insert(key, redact::redact(&value).0);
            }
            None => omitted += 1,
        }
    }
    Environment {
        os: format!("{} {}", name.sysname().to_string_lossy(), name.release().to_string_lossy()),
        arch: name.machine().to_string_lossy().into_owned(),
        cpus: std::thread::available_parallelism().map_or(0, |n| n.get() as u64),
        memory: memory(),
        variables,
        variables_omitted: omitted,
    }
}

/// Physical memory in bytes, as Linux tells it.
fn memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib * 1024)
}
