//! What a run had around it, without what is nobody's business.

use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Environment;
use crate::domain::redact;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::path::PathBuf;

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

/// What pins packages, and stands at the root of a repository.
const LOCK_FILES: [&str; 10] = [
    "requirements.txt",
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "Pipfile.lock",
    "environment.yml",
    "conda-lock.yml",
    "pixi.lock",
    "Cargo.lock",
    "renv.lock",
];

/// Everything around the command `program`; nothing is run to find it out. With it, names and versions of the Python
/// packages that it can import, if it is a Python (JSON).
pub fn capture(root: &Path, program: &OsStr) -> (Environment, Option<Vec<u8>>) {
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
    let packages = python_packages(program);
    let listed = packages.as_ref().and_then(|packages| serde_json::to_vec(packages).ok());
    let read =
        |name: &&str| Some(((*name).to_owned(), Blake3Hash::of(&std::fs::read(root.join(name)).ok()?)));
    let environment = Environment {
        os: format!("{} {}", name.sysname().to_string_lossy(), name.release().to_string_lossy()),
        arch: name.machine().to_string_lossy().into_owned(),
        cpus: std::thread::available_parallelism().map_or(0, |n| n.get() as u64),
        memory: memory(),
        variables,
        variables_omitted: omitted,
        cpu: first_value("/proc/cpuinfo", "model name"),
        gpus: gpus(),
        gpu_driver: gpu_driver(),
        container: container(),
        lock_files: LOCK_FILES.iter().filter_map(read).collect(),
        python_packages: packages.map(|packages| packages.len() as u64),
    };
    (environment, listed)
}

/// `NAME : value`, as Linux tells of itself.
fn first_value(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
}

/// As NVIDIA's driver names them.
fn gpus() -> Vec<String> {
    let entries = std::fs::read_dir("/proc/driver/nvidia/gpus");
    let places = entries.into_iter().flatten().flatten().map(|entry| entry.path().join("information"));
    let mut found: Vec<String> =
        places.filter_map(|place| first_value(&place.to_string_lossy(), "Model")).collect();
    found.sort();
    found
}

fn gpu_driver() -> Option<String> {
    let text = std::fs::read_to_string("/proc/driver/nvidia/version").ok()?;
    let line = text.lines().next()?;
    line.split_whitespace()
        .find(|word| word.contains('.') && word.starts_with(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
}

/// A container does not know its own image: whoever starts it may say so.
fn container() -> Option<String> {
    let told = std::env::var("MLPROV_CONTAINER_IMAGE").ok().filter(|image| !image.is_empty());
    let inside = || ["/.dockerenv", "/run/.containerenv"].iter().any(|mark| Path::new(mark).exists());
    match told {
        Some(image) => Some(redact::redact(&image).0),
        None => inside().then(|| "of an unknown image".to_owned()),
    }
}

/// The directory above `bin/` of a Python: of a virtual environment, else of the installation.
fn python_prefix(program: &OsStr) -> Option<PathBuf> {
    let typed = Path::new(program);
    let above = |path: &Path| path.parent().and_then(Path::parent).map(Path::to_owned);
    let is_python = typed.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = match typed.components().count() {
        1 => std::env::split_paths(&path).map(|dir| dir.join(typed)).find(|place| place.is_file()),
        _ => Some(typed.to_owned()),
    };
    if let Some(found) = found.filter(|_| is_python) {
        if let Some(prefix) = above(&found).filter(|prefix| prefix.join("pyvenv.cfg").is_file()) {
            return Some(prefix);
        }
        if let Some(prefix) =
            found.canonicalize().ok().as_deref().and_then(above).filter(|p| !site_packages(p).is_empty())
        {
            return Some(prefix);
        }
    }
    ["VIRTUAL_ENV", "CONDA_PREFIX"].iter().find_map(std::env::var_os).map(PathBuf::from)
}

fn site_packages(prefix: &Path) -> Vec<PathBuf> {
    let versions = std::fs::read_dir(prefix.join("lib")).into_iter().flatten().flatten();
    let pythons = versions.filter(|entry| entry.file_name().to_string_lossy().starts_with("python"));
    let dirs = pythons.flat_map(|entry| ["site-packages", "dist-packages"].map(|dir| entry.path().join(dir)));
    dirs.filter(|dir| dir.is_dir()).collect()
}

/// `NAME==VERSION` of what is installed there, by the names of the metadata (PyPA, "Recording installed projects").
fn python_packages(program: &OsStr) -> Option<Vec<String>> {
    let prefix = python_prefix(program)?;
    let mut found = Vec::new();
    for dir in site_packages(&prefix) {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let stem = name.strip_suffix(".dist-info").or(name.strip_suffix(".egg-info"));
            if let Some((package, version)) = stem.and_then(|stem| stem.split_once('-')) {
                found.push(format!("{package}=={version}"));
            }
        }
    }
    found.sort();
    found.dedup();
    Some(found)
}

/// Physical memory in bytes, as Linux tells it.
fn memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_those_of_the_python_that_runs() {
        let dir = tempfile::tempdir().unwrap();
        let site = dir.path().join("lib/python3.11/site-packages");
        for name in ["numpy-2.1.0.dist-info", "old_one-1.0.egg-info", "numpy", "broken.dist-info"] {
            std::fs::create_dir_all(site.join(name)).unwrap();
        }
        std::fs::create_dir(dir.path().join("bin")).unwrap();
        std::fs::write(dir.path().join("pyvenv.cfg"), "").unwrap();
        let python = dir.path().join("bin/python3");
        std::fs::write(&python, "").unwrap();
        let found = python_packages(python.as_os_str()).unwrap();
        assert_eq!(found, ["numpy==2.1.0", "old_one==1.0"]);
        std::fs::write(dir.path().join("uv.lock"), "pins").unwrap();
        let (environment, listed) = capture(dir.path(), python.as_os_str());
        assert_eq!(environment.lock_files["uv.lock"], Blake3Hash::of(b"pins"));
        assert_eq!((environment.python_packages, listed.is_some()), (Some(2), true));
    }
}
