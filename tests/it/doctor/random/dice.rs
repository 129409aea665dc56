//! Random choices from a seed, and a list of what they were.

/// SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>): small, and the same everywhere.
pub struct Dice {
    state: u64,
    /// What was chosen, for messages.
    pub drawn: Vec<String>,
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice { state: seed, drawn: Vec::new() }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// True in this many of a hundred cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    /// One of these.
    pub fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.next() % choices.len() as u64).unwrap()].clone()
    }

    /// One of these, each as often as its number says; its name is written down.
    pub fn weighted<T: Copy>(&mut self, choices: &[(u64, &str, T)]) -> T {
        let mut at = self.next() % choices.iter().map(|(weight, ..)| weight).sum::<u64>();
        for (weight, name, choice) in choices {
            if at < *weight {
                self.say(*name);
                return *choice;
            }
            at -= weight;
        }
        unreachable!()
    }

    /// Writes down what was chosen.
    pub fn say(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !what.is_empty() {
            self.drawn.push(what);
        }
    }
}
