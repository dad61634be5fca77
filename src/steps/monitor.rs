//! Monitor: the team's own watch, noted.

use super::File;

pub(super) const FILE: File = File::USUAL;
