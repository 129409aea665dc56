//! ARCHITECTURE.md's map of `src/`: it is complete, imports go downwards only, and only commands talk to people.

use std::path::{Path, PathBuf};

/// What may call `ui::` below the commands; each says why in its own words.
const TALKING: [&str; 4] = ["output/", "lib.rs", "login/terminal.rs", "store/keyring/service.rs"];

fn source_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { source_files(&path) } else { vec![path] }).collect()
}

/// The folder or file at the top of `src/` that a path belongs to, without its ending.
fn top(path: &str) -> &str {
    path.split(['/', '.']).next().unwrap()
}

#[test]
fn imports_go_downwards_and_only_commands_talk() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let order = map.split("```order\n").nth(1).unwrap().split("```").next().unwrap();
    let order: Vec<&str> = order.split_whitespace().filter(|word| *word != "<").collect();
    let rank = |name: &str| {
        order.iter().position(|known| *known == name).unwrap_or_else(|| panic!("{name} has no place"))
    };
    assert!(std::fs::read_dir(root.join("src")).unwrap().count() <= 17, "the top of src/ is to stay a map");
    for file in source_files(&root.join("src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let path = file.strip_prefix(root.join("src")).unwrap().to_str().unwrap();
        let own = rank(top(path));
        for import in text.split("crate::").skip(1) {
            let name: String = import.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            assert!(rank(&name) <= own, "{path} imports {name}, which stands above it");
        }
        let talks = text.lines().any(|line| {
            ["ui::tell", "ui::note", "ui::show", "ui::fail"].iter().any(|call| line.contains(call))
        });
        assert!(
            !talks || path.starts_with("commands/") || TALKING.iter().any(|known| path.starts_with(known)),
            "{path} talks to people: return `Notes`"
        );
    }
}
