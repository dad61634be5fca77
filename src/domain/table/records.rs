//! Records of one width, by number: in memory up to its limit, and beyond it in the spill file.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smallvec::SmallVec;

/// Records per chunk; a power of two.
const CHUNK: usize = 1024;
/// Records that are written to the spill file, or read ahead from it, at once; divides [`CHUNK`].
const READ_AHEAD: usize = 64;

/// A file that can be read and written at any place.
pub trait SpillFile: fmt::Debug + Send + Sync {
    /// Sets its length; new bytes are zeros.
    fn set_length(&self, length: u64);

    /// Reads bytes; zeros where the file cannot be read any more.
    fn read(&self, at: u64, into: &mut [u8]);

    /// Writes bytes.
    fn write(&self, at: u64, bytes: &[u8]);

    /// The first error of the file. After one, no result may be used.
    fn failure(&self) -> Option<String>;
}

/// The memory limit that tables share, and the file for the rest.
#[derive(Debug, Clone)]
pub struct Memory(Arc<Limited>);

#[derive(Debug)]
struct Limited {
    limit: u64,
    file: Arc<dyn SpillFile>,
    taken: Mutex<Taken>,
}

/// Bytes in use.
#[derive(Debug, Default)]
struct Taken {
    memory: u64,
    spilled: u64,
    /// The length of the spill file. Its space is reused only after all of it was freed.
    length: u64,
    /// The greatest length so far.
    most: u64,
}

impl Memory {
    /// `limit` bytes; the rest goes to `file`.
    pub fn limited(limit: u64, file: Arc<dyn SpillFile>) -> Self {
        Self(Arc::new(Limited {
            limit,
            file,
            taken: Mutex::default(),
        }))
    }

    /// The most bytes that were ever spilled.
    pub fn most_spilled(&self) -> u64 {
        self.taken().most
    }

    /// True when memory holds as much again as is in use.
    pub fn has_as_much_again(&self) -> bool {
        self.taken().memory <= self.0.limit / 2
    }

    /// The first error of the spill file. After one, no table's content may be used.
    pub fn failure(&self) -> Option<String> {
        self.0.file.failure()
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes bytes of memory, if this use may still have them.
    fn take(&self, bytes: usize, use_of: Use) -> Option<Box<[u8]>> {
        let mut taken = self.taken();
        let size = bytes as u64;
        if taken.memory + size > use_of.share(self.0.limit) {
            return None;
        }
        taken.memory += size;
        Some(vec![0; bytes].into_boxed_slice())
    }

    /// Takes bytes of the spill file; returns where they begin.
    fn take_spilled(&self, bytes: usize) -> u64 {
        let mut taken = self.taken();
        let (size, begins) = (bytes as u64, taken.length);
        taken.spilled += size;
        taken.length += size;
        taken.most = taken.most.max(taken.length);
        self.0.file.set_length(taken.length);
        begins
    }
}

/// What records are for, in the order in which they spill.
#[derive(Debug, Clone, Copy)]
pub(super) enum Use {
    /// Columns that are rarely read.
    RarelyRead,
    /// Rows, found by their keys.
    Rows,
    /// The hash index of rows: read about twice per lookup, and small. Spills last.
    Slots,
}

impl Use {
    /// How many bytes may be in use before these spill.
    fn share(self, limit: u64) -> u64 {
        match self {
            Self::RarelyRead => limit / 8,
            Self::Rows => limit / 3 * 2,
            Self::Slots => limit,
        }
    }
}

/// [`CHUNK`] records. Their place in the spill file is kept while they are in memory, for the next time.
#[derive(Debug, Default)]
struct Chunk {
    memory: Option<Box<[u8]>>,
    /// Where it begins in the spill file.
    spilled: Option<u64>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Records {
    memory: Memory,
    use_of: Use,
    width: usize,
    chunks: Vec<Chunk>,
    len: usize,
    /// The last records of a spilled chunk, not yet written to the file.
    waiting: Vec<u8>,
}

/// A buffer for reading records in order.
#[derive(Debug, Default)]
pub(super) struct ReadAhead {
    from: usize,
    bytes: Vec<u8>,
}

impl Records {
    pub(super) fn new(memory: &Memory, use_of: Use, width: usize) -> Self {
        Self {
            memory: memory.clone(),
            use_of,
            width,
            chunks: Vec::new(),
            len: 0,
            waiting: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Appends a record of the full width.
    pub(super) fn push(&mut self, record: &[u8]) {
        let at = self.len;
        self.fill(at + 1);
        if self.chunks.last().is_some_and(|it| it.memory.is_some()) {
            self.write(at, 0, record);
            return;
        }
        self.waiting.extend_from_slice(record);
        if self.len.is_multiple_of(READ_AHEAD) {
            self.write_waiting();
        }
    }

    /// Appends records of zeros until there are `len`.
    pub(super) fn fill(&mut self, len: usize) {
        while self.chunks.len() * CHUNK < len {
            let memory = self.memory.take(CHUNK * self.width, self.use_of);
            let mut chunk = Chunk {
                memory,
                spilled: None,
            };
            if chunk.memory.is_none() {
                self.spill_place(&mut chunk);
            }
            self.chunks.push(chunk);
        }
        self.len = self.len.max(len);
    }

    /// Passes a record to `take`; zeros where there is none.
    pub(super) fn read<T>(&self, at: usize, take: impl FnOnce(&[u8]) -> T) -> T {
        if let Some(record) = self.in_memory(at) {
            return take(record);
        }
        let mut record: SmallVec<[u8; 96]> = SmallVec::from_elem(0, self.width);
        self.fetch(at, &mut record);
        take(&record)
    }

    /// As [`Self::read`], for reading in the order of the numbers.
    pub(super) fn read_in_turn<T>(
        &self,
        at: usize,
        ahead: &mut ReadAhead,
        take: impl FnOnce(&[u8]) -> T,
    ) -> T {
        if let Some(record) = self.in_memory(at) {
            return take(record);
        }
        let from = at - at % READ_AHEAD;
        if ahead.bytes.is_empty() || ahead.from != from {
            ahead.from = from;
            ahead.bytes.resize(READ_AHEAD * self.width, 0);
            self.fetch(from, &mut ahead.bytes);
        }
        let begins = (at - from) * self.width;
        take(
            ahead
                .bytes
                .get(begins..begins + self.width)
                .unwrap_or_default(),
        )
    }

    /// Writes `bytes` into an existing record, from its byte `offset` on.
    pub(super) fn write(&mut self, at: usize, offset: usize, bytes: &[u8]) {
        if let Some(record) = self.in_memory_mut(at) {
            if let Some(place) = record.get_mut(offset..offset + bytes.len()) {
                place.copy_from_slice(bytes);
            }
            return;
        }
        if let Some(begins) = self.begins(at) {
            let file = &self.memory.0.file;
            file.write(begins + offset as u64, bytes);
        }
    }

    /// Writes all records to the spill file and frees their memory.
    pub(super) fn spill(&mut self) {
        let mut chunks = std::mem::take(&mut self.chunks);
        for chunk in &mut chunks {
            let Some(bytes) = chunk.memory.take() else {
                continue;
            };
            let begins = self.spill_place(chunk);
            self.memory.0.file.write(begins, &bytes);
            self.memory.taken().memory -= bytes.len() as u64;
        }
        self.chunks = chunks;
    }

    /// Reads records back into memory, as far as it has room.
    pub(super) fn reload(&mut self) {
        self.write_waiting();
        for chunk in &mut self.chunks {
            let Some(begins) = chunk.spilled.filter(|_| chunk.memory.is_none()) else {
                continue;
            };
            let Some(mut bytes) = self.memory.take(CHUNK * self.width, self.use_of) else {
                return;
            };
            self.memory.0.file.read(begins, &mut bytes);
            chunk.memory = Some(bytes);
        }
    }

    /// The place of a chunk in the spill file.
    fn spill_place(&self, chunk: &mut Chunk) -> u64 {
        let bytes = CHUNK * self.width;
        *chunk
            .spilled
            .get_or_insert_with(|| self.memory.take_spilled(bytes))
    }

    fn write_waiting(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let first = self.len - self.waiting.len() / self.width.max(1);
        if let Some(begins) = self.begins(first) {
            self.memory.0.file.write(begins, &self.waiting);
        }
        self.waiting.clear();
    }

    /// A record, if it is in memory.
    pub(super) fn in_memory(&self, at: usize) -> Option<&[u8]> {
        let (chunk, from) = self.place_in_memory(at)?;
        let bytes = self.chunks.get(chunk)?.memory.as_deref();
        bytes.unwrap_or(&self.waiting).get(from..from + self.width)
    }

    fn in_memory_mut(&mut self, at: usize) -> Option<&mut [u8]> {
        let (chunk, from) = self.place_in_memory(at)?;
        let bytes = self.chunks.get_mut(chunk)?.memory.as_deref_mut();
        let bytes = bytes.unwrap_or(&mut self.waiting);
        bytes.get_mut(from..from + self.width)
    }

    /// The chunk of a record, and where the record begins in it or in `waiting`; `None` when it must be read from the file.
    fn place_in_memory(&self, at: usize) -> Option<(usize, usize)> {
        let chunk = at / CHUNK;
        if self.chunks.get(chunk)?.memory.is_some() {
            return Some((chunk, at % CHUNK * self.width));
        }
        let first = self.len - self.waiting.len().checked_div(self.width)?;
        Some((chunk, at.checked_sub(first)? * self.width))
    }

    /// Where a record begins in the spill file.
    fn begins(&self, at: usize) -> Option<u64> {
        let chunk = self.chunks.get(at / CHUNK)?.spilled?;
        Some(chunk + (at % CHUNK * self.width) as u64)
    }

    fn fetch(&self, at: usize, into: &mut [u8]) {
        if let Some(begins) = self.begins(at) {
            self.memory.0.file.read(begins, into);
        }
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        let size = (CHUNK * self.width) as u64;
        let mut taken = self.memory.taken();
        for chunk in &self.chunks {
            taken.memory -= chunk.memory.as_ref().map_or(0, |it| it.len() as u64);
            taken.spilled -= chunk.spilled.map_or(0, |_| size);
        }
        if taken.spilled == 0 && taken.length > 0 {
            taken.length = 0;
            self.memory.0.file.set_length(0);
        }
    }
}
