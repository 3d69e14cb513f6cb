//! What the parts of pages mean, for those who have them read out.

use krilla::geom::Rect;
use krilla::tagging::{BBox, Identifier, TagGroup, TagKind, TagTree};

/// A node of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(usize);

/// Content of a node on one page, drawn in one or more goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(usize);

enum Child {
    Node(NodeId),
    Content(Slot),
}

struct Node {
    tag: Option<TagKind>,
    children: Vec<Child>,
}

/// The nodes; [`Tree::ROOT`] holds them all.
pub(super) struct Tree {
    nodes: Vec<Node>,
    slots: Vec<Vec<Identifier>>,
    places: Vec<(NodeId, usize, Rect)>,
}

impl Tree {
    pub(super) const ROOT: NodeId = NodeId(0);

    pub(super) fn new() -> Self {
        Self {
            nodes: vec![Node {
                tag: None,
                children: Vec::new(),
            }],
            slots: Vec::new(),
            places: Vec::new(),
        }
    }

    /// Where a figure is; pages of the body are counted from its first.
    pub(super) fn place(&mut self, node: NodeId, page: usize, place: Rect) {
        self.places.push((node, page, place));
    }

    pub(super) fn node(&mut self, parent: NodeId, tag: impl Into<TagKind>) -> NodeId {
        let id = NodeId(self.nodes.len());
        self.nodes.push(Node {
            tag: Some(tag.into()),
            children: Vec::new(),
        });
        self.child(parent, Child::Node(id));
        id
    }

    /// Puts the last child of the root first: what was laid out last is read first.
    pub(super) fn last_is_first(&mut self) {
        if let Some(root) = self.nodes.first_mut() {
            root.children.rotate_right(1);
        }
    }

    pub(super) fn slot(&mut self, node: NodeId) -> Slot {
        let slot = Slot(self.slots.len());
        self.slots.push(Vec::new());
        self.child(node, Child::Content(slot));
        slot
    }

    fn child(&mut self, parent: NodeId, child: Child) {
        if let Some(parent) = self.nodes.get_mut(parent.0) {
            parent.children.push(child);
        }
    }

    /// What was drawn for a slot.
    pub(super) fn fill(&mut self, slot: Slot, drawn: Identifier) {
        if let Some(slot) = self.slots.get_mut(slot.0) {
            slot.push(drawn);
        }
    }

    /// The tree, of a body with `front` pages before it.
    pub(super) fn finish(mut self, front: usize) -> TagTree {
        for (node, page, place) in std::mem::take(&mut self.places) {
            let tag = self
                .nodes
                .get_mut(node.0)
                .and_then(|node| node.tag.as_mut());
            if let Some(TagKind::Figure(figure)) = tag {
                figure.set_bbox(Some(BBox::new(front + page, place)));
            }
        }
        let mut tree = TagTree::new().with_lang(Some("en".to_owned()));
        for child in self.children(Self::ROOT) {
            tree.push(child);
        }
        tree
    }

    fn children(&mut self, id: NodeId) -> Vec<krilla::tagging::Node> {
        let Some(node) = self.nodes.get_mut(id.0) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        for child in std::mem::take(&mut node.children) {
            match child {
                Child::Node(id) => {
                    let tag = self.nodes.get_mut(id.0).and_then(|node| node.tag.take());
                    if let Some(tag) = tag {
                        let children = self.children(id);
                        out.push(TagGroup::with_children(tag, children).into());
                    }
                }
                Child::Content(slot) => {
                    let drawn = self.slots.get_mut(slot.0).map(std::mem::take);
                    out.extend(drawn.into_iter().flatten().map(Into::into));
                }
            }
        }
        out
    }
}
