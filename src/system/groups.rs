//! Whether a group is this user's alone.

use std::collections::BTreeSet;

use crate::system::users;

/// root can do anything anyway.
const ROOT: &str = "0";

/// The other accounts that have this group, as their primary group or as members, sorted; `None` if the user database
/// doesn't answer.
pub(crate) fn other_accounts(gid: u32) -> Option<Vec<String>> {
    let me = rustix::process::geteuid().as_raw().to_string();
    let gid = gid.to_string();
    let accounts = users::entries("passwd", None)?;
    let mut groups = users::entries("group", None)?;
    // a directory server may answer for one group and not list all
    groups.extend_from_slice(&users::entries("group", Some(&gid))?);
    Some(others(&String::from_utf8_lossy(&accounts), &String::from_utf8_lossy(&groups), &gid, &me))
}

/// passwd(5): `name:password:uid:gid:...`; group(5): `name:password:gid:member,member`.
fn others(accounts: &str, groups: &str, gid: &str, me: &str) -> Vec<String> {
    let fields = |line| str::split(line, ':').collect::<Vec<_>>();
    let accounts: Vec<Vec<&str>> = accounts.lines().map(fields).collect();
    let harmless = |uid: &str| uid == me || uid == ROOT;
    let by_primary_group = accounts.iter().filter_map(|account| match account.as_slice() {
        [name, _, uid, group, ..] if *group == gid && !harmless(uid) => Some(*name),
        _ => None,
    });
    let harmless_names: BTreeSet<&str> = accounts
        .iter()
        .filter_map(|account| match account.as_slice() {
            [name, _, uid, ..] if harmless(uid) => Some(*name),
            _ => None,
        })
        .collect();
    let members = groups.lines().map(fields).filter_map(|group| match group.as_slice() {
        [_, _, number, members, ..] if *number == gid => Some(*members),
        _ => None,
    });
    let members = members.flat_map(|members| members.split(',')).map(str::trim);
    let members = members.filter(|name| !name.is_empty() && !harmless_names.contains(name));
    by_primary_group.chain(members).map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNTS: &str = "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n\
        ada2:x:1000:7:second name::\nbob:x:1001:50:Bob:/home/bob:/bin/sh\nbroken\n";
    const GROUPS: &str = "ada:x:1000:\nroot:x:0:\nteam:x:60:ada,bob\nmine:x:61:ada,ada2,root\nempty:x:62:\n\
        gone:x:63:carol\nfirst:x:64:\nsecond:x:64:bob\n";

    #[test]
    fn members_and_primary_groups_of_other_accounts_count() {
        let of = |gid: &str| others(ACCOUNTS, GROUPS, gid, "1000");
        for alone in ["1000", "0", "61", "62", "999"] {
            assert!(of(alone).is_empty(), "{alone}: {:?}", of(alone));
        }
        assert_eq!(of("60"), ["bob"]);
        assert_eq!(of("50"), ["bob"], "as the primary group");
        assert_eq!(of("63"), ["carol"], "an account that this machine doesn't list");
        assert_eq!(of("64"), ["bob"], "two names of one group");
        assert_eq!(others(ACCOUNTS, GROUPS, "1000", "1001"), ["ada"]);
    }

    #[test]
    fn a_number_that_no_account_has_is_nobody_elses() {
        assert_eq!(other_accounts(u32::MAX - 7), Some(Vec::new()));
    }
}
