//! Plugins, artifacts, what is foreign, and the largest paths of what no row names.

use std::io::{self, Write};

use super::wrapping_table::{Side, Table, TableRow};
use super::{BOLD, Page, largest};
use crate::store::reclaim::{Step, Target, steps};
use crate::store::{ExtraId, ExtraKind, LargePath, Owner, Role};
use crate::text::Detail;

/// Paths of each kind that are listed unless all are asked for.
const FEW: usize = 3;

pub(super) fn write(page: &Page<'_>, output: &mut dyn Write) -> io::Result<()> {
    let extras = &page.one.store.extras;
    if extras.is_empty() {
        return Ok(());
    }
    page.title("Extras", page.one.totals().extras, output)?;
    let (order, listed) = largest(extras.len(), page.top, |at| page.one.extra(at).bytes);
    let (shown, rest) = order.split_at(listed);
    let columns = [("Size", Side::Right), ("Kind", Side::Left)];
    let mut table = Table::new(&columns, "Name");
    for &at in shown {
        table.push(TableRow {
            cells: vec![
                page.amount(page.one.extra(at)),
                extras[at].kind.as_str().to_owned(),
            ],
            subject: page.text(&extras[at].name),
            mark: String::new(),
            notes: told(extras[at].kind)
                .into_iter()
                .chain(commands(page, at))
                .collect(),
        });
    }
    table.write(&page.look, output)?;
    page.more(rest.iter().map(|&at| page.one.extra(at)), output)
}

/// Returns what is said of one whatever its name is.
fn told(kind: ExtraKind) -> Option<String> {
    let words = "the images and containers of devicemapper: no reader looks inside";
    (kind == ExtraKind::Pool).then(|| words.to_owned())
}

/// Returns the commands that remove one; none for what no engine knows.
fn commands(page: &Page<'_>, at: usize) -> Vec<String> {
    let id = ExtraId(u32::try_from(at).unwrap_or(u32::MAX));
    let steps = steps(page.one.store, &[Target::Owner(Owner::Extra(id))]);
    let commands = steps.iter().filter_map(|step| match step {
        Step::Command(command) => Some(command.shown()),
        Step::Perhaps { .. } | Step::Note(_) | Step::Place(_) => None,
    });
    commands.collect()
}

/// Writes which paths hold most of what has no rows: whatever is large has a name.
pub(super) fn write_largest(page: &Page<'_>, output: &mut dyn Write) -> io::Result<()> {
    let paths = &page.one.store.largest;
    if paths.is_empty() {
        return Ok(());
    }
    let few = match page.look.detail {
        Detail::Full => usize::MAX,
        Detail::Short => FEW,
    };
    writeln!(output)?;
    writeln!(output, "{BOLD}Largest paths of what has no rows{BOLD:#}")?;
    let columns = [("Size", Side::Right), ("Of", Side::Left)];
    let mut table = Table::new(&columns, "Path");
    for role in [Role::Bookkeeping, Role::ContainerFiles] {
        let own = paths.iter().filter(|path| path.of == role);
        for path in own.take(few) {
            table.push(TableRow {
                cells: vec![
                    page.look.units.size(path.disk_bytes),
                    path.part().to_owned(),
                ],
                subject: place(page, path),
                ..TableRow::default()
            });
        }
    }
    table.write(&page.look, output)
}

fn place(page: &Page<'_>, path: &LargePath) -> String {
    let location = &path.location;
    if location.path.is_empty() || location.root.name() != page.one.store.root.name() {
        return page.text(&location.shown());
    }
    page.look.shown(&location.path)
}
