//! The bookings: what becomes of each, page by page, and which of them are shown.

use super::businesses::any_business;
use crate::app::booking_pages::BookingPages;
use crate::app::commands::about::{About, CommandId, Verdict, only_if};
use crate::app::commands::in_several_places::{
    DETAIL_DOWN, DETAIL_UP, FILTER_BUSINESS, READ_AGAIN, SHOW_ALL,
};
use crate::app::key::Key;
use crate::app::layer::picker::{Item, Picker, business_items};
use crate::app::layer::{Layer, Line};
use crate::app::message::{Effect, Request};
use crate::app::navigation::Move;
use crate::app::panes::pane::{Pane, PaneCommand, PaneCommands, always, can_ask};
use crate::app::shared::{PaneId, Shared};
use crate::domain::id::Id;
use crate::domain::text::safe;
use crate::domain::view::{DiffCursor, DiffFilter};

/// The pane.
#[derive(Debug, Default)]
pub struct Bookings {
    /// The held page, and the filter.
    pub pages: BookingPages,
    /// The businesses of the open list, line by line; `None` for all.
    offered: Vec<Option<(Id, String)>>,
}

impl PaneCommands for Bookings {
    const ID: PaneId = PaneId("bookings");
    const TITLE: &'static str = "Bookings";
    const COMMANDS: &'static [PaneCommand<Self>] = &[
        PaneCommand {
            about: READ_AGAIN,
            allowed: can_ask,
            run: |pane, _, _| {
                pane.pages.forget(); // the next look asks again
                Vec::new()
            },
        },
        PaneCommand {
            about: FILTER_BUSINESS,
            allowed: any_business,
            run: |pane, shared, _| {
                let (items, offered) = business_items(&shared.facts.businesses);
                pane.offered = offered;
                open_list(shared, items)
            },
        },
        PaneCommand {
            about: About::new(
                CommandId("this-customer"),
                &[Key::char('c')],
                "c",
                "this customer",
            )
            .help("Show only the bookings of the selected booking's customer."),
            allowed: on_booking_with_customer,
            run: |pane, _, _| {
                let entry = pane.pages.entry();
                if let Some(customer) = entry.and_then(|entry| entry.customer.clone()) {
                    pane.show_customer(customer);
                }
                Vec::new()
            },
        },
        PaneCommand {
            about: About::new(
                CommandId("customer-by-id"),
                &[Key::char('/'), Key::char('f')],
                "/",
                "customer…",
            )
            .help("Show only the bookings of the customer with an id that you type."),
            allowed: can_ask,
            run: |_, shared, _| {
                let title = "Show the bookings of the customer with this id";
                shared.layers.push(Layer::Line(Line::new(title, "")));
                Vec::new()
            },
        },
        PaneCommand {
            about: SHOW_ALL,
            allowed: |pane, _| only_if(!pane.pages.filter().is_empty(), "no filter is set"),
            run: |pane, _, _| {
                pane.pages.set_filter(DiffFilter::default(), String::new());
                Vec::new()
            },
        },
        PaneCommand {
            about: DETAIL_DOWN,
            allowed: always,
            run: |pane, shared, _| pane.scroll_detail(shared, 1),
        },
        PaneCommand {
            about: DETAIL_UP,
            allowed: always,
            run: |pane, shared, _| pane.scroll_detail(shared, -1),
        },
    ];
}

fn open_list(shared: &mut Shared, items: Vec<Item>) -> Vec<Effect> {
    let list = Picker::new("Show", items);
    shared.layers.push(Layer::Picker(list));
    Vec::new()
}

impl Bookings {
    /// Shows the bookings of one customer.
    fn show_customer(&mut self, customer: Id) {
        let says = format!("customer {}", safe(&customer.to_string(), 60));
        let filter = DiffFilter {
            business: None,
            customer: Some(customer),
        };
        self.pages.set_filter(filter, says);
    }

    fn scroll_detail(&mut self, shared: &Shared, by: isize) -> Vec<Effect> {
        let down = &mut self.pages.down;
        *down = Move::By(by).from(*down, 1, shared.scrollable.detail);
        Vec::new()
    }

    fn ask(&self, shared: &mut Shared, from: Option<DiffCursor>) -> Vec<Effect> {
        match from {
            Some(from) => shared.ask(Request::Diffs(self.pages.filter().clone(), from)),
            None => Vec::new(),
        }
    }
}

impl Pane for Bookings {
    fn go(&mut self, shared: &mut Shared, to: Move) -> Vec<Effect> {
        let page = shared.scrollable.page.max(1).cast_signed();
        let from = match to {
            Move::By(by) => self.pages.go(by),
            Move::Pages(pages) => self.pages.go(pages.saturating_mul(page)),
            Move::First => self.pages.first(),
            Move::Last => {
                self.pages.selected = self.pages.entries().len().saturating_sub(1);
                None
            }
        };
        self.ask(shared, from)
    }

    fn look(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let from = self.pages.begin();
        self.ask(shared, from)
    }

    fn outdated(&mut self) {
        self.pages.forget();
    }

    fn picked(&mut self, _: &mut Shared, at: usize) -> Vec<Effect> {
        if let Some(business) = self.offered.get(at).cloned() {
            let (business, says) = business.unzip();
            let filter = DiffFilter {
                business,
                customer: None,
            };
            self.pages.set_filter(filter, says.unwrap_or_default());
        }
        Vec::new()
    }

    fn typed(&mut self, _: &mut Shared, text: &str) -> Result<(), String> {
        let Some(id) = Id::parse(text) else {
            return Err("this is no id: type 24 hexadecimal digits, uuid:…, int:…, or a text in double quotes".to_owned());
        };
        self.show_customer(id);
        Ok(())
    }
}

/// The selected booking goes to a customer.
fn on_booking_with_customer(pane: &Bookings, shared: &Shared) -> Verdict {
    shared.can_ask()?;
    match pane.pages.entry() {
        None => Err("no booking is shown".to_owned()),
        Some(entry) if entry.customer.is_none() => {
            Err("this booking goes to no customer".to_owned())
        }
        Some(_) => Ok(()),
    }
}
