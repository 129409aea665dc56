//! Values that a shell could misread, for the tests of this module.

use proptest::prelude::*;

/// Characters that are special to some shell or parser, and a few that are not.
const COMMON: &str = " \t\n\r'\"`$\\!*?[]{}~#;&|<>()%^-=:,.+@/x0aé\u{2019}\u{85}\u{1f600}";

/// Values that broke some encoding, here or elsewhere.
const KNOWN: &[&str] = &[
    "",
    " ",
    "  ",
    " lead",
    "trail ",
    "a  b",
    "a   b    c",
    "   ",
    "\n",
    "\n\n",
    "a\nb",
    "a\n",
    "a\n\n",
    "\ta\t\tb\t",
    "\r\n",
    "-",
    "-n",
    "-e",
    "-en",
    "--",
    "--help",
    "-v",
    "=",
    "=ls",
    "==ls",
    "==",
    "a=b",
    "~",
    "~/x",
    "~root/x",
    "a:~/b",
    "*",
    "/data/*/x.json",
    "?",
    "[a-z]",
    "[!a]*",
    "{a,b}",
    "{1..3}",
    "@(a|b)",
    "+(x)",
    "**/x",
    "!(x)",
    "!!",
    "!$",
    "!x",
    "a!b",
    "\"!\"",
    "^a^b",
    "$HOME",
    "${HOME}",
    "$$",
    "$(touch PWNED)",
    "`touch PWNED`",
    "';touch PWNED;'",
    "\";touch PWNED;\"",
    ";touch PWNED;",
    "&touch PWNED&",
    "|touch PWNED",
    "\ntouch PWNED\n",
    "#touch PWNED",
    "x # y",
    "(touch PWNED)",
    "<(touch PWNED)",
    "'",
    "''",
    "'''",
    "\"",
    "\"\"",
    "\\",
    "\\\\",
    "a\\",
    "\\'",
    "\\\"",
    "\\n",
    "\\c",
    "\\0",
    "\\x41",
    "\\101",
    "%",
    "%s",
    "%%",
    "%n",
    "%d%s",
    "100%",
    "%PATH%",
    "a,b",
    "127.0.0.1:9",
    "a\\ b",
    "x0",
    "é0",
    "\u{2019}7",
    "\u{2018}quoted\u{2019}",
    "\u{201c}x\u{201d}",
    "Ünï cödé",
    "日本語/パス",
    "\u{1f600}",
    "\u{feff}bom",
    "a\u{a0}b",
    "a\u{2028}b",
    "\u{7f}",
    "\u{1b}[31m",
    "\u{1}",
    "export A='b';",
    "C:\\Users\\Ada Smith\\adc.json",
    "/home/ada@example.com/x y/adc.json",
    "/Users/Ada Lovelace/Library/Application Support/bqcred/default/adc.json",
];

/// Text in which the characters that matter are common.
pub(super) fn text() -> impl Strategy<Value = String> {
    let common = prop::sample::select(COMMON.chars().collect::<Vec<_>>());
    prop::collection::vec(prop_oneof![4 => common, 1 => any::<char>()], 0..24)
        .prop_map(|chars| chars.into_iter().filter(|c| *c != '\0').collect())
}

/// As many values as a variable may hold, always the same ones: the known ones, every byte alone, in a
/// path and doubled, and then mixtures; one in eight holds bytes that are not UTF-8.
pub(super) fn values(count: usize) -> Vec<Vec<u8>> {
    let mut values: Vec<Vec<u8>> = KNOWN.iter().map(|known| known.as_bytes().to_vec()).collect();
    for byte in 1..=255 {
        values.push(vec![byte]);
        values.push([b"/data/a".as_slice(), &[byte, byte], b"b/".as_slice(), &[byte]].concat());
    }
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let common: Vec<char> = COMMON.chars().collect();
    while values.len() < count {
        let mut value = String::new();
        for _ in 0..random.below(20) {
            value.push(common[random.below(common.len())]);
        }
        let mut value = value.into_bytes();
        if random.below(8) == 0 {
            for _ in 0..=random.below(6) {
                let byte = u8::try_from(1 + random.below(255)).unwrap();
                value.insert(random.below(value.len() + 1), byte);
            }
        }
        values.push(value);
    }
    values
}

/// The values that are text.
pub(super) fn texts(count: usize) -> Vec<String> {
    values(count).into_iter().filter_map(|value| String::from_utf8(value).ok()).collect()
}

/// Names of files, in a folder where commands run: what the values would match if they were taken for
/// patterns, and what would then be run.
pub(super) fn decoys(variables: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = texts(400)
        .into_iter()
        .filter(|name| {
            !name.is_empty() && name.len() < 200 && !name.contains('/') && name != "." && name != ".."
        })
        .collect();
    for variable in variables {
        names.push(format!("{variable}='x';touch PWNED;'';"));
        names.push(format!("{variable}=';touch PWNED;';"));
        names.push(format!("'$(touch PWNED)';{variable}"));
    }
    names.sort();
    names.dedup();
    names
}

/// Marsaglia's xorshift: the same values in every run and on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }
}
