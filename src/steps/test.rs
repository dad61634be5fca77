//! Test: the team's own tests, noted.

use super::File;

pub(super) const FILE: File = File::USUAL;
