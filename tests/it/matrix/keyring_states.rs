//! The states of the matrix that need a keyring.

use super::states::State;
use super::world::{ADA, BOB, Leniency, Place, World};
use crate::double::CLIENT_ID;

pub static KEYRING_STATES: &[State] = &[
    State { name: "keyring", make: ada },
    State { name: "keyring, session file", make: with_session },
    State {
        name: "keyring, session file stale",
        make: || {
            let world = with_session()?;
            let session = session_file(&world)?;
            let old = std::fs::read(&session).unwrap();
            world.login(ADA, &["--project", "p1"]);
            world.put(&session, old);
            Some(world)
        },
    },
    State {
        name: "keyring, session file of another folder",
        make: || {
            let mut world = with_session()?;
            let other =
                tempfile::Builder::new().prefix("bqcred-test-run-").tempdir_in("/dev/shm").ok()?.keep();
            world.env.push(("XDG_RUNTIME_DIR".to_owned(), other.to_str().unwrap().to_owned()));
            Some(world)
        },
    },
    State {
        name: "keyring, revoked",
        make: || {
            let world = ada()?;
            world.google.revoke_grant(ADA);
            Some(world)
        },
    },
    State {
        name: "keyring, item missing",
        make: || {
            let world = ada()?;
            for user in items(&world) {
                clear(&world, &user);
            }
            Some(world)
        },
    },
    State {
        name: "keyring, item damaged",
        make: || {
            let world = ada()?;
            for user in items(&world) {
                world.keyring()?.put_as(&user, &[], "{\"type\": ");
            }
            Some(world)
        },
    },
    State {
        name: "keyring, sibling in a file",
        make: || {
            let world = ada()?;
            world.login(ADA, &["--profile", "work", "--store", "file"]);
            Some(world)
        },
    },
    State {
        name: "keyring, item of another home",
        make: || {
            let world = ada()?;
            world.keyring()?.put_as("default", &[], &world.credential(BOB, CLIENT_ID));
            Some(world)
        },
    },
    State {
        name: "file, keyring beside",
        make: || {
            let world = World::with_keyring()?;
            world.login(ADA, &["--project", "p1"]);
            Some(world)
        },
    },
    State {
        name: "keyring, login as bob killed before profile.json",
        make: || {
            let world = ada()?;
            let known = world.profile_json("default");
            let old = std::fs::read(&known).unwrap();
            world.login(BOB, &["--project", "p1"]);
            world.put(&known.with_extension("json.next"), std::fs::read(&known).unwrap());
            world.put(&known, old);
            Some(world)
        },
    },
    State {
        name: "keyring, login as bob killed before the item",
        make: || {
            let world = ada()?;
            let known = world.profile_json("default");
            let old = std::fs::read(&known).unwrap();
            let before = super::facts::Facts::items_of(&world);
            world.login(BOB, &["--project", "p1"]);
            world.put(&known.with_extension("json.next"), std::fs::read(&known).unwrap());
            world.put(&known, old);
            for (user, content) in before {
                world.keyring()?.put_as(&user, &[], &content);
            }
            Some(world)
        },
    },
    State { name: "keyring locked", make: || shut(ada()?, |world| world.keyring().unwrap().lock()) },
    State { name: "keyring mute", make: || shut(ada()?, |world| world.keyring().unwrap().freeze()) },
    State {
        name: "keyring gone",
        make: || {
            let mut world = ada()?;
            if let Place::WithKeyring(keyring) = &mut world.place {
                keyring.kill_service();
            }
            world.keyring_opens = false;
            Some(world)
        },
    },
    State {
        name: "keyring without a bus",
        make: || {
            let mut world = ada()?;
            world.env.push(("DBUS_SESSION_BUS_ADDRESS".to_owned(), "unix:path=/nowhere".to_owned()));
            Some(world)
        },
    },
];

fn ada() -> Option<World> {
    let world = World::with_keyring()?;
    world.login(ADA, &["--store", "keyring", "--project", "p1"]);
    world.bqcred(&["token"]).run().success();
    Some(world)
}

fn with_session() -> Option<World> {
    let world = ada()?;
    world.bqcred(&["env", "--shell", "sh"]).run().success();
    Some(world)
}

fn session_file(world: &World) -> Option<std::path::PathBuf> {
    let files = std::fs::read_dir(world.sandbox().runtime().join("bqcred")).ok()?;
    files.map(|entry| entry.unwrap().path()).find(|path| path.extension().is_some_and(|end| end == "json"))
}

fn items(world: &World) -> Vec<String> {
    super::facts::Facts::items_of(world).into_keys().collect()
}

fn clear(world: &World, user: &str) {
    let clear = ["clear", "service", "bqcred", "username", user];
    assert!(world.keyring().unwrap().command("secret-tool").args(clear).status().unwrap().success());
}

/// From now on the keyring doesn't open, so that nothing can be read of it or changed in it.
fn shut(mut world: World, how: impl FnOnce(&World)) -> Option<World> {
    how(&world);
    world.keyring_opens = false;
    world.lenient = Leniency { slow: true, ..Leniency::default() };
    Some(world)
}
