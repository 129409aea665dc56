//! Whether the keyring is locked, asked without the `keyring` crate, which only waits until it is not. The
//! only module that calls `zbus`.

/// Whether the service's default keyring is locked, on a connection of its own; `None` if it can't be asked.
/// Has no time limit. (freedesktop's secret-service specification)
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

/// Elsewhere the system's own calls report it.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_locked() -> Option<bool> {
    None
}
