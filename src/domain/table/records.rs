//! Records of one width, by number: in memory, and outside of it from where its limit is reached.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use smallvec::SmallVec;

/// Records that are put away together; a power of two.
const TOGETHER: usize = 1024;

/// Room that is not memory: bytes that can be written and read anywhere.
pub trait Outside: fmt::Debug + Send + Sync {
    /// Makes it so long; what was not written is zeros.
    fn make_room(&self, until: u64);

    /// Reads what was written there; zeros where it cannot be read any more.
    fn read(&self, at: u64, into: &mut [u8]);

    /// Writes it.
    fn write(&self, at: u64, bytes: &[u8]);

    /// Why something could not be read or written: then nothing that came of it can be relied on.
    fn failure(&self) -> Option<String>;
}

/// How much memory tables may take together, and where the rest goes.
#[derive(Debug, Clone, Default)]
pub struct Memory(Option<Arc<Limited>>);

#[derive(Debug)]
struct Limited {
    limit: u64,
    taken: AtomicU64,
    outside: Arc<dyn Outside>,
    /// How much stands outside.
    ends: AtomicU64,
}

impl Memory {
    /// As much as is needed.
    pub fn unlimited() -> Self {
        Self(None)
    }

    /// `limit` bytes; the rest goes to `outside`.
    pub fn limited(limit: u64, outside: Arc<dyn Outside>) -> Self {
        Self(Some(Arc::new(Limited {
            limit,
            taken: AtomicU64::new(0),
            outside,
            ends: AtomicU64::new(0),
        })))
    }

    /// Bytes that had to go outside, since the beginning.
    pub fn outside(&self) -> u64 {
        let limited = self.0.as_ref();
        limited.map_or(0, |it| it.ends.load(Ordering::Relaxed))
    }

    /// Why what tables say can no longer be relied on.
    pub fn failure(&self) -> Option<String> {
        self.0.as_ref().and_then(|it| it.outside.failure())
    }

    fn chunk(&self, bytes: usize) -> Chunk {
        let size = bytes as u64;
        if let Some(limited) = &self.0 {
            let taken = limited.taken.fetch_add(size, Ordering::Relaxed);
            if taken + size > limited.limit {
                limited.taken.fetch_sub(size, Ordering::Relaxed);
                let begins = limited.ends.fetch_add(size, Ordering::Relaxed);
                limited.outside.make_room(begins + size);
                return Chunk::Outside(begins);
            }
        }
        Chunk::Here(vec![0; bytes].into_boxed_slice())
    }
}

#[derive(Debug)]
enum Chunk {
    Here(Box<[u8]>),
    /// Where it begins.
    Outside(u64),
}

/// See the module.
#[derive(Debug)]
pub(super) struct Records {
    memory: Memory,
    width: usize,
    chunks: Vec<Chunk>,
    len: usize,
}

impl Records {
    pub(super) fn new(memory: &Memory, width: usize) -> Self {
        Self {
            memory: memory.clone(),
            width,
            chunks: Vec::new(),
            len: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Appends a record; shorter than the width, it ends with zeros.
    pub(super) fn push(&mut self, record: &[u8]) {
        let at = self.len;
        self.fill(at + 1);
        self.write(at, 0, record);
    }

    /// Appends records of zeros until there are `len`.
    pub(super) fn fill(&mut self, len: usize) {
        while self.chunks.len() * TOGETHER < len {
            self.chunks.push(self.memory.chunk(TOGETHER * self.width));
        }
        self.len = self.len.max(len);
    }

    /// Shows a record; nothing where there is none.
    pub(super) fn read<T>(&self, at: usize, take: impl FnOnce(&[u8]) -> T) -> T {
        let from = at % TOGETHER * self.width;
        match self.chunks.get(at / TOGETHER) {
            Some(Chunk::Here(bytes)) => {
                take(bytes.get(from..from + self.width).unwrap_or_default())
            }
            Some(Chunk::Outside(begins)) => {
                let mut record: SmallVec<[u8; 96]> = SmallVec::from_elem(0, self.width);
                if let Some(limited) = &self.memory.0 {
                    limited.outside.read(begins + from as u64, &mut record);
                }
                take(&record)
            }
            None => take(&[]),
        }
    }

    /// Writes `bytes` into a record that is there, from its byte `offset` on.
    pub(super) fn write(&mut self, at: usize, offset: usize, bytes: &[u8]) {
        let from = at % TOGETHER * self.width + offset;
        match self.chunks.get_mut(at / TOGETHER) {
            Some(Chunk::Here(chunk)) => {
                if let Some(place) = chunk.get_mut(from..from + bytes.len()) {
                    place.copy_from_slice(bytes);
                }
            }
            Some(Chunk::Outside(begins)) => {
                if let Some(limited) = &self.memory.0 {
                    limited.outside.write(*begins + from as u64, bytes);
                }
            }
            None => {}
        }
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        let Some(limited) = &self.memory.0 else {
            return;
        };
        let here = |chunk: &Chunk| match chunk {
            Chunk::Here(bytes) => bytes.len() as u64,
            Chunk::Outside(_) => 0,
        };
        let freed = self.chunks.iter().map(here).sum();
        limited.taken.fetch_sub(freed, Ordering::Relaxed);
    }
}
