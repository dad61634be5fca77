//! Test: the team's own tests, noted.

use crate::engine::step_file::File;

pub(super) const FILE: File = File::USUAL;
