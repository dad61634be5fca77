//! The mapping: which collections and fields play which role, and why; changed with a picker, saved to its file. The console opens here where
//! no mapping fits the data.

use crate::app::commands::about::{About, CommandId, Danger, Verdict, only_if};
use crate::app::commands::in_several_places::{DETAIL_DOWN, DETAIL_UP};
use crate::app::key::{Key, KeyCode};
use crate::app::layer::picker::{Item, Picker};
use crate::app::layer::{Layer, Line, Question};
use crate::app::log::Weight;
use crate::app::message::{Effect, Request};
use crate::app::navigation::Move;
use crate::app::panes::pane::{Pane, PaneCommand, PaneCommands, always, can_ask};
use crate::app::shared::{PaneId, Shared};
use crate::domain::mapping::keys::Names;
use crate::domain::mapping::sheet::{Sheet, SheetRow, Value, texts_value, typed_value};
use crate::domain::mapping_view::MappingView;
use crate::domain::text::safe;

/// Why a value stands there, where no count says it.
const BY_HAND: &str = "typed in the console";

/// What a line of the open list stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pick {
    /// This name, and what was seen of it.
    Name(String, String),
    /// A value that is typed.
    Type,
    /// The key is left out.
    LeaveOut,
}

/// The collection that need not be there: the migration makes it.
const MADE: &str = "customer.collection";

/// What is said of a collection that does not stand.
const NO_COLLECTION: &str = "no collection has this name";
/// How it begins where a field occurs nowhere.
const NOT_SEEN: &str = "not seen";

/// The pane.
#[derive(Debug, Default)]
pub struct MappingPane {
    /// What the engine said, or why nothing can be shown.
    pub view: Option<Result<MappingView, String>>,
    /// The file as it is changed here.
    sheet: Option<Sheet>,
    /// What it was before each change, the newest last.
    before: Vec<Sheet>,
    /// The rows as they are now.
    pub rows: Vec<SheetRow>,
    /// Position of the selected one.
    pub selected: usize,
    /// Rows that the detail is scrolled down.
    pub down: usize,
    offered: Vec<Pick>,
    asked: bool,
    /// The check refused the mapping; the next view selects the first row that it speaks of.
    was_refused: bool,
}

impl PaneCommands for MappingPane {
    const ID: PaneId = PaneId("mapping");
    const TITLE: &'static str = "Mapping";
    const SHORT: &'static str = "Map";
    const COMMANDS: &'static [PaneCommand<Self>] = &[
        PaneCommand {
            about: About::new(
                CommandId("change-key"),
                &[Key::plain(KeyCode::Enter)],
                "Enter",
                "change…",
            )
            .help(
                "Pick another collection or field for the selected key, from those that stand in \
                 the database; nothing is written before the mapping is saved.",
            ),
            allowed: can_change,
            run: |pane, shared, _| {
                pane.open_list(shared);
                Vec::new()
            },
        },
        PaneCommand {
            about: About::new(CommandId("type-key"), &[Key::char('e')], "e", "type it…").help(
                "Type what the selected key says: a path, several with commas, or a filter as the \
                 file would have it.",
            ),
            allowed: can_change,
            run: |pane, shared, _| {
                pane.open_line(shared);
                Vec::new()
            },
        },
        PaneCommand {
            about: About::new(CommandId("save-mapping"), &[Key::char('S')], "S", "save…")
                .help(
                    "Write the mapping file, after a question; then the survey checks it against \
                     the data.",
                )
                .danger(Danger::Writes),
            allowed: can_save,
            run: |_, shared, _| {
                shared.layers.push(Layer::Question(Question::SaveMapping));
                Vec::new()
            },
        },
        PaneCommand {
            about: About::new(CommandId("undo-mapping"), &[Key::char('u')], "u", "undo")
                .help("Take the last change of the mapping back."),
            allowed: |pane, _| only_if(!pane.before.is_empty(), "nothing was changed"),
            run: |pane, _, _| {
                if let Some(sheet) = pane.before.pop() {
                    pane.hold(sheet);
                }
                Vec::new()
            },
        },
        PaneCommand {
            about: About::new(
                CommandId("propose-mapping"),
                &[Key::char('f')],
                "f",
                "find in the data",
            )
            .help("Put what `ringfence init` finds in the data in place of what is shown."),
            allowed: can_propose,
            run: |pane, shared, _| {
                pane.propose(shared);
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

impl MappingPane {
    /// What is shown, once it is there.
    pub fn shown(&self) -> Option<&MappingView> {
        self.view.as_ref()?.as_ref().ok()
    }

    /// The selected row.
    pub fn row(&self) -> Option<&SheetRow> {
        self.rows.get(self.selected)
    }

    /// True where something was changed here and not saved.
    pub fn is_changed(&self) -> bool {
        !self.before.is_empty()
    }

    /// Required keys that are empty.
    pub fn open_keys(&self) -> usize {
        self.rows.iter().filter(|row| row.open).count()
    }

    /// What was seen of a row's value: the comment behind it, else what stands in the database.
    pub fn evidence(&self, row: &SheetRow) -> String {
        if !row.why.is_empty() {
            return row.why.clone();
        }
        let Some(view) = self.shown() else {
            return String::new();
        };
        let catalogue = &view.catalogue;
        match (row.names, row.texts.as_slice()) {
            (Names::Collection, [name]) => match catalogue.says(name, None) {
                Some(says) => Some(says.to_owned()),
                None if row.place.to_string() == MADE => Some("the migration makes it".to_owned()),
                None => Some(NO_COLLECTION.to_owned()),
            },
            (Names::Field | Names::Fields, [field]) => {
                let says = catalogue.says(&row.collection, Some(field));
                says.map(str::to_owned).or_else(|| unseen(view, row))
            }
            (Names::Field | Names::Fields, [_, _, ..]) => unseen(view, row).or_else(|| {
                // Where the collection holds nothing, nothing was seen.
                let looked = !catalogue.fields(&row.collection).is_empty();
                looked.then(|| format!("{} fields, all of them seen", row.texts.len()))
            }),
            _ => None,
        }
        .unwrap_or_default()
    }

    /// True where the data does not show what a row names.
    pub fn is_unseen(&self, row: &SheetRow) -> bool {
        let seen = self.evidence(row);
        row.set && (seen == NO_COLLECTION || seen.starts_with(NOT_SEEN))
    }

    /// What the check said against a row, unless the row was changed here since: then it is checked when it is saved.
    pub fn against(&self, row: &SheetRow) -> Option<&str> {
        let view = self.shown()?;
        let as_read = self.before.first().map(Sheet::rows);
        let is_as_read = as_read.is_none_or(|rows| {
            let mut rows = rows.iter();
            rows.any(|it| it.place == row.place && it.value == row.value)
        });
        is_as_read
            .then(|| view.against(&row.place.to_string()))
            .flatten()
    }

    /// Takes what the engine said.
    pub fn take(&mut self, view: Result<MappingView, String>) {
        self.asked = false;
        if self.is_changed() {
            return; // what was changed here stays until it is saved or taken back
        }
        let sheet = match &view {
            Ok(view) => Sheet::parse(&view.text, &view.file).map_err(|why| why.to_string()),
            Err(why) => Err(why.clone()),
        };
        self.view = Some(match (view, &sheet) {
            (_, Err(why)) => Err(why.clone()),
            (view, Ok(_)) => view,
        });
        if let Ok(sheet) = sheet {
            self.hold(sheet);
            if std::mem::take(&mut self.was_refused) {
                self.select_trouble();
            }
        }
    }

    /// The mapping was saved: what was changed here stands in the file.
    pub fn saved(&mut self) {
        self.before.clear();
        self.view = None;
    }

    /// The check refused the mapping: what it said is read, and the first row that it speaks of is selected.
    pub fn refused(&mut self) {
        if !self.is_changed() {
            self.view = None;
        }
        self.was_refused = true;
    }

    /// The request that writes the file; `None` where nothing is there to be written.
    pub fn save(&self) -> Option<Request> {
        let text = self.sheet.as_ref()?.text();
        let read = self.shown()?.in_file.clone();
        Some(Request::SaveMapping { text, read })
    }

    fn hold(&mut self, sheet: Sheet) {
        self.rows = sheet.rows();
        self.selected = self.selected.min(self.rows.len().saturating_sub(1));
        self.sheet = Some(sheet);
    }

    /// Goes to the first row that needs somebody: one that is refused, or a required one that is empty.
    fn select_trouble(&mut self) {
        let place = self
            .rows
            .iter()
            .position(|row| row.open || self.against(row).is_some());
        self.selected = place.unwrap_or(self.selected);
    }

    fn change(&mut self, value: Option<Value>, why: &str) {
        let (Some(row), Some(sheet)) = (self.row(), &self.sheet) else {
            return;
        };
        let mut changed = sheet.clone();
        changed.set(&row.place.clone(), value, why);
        if changed.text() == sheet.text() {
            return;
        }
        self.before.push(sheet.clone());
        self.hold(changed);
    }

    fn propose(&mut self, shared: &mut Shared) {
        let Some(Ok(text)) = self.shown().map(|view| &view.proposed) else {
            return;
        };
        let Ok(sheet) = Sheet::parse(text, "the proposal") else {
            return;
        };
        if let Some(now) = self.sheet.take() {
            self.before.push(now);
        }
        self.hold(sheet);
        self.select_trouble();
        shared.say(
            Weight::Info,
            "this is what the data suggests; it is not saved yet",
        );
    }

    fn scroll_detail(&mut self, shared: &Shared, by: isize) -> Vec<Effect> {
        self.down = Move::By(by).from(self.down, 1, shared.scrollable.detail);
        Vec::new()
    }

    fn open_list(&mut self, shared: &mut Shared) {
        let (Some(row), Some(view)) = (self.row(), self.shown()) else {
            return;
        };
        let entries = match row.names {
            Names::Collection => &view.catalogue.collections[..],
            // A filter among the fields would be lost by a pick: it is typed.
            Names::Fields if row.set && row.texts.is_empty() => &[],
            Names::Field | Names::Fields => view.catalogue.fields(&row.collection),
            Names::Other => &[],
        };
        let mut lines = vec![(
            "type it…".to_owned(),
            "a path, several with commas, or a filter".to_owned(),
            Pick::Type,
        )];
        lines.extend(entries.iter().map(|entry| {
            let holds = row.texts.contains(&entry.name);
            let mark = if holds { "✓ " } else { "" };
            (
                format!("{mark}{}", safe(&entry.name, 80)),
                entry.says.clone(),
                Pick::Name(entry.name.clone(), entry.says.clone()),
            )
        }));
        if row.set {
            let more = "the key is removed from the file".to_owned();
            lines.push(("leave it out".to_owned(), more, Pick::LeaveOut));
        }
        let replaced = self.against(row).is_some() && row.texts.len() == 1;
        let title = if row.names == Names::Fields && !replaced {
            format!(
                "{}: {} (picking one adds it, or takes it away)",
                row.place, row.means
            )
        } else {
            format!("{}: {}", row.place, row.means)
        };
        let (items, offered) = lines
            .into_iter()
            .map(|(label, more, pick)| (Item { label, more }, pick))
            .unzip();
        self.offered = offered;
        shared.layers.push(Layer::Picker(Picker::new(title, items)));
    }

    fn open_line(&mut self, shared: &mut Shared) {
        if let Some(row) = self.row() {
            let title = "What the key says: a path, several with commas, or a filter { … }";
            shared
                .layers
                .push(Layer::Line(Line::new(title, &row.typed)));
        }
    }

    fn pick(&mut self, name: String, says: &str) {
        let Some(row) = self.row() else { return };
        if row.names != Names::Fields {
            return self.change(texts_value(&[name]), says);
        }
        // A single field that the check refuses is replaced: it was the wrong one.
        if self.against(row).is_some() && row.texts.len() == 1 {
            return self.change(texts_value(&[name]), says);
        }
        let mut texts: Vec<String> = row
            .texts
            .iter()
            .filter(|text| !text.is_empty() && **text != name)
            .cloned()
            .collect();
        let held = texts.len() < row.texts.iter().filter(|it| !it.is_empty()).count();
        if !held {
            texts.push(name);
        }
        let why = if texts.len() == 1 && !held { says } else { "" };
        self.change(texts_value(&texts), why);
    }
}

impl Pane for MappingPane {
    fn go(&mut self, shared: &mut Shared, to: Move) -> Vec<Effect> {
        let last = self.rows.len().saturating_sub(1);
        self.selected = to.from(self.selected, shared.scrollable.page, last);
        self.down = 0;
        Vec::new()
    }

    fn look(&mut self, shared: &mut Shared) -> Vec<Effect> {
        if self.view.is_some() || self.asked {
            return Vec::new();
        }
        self.asked = true;
        shared.ask(Request::Mapping)
    }

    fn badge(&self, shared: &Shared) -> Option<String> {
        if self.is_changed() {
            return Some("*".to_owned());
        }
        let warnings = shared.facts.overview.as_ref().map(|it| it.warnings.len());
        warnings
            .filter(|count| *count > 0)
            .map(|count| format!("!{count}"))
    }

    fn outdated(&mut self) {
        if !self.is_changed() {
            self.view = None;
        }
    }

    fn focus_moved(&mut self) {
        self.outdated();
    }

    fn clicked(&mut self, _: &mut Shared, at: usize) {
        if at < self.rows.len() {
            self.selected = at;
            self.down = 0;
        }
    }

    fn copied(&self, _: &Shared) -> Option<String> {
        let row = self.row()?;
        Some(format!(
            "{} = {} # {}",
            row.place,
            safe(&row.value, 400),
            safe(&self.evidence(row), 400)
        ))
    }

    fn picked(&mut self, shared: &mut Shared, at: usize) -> Vec<Effect> {
        match self.offered.get(at).cloned() {
            Some(Pick::Name(name, says)) => self.pick(name, &says),
            Some(Pick::Type) => self.open_line(shared),
            Some(Pick::LeaveOut) => self.change(None, ""),
            None => {}
        }
        Vec::new()
    }

    fn typed(&mut self, _: &mut Shared, text: &str) -> Result<Vec<Effect>, String> {
        let Some(row) = self.row() else {
            return Ok(Vec::new());
        };
        let value = typed_value(row.names, text)?;
        self.change(value, BY_HAND);
        Ok(Vec::new())
    }
}

/// Which fields of a row were not seen in its collection; nothing where that cannot be told, as of a way through other collections.
fn unseen(view: &MappingView, row: &SheetRow) -> Option<String> {
    let fields = view.catalogue.fields(&row.collection);
    if fields.is_empty() {
        return None;
    }
    let known = |text: &&String| text.contains('>') || fields.iter().any(|it| it.name == **text);
    let unseen: Vec<_> = row.texts.iter().filter(|it| !known(it)).collect();
    match (unseen.as_slice(), row.texts.len()) {
        ([], _) => None,
        (_, 1) => Some(format!("{NOT_SEEN} in any document")),
        (unseen, _) => {
            let names: Vec<_> = unseen.iter().map(|it| it.as_str()).collect();
            Some(format!("{NOT_SEEN}: {}", names.join(", ")))
        }
    }
}

fn can_change(pane: &MappingPane, shared: &Shared) -> Verdict {
    can_ask(pane, shared)?;
    match pane.shown() {
        None => Err("the mapping has not been read yet".to_owned()),
        Some(view) => view.locked.clone().map_or(Ok(()), Err),
    }
}

fn can_save(pane: &MappingPane, shared: &Shared) -> Verdict {
    can_change(pane, shared)?;
    let view = pane.shown();
    let in_file = view.and_then(|view| view.in_file.as_ref());
    let text = pane.sheet.as_ref().map(Sheet::text);
    if in_file.is_some() && in_file == text.as_ref() {
        return Err("the file says the same already".to_owned());
    }
    match pane.open_keys() {
        0 => Ok(()),
        1 => Err("1 required key is empty".to_owned()),
        many => Err(format!("{many} required keys are empty")),
    }
}

fn can_propose(pane: &MappingPane, shared: &Shared) -> Verdict {
    can_change(pane, shared)?;
    match pane.shown().map(|view| &view.proposed) {
        Some(Err(why)) => Err(why.clone()),
        Some(Ok(text)) => {
            let same = pane.sheet.as_ref().map(Sheet::text).as_ref() == Some(text);
            only_if(!same, "this is what the data suggests")
        }
        None => Ok(()),
    }
}
