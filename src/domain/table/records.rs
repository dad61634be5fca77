//! Records of one width, by number: in memory, and outside of it from where its limit is reached.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smallvec::SmallVec;

/// Records that are put away together; a power of two.
const TOGETHER: usize = 1024;
/// Records that go outside, or come from there in turn, at once; divides [`TOGETHER`].
const AT_ONCE: usize = 64;

/// Room that is not memory: bytes that can be written and read anywhere.
pub trait SpillFile: fmt::Debug + Send + Sync {
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
#[derive(Debug, Clone)]
pub struct Memory(Arc<Limited>);

#[derive(Debug)]
struct Limited {
    limit: u64,
    outside: Arc<dyn SpillFile>,
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

impl Memory {
    /// `limit` bytes; the rest goes to `outside`.
    pub fn limited(limit: u64, outside: Arc<dyn SpillFile>) -> Self {
        Self(Arc::new(Limited {
            limit,
            outside,
            taken: Mutex::default(),
        }))
    }

    /// The most bytes that ever had to stand outside.
    pub fn most_spilled(&self) -> u64 {
        self.taken().most
    }

    /// True where as much as is taken could be taken once more.
    pub fn has_as_much_again(&self) -> bool {
        self.taken().here <= self.0.limit / 2
    }

    /// Why what tables say can no longer be relied on.
    pub fn failure(&self) -> Option<String> {
        self.0.outside.failure()
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes so many bytes of memory, where there is room for this use.
    fn take(&self, bytes: usize, use_of: Use) -> Option<Box<[u8]>> {
        let mut taken = self.taken();
        let size = bytes as u64;
        if taken.here + size > use_of.share(self.0.limit) {
            return None;
        }
        taken.here += size;
        Some(vec![0; bytes].into_boxed_slice())
    }

    /// Room outside; where it begins.
    fn take_outside(&self, bytes: usize) -> u64 {
        let mut taken = self.taken();
        let (size, begins) = (bytes as u64, taken.length);
        taken.outside += size;
        taken.length += size;
        taken.most = taken.most.max(taken.length);
        self.0.outside.set_length(taken.length);
        begins
    }
}

/// What records are for, from what leaves memory first to what leaves it last.
#[derive(Debug, Clone, Copy)]
pub(super) enum Use {
    /// Asked for a few times each.
    Seldom,
    /// Found by their keys, again and again.
    Rows,
    /// What finds them: looked at about twice for each row that is, and small.
    Slots,
}

impl Use {
    /// How full memory may become of them.
    fn share(self, limit: u64) -> u64 {
        match self {
            Self::Seldom => limit / 8,
            Self::Rows => limit / 3 * 2,
            Self::Slots => limit,
        }
    }
}

/// [`TOGETHER`] records. Where they stand in memory they count there alone; their room outside is kept for the next time.
#[derive(Debug, Default)]
struct Chunk {
    here: Option<Box<[u8]>>,
    /// Where it begins.
    outside: Option<u64>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Records {
    memory: Memory,
    use_of: Use,
    width: usize,
    chunks: Vec<Chunk>,
    len: usize,
    /// The last records of a chunk outside, which are not written there yet.
    waiting: Vec<u8>,
}

/// What is read in turn, some records ahead.
#[derive(Debug, Default)]
pub(super) struct Ahead {
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
        if self.chunks.last().is_some_and(|it| it.here.is_some()) {
            self.write(at, 0, record);
            return;
        }
        self.waiting.extend_from_slice(record);
        if self.len.is_multiple_of(AT_ONCE) {
            self.send_waiting();
        }
    }

    /// Appends records of zeros until there are `len`.
    pub(super) fn fill(&mut self, len: usize) {
        while self.chunks.len() * TOGETHER < len {
            let here = self.memory.take(TOGETHER * self.width, self.use_of);
            let mut chunk = Chunk {
                here,
                outside: None,
            };
            if chunk.here.is_none() {
                self.place_outside(&mut chunk);
            }
            self.chunks.push(chunk);
        }
        self.len = self.len.max(len);
    }

    /// Shows a record; nothing where there is none.
    pub(super) fn read<T>(&self, at: usize, take: impl FnOnce(&[u8]) -> T) -> T {
        if let Some(record) = self.near(at) {
            return take(record);
        }
        let mut record: SmallVec<[u8; 96]> = SmallVec::from_elem(0, self.width);
        self.fetch(at, &mut record);
        take(&record)
    }

    /// As [`Self::read`], for one who asks for records in the order of their numbers.
    pub(super) fn read_in_turn<T>(
        &self,
        at: usize,
        ahead: &mut Ahead,
        take: impl FnOnce(&[u8]) -> T,
    ) -> T {
        if let Some(record) = self.near(at) {
            return take(record);
        }
        let from = at - at % AT_ONCE;
        if ahead.bytes.is_empty() || ahead.from != from {
            ahead.from = from;
            ahead.bytes.resize(AT_ONCE * self.width, 0);
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

    /// Writes `bytes` into a record that is there, from its byte `offset` on.
    pub(super) fn write(&mut self, at: usize, offset: usize, bytes: &[u8]) {
        if let Some(record) = self.near_mut(at) {
            if let Some(place) = record.get_mut(offset..offset + bytes.len()) {
                place.copy_from_slice(bytes);
            }
            return;
        }
        if let Some(begins) = self.begins(at) {
            let outside = &self.memory.0.outside;
            outside.write(begins + offset as u64, bytes);
        }
    }

    /// Gives up the memory: all stands outside then, and can be read and written as ever.
    pub(super) fn spill(&mut self) {
        let mut chunks = std::mem::take(&mut self.chunks);
        for chunk in &mut chunks {
            let Some(bytes) = chunk.here.take() else {
                continue;
            };
            let begins = self.place_outside(chunk);
            self.memory.0.outside.write(begins, &bytes);
            self.memory.taken().here -= bytes.len() as u64;
        }
        self.chunks = chunks;
    }

    /// Takes memory again, as far as there is room.
    pub(super) fn reload(&mut self) {
        self.send_waiting();
        for chunk in &mut self.chunks {
            let Some(begins) = chunk.outside.filter(|_| chunk.here.is_none()) else {
                continue;
            };
            let Some(mut bytes) = self.memory.take(TOGETHER * self.width, self.use_of) else {
                return;
            };
            self.memory.0.outside.read(begins, &mut bytes);
            chunk.here = Some(bytes);
        }
    }

    /// Room outside for a chunk; where it begins.
    fn place_outside(&self, chunk: &mut Chunk) -> u64 {
        let bytes = TOGETHER * self.width;
        *chunk
            .outside
            .get_or_insert_with(|| self.memory.take_outside(bytes))
    }

    fn send_waiting(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let first = self.len - self.waiting.len() / self.width.max(1);
        if let Some(begins) = self.begins(first) {
            self.memory.0.outside.write(begins, &self.waiting);
        }
        self.waiting.clear();
    }

    /// A record that is in memory.
    pub(super) fn near(&self, at: usize) -> Option<&[u8]> {
        let (chunk, from) = self.stands(at)?;
        let bytes = self.chunks.get(chunk)?.here.as_deref();
        bytes.unwrap_or(&self.waiting).get(from..from + self.width)
    }

    fn near_mut(&mut self, at: usize) -> Option<&mut [u8]> {
        let (chunk, from) = self.stands(at)?;
        let bytes = self.chunks.get_mut(chunk)?.here.as_deref_mut();
        let bytes = bytes.unwrap_or(&mut self.waiting);
        bytes.get_mut(from..from + self.width)
    }

    /// The chunk of a record, and where it begins in it or in those that wait; `None` where it must be fetched.
    fn stands(&self, at: usize) -> Option<(usize, usize)> {
        let chunk = at / TOGETHER;
        if self.chunks.get(chunk)?.here.is_some() {
            return Some((chunk, at % TOGETHER * self.width));
        }
        let first = self.len - self.waiting.len().checked_div(self.width)?;
        Some((chunk, at.checked_sub(first)? * self.width))
    }

    /// Where a record begins outside.
    fn begins(&self, at: usize) -> Option<u64> {
        let chunk = self.chunks.get(at / TOGETHER)?.outside?;
        Some(chunk + (at % TOGETHER * self.width) as u64)
    }

    fn fetch(&self, at: usize, into: &mut [u8]) {
        if let Some(begins) = self.begins(at) {
            self.memory.0.outside.read(begins, into);
        }
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        let size = (TOGETHER * self.width) as u64;
        let mut taken = self.memory.taken();
        for chunk in &self.chunks {
            taken.here -= chunk.here.as_ref().map_or(0, |it| it.len() as u64);
            taken.outside -= chunk.outside.map_or(0, |_| size);
        }
        if taken.outside == 0 && taken.length > 0 {
            taken.length = 0;
            self.memory.0.outside.set_length(0);
        }
    }
}
