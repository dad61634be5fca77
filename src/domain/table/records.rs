//! Records of one width, by number: in memory, and outside of it from where its limit is reached.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smallvec::SmallVec;

/// Records that are put away together; a power of two.
const TOGETHER: usize = 1024;

/// Room that is not memory: bytes that can be written and read anywhere.
pub trait Outside: fmt::Debug + Send + Sync {
    /// Makes it so long; what was not written since it was last that long is zeros.
    fn set_length(&self, length: u64);

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
    outside: Arc<dyn Outside>,
    taken: Mutex<Taken>,
}

/// Bytes that are taken.
#[derive(Debug, Default)]
struct Taken {
    here: u64,
    outside: u64,
    /// How long the outside is; nothing of it is given away twice before all of it was given back.
    length: u64,
    /// How long it ever was.
    most: u64,
}

impl Limited {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
            outside,
            taken: Mutex::default(),
        })))
    }

    /// The most bytes that ever had to stand outside.
    pub fn outside(&self) -> u64 {
        let limited = self.0.as_ref();
        limited.map_or(0, |it| it.taken().most)
    }

    /// Why what tables say can no longer be relied on.
    pub fn failure(&self) -> Option<String> {
        self.0.as_ref().and_then(|it| it.outside.failure())
    }

    fn chunk(&self, bytes: usize, use_of: Use) -> Chunk {
        let size = bytes as u64;
        if let Some(limited) = &self.0 {
            let mut taken = limited.taken();
            let limit = match use_of {
                Use::Slots => limited.limit,
                Use::Rows => limited.limit / 2,
            };
            if taken.here + size > limit {
                let begins = taken.length;
                taken.outside += size;
                taken.length += size;
                taken.most = taken.most.max(taken.length);
                limited.outside.set_length(taken.length);
                return Chunk::Outside(begins);
            }
            taken.here += size;
        }
        Chunk::Here(vec![0; bytes].into_boxed_slice())
    }
}

/// What records are for. To find a row, slots are looked at about twice and the row once, and slots are small: so half of the limit is for them alone.
#[derive(Debug, Clone, Copy)]
pub(super) enum Use {
    Rows,
    Slots,
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
    use_of: Use,
    width: usize,
    chunks: Vec<Chunk>,
    len: usize,
}

impl Records {
    pub(super) fn new(memory: &Memory, use_of: Use, width: usize) -> Self {
        Self {
            memory: memory.clone(),
            use_of,
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
            let chunk = self.memory.chunk(TOGETHER * self.width, self.use_of);
            self.chunks.push(chunk);
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
        let size = (TOGETHER * self.width) as u64;
        let mut taken = limited.taken();
        for chunk in &self.chunks {
            match chunk {
                Chunk::Here(_) => taken.here -= size,
                Chunk::Outside(_) => taken.outside -= size,
            }
        }
        if taken.outside == 0 && taken.length > 0 {
            taken.length = 0;
            limited.outside.set_length(0);
        }
    }
}
