//! Go live: the team deploys and notes it. Our write block ends with the note.

use super::File;

pub(super) const FILE: File = File::USUAL;
