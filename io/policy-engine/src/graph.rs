//! Who leads to whom, among rules or functions: circles, and the longest way.

use std::collections::BTreeSet;

/// Nodes by number, each with those that it leads to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph(Vec<BTreeSet<usize>>);

/// How far the search has come with a node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Not,
    /// It is on the way that is being gone.
    OnTheWay,
    Done,
}

impl Graph {
    /// So many nodes, none of which leads anywhere.
    pub(crate) fn new(nodes: usize) -> Graph {
        Graph(vec![BTreeSet::new(); nodes])
    }

    /// `from` leads to `to`. What is no node is passed over.
    pub(crate) fn lead(&mut self, from: usize, to: usize) {
        let is_node = to < self.0.len();
        if let (true, Some(all)) = (is_node, self.0.get_mut(from)) {
            all.insert(to);
        }
    }

    /// Nodes on the longest way.
    ///
    /// # Errors
    /// A circle: its nodes in order, the first one again at the end.
    pub(crate) fn longest(&self) -> Result<usize, Vec<usize>> {
        let mut seen = vec![Seen::Not; self.0.len()];
        let mut length = vec![1; self.0.len()];
        for start in 0..self.0.len() {
            self.search(start, &mut seen, &mut length)?;
        }
        Ok(length.into_iter().max().unwrap_or(0))
    }

    /// Goes all ways from `start`, without recursion.
    fn search(&self, start: usize, seen: &mut [Seen], length: &mut [usize]) -> Result<(), Vec<usize>> {
        let mut way: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut next = (seen.get(start) == Some(&Seen::Not)).then_some(start);
        loop {
            if let Some(node) = next.take() {
                set(seen, node, Seen::OnTheWay);
                way.push((node, self.0.get(node).into_iter().flatten().copied().collect()));
            }
            let Some((node, rest)) = way.last_mut() else { return Ok(()) };
            let node = *node;
            match rest.pop() {
                None => {
                    way.pop();
                    set(seen, node, Seen::Done);
                    let behind = self.0.get(node).into_iter().flatten().filter_map(|to| length.get(*to)).max();
                    let all = behind.copied().unwrap_or(0) + 1;
                    set(length, node, all);
                }
                Some(to) => match seen.get(to) {
                    Some(Seen::Not) => next = Some(to),
                    Some(Seen::OnTheWay) => {
                        let circle = way.iter().map(|(node, _)| *node).skip_while(|node| *node != to);
                        return Err(circle.chain([to]).collect());
                    }
                    _ => {}
                },
            }
        }
    }
}

fn set<T>(all: &mut [T], at: usize, to: T) {
    if let Some(one) = all.get_mut(at) {
        *one = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(nodes: usize, edges: &[(usize, usize)]) -> Graph {
        let mut graph = Graph::new(nodes);
        edges.iter().for_each(|(from, to)| graph.lead(*from, *to));
        graph
    }

    #[test]
    fn circles_are_told_in_order() {
        assert_eq!(of(3, &[(0, 1), (1, 2), (2, 1)]).longest(), Err(vec![1, 2, 1]));
        assert_eq!(of(1, &[(0, 0)]).longest(), Err(vec![0, 0]));
        assert_eq!(of(0, &[]).longest(), Ok(0));
    }

    #[test]
    fn a_long_way_does_not_take_the_stack() {
        let edges: Vec<(usize, usize)> = (0..200_000).map(|at| (at, at + 1)).collect();
        assert_eq!(of(200_001, &edges).longest(), Ok(200_001));
    }

    proptest! {
        /// Edges upwards only have no circle; against the length by going all ways.
        #[test]
        fn the_longest_way_is_found(edges in prop::collection::vec((0usize..9, 0usize..9), 0..30)) {
            let edges: Vec<(usize, usize)> = edges.into_iter().filter(|(from, to)| from < to).collect();
            fn length(edges: &[(usize, usize)], from: usize) -> usize {
                1 + edges.iter().filter(|edge| edge.0 == from).map(|edge| length(edges, edge.1)).max().unwrap_or(0)
            }
            let longest = (0..9).map(|from| length(&edges, from)).max().unwrap_or(0);
            prop_assert_eq!(of(9, &edges).longest(), Ok(longest));
        }

        #[test]
        fn a_circle_is_one(edges in prop::collection::vec((0usize..6, 0usize..6), 0..30)) {
            let graph = of(6, &edges);
            if let Err(circle) = graph.longest() {
                prop_assert!(circle.len() > 1 && circle.first() == circle.last());
                for pair in circle.windows(2) {
                    prop_assert!(edges.contains(&(pair[0], pair[1])));
                }
            } else {
                prop_assert!(edges.iter().all(|(from, to)| from != to));
            }
        }
    }
}
