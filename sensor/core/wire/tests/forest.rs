//! Forests: scores worked out by hand, and bytes from a stranger. `tests/detectors/anomaly/test_compiled.py` holds them
//! against scikit-learn's.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

use wire::forest::Forest;

type Node = (u32, u32, u16, u8, f64);

/// Features, c(n), and trees of nodes: left, right, feature, what is no number goes left, threshold or path length.
fn bytes(features: u16, usual: f64, trees: &[&[Node]]) -> Vec<u8> {
    let mut bytes = b"OTUSTREE".to_vec();
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(features.to_le_bytes());
    bytes.extend(usual.to_le_bytes());
    bytes.extend((trees.len() as u32).to_le_bytes());
    for tree in trees {
        bytes.extend((tree.len() as u32).to_le_bytes());
        for (left, right, feature, unknown, number) in *tree {
            bytes.extend(left.to_le_bytes());
            bytes.extend(right.to_le_bytes());
            bytes.extend(feature.to_le_bytes());
            bytes.push(*unknown);
            bytes.extend(number.to_le_bytes());
        }
    }
    bytes
}

const fn leaf(length: f64) -> Node {
    (0, 0, 0, 0, length)
}

/// By the first feature at 0.1, what is more by the second at -2.
const TWO_SPLITS: &[Node] = &[(1, 2, 0, 1, 0.1), leaf(1.0), (3, 4, 1, 0, -2.0), leaf(2.0), leaf(3.0)];
const ONE_LEAF: &[Node] = &[leaf(0.0)];

fn forest() -> Vec<u8> {
    bytes(2, 4.0, &[TWO_SPLITS, ONE_LEAF])
}

fn scores(values: &[f64]) -> Vec<f64> {
    Forest::read(&forest()).unwrap().score(values).unwrap()
}

#[test]
fn a_score_is_two_to_minus_the_mean_path_over_the_usual_one() {
    let lengths = [1.0_f64, 2.0, 3.0];
    let [near, middle, far] = lengths.map(|length| (-length / (2.0 * 4.0)).exp2());
    assert_eq!(scores(&[0.0, 0.0, 1.0, -2.0, 1.0, -1.9]), [near, middle, far]);
    // 0.1 as a single is more than 0.1 as a double, and values are singles: it goes right.
    assert_eq!(scores(&[0.1, -3.0]), [middle]);
    assert_eq!(scores(&[]), [0.0; 0]);
}

#[test]
fn what_is_no_number_goes_where_the_tree_says_and_infinities_compare() {
    let lengths = [1.0_f64, 2.0, 3.0];
    let [near, middle, far] = lengths.map(|length| (-length / 8.0).exp2());
    assert_eq!(scores(&[f64::NAN, 0.0, 1.0, f64::NAN]), [near, far]);
    assert_eq!(scores(&[f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY, 9.0]), [middle, near]);
    assert_eq!(scores(&[1e300, 1e300]), [far]); // too large for a single
}

#[test]
fn rows_do_not_depend_on_their_neighbours() {
    let rows: Vec<f64> = (0..2 * 1001).map(|place| f64::from(place % 17) - 8.0).collect();
    let together = scores(&rows);
    let alone: Vec<f64> = rows.chunks(2).flat_map(scores).collect();
    assert_eq!(together, alone);
    let mut one_unknown = rows.clone();
    one_unknown[600] = f64::NAN;
    let found = scores(&one_unknown);
    assert!(together.iter().zip(&found).enumerate().all(|(row, (a, b))| a == b || row == 300));
}

#[test]
fn trees_of_one_row_say_nothing() {
    let forest = Forest::read(&bytes(1, 0.0, &[ONE_LEAF])).unwrap();
    assert_eq!(forest.score(&[1.0, f64::NAN]).unwrap(), [0.5, 0.5]);
    assert_eq!((forest.width(), forest.trees()), (1, 1));
}

#[test]
fn values_that_are_no_whole_rows_are_refused() {
    let said = Forest::read(&forest()).unwrap().score(&[1.0; 3]).unwrap_err();
    assert_eq!(said, "3 values are no rows of 2");
}

#[test]
fn what_makes_no_sense_is_refused_with_one_line() {
    let split = |left, right, feature, number| (left, right, feature, 0, number);
    let two = |root: Node| bytes(2, 4.0, &[&[root, leaf(1.0), leaf(1.0)]]);
    let chain: Vec<Node> =
        (0..40).flat_map(|place| [split(2 * place + 1, 2 * place + 2, 0, 0.0), leaf(1.0)]).chain([leaf(1.0)]).collect();
    let many: Vec<Node> = vec![leaf(1.0); (1 << 15) + 1];
    let cases: &[(Vec<u8>, &str)] = &[
        (b"OTUSBASE".to_vec(), "not a compiled forest"),
        (b"OTUSTREE\x02\x00".to_vec(), "has format 2, this version reads 1"),
        (b"OTUSTREE\x01".to_vec(), "is cut off"),
        (bytes(0, 4.0, &[ONE_LEAF]), "a number of features"),
        (bytes(257, 4.0, &[ONE_LEAF]), "a number of features"),
        (bytes(2, f64::NAN, &[ONE_LEAF]), "a path length"),
        (bytes(2, 4.0, &[]), "a number of trees"),
        (bytes(2, 4.0, &vec![ONE_LEAF; 4097]), "a number of trees"),
        (bytes(2, 4.0, &[&[]]), "a number of nodes"),
        (bytes(2, 4.0, &[&many]), "a number of nodes"),
        (bytes(2, 4.0, &[&[leaf(-1.0)]]), "a path length"),
        (bytes(2, 4.0, &[&[leaf(f64::INFINITY)]]), "a path length"),
        (bytes(2, 4.0, &[&[(0, 0, 1, 0, 1.0)]]), "a leaf that asks"),
        (two((1, 2, 0, 2, 1.0)), "neither left nor right"),
        (two(split(1, 2, 2, 1.0)), "a feature that is not there"),
        (two(split(1, 2, 0, f64::NAN)), "a threshold that is no number"),
        (two(split(1, 2, 0, f64::NEG_INFINITY)), "a threshold that is no number"),
        (two(split(1, 3, 0, 1.0)), "a child that does not stand behind"),
        (two(split(0, 2, 0, 1.0)), "a child that does not stand behind"),
        (two(split(1, 1, 0, 1.0)), "a child that does not stand behind"),
        (bytes(2, 4.0, &[&[leaf(1.0), leaf(1.0)]]), "a node without a parent"),
        (
            bytes(2, 4.0, &[&[split(1, 2, 0, 1.0), split(2, 3, 0, 1.0), leaf(1.0), leaf(1.0)]]),
            "a node with two parents",
        ),
        (bytes(2, 4.0, &[&chain]), "deeper than any"),
        ([forest(), vec![0]].concat(), "1 bytes follow its end"),
    ];
    for (bytes, words) in cases {
        let said = Forest::read(bytes).unwrap_err();
        assert!(said.contains(words) && !said.contains('\n'), "{words}: {said}");
    }
}

#[test]
fn a_part_of_a_forest_is_none() {
    let whole = forest();
    for length in 0..whole.len() {
        assert!(Forest::read(&whole[..length]).is_err(), "{length} bytes");
    }
}

/// Whatever is read can be walked.
fn walked(bytes: &[u8]) {
    if let Ok(forest) = Forest::read(bytes) {
        let rows = [0.0, -1.0, 1.0, f64::NAN, f64::INFINITY].repeat(forest.width() * 9);
        let scores = forest.score(&rows).unwrap();
        assert_eq!(scores.len(), 45);
        assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)), "{scores:?}");
    }
}

#[test]
fn changed_bytes_are_refused_or_walked() {
    let whole = forest();
    for place in 0..whole.len() {
        for value in 0..=255 {
            let mut changed = whole.clone();
            changed[place] = value;
            walked(&changed);
        }
    }
}

#[test]
fn random_bytes_are_refused_or_walked() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..20_000 {
        // Small numbers, so that some get past the first checks.
        let nodes: Vec<Node> = (0..1 + random() % 7)
            .map(|_| {
                let two_in_three = |number: u64| if number.is_multiple_of(3) { 0 } else { number };
                let (left, right) = (two_in_three(random() % 8) as u32, two_in_three(random() % 8) as u32);
                (left, right, (random() % 3) as u16, (random() % 3) as u8, (random() % 5) as f64)
            })
            .collect();
        walked(&bytes(2, 1.0, &[&nodes, ONE_LEAF]));
        let noise: Vec<u8> = (0..random() % 80).map(|_| random() as u8).collect();
        walked(&noise);
        walked(&[&forest()[..22], noise.as_slice()].concat());
    }
}
