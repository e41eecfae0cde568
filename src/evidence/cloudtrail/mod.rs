//! What CloudTrail delivers to a bucket: log files of events, and digest files that are signed and name them (CloudTrail User
//! Guide, *CloudTrail log file examples*, *CloudTrail digest file structure*).

pub mod digest;
pub mod event;

use serde::Deserialize;
use std::io;
use std::io::Read;

/// Which of the two a file is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    Log,
    Digest,
}

/// What a key says: `AWSLogs/[ORGANISATION/]ACCOUNT/CloudTrail[-Digest]/REGION/YYYY/MM/DD/FILE.json.gz`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    pub kind: Kind,
    /// All of the key before the region, with a `/` at its end.
    pub base: String,
    pub region: String,
    /// `YYYY/MM/DD`; of a key that ends before it, what there is of it.
    pub day: String,
}

impl Place {
    /// `key`: without the prefix of the trail.
    pub fn of(key: &str) -> Option<Self> {
        key.strip_prefix("AWSLogs/")?;
        let kinds = [("/CloudTrail/", Kind::Log), ("/CloudTrail-Digest/", Kind::Digest)];
        let (at, kind) =
            kinds.into_iter().find_map(|(name, kind)| Some((key.find(name)? + name.len(), kind)))?;
        let (base, rest) = key.split_at(at);
        let mut parts = rest.split('/');
        let region = parts.next().filter(|region| !region.is_empty())?.to_owned();
        let day = parts.take(3).collect::<Vec<_>>().join("/");
        Some(Place { kind, base: base.to_owned(), region, day })
    }
}

/// Digests that name each other: those of one trail in one region, and apart from them those that were made up for later. What
/// their names have in common before the time, and whether they are of the latter kind.
pub fn chain_of(key: &str) -> (&str, bool) {
    let name = key.rsplit('/').next().unwrap_or_default();
    let stem = name.strip_suffix(".json.gz").unwrap_or(name);
    let (stem, late) = stem.strip_suffix("_backfill").map_or((stem, false), |stem| (stem, true));
    (stem.rsplit_once('_').map_or(stem, |(trail, _)| trail), late)
}

/// More is no file that CloudTrail makes.
const LARGEST: u64 = 1 << 30;

/// The bytes that were compressed with gzip (RFC 1952).
pub fn inflate(compressed: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(compressed).take(LARGEST + 1).read_to_end(&mut bytes)?;
    match read as u64 > LARGEST {
        true => Err(io::Error::new(io::ErrorKind::FileTooLarge, "more than 1 GiB")),
        false => Ok(bytes),
    }
}

/// The events of a log file.
pub fn events(inflated: &[u8]) -> Result<Vec<event::Event>, String> {
    #[derive(Deserialize)]
    struct Records {
        #[serde(rename = "Records")]
        records: Vec<event::Event>,
    }
    serde_json::from_slice::<Records>(inflated).map(|all| all.records).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_user_guide() {
        let key = "AWSLogs/o-1/111122223333/CloudTrail/us-east-2/2015/08/17/111122223333_CloudTrail_us-east-2_x.json.gz";
        let place = Place::of(key).unwrap();
        assert_eq!((place.kind, &place.region[..], &place.day[..]), (Kind::Log, "us-east-2", "2015/08/17"));
        assert_eq!(place.base, "AWSLogs/o-1/111122223333/CloudTrail/");
        let place = Place::of("AWSLogs/1/CloudTrail-Digest/eu-west-1/2015/08/17/x.json.gz").unwrap();
        assert_eq!((place.kind, &place.base[..]), (Kind::Digest, "AWSLogs/1/CloudTrail-Digest/"));
        for other in
            ["", "AWSLogs/1/CloudTrail/", "AWSLogs/1/CloudTrail-Insight/eu-west-1/2015/x", "CloudTrail/x"]
        {
            assert_eq!(Place::of(other), None, "{other}");
        }
    }

    #[test]
    fn digests_of_one_trail_and_kind_are_one_chain() {
        let a = "x/2015/08/17/1_CloudTrail-Digest_us-east-2_t_us-east-2_20150817T150131Z.json.gz";
        assert_eq!(chain_of(a), ("1_CloudTrail-Digest_us-east-2_t_us-east-2", false));
        let late = a.replace(".json", "_backfill.json");
        assert_eq!(chain_of(&late), (chain_of(a).0, true));
    }

    #[test]
    fn what_is_no_gzip_is_an_error() {
        assert!(inflate(&b"{}"[..]).is_err() && inflate(&b""[..]).is_err());
    }
}
