//! Keeping a document under a limit: what is longest and least needed goes first, and is counted.

/// What a part of the document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// One resource's diff. Goes first, the longest before the others.
    Diff,
    /// The diff of all outputs.
    Outputs,
    /// What no read shows.
    Blind,
    /// Drift that the stack file asks not to hear of.
    Ignored,
    /// A note on the run.
    Note,
    /// Why something is unknown.
    Unknown,
    /// What the apply costs.
    Calls,
    /// A resource's row.
    Row,
    /// Who may newly do what.
    Access,
    /// What would be replaced, or lose data.
    Danger,
    /// Why the plan is refused.
    Refusal,
}

impl Kind {
    fn plural(self, count: usize) -> String {
        let (one, many) = match self {
            Self::Diff => ("the diff of 1 resource", "the diffs of # resources"),
            Self::Outputs => ("the diff of the outputs", "the diffs of the outputs of # stacks"),
            Self::Blind => {
                ("1 resource that can't be verified whole", "# resources that can't be verified whole")
            }
            Self::Ignored => ("1 path that is ignored", "# paths that are ignored"),
            Self::Note => ("1 warning", "# warnings"),
            Self::Unknown => ("1 value known after apply", "# values known after apply"),
            Self::Calls => ("the cost in calls", "the cost in calls of # stacks"),
            Self::Access => ("1 row of the IAM changes", "# rows of the IAM changes"),
            Self::Row => ("1 row of the table of changes", "# rows of the table of changes"),
            Self::Danger => ("1 replacement or loss of data", "# replacements and losses of data"),
            Self::Refusal => ("1 refusal", "# refusals"),
        };
        if count == 1 { one.to_owned() } else { many.replace('#', &count.to_string()) }
    }
}

/// A heading, what stands under it, and what closes it. Without items, nothing of it is written.
#[derive(Debug, Clone, Default)]
pub(super) struct Block {
    pub(super) head: String,
    pub(super) items: Vec<(Kind, String)>,
    pub(super) tail: String,
}

/// One stack's part.
#[derive(Debug, Clone, Default)]
pub(super) struct Chapter {
    /// Always there, unless the whole chapter goes.
    pub(super) head: String,
    pub(super) blocks: Vec<Block>,
}

/// All chapters in at most so many bytes, and what had to go, in words.
pub(super) fn fit(chapters: &[Chapter], most: usize) -> (String, Vec<String>) {
    let mut items: Vec<Item> = Vec::new();
    for (chapter, part) in chapters.iter().enumerate() {
        for (block, group) in part.blocks.iter().enumerate() {
            for (kind, text) in &group.items {
                items.push(Item { chapter, block, kind: *kind, text, dropped: false });
            }
        }
    }
    let frames: usize = chapters
        .iter()
        .flat_map(|c| &c.blocks)
        .filter(|b| !b.items.is_empty())
        .map(|b| b.head.len() + b.tail.len())
        .sum();
    let mut size: usize = chapters.iter().map(|c| c.head.len()).sum::<usize>() + frames;
    size += items.iter().map(|item| item.text.len()).sum::<usize>();
    // The longest diffs, then the last of the least needed.
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|at| {
        let item = &items[*at];
        let length = if item.kind == Kind::Diff { item.text.len() } else { 0 };
        (item.kind, std::cmp::Reverse((length, *at)))
    });
    let mut counts: Vec<(Kind, usize)> = Vec::new();
    for at in &order {
        if size <= most {
            break;
        }
        items[*at].dropped = true;
        size -= items[*at].text.len();
        match counts.last_mut().filter(|(kind, _)| *kind == items[*at].kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((items[*at].kind, 1)),
        }
    }
    let mut gone: Vec<String> = counts.iter().map(|(kind, count)| kind.plural(*count)).collect();
    let mut kept = chapters.len();
    let mut texts: Vec<String> = chapters.iter().enumerate().map(|(at, c)| written(c, at, &items)).collect();
    let mut size: usize = texts.iter().map(String::len).sum();
    while size > most && kept > 0 {
        kept -= 1;
        size -= texts[kept].len();
    }
    if kept < texts.len() {
        let stacks = texts.len() - kept;
        gone.push(if stacks == 1 { "1 stack".to_owned() } else { format!("{stacks} stacks") });
        texts.truncate(kept);
    }
    (texts.concat(), gone)
}

struct Item<'a> {
    chapter: usize,
    block: usize,
    kind: Kind,
    text: &'a str,
    dropped: bool,
}

fn written(chapter: &Chapter, at: usize, items: &[Item<'_>]) -> String {
    let mut out = chapter.head.clone();
    for (number, block) in chapter.blocks.iter().enumerate() {
        let start = items.partition_point(|i| (i.chapter, i.block) < (at, number));
        let kept = items[start..].iter().take_while(|i| (i.chapter, i.block) == (at, number));
        let mut kept = kept.filter(|i| !i.dropped).peekable();
        if kept.peek().is_none() {
            continue;
        }
        out.push_str(&block.head);
        kept.for_each(|item| out.push_str(item.text));
        out.push_str(&block.tail);
    }
    out
}
