//! The schemas of the demo's application, before its migration and after: what `assets/` ships.

/// `assets/schema-before.prisma`: the collections that the sample fills, as their application declared them.
pub const BEFORE: &str = include_str!("../../assets/schema-before.prisma");
/// `assets/schema-after.prisma`: what the migrated application reads.
pub const AFTER: &str = include_str!("../../assets/schema-after.prisma");
