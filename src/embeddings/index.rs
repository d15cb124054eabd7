//! The vectors in memory, and which of them lie nearest.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use simsimd::SpatialSimilarity;
use uuid::Uuid;

/// How near a record's passages are: cosines.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cosines {
    /// A claim's text, a statement's quote.
    pub first: Option<f32>,
    /// A claim's context, a statement's translation.
    pub second: Option<f32>,
}

/// All vectors of one model.
#[derive(Debug, Default)]
pub struct Index {
    /// The model's name at the service.
    pub model: String,
    parts: [Part; 2],
}

/// The vectors of one part, one behind the other, so that they are read as fast as memory allows.
#[derive(Debug, Default)]
struct Part {
    vectors: Vec<i8>,
    lengths: Vec<f32>,
    records: Vec<Uuid>,
    places: HashMap<Uuid, u32>,
}

impl Index {
    /// Without vectors.
    pub fn of(model: &str) -> Self {
        Self { model: model.to_owned(), ..Self::default() }
    }

    /// Puts a record's vector in place of an earlier one; none removes it.
    pub fn put(&mut self, record: Uuid, second: bool, vector: Option<&[i8]>) {
        let part = &mut self.parts[usize::from(second)];
        part.remove(record);
        if let Some(vector) = vector {
            part.add(record, vector);
        }
    }

    /// How many vectors there are.
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| part.records.len()).sum()
    }

    /// The records whose text, or whose context, lies nearest: up to `most` by each, the nearest first, by turns: where many have the same
    /// context, it hides no text.
    pub fn nearest(&self, query: &[i8], most: usize) -> Vec<Uuid> {
        let ranked = |part: &Part| part.nearest(query, most).into_iter().enumerate();
        let mut found: Vec<(usize, Uuid)> = self.parts.iter().flat_map(ranked).collect();
        found.sort_by_key(|(rank, _)| *rank);
        let mut seen = HashSet::new();
        found.into_iter().map(|(_, record)| record).filter(|record| seen.insert(*record)).collect()
    }

    /// How near these records are.
    pub fn cosines(&self, query: &[i8], record: Uuid) -> Cosines {
        let length = length(query);
        let cosine = |part: &Part| {
            let place = *part.places.get(&record)? as usize;
            Some(part.dot(query, place)? / length)
        };
        Cosines { first: cosine(&self.parts[0]), second: cosine(&self.parts[1]) }
    }
}

impl Part {
    fn add(&mut self, record: Uuid, vector: &[i8]) {
        let Ok(place) = u32::try_from(self.records.len()) else { return };
        self.places.insert(record, place);
        self.records.push(record);
        self.lengths.push(length(vector));
        self.vectors.extend_from_slice(vector);
    }

    /// The last one takes the place of the one that goes.
    fn remove(&mut self, record: Uuid) {
        let Some(place) = self.places.remove(&record) else { return };
        let (place, last) = (place as usize, self.records.len() - 1);
        let dimensions = self.vectors.len() / self.records.len();
        self.vectors.copy_within(last * dimensions.., place * dimensions);
        self.vectors.truncate(last * dimensions);
        self.lengths.swap_remove(place);
        self.records.swap_remove(place);
        if let (Some(moved), Ok(place)) = (self.records.get(place), u32::try_from(place)) {
            self.places.insert(*moved, place);
        }
    }

    /// The product with a vector over that one's length.
    fn dot(&self, query: &[i8], place: usize) -> Option<f32> {
        let start = place * query.len();
        #[expect(clippy::cast_possible_truncation, reason = "a cosine")]
        let product = i8::dot(query, self.vectors.get(start..start + query.len())?)? as f32;
        Some(product / self.lengths[place])
    }

    /// The nearest first.
    fn nearest(&self, query: &[i8], most: usize) -> Vec<Uuid> {
        let mut heap = BinaryHeap::with_capacity(most + 1);
        let mut least = f32::MIN;
        for place in 0..self.records.len() {
            let Some(near) = self.dot(query, place) else { break };
            if near > least || heap.len() < most {
                heap.push(Reverse(Near(near, place)));
                if heap.len() > most {
                    heap.pop();
                }
                least = heap.peek().map_or(f32::MIN, |lowest| lowest.0.0);
            }
        }
        heap.into_sorted_vec().into_iter().map(|near| self.records[near.0.1]).collect()
    }
}

/// How near the vector at a place is, in order.
#[derive(PartialEq)]
struct Near(f32, usize);

impl Eq for Near {}

impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Near {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

fn length(vector: &[i8]) -> f32 {
    let squares: i32 = vector.iter().map(|number| i32::from(*number).pow(2)).sum();
    #[expect(clippy::cast_precision_loss, reason = "a length")]
    let squares = squares as f32;
    squares.sqrt().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_come_go_and_are_found() {
        let mut index = Index::of("one");
        let records: Vec<Uuid> = (0..50).map(Uuid::from_u128).collect();
        let vector =
            |n: usize| -> Vec<i8> { (0..8).map(|d| if d == n % 8 { 100 } else { i8::try_from(n).unwrap() }).collect() };
        for (n, record) in records.iter().enumerate() {
            index.put(*record, false, Some(&vector(n)));
        }
        assert_eq!((index.len(), index.nearest(&vector(0), 1)), (50, vec![records[0]]));
        assert!((index.cosines(&vector(3), records[3]).first.unwrap() - 1.0).abs() < 1e-4);
        for record in records.iter().step_by(2) {
            index.put(*record, false, None);
        }
        index.put(records[1], false, Some(&vector(8)));
        index.put(records[1], true, Some(&vector(7)));
        assert_eq!(index.nearest(&vector(8), 1), [records[1]], "nearest by both parts");
        // Many with a context that is nearer hide no text.
        index.put(records[1], false, Some(&vector(16)));
        for record in &records[10..40] {
            index.put(*record, true, Some(&vector(8)));
        }
        let texts = index.nearest(&vector(8), 30).into_iter().take(2).collect::<Vec<_>>();
        assert!(texts.contains(&records[1]), "{texts:?}");
        for record in &records[10..40] {
            index.put(*record, true, None);
        }
        assert_eq!(index.cosines(&vector(0), records[0]), Cosines::default());
        for n in (3..50).step_by(2) {
            assert!((index.cosines(&vector(n), records[n]).first.unwrap() - 1.0).abs() < 1e-4, "{n}");
        }
        assert_eq!(index.len(), 26);
        for record in &records {
            index.put(*record, false, None);
        }
        assert_eq!(index.nearest(&vector(0), 5), [records[1]]);
        assert!(Index::of("one").nearest(&vector(0), 5).is_empty());
    }
}
