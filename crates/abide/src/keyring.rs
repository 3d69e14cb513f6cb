//! The keyring of the system: texts under names, for this user alone.

use anyhow::Result;

/// The service under which entries stand.
const SERVICE: &str = "abide";

/// The text of an entry; `None` if there is none.
///
/// # Errors
/// If the system refuses.
#[cfg(target_os = "linux")]
pub(crate) fn read(name: &str) -> Result<Option<String>> {
    use linux_keyutils::KeyError;

    match user_ring()?.search(&description(name)) {
        Ok(key) => Ok(Some(String::from_utf8(
            key.read_to_vec().map_err(refused)?,
        )?)),
        Err(KeyError::KeyDoesNotExist | KeyError::KeyExpired) => Ok(None),
        Err(error) => Err(refused(error)),
    }
}

/// Makes or replaces an entry.
///
/// # Errors
/// If the system refuses.
#[cfg(target_os = "linux")]
pub(crate) fn write(name: &str, text: &str) -> Result<()> {
    use linux_keyutils::{KeyPermissionsBuilder, Permission};

    let key = user_ring()?
        .add_key(&description(name), text)
        .map_err(refused)?;
    // The kernel lets only those who have the key in their session read it; a job of CI or cron has a
    // session of its own each time.
    let permissions = KeyPermissionsBuilder::builder()
        .posessor(Permission::ALL)
        .user(Permission::ALL)
        .build();
    key.set_perms(permissions).map_err(refused)
}

/// The ring that all sessions of a user share.
#[cfg(target_os = "linux")]
fn user_ring() -> Result<linux_keyutils::KeyRing> {
    let ring = linux_keyutils::KeyRingIdentifier::User;
    linux_keyutils::KeyRing::from_special_id(ring, true).map_err(refused)
}

#[cfg(target_os = "linux")]
fn description(name: &str) -> String {
    format!("{SERVICE}:{name}")
}

#[cfg(target_os = "linux")]
fn refused(error: linux_keyutils::KeyError) -> anyhow::Error {
    anyhow::anyhow!("the kernel's keyring refuses: {error:?}")
}

/// The text of an entry; `None` if there is none.
///
/// # Errors
/// If the system refuses.
#[cfg(not(target_os = "linux"))]
pub(crate) fn read(name: &str) -> Result<Option<String>> {
    match keyring::Entry::new(SERVICE, name)?.get_password() {
        Ok(text) => Ok(Some(text)),
        Err(keyring::Error::NoEntry) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Makes or replaces an entry.
///
/// # Errors
/// If the system refuses.
#[cfg(not(target_os = "linux"))]
pub(crate) fn write(name: &str, text: &str) -> Result<()> {
    Ok(keyring::Entry::new(SERVICE, name)?.set_password(text)?)
}
