//! The bytes of a version: small ones at once, large ones in ranges that are fetched ahead.

use super::requests::Found;
use super::requests::Requests;
use super::upload::SINGLE;
use crate::ports::StoreError;
use crate::stores::aws::failure::Failure;
use bytes::Buf;
use bytes::Bytes;
use std::collections::VecDeque;
use std::io;
use std::io::Read;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Ranges of a large version (bytes), and how many of them are under way.
const RANGE: u64 = 8 << 20;
const AHEAD: usize = 6;
/// Of all versions that are read: as many ranges are in memory.
const ROOM: usize = 12;

pub struct Downloads {
    requests: Arc<Requests>,
    room: Arc<Semaphore>,
}

type Piece = (Bytes, OwnedSemaphorePermit);

/// A version that is read from its begin to its end.
struct Ranges {
    requests: Arc<Requests>,
    room: Arc<Semaphore>,
    key: String,
    version: String,
    size: u64,
    /// First byte that nobody asked for yet.
    next: u64,
    ahead: VecDeque<JoinHandle<Result<Found<Piece>, Failure>>>,
    piece: Option<Piece>,
}

impl Downloads {
    pub fn new(requests: Arc<Requests>) -> Self {
        Downloads { requests, room: Arc::new(Semaphore::new(ROOM)) }
    }

    /// Fails with [`StoreError::Missing`] if the version is gone.
    pub fn open(&self, key: &str, version: &str, size: u64) -> Result<Box<dyn Read + Send>, StoreError> {
        let missing =
            || StoreError::Missing { what: format!("{} (version {version})", self.requests.url(key)) };
        if size <= SINGLE {
            return match self.requests.wait(self.requests.get(key, version, None))? {
                Found::There(bytes) => Ok(Box::new(bytes.reader())),
                Found::Gone => Err(missing()),
            };
        }
        let mut ranges = Ranges {
            requests: self.requests.clone(),
            room: self.room.clone(),
            key: key.to_owned(),
            version: version.to_owned(),
            size,
            next: 0,
            ahead: VecDeque::new(),
            piece: None,
        };
        // So that a version that is gone is found here.
        match ranges.advance() {
            Ok(true) => Ok(Box::new(ranges)),
            Ok(false) => Err(missing()),
            Err(e) => Err(StoreError::io("read", self.requests.url(key), e)),
        }
    }
}

impl Ranges {
    fn ask(&mut self) {
        while self.ahead.len() < AHEAD && self.next < self.size {
            let last = (self.next + RANGE).min(self.size) - 1;
            let (requests, room) = (self.requests.clone(), self.room.clone());
            let (key, version, range) = (self.key.clone(), self.version.clone(), (self.next, last));
            self.ahead.push_back(self.requests.spawn(async move {
                let closed = |e: tokio::sync::AcquireError| Failure::Unknown {
                    what: requests.url(&key),
                    why: e.to_string(),
                };
                let permit = room.acquire_owned().await.map_err(closed)?;
                Ok(match requests.get(&key, &version, Some(range)).await? {
                    Found::There(bytes) => Found::There((bytes, permit)),
                    Found::Gone => Found::Gone,
                })
            }));
            self.next = last + 1;
        }
    }

    /// Takes the next piece. False: the version is gone.
    fn advance(&mut self) -> io::Result<bool> {
        self.piece = None;
        self.ask();
        let Some(handle) = self.ahead.pop_front() else { return Ok(true) };
        match self.requests.wait(handle).map_err(io::Error::other)? {
            Ok(Found::There(piece)) => {
                self.piece = Some(piece);
                Ok(true)
            }
            Ok(Found::Gone) => Ok(false),
            Err(failure) => Err(io::Error::other(StoreError::from(failure))),
        }
    }
}

impl Read for Ranges {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.as_ref().is_none_or(|(bytes, _)| bytes.is_empty()) {
            if self.ahead.is_empty() && self.next >= self.size {
                return Ok(0);
            }
            if !self.advance()? {
                return Err(io::ErrorKind::NotFound.into());
            }
        }
        let Some((bytes, _)) = &mut self.piece else { return Ok(0) };
        let n = buffer.len().min(bytes.len());
        bytes.copy_to_slice(&mut buffer[..n]);
        Ok(n)
    }
}

impl Drop for Ranges {
    fn drop(&mut self) {
        self.ahead.iter().for_each(JoinHandle::abort);
    }
}
