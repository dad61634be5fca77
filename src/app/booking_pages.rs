//! What becomes of each booking, page by page through all of them. Pages go by key; one page is held.

use crate::domain::document_diff::BookingDiff;
use crate::domain::id::Id;
use crate::domain::view::{DiffCursor, DiffFilter, DiffPage};

/// Which end of a page is selected when it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    First,
    Last,
}

/// The held page, and how to come to the next one.
#[derive(Debug, Default)]
pub struct BookingPages {
    filter: DiffFilter,
    /// The filter in words, safe to draw.
    pub filter_says: String,
    entries: Vec<BookingDiff>,
    /// How many bookings come before the held page.
    before: u64,
    /// Bookings follow behind the held page.
    more: bool,
    /// Position in the held page.
    pub selected: usize,
    /// Rows that the diff is scrolled down.
    pub down: usize,
    /// Why there is nothing to show.
    pub error: Option<String>,
    /// True once a page (or an error) arrived for the present filter.
    pub loaded: bool,
    /// Bookings that were looked through for the present filter.
    pub looked: u64,
    /// The operator ended the looking before the last booking.
    pub stopped: bool,
    reached: Option<Id>,
    asked: Option<(DiffCursor, End)>,
}

impl BookingPages {
    /// What is shown.
    pub fn filter(&self) -> &DiffFilter {
        &self.filter
    }

    /// The held page.
    pub fn entries(&self) -> &[BookingDiff] {
        &self.entries
    }

    /// The selected booking.
    pub fn entry(&self) -> Option<&BookingDiff> {
        self.entries.get(self.selected)
    }

    /// The numbers, from 1, of the held page's first and last booking.
    pub fn numbers(&self) -> (u64, u64) {
        (self.before + 1, self.before + self.entries.len() as u64)
    }

    /// True when bookings follow behind the held page.
    pub fn more(&self) -> bool {
        self.more
    }

    /// True while a page is on its way.
    pub fn waits(&self) -> bool {
        self.asked.is_some()
    }

    /// Forgets the page; the next look asks again from the start.
    pub fn forget(&mut self) {
        let (filter, filter_says) = (
            std::mem::take(&mut self.filter),
            std::mem::take(&mut self.filter_says),
        );
        *self = Self {
            filter,
            filter_says,
            ..Self::default()
        };
    }

    /// Shows other bookings.
    pub fn set_filter(&mut self, filter: DiffFilter, says: String) {
        self.filter = filter;
        self.filter_says = says;
        self.forget();
    }

    /// The first page, when nothing is there and nothing on its way; where nothing was found yet, from where the looking came to.
    pub fn begin(&mut self) -> Option<DiffCursor> {
        if self.asked.is_some() || self.stopped {
            return None;
        }
        if !self.loaded {
            return Some(self.ask(DiffCursor::Start, End::First));
        }
        let nothing = self.entries.is_empty() && self.more && self.error.is_none();
        let reached = self.reached.clone().filter(|_| nothing)?;
        Some(self.ask(DiffCursor::After(reached), End::First))
    }

    /// Ends the looking; false when nothing is looked for.
    pub fn stop(&mut self) -> bool {
        let looks = self.entries.is_empty() && !self.stopped && (self.asked.is_some() || self.more);
        if looks && self.loaded {
            self.stopped = true;
            self.asked = None;
            return true;
        }
        false
    }

    fn ask(&mut self, cursor: DiffCursor, end: End) -> DiffCursor {
        self.asked = Some((cursor.clone(), end));
        cursor
    }

    /// Moves the selection by `by`; at an end of the page, asks for the neighbouring page.
    pub fn go(&mut self, by: isize) -> Option<DiffCursor> {
        if self.asked.is_some() || self.entries.is_empty() {
            return None;
        }
        self.down = 0;
        let last = self.entries.len() - 1;
        let at_edge = self.selected == if by < 0 { 0 } else { last };
        match self.selected.checked_add_signed(by) {
            _ if at_edge && by > 0 => return self.next_page(),
            _ if at_edge => return self.previous_page(),
            Some(at) => self.selected = at.min(last),
            None => self.selected = 0,
        }
        None
    }

    fn next_page(&mut self) -> Option<DiffCursor> {
        if !self.more {
            return None;
        }
        let last = self.entries.last()?.booking.clone();
        let from = self.reached.clone().unwrap_or(last);
        Some(self.ask(DiffCursor::After(from), End::First))
    }

    fn previous_page(&mut self) -> Option<DiffCursor> {
        if self.before == 0 {
            return None;
        }
        let first = self.entries.first()?.booking.clone();
        Some(self.ask(DiffCursor::Before(first), End::Last))
    }

    /// Back to the first page.
    pub fn first(&mut self) -> Option<DiffCursor> {
        self.selected = 0;
        self.down = 0;
        (self.before > 0 && self.asked.is_none()).then(|| self.ask(DiffCursor::Start, End::First))
    }

    /// Takes a page. One that was asked for under another filter, or before the pane was emptied, is ignored.
    pub fn take(&mut self, filter: &DiffFilter, from: &DiffCursor, page: Result<DiffPage, String>) {
        let Some((_, end)) = self
            .asked
            .take_if(|(asked, _)| asked == from && *filter == self.filter)
        else {
            return;
        };
        self.loaded = true;
        match page {
            Err(error) => {
                self.error = Some(error);
                self.entries.clear();
            }
            Ok(page) => {
                let arrived = page.entries.len() as u64;
                self.looked += page.looked;
                match from {
                    DiffCursor::Start => {
                        self.before = 0;
                        self.more = page.more;
                    }
                    DiffCursor::After(_) if arrived == 0 => {
                        self.more = page.more;
                        self.reached = page.reached;
                        return; // the held page stays; where more may follow, the looking goes on
                    }
                    DiffCursor::After(_) => {
                        self.before += self.entries.len() as u64;
                        self.more = page.more;
                    }
                    DiffCursor::Before(_) => {
                        self.before = if page.more {
                            self.before.saturating_sub(arrived)
                        } else {
                            0
                        };
                        self.more = true;
                    }
                }
                self.error = None;
                self.reached = if matches!(from, DiffCursor::Before(_)) {
                    page.entries.last().map(|it| it.booking.clone())
                } else {
                    page.reached
                };
                self.entries = page.entries;
                self.selected = match end {
                    End::First => 0,
                    End::Last => self.entries.len().saturating_sub(1),
                };
                self.down = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn page(numbers: std::ops::Range<u8>, more: bool) -> DiffPage {
        DiffPage {
            entries: numbers
                .map(|number| BookingDiff {
                    booking: Id::object_id([number; 12]),
                    business: None,
                    business_name: String::new(),
                    customer: None,
                    outcome: String::new(),
                    words: crate::domain::people::BookingWords::default(),
                    unusual: false,
                    lines: vec![],
                })
                .collect(),
            more,
            ..DiffPage::default()
        }
    }

    fn take(pages: &mut BookingPages, from: &DiffCursor, page: DiffPage) {
        let filter = pages.filter().clone();
        pages.take(&filter, from, Ok(page));
    }

    #[test]
    fn walking_down_comes_through_every_page_and_back_up() {
        let mut pages = BookingPages::default();
        let start = pages.begin().unwrap();
        take(&mut pages, &start, page(0..3, true));
        assert_eq!((pages.go(1), pages.go(1)), (None, None));
        let after = pages.go(1).unwrap();
        assert_eq!(after, DiffCursor::After(Id::object_id([2; 12])));
        take(&mut pages, &after, page(3..5, false));
        assert_eq!((pages.numbers(), pages.selected), ((4, 5), 0));
        let before = pages.go(-1).unwrap();
        assert_eq!(before, DiffCursor::Before(Id::object_id([3; 12])));
        take(&mut pages, &before, page(0..3, false));
        assert_eq!((pages.numbers(), pages.selected), ((1, 3), 2));
        assert!(pages.more());
    }

    #[test]
    fn a_page_of_a_filter_that_no_longer_holds_is_ignored() {
        let mut pages = BookingPages::default();
        let start = pages.begin().unwrap();
        let old = pages.filter().clone();
        let filter = DiffFilter {
            business: Some(Id::object_id([9; 12])),
            ..DiffFilter::default()
        };
        pages.set_filter(filter, "Salon 9".into());
        let again = pages.begin().unwrap();
        assert_eq!(again, start);
        pages.take(&old, &start, Ok(page(0..3, true)));
        assert!(pages.entries().is_empty());
        assert!(pages.waits());
    }

    #[test]
    fn an_empty_page_behind_a_full_last_one_changes_nothing() {
        let mut pages = BookingPages::default();
        let start = pages.begin().unwrap();
        take(&mut pages, &start, page(0..3, true));
        pages.go(2);
        let after = pages.go(1).unwrap();
        take(&mut pages, &after, page(0..0, false));
        assert_eq!((pages.numbers(), pages.selected), ((1, 3), 2));
        assert_eq!(pages.go(1), None);
    }
}
