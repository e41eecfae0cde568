//! What went wrong, in one sentence, and what to do about it. No match here has a wildcard for our own
//! errors: a new error asks its author what the user should do.

use crate::app::AppError;
use crate::config::ConfigError;
use crate::git::GitError;
use crate::ports::StoreError;
use crate::ports::account::Trouble;
use crate::worktree::problem::Problem;
use crate::worktree::problem::ProblemKind;

/// Exit codes: 1 the answer is no · 2 usage or configuration · 3 could not be checked or done · 70 not recorded.
pub fn exit_code(e: &AppError) -> u8 {
    match e {
        AppError::NotRecorded { exit_code: 0, .. } => 70,
        AppError::NotRecorded { exit_code, .. } => u8::try_from(*exit_code).unwrap_or(1),
        AppError::NotClean { .. }
        | AppError::IdConflict { .. }
        | AppError::DamagedHere { .. }
        | AppError::LocalChanges { .. }
        | AppError::InTheWay { .. } => 1,
        AppError::NotPublished { source }
            if matches!(**source, AppError::Store(StoreError::Inconsistent { .. })) =>
        {
            1
        }
        AppError::NotPublished { .. } => 3,
        AppError::NotReproducible { .. } | AppError::NoWorkTree { .. } => 1,
        AppError::NotComplete { .. } | AppError::NotMade { .. } | AppError::PackageDiffers { .. } => 1,
        AppError::NotOpen { .. } | AppError::OtherWorkTree { .. } => 2,
        AppError::Busy { .. }
        | AppError::NoCommit { .. }
        | AppError::UnknownId { .. }
        | AppError::NoPackage { .. }
        | AppError::Waiting { .. }
        | AppError::Unpinned { .. }
        | AppError::UnknownRevision { .. }
        | AppError::NoManifest { .. }
        | AppError::UnknownManifest { .. }
        | AppError::NotHere { .. }
        | AppError::NotCommitted { .. }
        | AppError::JsonExport { .. }
        | AppError::Durable(_)
        | AppError::Git(GitError::Program { .. }) => 3,
        AppError::Store(store) => match store {
            StoreError::Corrupt { .. } | StoreError::Inconsistent { .. } => 1,
            StoreError::Io { .. } | StoreError::Missing { .. } | StoreError::Locked { .. } => 3,
            StoreError::Account { trouble: Trouble::Busy | Trouble::NoAnswer, .. } => 3,
            StoreError::Account { .. }
            | StoreError::Unsupported { .. }
            | StoreError::NotShared { .. }
            | StoreError::Changed { .. }
            | StoreError::Key { .. }
            | StoreError::Copied { .. }
            | StoreError::NotAgreed { .. }
            | StoreError::Revoked { .. }
            | StoreError::Moved { .. }
            | StoreError::OtherLog { .. }
            | StoreError::Unfit { .. } => 2,
        },
        AppError::Entry(_)
        | AppError::Format(_)
        | AppError::NotSound { .. }
        | AppError::BadManifest { .. } => 1,
        AppError::Config(_)
        | AppError::Git(_)
        | AppError::Scan(_)
        | AppError::Parse(_)
        | AppError::NotJoined { .. }
        | AppError::OtherProject { .. }
        | AppError::AmbiguousId { .. }
        | AppError::OutsideRepository { .. }
        | AppError::WholeRepository { .. }
        | AppError::TrackedByGit { .. }
        | AppError::InsideDataset { .. }
        | AppError::NotTracked { .. }
        | AppError::NothingThere { .. }
        | AppError::PartOfDataset { .. }
        | AppError::NoConflict { .. }
        | AppError::BadPointer { .. }
        | AppError::TooMuch { .. }
        | AppError::RunFile { .. }
        | AppError::NoProgram { .. }
        | AppError::NotEmpty { .. }
        | AppError::NotAdmitted { .. }
        | AppError::NotAdmittedThere { .. }
        | AppError::NoDirectory { .. }
        | AppError::BadPins { .. }
        | AppError::NothingToAdopt
        | AppError::Mutable { .. }
        | AppError::DeclaredOnly { .. }
        | AppError::NotAdmin { .. }
        | AppError::AlreadySo { .. }
        | AppError::Migrating { .. }
        | AppError::NoBuckets
        | AppError::BadCapsule { .. }
        | AppError::CapsuleExpired { .. }
        | AppError::NoAccount
        | AppError::DeletionProtected
        | AppError::NotConfirmed { .. }
        | AppError::ManyExports { .. }
        | AppError::NeedsAnswer { .. } => 2,
        AppError::PlanChanged => 3,
        AppError::NotApplied { source, .. } => exit_code(source),
    }
}

/// One clear sentence; several problems of one kind are listed below it.
pub fn sentence(e: &AppError) -> String {
    match e {
        AppError::Scan(scan) => match &scan.problems[..] {
            [one] => problem(one),
            many => {
                let shown = many.iter().take(20).map(|p| format!("\n  {}", problem(p)));
                let more = many.len().saturating_sub(20);
                let rest = if more > 0 { format!("\n  and {more} more") } else { String::new() };
                format!("{} files cannot be tracked:{}{rest}", many.len(), shown.collect::<String>())
            }
        },
        AppError::NotHere { files } | AppError::LocalChanges { files, .. } => {
            format!("{e}:{}", listed(files.iter().map(ToString::to_string)))
        }
        AppError::DamagedHere { files, .. } => {
            format!("{e}:{}", listed(files.iter().map(|(path, why)| format!("{path}: {why}"))))
        }
        AppError::NotRecorded { source, .. }
        | AppError::NotPublished { source }
        | AppError::NotApplied { source, .. } => {
            format!("{e}: {}", sentence(source))
        }
        AppError::NotCommitted { .. }
        | AppError::Config(_)
        | AppError::Git(_)
        | AppError::Store(_)
        | AppError::Durable(_)
        | AppError::Parse(_)
        | AppError::Format(_)
        | AppError::Entry(_)
        | AppError::NotJoined { .. }
        | AppError::OtherProject { .. }
        | AppError::UnknownId { .. }
        | AppError::NoPackage { .. }
        | AppError::NotComplete { .. }
        | AppError::NotMade { .. }
        | AppError::PackageDiffers { .. }
        | AppError::Waiting { .. }
        | AppError::Busy { .. }
        | AppError::NoCommit { .. }
        | AppError::NotReproducible { .. }
        | AppError::NoWorkTree { .. }
        | AppError::NotOpen { .. }
        | AppError::OtherWorkTree { .. }
        | AppError::AmbiguousId { .. }
        | AppError::OutsideRepository { .. }
        | AppError::WholeRepository { .. }
        | AppError::TrackedByGit { .. }
        | AppError::InsideDataset { .. }
        | AppError::NotTracked { .. }
        | AppError::NothingThere { .. }
        | AppError::PartOfDataset { .. }
        | AppError::NoConflict { .. }
        | AppError::UnknownManifest { .. }
        | AppError::BadPointer { .. }
        | AppError::IdConflict { .. }
        | AppError::TooMuch { .. }
        | AppError::RunFile { .. }
        | AppError::NotClean { .. }
        | AppError::NoProgram { .. }
        | AppError::NotEmpty { .. }
        | AppError::NotAdmitted { .. }
        | AppError::NotAdmittedThere { .. }
        | AppError::NoDirectory { .. }
        | AppError::UnknownRevision { .. }
        | AppError::Mutable { .. }
        | AppError::DeclaredOnly { .. }
        | AppError::NoManifest { .. }
        | AppError::InTheWay { .. }
        | AppError::Unpinned { .. }
        | AppError::BadPins { .. }
        | AppError::NothingToAdopt
        | AppError::NotAdmin { .. }
        | AppError::AlreadySo { .. }
        | AppError::Migrating { .. }
        | AppError::NotSound { .. }
        | AppError::NoBuckets
        | AppError::BadCapsule { .. }
        | AppError::CapsuleExpired { .. }
        | AppError::NoAccount
        | AppError::DeletionProtected
        | AppError::NotConfirmed { .. }
        | AppError::PlanChanged
        | AppError::JsonExport { .. }
        | AppError::BadManifest { .. }
        | AppError::ManyExports { .. }
        | AppError::NeedsAnswer { .. } => e.to_string(),
    }
}

/// The first of many, one to a line.
fn listed(items: impl ExactSizeIterator<Item = String>) -> String {
    let more = items.len().saturating_sub(SHOWN);
    let shown: String = items.take(SHOWN).map(|item| format!("\n  {}", item.escape_debug())).collect();
    let rest = if more > 0 { format!("\n  and {more} more (--json lists all)") } else { String::new() };
    format!("{shown}{rest}")
}

/// Lines of a list that a person reads.
const SHOWN: usize = 20;

/// Every path that an error is about, for who reads JSON.
pub fn paths(e: &AppError) -> Option<Vec<&str>> {
    if let AppError::NotHere { files } | AppError::LocalChanges { files, .. } = e {
        return Some(files.iter().map(|file| file.as_str()).collect());
    }
    if let AppError::DamagedHere { files, .. } = e {
        return Some(files.iter().map(|(file, _)| file.as_str()).collect());
    }
    None
}

fn problem(p: &Problem) -> String {
    format!("{}: {}", p.path.display().to_string().escape_debug(), p.kind)
}

/// A word as a POSIX shell takes it.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/+@%:=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A path below the repository's root, to be pasted where the user stands. Below the root it begins with `:/`,
/// as git writes it; mlprov understands that too.
pub fn place(path: &str, at_root: bool) -> String {
    if at_root { quote(path) } else { quote(&format!(":/{path}")) }
}

/// Something to paste, or to do. `at_root`: the user stands at the root of the repository.
pub fn hint(e: &AppError, at_root: bool) -> Option<String> {
    let place = |path: &str| place(path, at_root);
    Some(match e {
        AppError::Config(config) => match config {
            ConfigError::NotInitialised { .. } => "mlprov init".into(),
            ConfigError::Invalid { path, .. } => {
                format!("git log -p -- {}   # shows how it came to be", path.display())
            }
            ConfigError::Newer { .. } => "install a newer mlprov; this project was made by one".into(),
            ConfigError::Io { .. } => return None,
            ConfigError::NoHome { variable } => format!("set HOME or {variable} to an absolute path"),
        },
        AppError::Git(git) => match git {
            GitError::NotARepository { .. } => "git init".into(),
            GitError::Bare { .. } => "use a clone with a work tree: git clone PATH".into(),
            GitError::Unsupported { .. } => {
                "git status   # git itself must be able to read it; a newer git may".into()
            }
            GitError::NotOwner { path } => {
                format!("git config --global --add safe.directory {}", path.display())
            }
            GitError::Unborn => "git commit --allow-empty -m start".into(),
            GitError::NotFound { .. } => "git fetch --all --tags".into(),
            GitError::Library { .. } | GitError::BadObject { .. } => "git fsck   # tells more about the repository".into(),
            GitError::Program { why, .. } if why.contains("diskspace") || why.contains("No space left") => {
                io_hint(&std::io::ErrorKind::StorageFull.into())?
            }
            GitError::Program { .. } => return None,
            GitError::NoRemote { known, .. } => match known.first() {
                None => "git remote add origin URL".into(),
                Some(first) => format!("mlprov sync --remote {}", quote(first)),
            },
            GitError::NoProgram { .. } => "install git; mlprov calls it".into(),
            GitError::BadPointer { path, .. } => {
                format!("mlprov track {}", place(path.trim_end_matches(".mlprov")))
            }
        },
        AppError::Store(store) => store_hint(store)?,
        AppError::Durable(durable) => io_hint(&durable.source)?,
        AppError::Scan(scan) => scan_hint(&scan.problems[0])?,
        AppError::NotJoined { .. } => "mlprov init   # joins it; this clone gets a log of its own".into(),
        AppError::OtherProject { config_file, .. } => {
            format!("git log -p -- {config_file}   # shows who changed the id")
        }
        AppError::UnknownId { .. } => {
            "mlprov log   # what is recorded here; `mlprov sync --fetch` brings what other clones recorded"
                .into()
        }
        AppError::CapsuleExpired { .. } => {
            "mlprov source extend source.json   # by its launcher; then here: mlprov sync --source source.json".into()
        }
        AppError::BadCapsule { .. } => {
            "mlprov source export -o source.json   # makes a new one, where the repository is".into()
        }
        AppError::NoPackage { .. } => "mlprov model list   # the packages that are known here".into(),
        AppError::NotComplete { run, .. } => format!("mlprov show {run}   # how it ended"),
        AppError::NotMade { run, .. } => format!("mlprov show {run}   # what it made"),
        AppError::PackageDiffers { arn, .. } => format!("mlprov verify {arn}   # checks every link of it"),
        AppError::OtherWorkTree { run, root } => format!("mlprov -C {} run end {run}", place(&root.to_string_lossy())),
        AppError::NotOpen { .. } => "mlprov run begin   # begins one".into(),
        AppError::NoCommit { commit } => format!("git fetch origin {commit}"),
        AppError::NoWorkTree { .. } => "git commit -a   # a run of a commit needs nothing laid out".into(),
        AppError::NotReproducible { .. } => "mlprov show ID   # shows what was recorded of it".into(),
        AppError::Busy { .. } => {
            "mlprov run --worktree …   # in a temporary work tree of its own".into()
        }
        AppError::Waiting { data, .. } if data.is_empty() => RECORD_HEAD.into(),
        AppError::Waiting { .. } => "mlprov sync --fetch   # brings what other clones recorded".into(),
        AppError::AmbiguousId { .. } => "give more digits, or the full id".into(),
        AppError::OutsideRepository { .. } => {
            "copy the data into the repository, or link to it from there and track a copy".into()
        }
        AppError::WholeRepository { .. } => {
            "mlprov track data/   # a directory of data inside the repository".into()
        }
        AppError::TrackedByGit { path, .. } => format!("git rm -r --cached {}", place(path)),
        AppError::InsideDataset { dataset, .. } => {
            format!("mlprov track {}   # tracks all of it", place(dataset))
        }
        AppError::PartOfDataset { dataset, .. } => {
            let dataset = place(dataset);
            format!("mlprov untrack {dataset}   # all of it; or delete the file, and track {dataset} again")
        }
        AppError::NotTracked { path } => format!("mlprov track {}", place(path)),
        AppError::BadPointer { path, why } => pointer_hint(path, why, at_root),
        AppError::NoConflict { path } => {
            let data = place(path.trim_end_matches(".mlprov"));
            format!("mlprov track {data}   # writes the pointer of what lies there now")
        }
        AppError::NoManifest { .. } => {
            "mlprov sync --fetch   # the clone that tracked it must have published its log".into()
        }
        AppError::NotClean { .. } => {
            "git status   # commit or stash what differs, or leave out --require-clean".into()
        }
        AppError::NotRecorded { source, .. } if matches!(**source, AppError::CapsuleExpired { .. }) => {
            return hint(source, at_root);
        }
        AppError::NotRecorded { .. } => "mlprov status   # shows the run as open".into(),
        AppError::IdConflict { .. } => "mlprov verify latest   # the log may have been tampered with".into(),
        AppError::NotCommitted { .. } => "try again".into(),
        AppError::NoProgram { program, .. } => format!("install {program}, and make sure that it is in PATH"),
        AppError::NotEmpty { .. } => "name a directory that does not exist yet".into(),
        AppError::NotAdmitted { .. } => {
            "mlprov key request   # then an admin of this log runs `mlprov key admit` with it".into()
        }
        AppError::NotAdmittedThere { public, retired, .. } => {
            let then = if *retired { "; it is one of before: `mlprov key revoke` it after that" } else { "" };
            format!("mlprov key admit {public}   # by an admin of that log; then `mlprov migrate` again{then}")
        }
        AppError::NotPublished { source } | AppError::NotApplied { source, .. } => hint(source, at_root)?,
        AppError::NoBuckets => {
            "mlprov migrate --ledger s3://BUCKET/PREFIX --store s3://BUCKET/PREFIX   # moves it into one".into()
        }
        AppError::DeletionProtected => {
            "set deletion_protection = false in the [aws] table of .mlprov/config.toml, and run `mlprov infra apply`".into()
        }
        AppError::NotConfirmed { name, .. } => {
            format!("mlprov infra destroy --including-data --confirm {}", quote(name))
        }
        AppError::NoAccount => {
            "set owner = \"ACCOUNT\" in the [ledger] table of .mlprov/config.toml: aws sts get-caller-identity".into()
        }
        AppError::JsonExport { .. } => {
            "only exports in Ion text or Ion binary hold what QLDB hashed; if you have one of these journals, verify that".into()
        }
        AppError::BadManifest { .. } => {
            "mlprov qldb verify-export FILE…   # the data files in the order of their blocks, without the manifest".into()
        }
        AppError::ManyExports { manifests } => {
            format!("mlprov qldb verify-export {}", quote(manifests.first()?))
        }
        AppError::PlanChanged => "mlprov infra plan   # shows what it would be now".into(),
        AppError::NeedsAnswer { command, .. } => (*command).into(),
        AppError::NoDirectory { .. } | AppError::NothingToAdopt | AppError::AlreadySo { .. } => return None,
        AppError::Migrating { command } => format!("{command}   # finishes what was begun"),
        AppError::NotSound { .. } => "mlprov ledger audit   # tells all; the settings are as they were".into(),
        AppError::NotAdmin { .. } => "mlprov key list   # shows who is".into(),
        AppError::Unpinned { .. } => {
            "mlprov key trust VKEY   # ask the log's owner for: mlprov key show --vkey".into()
        }
        AppError::UnknownRevision { .. } => "git log --oneline --all".into(),
        AppError::Mutable { place, .. } => format!(
            "mlprov track {} --as PATH --copy   # or --allow-mutable: then `verify` never says more than incomplete",
            quote(place)
        ),
        AppError::DeclaredOnly { place, .. } => format!("aws s3 cp --recursive {} DIR", quote(place)),
        AppError::NothingThere { .. } => "mlprov ls   # the datasets; --rev REV: those of a commit".into(),
        AppError::UnknownManifest { .. } => "mlprov sync --fetch   # brings manifests that others published".into(),
        AppError::NotHere { .. } => {
            "the clone that recorded them has them: copy them from there, and `mlprov track` them here; `mlprov sync` brings no data".into()
        }
        AppError::DamagedHere { word, .. } => format!("mlprov verify {}   # finds all damage", quote(word)),
        AppError::LocalChanges { dataset: Some(dataset), .. } => {
            format!("mlprov track {}   # keeps them; `restore --force` loses them", place(dataset.as_str()))
        }
        AppError::LocalChanges { dataset: None, .. } => {
            "restore into an empty directory; or add --force, which loses them".into()
        }
        AppError::InTheWay { path, .. } => {
            let path = path.display().to_string();
            format!("mv {} {}   # out of the way", quote(&path), quote(&format!("{path}.old")))
        }
        AppError::BadPins { path, .. } => format!(
            "rm {}   # then pin again what you trust: mlprov init, mlprov key trust",
            quote(&path.display().to_string())
        ),
        AppError::TooMuch { .. } => {
            "keep long lists in a file, and make it an input or output of the run".into()
        }
        AppError::Parse(_) | AppError::Format(_) | AppError::Entry(_) | AppError::RunFile { .. } => {
            return None;
        }
    })
}

/// What to do about a pointer that cannot be used.
pub fn pointer_hint(path: &str, why: &str, at_root: bool) -> String {
    let data = place(path.trim_end_matches(".mlprov"), at_root);
    match why.contains("conflict markers") {
        true => format!("mlprov merge {data}   # merges both versions by path"),
        false => format!("mlprov track {data}   # writes it again from the data"),
    }
}

fn store_hint(e: &StoreError) -> Option<String> {
    Some(match e {
        StoreError::Io { source, .. } => io_hint(source)?,
        StoreError::Corrupt { .. } => {
            "nothing was changed; keep a copy of the file before anything else is tried".into()
        }
        StoreError::Unsupported { .. } => "install a newer mlprov".into(),
        StoreError::Changed { .. } => WRITTEN_TO.into(),
        StoreError::NotShared { .. } => {
            "set link = \"auto\" in the [store] table of .mlprov/config.toml".into()
        }
        StoreError::Missing { .. } => "mlprov status   # shows what is stored".into(),
        StoreError::Locked { .. } => "wait for it to end, and try again".into(),
        StoreError::Copied { .. } => {
            "mlprov ledger adopt   # it goes on under a new id; the original must not be written any more, or be adopted too".into()
        }
        StoreError::Inconsistent { .. } => {
            "the ledger was restored from an older copy, or tampered with; nothing was signed".into()
        }
        StoreError::Revoked { .. } => {
            "mlprov key list   # who may write; what waits here for the log stays, and an admin can admit a key again".into()
        }
        StoreError::NotAgreed { .. } => "mlprov init   # asks once for this clone".into(),
        StoreError::Moved { .. } => {
            "git pull && mlprov init   # the settings of today's commit say where; while `mlprov migrate` goes on: finish it".into()
        }
        StoreError::OtherLog { .. } => {
            "mlprov migrate --plan   # brings the entries of this clone's own log to the one that the settings name".into()
        }
        StoreError::Unfit { .. } => return None,
        StoreError::Account { action, what, trouble, .. } => account_hint(action, what, *trouble)?,
        StoreError::Key { why, .. } if why.contains("no such file") => {
            "restore it from your backup; it was made by `mlprov init`, and no other key will do for this clone's log".into()
        }
        StoreError::Key { .. } => return None,
    })
}

fn account_hint(action: &str, what: &str, trouble: Trouble) -> Option<String> {
    Some(match trouble {
        Trouble::Denied => {
            format!(
                "aws sts get-caller-identity   # who you are; an admin of the account can allow {action} on {what}"
            )
        }
        Trouble::Expired => {
            "aws sso login   # or however you get your credentials; then the same again".into()
        }
        Trouble::Credentials => {
            "aws configure   # or set AWS_PROFILE; then `aws sts get-caller-identity` tells who you are"
                .into()
        }
        Trouble::Clock => "timedatectl   # set the clock; requests are signed with the time".into(),
        Trouble::NameTaken => "choose another name: mlprov init --aws --store s3://BUCKET/PREFIX".into(),
        Trouble::OtherRegion => {
            "give the region that it is in: --region REGION, or region in .mlprov/config.toml".into()
        }
        Trouble::Quota => {
            "aws service-quotas list-service-quotas --service-code s3   # an admin can ask for more".into()
        }
        Trouble::Busy | Trouble::NoAnswer => "wait a little, and try again; what was done stays done".into(),
        Trouble::Other => return None,
    })
}

/// What `status` says as well.
pub const RECORD_HEAD: &str =
    "mlprov hook post-commit   # records what waits, and the commit that HEAD names";
const WRITTEN_TO: &str = "wait until nothing writes to it, and try again";
const MORE_FILES: &str = "ulimit -n 1024   # lets programs of this shell open more files";

fn io_hint(e: &std::io::Error) -> Option<String> {
    if ProblemKind::of(e) == ProblemKind::TooManyOpen {
        return Some(MORE_FILES.into());
    }
    // A foreign enum that grows: only the kinds that a user can act on.
    match e.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            Some("free some space, and try again; nothing was half-written".into())
        }
        std::io::ErrorKind::PermissionDenied => Some("check who owns the path, and its mode".into()),
        std::io::ErrorKind::ReadOnlyFilesystem => {
            Some("mlprov must be able to write below the git directory".into())
        }
        _ => None,
    }
}

fn scan_hint(p: &Problem) -> Option<String> {
    let path = quote(&p.path.display().to_string());
    Some(match &p.kind {
        ProblemKind::Missing => return None,
        ProblemKind::NotUtf8 => "rename it; names are recorded as UTF-8".into(),
        ProblemKind::Special(_) => format!("rm {path}   # or move it out of the dataset"),
        ProblemKind::LeavesRoot(_) | ProblemKind::LinkToDirectory(_) => {
            let copy = quote(&format!("{}.copy", p.path.display()));
            format!("cp -rL {path} {copy} && rm {path} && mv {copy} {path}   # a copy in place of the link")
        }
        ProblemKind::BrokenLink(_) => format!("rm {path}"),
        ProblemKind::Unreadable(_) => format!("chmod u+r {path}"),
        ProblemKind::TooManyOpen => MORE_FILES.into(),
        ProblemKind::TooLong => "give its directories shorter names, or move the repository up".into(),
        ProblemKind::EmptyDirectory => "put files into it first".into(),
        ProblemKind::PointerInside => format!("rm {path}   # stops tracking that part on its own"),
        ProblemKind::GitDirectory => "track a directory of data instead".into(),
        ProblemKind::BadName(_) => "rename it".into(),
        ProblemKind::Changed => WRITTEN_TO.into(),
    })
}
