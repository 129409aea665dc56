//! Steps on real folders.

use super::*;
use crate::jupyter::locate::search::Source;

const TEXT: &str = "{\n \"argv\": [\n  \"R\"\n ],\n \"display_name\": \"R\",\n \"language\": \"R\"\n}";

fn scene() -> (tempfile::TempDir, Kernel, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("from/ir");
    files::replace_new(&folder.join("kernel.json"), TEXT.as_bytes()).unwrap();
    files::replace_new(&folder.join("logo-64x64.png"), b"\x89PNG").unwrap();
    files::replace_new(&folder.join("static/kernel.js"), b"//").unwrap();
    let kernel = Kernel {
        name: "ir".into(),
        folder,
        source: Source::System,
        shadowed: Vec::new(),
        text: TEXT.into(),
        spec: spec::parse(TEXT),
        allowed: true,
        conda: None,
    };
    let to = root.path().join("to/kernels/ir");
    (root, kernel, to)
}

fn change(vars: &[(String, String)]) -> Change<'_> {
    Change { profile: "me", vars, exec: None, folder: None }
}

fn vars() -> Vec<(String, String)> {
    vec![("BQCRED_PROFILE".into(), "me".into())]
}

fn copied() -> (tempfile::TempDir, Kernel, PathBuf) {
    let (root, kernel, to) = scene();
    install(&kernel, &Place::Copy(to.clone()), &change(&vars()), None).unwrap().apply().unwrap();
    (root, kernel, to)
}

#[test]
fn a_copy_has_everything_and_goes_without_a_trace() {
    let (root, _, to) = copied();
    assert_eq!(files::resources(&to).unwrap(), [Path::new("logo-64x64.png"), Path::new("static/kernel.js")]);
    let Undoing { step, kept, .. } = uninstall(&to.join("kernel.json")).unwrap().unwrap();
    assert!(kept.is_empty());
    step.apply().unwrap();
    assert!(!to.exists());
    assert!(root.path().join("from/ir/kernel.json").exists());
}

#[test]
fn a_copy_that_somebody_edited_stays_without_our_part() {
    for file in ["kernel.json", "logo-64x64.png", "notes.txt"] {
        let (_root, _, to) = copied();
        let path = to.join(file);
        let old = files::read(&path, 9999).unwrap_or_default();
        let new =
            String::from_utf8_lossy(&old).replace("\"display_name\": \"R\"", "\"display_name\": \"Mine\"");
        files::replace(&path, format!("{new} ").as_bytes()).unwrap();
        let Undoing { step, .. } = uninstall(&to.join("kernel.json")).unwrap().unwrap();
        step.apply().unwrap();
        let text = read(&to.join("kernel.json")).unwrap();
        assert!(!text.contains("bqcred"), "{file}");
        assert!(uninstall(&to.join("kernel.json")).unwrap().is_none());
    }
}

#[test]
fn a_patch_is_undone_to_the_byte_and_nothing_to_do_writes_nothing() {
    let (_root, mut kernel, _) = scene();
    let file = kernel.folder.join("kernel.json");
    let place = Place::Patch(file.clone());
    install(&kernel, &place, &change(&vars()), None).unwrap().apply().unwrap();
    kernel.text = read(&file).unwrap();
    assert_eq!(install(&kernel, &place, &change(&vars()), None).unwrap(), Step::Nothing(file.clone()));
    uninstall(&file).unwrap().unwrap().step.apply().unwrap();
    assert_eq!(read(&file).unwrap(), TEXT);
}

#[test]
fn a_file_that_changed_meanwhile_is_not_overwritten() {
    let (_root, kernel, _) = scene();
    let file = kernel.folder.join("kernel.json");
    let step = install(&kernel, &Place::Patch(file.clone()), &change(&vars()), None).unwrap();
    files::replace(&file, b"{\"argv\": [\"other\"]}").unwrap();
    assert!(step.apply().is_err());
    assert_eq!(read(&file).unwrap(), "{\"argv\": [\"other\"]}");
}

#[test]
fn a_copy_never_replaces_a_kernel() {
    let (_root, kernel, to) = copied();
    assert!(install(&kernel, &Place::Copy(to), &change(&vars()), None).unwrap().apply().is_err());
}
