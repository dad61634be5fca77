//! Frontend: the team's own work, noted.

use super::File;

pub(super) const FILE: File = File::USUAL;
