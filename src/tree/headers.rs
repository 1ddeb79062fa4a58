//! What the headers of hard links say of an inode: all its names say the same in the end.

use std::collections::HashMap;

use super::build::TreeBuilder;

/// The headers that were stored for inodes with several names.
#[derive(Default)]
pub(super) struct Headers {
    /// Inode, known by any of its rows, and row of the header; in stored order.
    stored: Vec<(u32, u32)>,
    /// The first row of an inode by others that are taken for it: those that its data went over to, and second names
    /// of what is no file.
    origins: HashMap<u32, u32>,
}

impl Headers {
    /// Notes the header of a link to an inode.
    pub(super) fn note(&mut self, inode: u32, link: u32) {
        self.stored.push((inode, link));
    }

    /// Notes that a row stands for an inode as well as the one that it is known by.
    pub(super) fn note_name(&mut self, row: u32, inode: u32) {
        self.origins.insert(row, self.first(inode));
    }

    fn first(&self, row: u32) -> u32 {
        self.origins.get(&row).copied().unwrap_or(row)
    }

    /// Lets every name of an inode say what its headers said one after the other.
    pub(super) fn share(&self, builder: &mut TreeBuilder) {
        for &(inode, link) in &self.stored {
            if link > self.first(inode) {
                builder.take_header(self.first(inode), link);
            }
        }
        for &(inode, link) in &self.stored {
            if link != self.first(inode) {
                builder.copy_metadata(self.first(inode), link);
            }
        }
    }
}
