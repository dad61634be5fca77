//! Frontend: the team's own work, noted.

use crate::engine::step_file::File;

pub(super) const FILE: File = File::USUAL;
