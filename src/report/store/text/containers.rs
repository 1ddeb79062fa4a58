//! What containers and pods have written and logged.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr as _;

use super::wrapping_table::{Side, Table, TableRow};
use super::{Page, WIDEST_WORD, images, largest};
use crate::store::{Amount, Container, PodId};
use crate::text::Detail;
use crate::text::attributes::time;
use crate::text::columns::Cut;
use crate::units::Units;

/// Directories told of each container.
const GROWTH: usize = 3;

pub(super) fn write(page: &Page<'_>, output: &mut dyn Write) -> io::Result<()> {
    let containers = &page.one.store.containers;
    if containers.is_empty() {
        return Ok(());
    }
    page.title("Containers", containers_total(page), output)?;
    let own = |at: usize| {
        let account = page.one.container(at);
        account.writable + account.logs + account.other
    };
    let (order, listed) = largest(containers.len(), page.top, |at| own(at).bytes);
    let (shown, rest) = order.split_at(listed);
    let columns = [
        ("Writable", Side::Right),
        ("Logs", Side::Right),
        ("Other", Side::Right),
        ("State", Side::Left),
    ];
    let mut table = Table::new(&columns, "Container");
    for &at in shown {
        let account = page.one.container(at);
        let container = &containers[at];
        table.push(TableRow {
            cells: vec![
                page.amount(account.writable),
                page.amount(account.logs),
                page.amount(account.other),
                page.look
                    .fit(&state(page, container), WIDEST_WORD, Cut::End),
            ],
            subject: page.text(name(container)),
            mark: String::new(),
            notes: notes(page, at),
        });
    }
    table.write(&page.look, output)?;
    page.more(rest.iter().map(|&at| own(at)), output)
}

fn state(page: &Page<'_>, container: &Container) -> String {
    page.text(container.state.as_str())
}

fn containers_total(page: &Page<'_>) -> Amount {
    let totals = page.one.totals();
    totals.writable + totals.logs + totals.container_files
}

/// Returns the name, or the short ID where it has none; unescaped.
fn name(container: &Container) -> &str {
    if container.name.is_empty() {
        return container.id.get(..12).unwrap_or(&container.id);
    }
    &container.name
}

fn notes(page: &Page<'_>, at: usize) -> Vec<String> {
    let container = &page.one.store.containers[at];
    let mut notes = vec![format!("image {}", page.text(&image_name(page, container)))];
    let state = state(page, container);
    if state.width() > WIDEST_WORD {
        notes.push(format!("state {state}"));
    }
    if let Some(pod) = container.pod {
        notes.push(format!("pod {}", pod_name(page, pod)));
    }
    for grown in container.growth.iter().take(GROWTH) {
        let path = page.look.shown(&grown.path);
        notes.push(format!(
            "/{path} {}",
            page.look.units.size(grown.disk_bytes)
        ));
    }
    if page.look.detail == Detail::Full {
        notes.push(format!("id {}", page.text(&container.id)));
        notes.extend(container.created.map(|at| format!("created {}", time(at))));
        let sizes = page.one.container_sizes(at);
        for (name, bytes) in [
            ("engine's SIZE", sizes.writable_bytes),
            ("virtual", sizes.virtual_bytes),
        ] {
            notes.extend(bytes.map(|bytes| format!("{name} {}", Units::Si.size(bytes))));
        }
    }
    notes
}

fn image_name(page: &Page<'_>, container: &Container) -> String {
    if !container.image_name.is_empty() {
        return container.image_name.clone();
    }
    let image = container.image.map(crate::store::ImageId::as_usize);
    let image = image.and_then(|at| page.one.store.images.get(at));
    image.map_or_else(
        || "not in the store".to_owned(),
        |image| images::name(page.one.store, image),
    )
}

fn pod_name(page: &Page<'_>, pod: PodId) -> String {
    match page.one.store.pods.get(pod.as_usize()) {
        Some(pod) => page.text(&format!("{}/{}", pod.namespace, pod.name)),
        None => "?".to_owned(),
    }
}

/// Writes which pod fills the node.
pub(super) fn write_pods(page: &Page<'_>, output: &mut dyn Write) -> io::Result<()> {
    let pods = &page.one.store.pods;
    if pods.is_empty() {
        return Ok(());
    }
    let all = (0..pods.len()).map(|at| page.one.pod(at).total).sum();
    page.title("Pods", all, output)?;
    let (order, listed) = largest(pods.len(), page.top, |at| page.one.pod(at).total.bytes);
    let (shown, rest) = order.split_at(listed);
    let columns = ["Total", "Writable", "Logs", "Volumes", "Other"].map(|name| (name, Side::Right));
    let mut table = Table::new(&columns, "Pod");
    for &at in shown {
        let account = page.one.pod(at);
        let amounts = [
            account.total,
            account.writable,
            account.logs,
            account.volumes,
            account.other,
        ];
        table.push(TableRow {
            cells: amounts.map(|amount| page.amount(amount)).to_vec(),
            subject: page.text(&format!("{}/{}", pods[at].namespace, pods[at].name)),
            ..TableRow::default()
        });
    }
    table.write(&page.look, output)?;
    page.more(rest.iter().map(|&at| page.one.pod(at).total), output)
}
