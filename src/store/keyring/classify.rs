//! Which [`Failure`] an error of the `keyring` crate is. It boxes the errors of the Secret Service's client, which are
//! downcast here; those that come over D-Bus are told apart by their names.

use super::failure::Failure;

impl From<keyring_core::Error> for Failure {
    fn from(error: keyring_core::Error) -> Failure {
        Failure::of(&error)
    }
}

impl Failure {
    /// The failure behind this error.
    pub(super) fn of(error: &keyring_core::Error) -> Failure {
        match error {
            keyring_core::Error::TooLong(_, limit) => Failure::TooLarge(*limit),
            keyring_core::Error::Ambiguous(items) => Failure::Several(items.len()),
            keyring_core::Error::PlatformFailure(inner) | keyring_core::Error::NoStorageAccess(inner) => {
                of_platform(inner.as_ref()).unwrap_or_else(|| Failure::Other(inner.to_string()))
            }
            // these hold the item's content, which is secret
            keyring_core::Error::BadEncoding(_) | keyring_core::Error::BadDataFormat(..) => {
                Failure::Other("its answer is invalid".to_owned())
            }
            other => Failure::Other(other.to_string()),
        }
    }
}

#[cfg(target_os = "linux")]
fn of_platform(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<Failure> {
    use secret_service::Error;
    match error.downcast_ref::<Error>()? {
        Error::Locked => Some(Failure::Locked),
        Error::NoResult => Some(Failure::NoCollection),
        // a prompt that finds no display closes itself
        Error::Prompt if !crate::system::terminal::has_display() => Some(Failure::Locked),
        Error::Prompt => Some(Failure::Dismissed),
        Error::PromptDisconnected => Some(Failure::Gone),
        Error::Unavailable => Some(Failure::NoBus),
        Error::Zbus(error) => dbus::of(error),
        Error::ZbusFdo(error) => dbus::of_fdo(error),
        _ => None,
    }
}

/// Other systems' errors are shown as they are.
#[cfg(not(target_os = "linux"))]
fn of_platform(_error: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<Failure> {
    None
}

#[cfg(target_os = "linux")]
mod dbus {
    use std::io::{self, ErrorKind};

    use zbus::{DBusError, Error, fdo};

    use super::Failure;

    pub(super) fn of(error: &Error) -> Option<Failure> {
        match error {
            Error::MethodError(name, ..) => named(name),
            Error::FDO(error) => of_fdo(error),
            Error::InputOutput(error) => Some(of_io(error)),
            Error::Connection(error, _) if error.kind() == ErrorKind::PermissionDenied => {
                Some(Failure::Denied)
            }
            Error::Connection(..) | Error::Address(_) | Error::Handshake(_) => Some(Failure::NoBus),
            _ => None,
        }
    }

    pub(super) fn of_fdo(error: &fdo::Error) -> Option<Failure> {
        match error {
            fdo::Error::ZBus(error) => of(error),
            other => named(&other.name()),
        }
    }

    fn of_io(error: &io::Error) -> Failure {
        match error.kind() {
            ErrorKind::PermissionDenied => Failure::Denied,
            ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof => Failure::Gone,
            _ => Failure::NoBus,
        }
    }

    /// D-Bus specification, "Standard errors" of its reference implementation; freedesktop's secret-service
    /// specification, "Errors".
    pub(super) fn named(name: &str) -> Option<Failure> {
        match name {
            "org.freedesktop.Secret.Error.IsLocked" => return Some(Failure::Locked),
            // it was started anew since the connection was made
            "org.freedesktop.Secret.Error.NoSession" => return Some(Failure::Gone),
            "org.freedesktop.Secret.Error.NoSuchObject" => return Some(Failure::ItemGone),
            _ => {}
        }
        match name.strip_prefix("org.freedesktop.DBus.Error.")? {
            "AccessDenied" => Some(Failure::Denied),
            "ServiceUnknown" | "NameHasNoOwner" => Some(Failure::NoService),
            start if start.starts_with("Spawn.") => Some(Failure::NoService),
            "NoReply" | "Disconnected" => Some(Failure::Gone),
            // gnome-keyring answers so for an item that another process removed after it was found
            "UnknownMethod" | "UnknownObject" => Some(Failure::ItemGone),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    fn of_service(error: secret_service::Error) -> Failure {
        Failure::of(&keyring_core::Error::PlatformFailure(Box::new(error)))
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn errors_of_the_service_and_of_dbus_are_told_apart() {
        use std::io::{Error, ErrorKind};
        use zbus::fdo;
        assert_eq!(of_service(secret_service::Error::Locked), Failure::Locked);
        assert_eq!(of_service(secret_service::Error::NoResult), Failure::NoCollection);
        assert_eq!(of_service(secret_service::Error::Unavailable), Failure::NoBus);
        for (error, failure) in [
            (fdo::Error::ServiceUnknown("x".to_owned()), Failure::NoService),
            (fdo::Error::SpawnChildExited("x".to_owned()), Failure::NoService),
            (fdo::Error::AccessDenied("x".to_owned()), Failure::Denied),
            (fdo::Error::NoReply("x".to_owned()), Failure::Gone),
            (fdo::Error::ZBus(zbus::Error::Handshake("x".to_owned())), Failure::NoBus),
        ] {
            assert_eq!(of_service(error.clone().into()), failure, "{error}");
            assert_eq!(of_service(zbus::Error::from(error.clone()).into()), failure, "{error}");
        }
        for (kind, failure) in [
            (ErrorKind::BrokenPipe, Failure::Gone),
            (ErrorKind::PermissionDenied, Failure::Denied),
            (ErrorKind::NotFound, Failure::NoBus),
        ] {
            assert_eq!(of_service(zbus::Error::from(Error::from(kind)).into()), failure, "{kind}");
        }
        assert_eq!(dbus::named("org.freedesktop.Secret.Error.IsLocked"), Some(Failure::Locked));
        assert_eq!(dbus::named("org.example.Error.AccessDenied"), None);
    }

    #[test]
    fn an_unknown_error_is_shown_and_an_items_content_is_not() {
        let failure = Failure::of(&keyring_core::Error::PlatformFailure("AccessDenied or so".into()));
        assert_eq!(failure, Failure::Other("AccessDenied or so".to_owned()));
        let failure = Failure::of(&keyring_core::Error::BadEncoding(b"secret".to_vec()));
        assert_eq!(failure, Failure::Other("its answer is invalid".to_owned()));
    }
}
