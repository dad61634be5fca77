//! Go live: the team deploys and notes it. Our write block ends with the note.

use crate::engine::step_file::File;

pub(super) const FILE: File = File::USUAL;
