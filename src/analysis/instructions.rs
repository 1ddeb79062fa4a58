//! The instructions of an image's layers, once its history is paired and its layers are read.

use crate::image::recovery::LayerGlance;
use crate::image::{Image, Instruction, recovery as instruction};
use crate::layer::{EntryKind, LayerIndex};
use crate::tree::{FileTree, MergedTree, NodeId};

/// Recovers every instruction of the history, looks into the layers where the text alone cannot tell, and hands
/// each layer its own. What a layer that is not read yet could tell is left open.
pub(super) fn attach(image: &mut Image, tree: &MergedTree, unread: &[LayerIndex]) {
    let mut recovered = instruction::recover(&image.history, &image.config);
    for (entry, instruction) in image.history.iter_mut().zip(&mut recovered) {
        let layer = entry
            .layer
            .filter(|&layer| !unread.contains(&LayerIndex(layer)))
            .and_then(|layer| tree.layers().get(usize::from(layer)));
        if let (Some(instruction), Some(layer)) = (instruction.as_mut(), layer) {
            instruction.refine(&glance(layer));
        }
        entry.instruction = instruction.take();
    }
    for layer in &mut image.layers {
        let entry = layer.history.and_then(|at| image.history.get(at));
        layer.instruction = entry
            .and_then(|entry| entry.instruction.clone())
            .filter(has_text);
    }
}

fn has_text(instruction: &Instruction) -> bool {
    !instruction.line.is_empty()
}

fn glance(layer: &FileTree) -> LayerGlance {
    let top = layer.children(NodeId::ROOT).map(NodeId);
    let is_entry = |&node: &NodeId| layer.kind(node) != EntryKind::Whiteout;
    LayerGlance {
        only_file: layer.only_file().map(|node| layer.path(node)),
        top_names: top
            .filter(is_entry)
            .map(|node| layer.name(node).to_vec())
            .collect(),
    }
}
