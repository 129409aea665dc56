//! Files without secrets that are links: dotfiles in a repository, an organisation's client in a Kubernetes volume.

use std::os::unix::fs::symlink;
use std::path::Path;

use super::{CLIENT, imported};
use crate::common::{Sandbox, mode, set_mode, skipped};

fn is_link(path: &Path) -> bool {
    path.symlink_metadata().unwrap().is_symlink()
}

#[test]
fn settings_in_a_dotfiles_repository_are_read_and_changed_there() {
    let sandbox = imported();
    let target = sandbox.write("home/dotfiles/bqcred/config.json", r#"{"profile": "default"}"#);
    set_mode(&target, 0o644);
    let link = sandbox.config().join("config.json");
    std::fs::create_dir_all(sandbox.config()).unwrap();
    symlink("../../dotfiles/bqcred/config.json", &link).unwrap();
    sandbox.bqcred(&["env", "--shell", "bash"]).success();
    std::fs::write(&target, r#"{"profile": "default", "port": 8085}"#).unwrap();
    sandbox.bqcred(&["use", "default"]).success();
    let kept: serde_json::Value = serde_json::from_slice(&std::fs::read(&target).unwrap()).unwrap();
    assert_eq!((kept["profile"].as_str(), kept["port"].as_u64()), (Some("default"), Some(8085)));
    assert!(is_link(&link), "the link stays");
    assert_eq!(mode(&target), 0o644, "the mode is the repository's");
    set_mode(&target, 0o666);
    sandbox.bqcred(&["env", "--shell", "bash"]).code(6).says("config.json").says("`chmod 600");
}

#[test]
fn the_whole_configuration_folder_may_be_a_link() {
    let sandbox = imported();
    let file = sandbox.write("client_secret.json", CLIENT);
    std::fs::create_dir_all(sandbox.path("home/dotfiles/bqcred")).unwrap();
    std::fs::create_dir_all(sandbox.config().parent().unwrap()).unwrap();
    symlink("../dotfiles/bqcred", sandbox.config()).unwrap();
    sandbox.bqcred(&["use", "default"]).success();
    sandbox.bqcred(&["client", "set", file.to_str().unwrap()]).success();
    sandbox.bqcred(&["client", "show"]).success();
    assert!(is_link(&sandbox.config()));
    for name in ["config.json", "client.json"] {
        assert!(sandbox.path("home/dotfiles/bqcred").join(name).is_file(), "{name}");
    }
}

#[test]
fn settings_whose_link_leads_nowhere_are_an_error() {
    // without them, another profile could be used than the one that they name
    let sandbox = imported();
    std::fs::create_dir_all(sandbox.config()).unwrap();
    symlink("../../dotfiles/config.json", sandbox.config().join("config.json")).unwrap();
    for words in [&["env", "--shell", "bash"][..], &["use", "default"]] {
        sandbox.bqcred(words).code(6).says("config.json: is a link to ").says("which does not exist");
    }
}

#[test]
fn clients_may_be_links_as_kubernetes_and_nixos_make_them() {
    for place in ["etc/bqcred", "home/.config/bqcred"] {
        let sandbox = Sandbox::new();
        let target = sandbox.write(&format!("{place}/..2026/client.json"), CLIENT);
        for readable in [0o644, 0o444, 0o640] {
            set_mode(&target, readable);
            let _ = std::fs::remove_file(sandbox.path(place).join("..data"));
            let _ = std::fs::remove_file(sandbox.path(place).join("client.json"));
            symlink("..2026", sandbox.path(place).join("..data")).unwrap();
            symlink("..data/client.json", sandbox.path(place).join("client.json")).unwrap();
            sandbox.bqcred(&["client", "show"]).success();
            sandbox.bqcred(&["login", "--start"]).success();
        }
        set_mode(&target, 0o664);
        sandbox.bqcred(&["client", "show"]).fails(6).says("lets others change it");
    }
}

#[test]
fn secrets_and_records_are_not_read_through_links() {
    for name in ["adc.json", "profile.json"] {
        let sandbox = imported();
        let path = sandbox.data("default").join(name);
        let target = sandbox.path("home").join(name);
        std::fs::rename(&path, &target).unwrap();
        symlink(&target, &path).unwrap();
        sandbox.bqcred(&["env", "--shell", "bash"]).code(6).says("is a symbolic link");
    }
}

#[test]
fn a_link_on_the_way_that_another_user_made_is_refused() {
    if !rustix::process::geteuid().is_root() {
        skipped("only root can make another user's link");
        return;
    }
    let sandbox = imported();
    sandbox.write("home/.config/bqcred/..2026/config.json", "{}");
    let at = |name: &str| sandbox.config().join(name);
    symlink("..2026", at("..data")).unwrap();
    symlink("..data/config.json", at("config.json")).unwrap();
    sandbox.bqcred(&["env", "--shell", "bash"]).success();
    std::os::unix::fs::lchown(at("..data"), Some(65_534), None).unwrap();
    sandbox.bqcred(&["env", "--shell", "bash"]).code(6).says("belongs to another user (uid 65534)");
    sandbox.bqcred(&["use", "default"]).fails(6).says("belongs to another user (uid 65534)");
}

#[test]
fn a_dangling_cache_folder_is_named_as_what_it_is() {
    let sandbox = imported();
    symlink("/nowhere/at/all", sandbox.home().join(".cache")).unwrap();
    std::fs::remove_dir_all(sandbox.home().join(".local")).unwrap();
    symlink("/nowhere/at/all", sandbox.home().join(".local")).unwrap();
    super::import(&sandbox)
        .run()
        .fails(6)
        .says(".local: is a link to /nowhere/at/all, which does not exist")
        .says("`mkdir -p '/nowhere/at/all'`");
}
