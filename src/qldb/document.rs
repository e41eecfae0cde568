//! One Ion value as the server works with it, from bytes of strangers.

use super::hash::Hash;
use super::ion::stream::Stream;
use super::ion_hash::IonHasher;
use super::ion_hash::Sha256;
use ion_rs::Element;

/// Why bytes are not one value that is worked with here.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("it is not one Ion value that can be read: {0}")]
pub struct NotOne(String);

/// The value and its Ion Hash, of Ion text or binary.
pub fn read(bytes: &[u8]) -> Result<(Element, Hash), NotOne> {
    let bad = |e: &dyn std::fmt::Display| NotOne(e.to_string());
    // Our own reader first: it goes no deeper than it has to, and `ion-rs` ends the process on values that lie too deep.
    let mut stream = Stream::new(bytes);
    if !stream.advance().map_err(|e| bad(&e))? {
        return Err(NotOne("there is none".to_owned()));
    }
    let value = stream.value().map_err(|e| bad(&e))?;
    let hash = IonHasher::<Sha256>::default().sha256(&value, stream.symbols()).map_err(|e| bad(&e))?;
    if stream.advance().map_err(|e| bad(&e))? {
        return Err(NotOne("there are several".to_owned()));
    }
    Ok((Element::read_one(bytes).map_err(|e| bad(&e))?, hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_too_deep_is_refused_and_ends_nothing() {
        for (open, close) in [("[", "]"), ("(", ")"), ("{a:", "}"), ("a::", "")] {
            for depth in [1, 100] {
                let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
                assert!(read(text.as_bytes()).is_ok(), "{open} {depth}");
            }
            let text = format!("{}1{}", open.repeat(1_000_000), close.repeat(1_000_000));
            if open != "a::" {
                assert!(read(text.as_bytes()).is_err(), "{open}");
            }
        }
        let binary: Vec<u8> =
            [0xE0, 1, 0, 0xEA].into_iter().chain([0xBE, 0x81].into_iter().cycle().take(20_000)).collect();
        assert!(read(&binary).is_err());
        assert!(read(b"").is_err() && read(b"1 2").is_err() && read(b"{").is_err());
    }
}
