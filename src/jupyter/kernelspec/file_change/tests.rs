//! Changes of real folders.

use super::*;

const TEXT: &str = "{\n \"argv\": [\n  \"R\"\n ],\n \"display_name\": \"R\",\n \"language\": \"R\"\n}";

/// A kernelspec folder with resources, and a place for a copy of it.
struct Scene {
    _root: tempfile::TempDir,
    original: PathBuf,
    copy: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let original = root.path().join("from/ir");
        files::replace_new(&original.join("kernel.json"), TEXT.as_bytes()).unwrap();
        files::replace_new(&original.join("logo-64x64.png"), b"\x89PNG").unwrap();
        files::replace_new(&original.join("static/kernel.js"), b"//").unwrap();
        let copy = root.path().join("to/kernels/ir");
        Scene { _root: root, original, copy }
    }

    fn with_copy() -> Self {
        let scene = Scene::new();
        scene.plan_copy().apply().unwrap();
        scene
    }

    fn plan_copy(&self) -> FileChange {
        copy(&self.original, TEXT, &self.copy, &assignment(&vars()), None).unwrap()
    }
}

fn assignment(vars: &[(String, String)]) -> Assignment<'_> {
    Assignment { profile: "me", vars, exec: None, folder: None }
}

fn vars() -> Vec<(String, String)> {
    vec![("BQCRED_PROFILE".into(), "me".into())]
}

fn read(file: &Path) -> String {
    spec::read_file(file).unwrap()
}

#[test]
fn a_copy_has_all_resources_and_is_removed_as_a_whole() {
    let scene = Scene::with_copy();
    let resources = files::resources(&scene.copy).unwrap();
    assert_eq!(resources, [Path::new("logo-64x64.png"), Path::new("static/kernel.js")]);
    let plan = restore(&scene.copy.join("kernel.json")).unwrap().unwrap();
    assert!(plan.kept.is_empty());
    plan.change.apply().unwrap();
    assert!(!scene.copy.exists());
    assert!(scene.original.join("kernel.json").exists());
}

#[test]
fn a_changed_copy_stays_without_bqcreds_part() {
    for file in ["kernel.json", "logo-64x64.png", "notes.txt"] {
        let scene = Scene::with_copy();
        let path = scene.copy.join(file);
        let old = files::read(&path, 9999).unwrap_or_default();
        let new =
            String::from_utf8_lossy(&old).replace("\"display_name\": \"R\"", "\"display_name\": \"Mine\"");
        files::replace(&path, format!("{new} ").as_bytes()).unwrap();
        let plan = restore(&scene.copy.join("kernel.json")).unwrap().unwrap();
        assert_eq!(plan.kept_copy.as_ref(), Some(&scene.copy), "{file}");
        plan.change.apply().unwrap();
        assert!(!read(&scene.copy.join("kernel.json")).contains("bqcred"), "{file}");
        assert!(restore(&scene.copy.join("kernel.json")).unwrap().is_none());
    }
}

#[test]
fn a_patch_is_undone_to_the_byte_and_a_second_one_writes_nothing() {
    let scene = Scene::new();
    let file = scene.original.join("kernel.json");
    patch(&file, TEXT, &assignment(&vars())).unwrap().apply().unwrap();
    let again = patch(&file, &read(&file), &assignment(&vars())).unwrap();
    assert_eq!(again, FileChange::Unchanged(file.clone()));
    restore(&file).unwrap().unwrap().change.apply().unwrap();
    assert_eq!(read(&file), TEXT);
}

#[test]
fn a_file_that_changed_after_planning_is_not_overwritten() {
    let scene = Scene::new();
    let file = scene.original.join("kernel.json");
    let change = patch(&file, TEXT, &assignment(&vars())).unwrap();
    files::replace(&file, b"{\"argv\": [\"other\"]}").unwrap();
    assert!(change.apply().is_err());
    assert_eq!(read(&file), "{\"argv\": [\"other\"]}");
}

#[test]
fn a_copy_never_replaces_a_kernel() {
    let scene = Scene::with_copy();
    assert!(scene.plan_copy().apply().is_err());
}
