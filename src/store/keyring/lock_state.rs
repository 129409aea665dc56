//! Whether the keyring is locked. The `keyring` crate doesn't tell: it waits until it is unlocked.

/// Whether the default keyring is locked, asked on a connection of its own; `None` if that fails. Waits without
/// limit. (freedesktop's secret-service specification)
#[cfg(target_os = "linux")]
pub(super) fn is_locked() -> Option<bool> {
    use zbus::zvariant::{OwnedObjectPath, OwnedValue};
    const SERVICE: Option<&str> = Some("org.freedesktop.secrets");

    let bus = zbus::blocking::Connection::session().ok()?;
    let root = ("/org/freedesktop/secrets", Some("org.freedesktop.Secret.Service"));
    let alias = bus.call_method(SERVICE, root.0, root.1, "ReadAlias", &"default").ok()?;
    let collection: OwnedObjectPath = alias.body().deserialize().ok()?;
    let property = ("org.freedesktop.Secret.Collection", "Locked");
    let properties = Some("org.freedesktop.DBus.Properties");
    let locked = bus.call_method(SERVICE, &collection, properties, "Get", &property).ok()?;
    locked.body().deserialize::<OwnedValue>().ok()?.try_into().ok()
}

/// Other systems don't need to be asked: their calls return an error.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_locked() -> Option<bool> {
    None
}
