//! The sizes of the sample.

/// How much sample data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Size {
    /// 2,000 bookings at 12 businesses.
    #[default]
    Small,
    /// 100,000 bookings at 60 businesses.
    Medium,
    /// 1,000,000 bookings at 250 businesses.
    Large,
    /// 5,000,000 bookings at 1,000 businesses.
    Huge,
}
