//! Reads `schemas/cloudformation.bundle`, which `schemas/bundle.py` makes and describes.
//!
//! Opening it unpacks the index alone (names and places, about 100 KB of JSON). A block of
//! neighbouring types is unpacked when the first of them is asked for, and kept.

use serde::Deserialize;
use std::io::Read;
use std::sync::OnceLock;

const MAGIC: &[u8] = b"evstack2";

/// Why bytes are not a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BundleError {
    /// It does not begin like one, or has an end before its parts have.
    Truncated,
    /// The index does not unpack, or is not what the script writes.
    Index,
}

/// Which published packages the resource types were taken from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// Version of cfn-lint, which republishes the registry's schemas.
    pub cfn_lint: String,
    /// The day on which cfn-lint read the registry: `2026-10-20`.
    pub schema_date: String,
    /// Version of `@aws-cdk/aws-service-spec`, which has the ARN templates.
    pub aws_service_spec: String,
    /// Whose types they are: the registry differs from region to region.
    pub region: String,
}

#[derive(Deserialize)]
struct Index {
    source: Source,
    blocks: Vec<(usize, usize)>,
    types: Vec<(Box<str>, usize, usize, usize)>,
}

/// An opened bundle.
pub(super) struct Bundle {
    pub(super) source: Source,
    blocks: Vec<Block>,
    entries: Vec<Entry>,
}

struct Block {
    packed: &'static [u8],
    size: usize,
    unpacked: OnceLock<Option<Vec<u8>>>,
}

struct Entry {
    name: Box<str>,
    block: usize,
    start: usize,
    size: usize,
}

impl Bundle {
    pub(super) fn open(bytes: &'static [u8]) -> Result<Self, BundleError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(BundleError::Truncated)?;
        let (size, rest) = rest.split_first_chunk::<4>().ok_or(BundleError::Truncated)?;
        let size = u32::from_le_bytes(*size) as usize;
        let (packed, mut rest) = rest.split_at_checked(size).ok_or(BundleError::Truncated)?;
        let index = unpack(packed, 4 * size).ok_or(BundleError::Index)?;
        let index: Index = serde_json::from_slice(&index).map_err(|_| BundleError::Index)?;
        let mut blocks = Vec::with_capacity(index.blocks.len());
        for (packed_size, size) in index.blocks {
            let (packed, after) = rest.split_at_checked(packed_size).ok_or(BundleError::Truncated)?;
            blocks.push(Block { packed, size, unpacked: OnceLock::new() });
            rest = after;
        }
        let entries = index.types.into_iter();
        let entries = entries.map(|(name, block, start, size)| Entry { name, block, start, size }).collect();
        Ok(Self { source: index.source, blocks, entries })
    }

    /// All types' names, sorted.
    pub(super) fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries.iter().map(|entry| &*entry.name)
    }

    /// Where a type stands among the sorted names.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.entries.binary_search_by(|entry| (*entry.name).cmp(name)).ok()
    }

    /// The JSON document of the type at this position. `None` only if the bundle is damaged.
    pub(super) fn document(&self, position: usize) -> Option<&[u8]> {
        let entry = self.entries.get(position)?;
        let block = self.blocks.get(entry.block)?;
        let unpacked = block.unpacked.get_or_init(|| unpack(block.packed, block.size)).as_deref()?;
        unpacked.get(entry.start..entry.start + entry.size)
    }
}

fn unpack(packed: &[u8], expected: usize) -> Option<Vec<u8>> {
    let mut unpacked = Vec::with_capacity(expected);
    brotli_decompressor::Decompressor::new(packed, 16 * 1024).read_to_end(&mut unpacked).ok()?;
    Some(unpacked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_bundle_are_refused() {
        assert_eq!(Bundle::open(b"").err(), Some(BundleError::Truncated));
        assert_eq!(Bundle::open(b"evstack2\xff\xff\xff\xff").err(), Some(BundleError::Truncated));
        assert_eq!(Bundle::open(b"evstack2\x02\0\0\0ab").err(), Some(BundleError::Index));
    }
}
