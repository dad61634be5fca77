//! Monitor: the team's own watch, noted.

use crate::engine::step_file::File;

pub(super) const FILE: File = File::USUAL;
