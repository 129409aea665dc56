//! Random surroundings: variables, places of files, settings of gcloud and R, a VM.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use super::super::environments::{ADC, IBIS, PANDAS_GBQ, PYDATA};
use super::super::scene::{ADA, BOB, NOBODY, Scene};
use super::dice::Dice;
use super::file;
use crate::common::Endpoint;
use crate::double::{CLIENT_ID, Script};

const WELL_KNOWN: &str = "application_default_credentials.json";

/// Sets up everything.
pub fn arrange(dice: &mut Dice, scene: &mut Scene) {
    scene.work_in("home/work");
    vm(dice, scene);
    gcloud(dice, scene);
    adc(dice, scene);
    for path in [PYDATA, PANDAS_GBQ, IBIS] {
        if dice.chance(22) {
            dice.say(format!("a cache at {path}"));
            let content = file::cache(dice, scene);
            scene.file(path, content);
        }
    }
    projects(dice, scene);
    r(dice, scene);
    google(dice, scene);
}

fn vm(dice: &mut Dice, scene: &mut Scene) {
    if dice.chance(50) {
        dice.say("a VM");
        scene.vm();
    }
    let (name, value) = dice.weighted(&[
        (60, "", ("", "")),
        (8, "NO_GCE_CHECK=true", ("NO_GCE_CHECK", "true")),
        (4, "NO_GCE_CHECK=True", ("NO_GCE_CHECK", "True")),
        (3, "NO_GCE_CHECK=", ("NO_GCE_CHECK", "")),
        (8, "GCE_METADATA_URL=nobody", ("GCE_METADATA_URL", NOBODY)),
        (4, "GCE_METADATA_URL is the guard", ("GCE_METADATA_URL", "255.255.255.255")),
        (3, "GCE_METADATA_MTLS_MODE=strict", ("GCE_METADATA_MTLS_MODE", "strict")),
        (2, "GCE_METADATA_MTLS_MODE=Default", ("GCE_METADATA_MTLS_MODE", "Default")),
        (2, "GCE_METADATA_MTLS_MODE=on", ("GCE_METADATA_MTLS_MODE", "on")),
        (3, "METADATA_SERVER_DETECTION=none", ("METADATA_SERVER_DETECTION", "none")),
        (3, "a client certificate is wanted", ("GOOGLE_API_USE_CLIENT_CERTIFICATE", "true")),
    ]);
    if !name.is_empty() {
        scene.set(name, value);
    }
}

fn gcloud(dice: &mut Dice, scene: &mut Scene) {
    let folder = dice.weighted(&[
        (70, "", ".config/gcloud"),
        (15, "CLOUDSDK_CONFIG is a folder", "elsewhere"),
        (7, "CLOUDSDK_CONFIG is empty", ""),
        (8, "CLOUDSDK_CONFIG is relative", "work/relative"),
        (3, "CLOUDSDK_CONFIG begins with ~", "by-tilde"),
    ]);
    match folder {
        "elsewhere" => drop(scene.set("CLOUDSDK_CONFIG", scene.sandbox.path("home/elsewhere"))),
        "" => drop(scene.set("CLOUDSDK_CONFIG", "")),
        "by-tilde" => drop(scene.set("CLOUDSDK_CONFIG", "~/by-tilde")),
        "work/relative" => drop(scene.set("CLOUDSDK_CONFIG", "relative")),
        _ => {}
    }
    let folder = if folder.is_empty() { ".config/gcloud" } else { folder };
    if dice.chance(35) {
        dice.say("gcloud's own file");
        let content = file::content(dice, scene);
        scene.file(&format!("{folder}/{WELL_KNOWN}"), content);
    }
    if dice.chance(15) {
        dice.say("configurations of gcloud");
        let text = "[core]\nproject = from-gcloud\n";
        scene.file(&format!("{folder}/configurations/config_default"), text);
        scene.file(&format!("{folder}/configurations/config_work"), "[core]\nproject = from-work\n");
        scene.file(&format!("{folder}/active_config"), dice.pick(&["default", "work", "none", ""]));
        if dice.chance(30) {
            scene.set("CLOUDSDK_ACTIVE_CONFIG_NAME", "work");
        }
        if dice.chance(30) {
            scene.set("CLOUDSDK_CORE_PROJECT", "from-variable");
        }
    }
}

/// The variable, and what it names.
fn adc(dice: &mut Dice, scene: &mut Scene) {
    let how = dice.weighted(&[
        (30, "the variable is not set", 0),
        (5, "it is empty", 1),
        (40, "it names a file", 2),
        (5, "it names a file from here", 3),
        (5, "it names a file by ~", 4),
        (4, "it names nothing", 5),
        (3, "it names a folder", 6),
        (4, "it names a link", 7),
        (2, "it names a link to nothing", 8),
        (3, "it is gcloud's own path", 9),
        (2, "it names a file of mode 0000", 10),
    ]);
    let at = |scene: &Scene, name: &str| scene.sandbox.path(&format!("home/{name}"));
    let value: PathBuf = match how {
        0 => return,
        1 => PathBuf::new(),
        5 => "/nowhere/adc.json".into(),
        6 => at(scene, "work"),
        8 => {
            symlink("/nowhere/adc.json", at(scene, "link.json")).unwrap();
            at(scene, "link.json")
        }
        9 => at(scene, &format!(".config/gcloud/{WELL_KNOWN}")),
        _ => {
            let content = file::content(dice, scene);
            let path = scene.file("work/adc.json", content);
            match how {
                3 => "adc.json".into(),
                4 => "~/work/adc.json".into(),
                7 => {
                    symlink(&path, at(scene, "link.json")).unwrap();
                    at(scene, "link.json")
                }
                10 => {
                    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
                    path
                }
                _ => path,
            }
        }
    };
    scene.set(ADC, value);
}

fn projects(dice: &mut Dice, scene: &mut Scene) {
    for (name, percent) in
        [("GOOGLE_CLOUD_PROJECT", 40), ("GCLOUD_PROJECT", 10), ("GOOGLE_CLOUD_QUOTA_PROJECT", 10)]
    {
        if dice.chance(percent) {
            let value = dice.pick(&["p1", "p1", "analytics-dev", ""]);
            dice.say(format!("{name}={value}"));
            scene.set(name, value);
        }
    }
}

/// R's start-up files. Where there are some, R itself has to be started, which takes a second.
fn r(dice: &mut Dice, scene: &mut Scene) {
    let names = [ADC, "GCE_METADATA_URL", "CLOUDSDK_CONFIG"];
    let bob = scene.file("bob.json", scene.user(BOB).to_string());
    let bob = bob.to_str().unwrap();
    if dice.chance(12) {
        let name = dice.pick(&names);
        let value = dice.pick(&[
            "",
            "\"\"",
            bob,
            "${HOME}/bob.json",
            "'~/bob.json'",
            "${NOTHING}",
            "${HOME-x}/b\\ob.json",
            NOBODY,
        ]);
        let place = dice.pick(&[".Renviron", "work/.Renviron"]);
        dice.say(format!("{place}: {name}={value}"));
        scene.file(place, format!("# mine\n{name}={value}\n"));
    }
    if dice.chance(8) {
        let name = dice.pick(&names);
        let line = dice.pick(&[
            format!("Sys.setenv({name} = \"{bob}\")"),
            format!("Sys.setenv('{name}' = '/nowhere')"),
            format!("Sys.unsetenv(\"{name}\")"),
            format!("# Sys.unsetenv(\"{name}\")"),
        ]);
        let place = dice.pick(&[".Rprofile", "work/.Rprofile"]);
        dice.say(format!("{place}: {line}"));
        scene.file(place, format!("options(digits = 5)\n{line}\n"));
    }
    if dice.chance(3) {
        let name = dice.pick(&["R_ENVIRON_USER", "R_PROFILE_USER"]);
        let value = dice.pick(&["", "~/.Renviron", "~/.Rprofile"]);
        dice.say(format!("{name}={value}"));
        scene.set(name, value);
    }
}

/// What Google says of the credentials.
fn google(dice: &mut Dice, scene: &mut Scene) {
    let google = &scene.google;
    match dice.weighted(&[
        (76, "", 0),
        (6, "ada's grant is revoked", 1),
        (4, "bob's grant is revoked", 2),
        (4, "ada has to sign in again", 3),
        (3, "the client was deleted", 4),
        (2, "Google has a problem", 5),
        (3, "a captive portal", 6),
        (2, "the organisation forbids the client", 7),
    ]) {
        1 => google.revoke_grant(ADA),
        2 => google.revoke_grant(BOB),
        3 => google.require_reauth(ADA),
        4 => google.refuse_client(CLIENT_ID, "deleted_client"),
        5 => google.script_always(Endpoint::Token, Script::Status(503)),
        6 => google.script_always(Endpoint::Token, Script::Html200),
        7 => google.refuse_client(CLIENT_ID, "admin_policy_enforced"),
        _ => {}
    }
}
