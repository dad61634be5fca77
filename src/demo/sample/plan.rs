//! How much is planted, and on which of the sample's people: numbers that both the clean data and the planted conflicts need.

/// How many bookings are planted.
pub const BOOKINGS: u64 = 203;
/// Owners without a password who book elsewhere.
pub const OWNERS_WHO_BOOK: [u64; 2] = [3, 7];
/// Owners with contact data, and no booking.
pub const OWNERS_WITH_CONTACT: [u64; 2] = [1, 4];
/// Team members who book elsewhere; the first one has no password.
pub const MEMBERS_WHO_BOOK: [u64; 2] = [4, 9];
/// Team members with contact data, and no booking.
pub const MEMBERS_WITH_CONTACT: [u64; 1] = [11];
/// Visitors with contact data.
pub const VISITORS_WITH_CONTACT: [u64; 2] = [0, 1];
