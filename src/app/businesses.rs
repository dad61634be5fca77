//! The businesses pane: their numbers in a chosen order.

use crate::domain::overview::BusinessRow;

/// What the table is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Most bookings first.
    #[default]
    Bookings,
    /// Most customers first.
    Customers,
    /// Most conflicts first.
    Conflicts,
    /// By name.
    Name,
}

impl Sort {
    /// The column's heading.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bookings => "bookings",
            Self::Customers => "customers",
            Self::Conflicts => "conflicts",
            Self::Name => "name",
        }
    }

    /// The order after this one.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Bookings => Self::Customers,
            Self::Customers => Self::Conflicts,
            Self::Conflicts => Self::Name,
            Self::Name => Self::Bookings,
        }
    }
}

/// The pane.
#[derive(Debug, Default)]
pub struct Businesses {
    rows: Vec<BusinessRow>,
    /// The order.
    pub sort: Sort,
    /// Position of the selected row.
    pub selected: usize,
}

impl Businesses {
    /// Takes the rows of a survey.
    pub fn set_rows(&mut self, rows: Vec<BusinessRow>) {
        self.rows = rows;
        self.set_sort(self.sort);
        self.selected = self.selected.min(self.rows.len().saturating_sub(1));
    }

    /// Sorts; equal rows by name.
    pub fn set_sort(&mut self, sort: Sort) {
        self.sort = sort;
        self.rows.sort_by(|left, right| {
            let number = |row: &BusinessRow| match sort {
                Sort::Bookings => row.bookings,
                Sort::Customers => row.customers,
                Sort::Conflicts => row.conflicts,
                Sort::Name => 0,
            };
            number(right)
                .cmp(&number(left))
                .then_with(|| left.name.cmp(&right.name))
                .then_with(|| left.id.cmp(&right.id))
        });
    }

    /// The rows in their order.
    pub fn rows(&self) -> &[BusinessRow] {
        &self.rows
    }

    /// The selected row.
    pub fn row(&self) -> Option<&BusinessRow> {
        self.rows.get(self.selected)
    }
}
