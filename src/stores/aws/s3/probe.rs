//! Whether a server keeps what is relied on. Nothing is believed of one that was not asked.

use super::bucket::Bucket;
use crate::durable;
use crate::ports::StoreError;
use crate::stores::aws::failure::Failure;

/// Writers of one key at the same time.
const RACERS: usize = 20;

/// Of twenty who create a key one succeeds; a key is replaced only as it was read. `place`: for people. The keys are
/// where deleting is allowed, and go again.
pub fn conditional_writes(bucket: &dyn Bucket, prefix: &str, place: &str) -> Result<(), StoreError> {
    let unfit = |why: String| StoreError::Unfit { what: place.to_owned(), why };
    let key = format!("{prefix}inbox/probe-{:016x}", durable::random_name());
    let race = || -> Result<usize, Failure> {
        std::thread::scope(|scope| {
            let one = |n: usize| {
                let key = &key;
                scope.spawn(move || bucket.put_new(key, n.to_string().as_bytes()))
            };
            let racers: Vec<_> = (0..RACERS).map(one).collect();
            let mut won = 0;
            for racer in racers {
                match racer.join() {
                    Ok(Ok(true)) => won += 1,
                    // 409 among them: whoever is told so did not win.
                    Ok(Ok(false)) | Ok(Err(Failure::Unknown { .. })) | Err(_) => {}
                    Ok(Err(refused)) => return Err(refused),
                }
            }
            Ok(won)
        })
    };
    let outcome = (|| {
        let won = race()?;
        if won != 1 {
            return Err(unfit(format!(
                "of {RACERS} writers that create one key (If-None-Match: *), {won} succeeded"
            )));
        }
        let missing = format!("{key}-missing");
        if bucket.replace(&missing, b"x", Some("\"00000000000000000000000000000000\""))? {
            let _ = bucket.delete(&missing); // it should never have been made
            return Err(unfit("If-Match on a key that is not there creates it".to_owned()));
        }
        if bucket.replace(&key, b"x", Some("\"00000000000000000000000000000000\""))? {
            return Err(unfit("If-Match with a wrong ETag replaces the object".to_owned()));
        }
        let there =
            bucket.get(&key)?.ok_or_else(|| unfit("what was written is not there to read".to_owned()))?;
        if !bucket.replace(&key, b"y", Some(&there.etag))? {
            return Err(unfit("If-Match with the right ETag does not replace the object".to_owned()));
        }
        Ok(())
    })();
    let _ = bucket.delete(&key); // it lies where nobody minds it
    outcome
}
