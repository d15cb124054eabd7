use clap::Args;
use uuid::Uuid;

use crate::auth::Role;

/// The single sign-on of a newsroom, an OpenID Connect provider.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Single sign-on")]
pub struct OidcSettings {
    /// The provider's issuer, exactly as its discovery document and its tokens name it. Without it, only keys are taken.
    #[arg(long = "oidc-issuer", env = "ONRECORD_OIDC_ISSUER", id = "oidc-issuer")]
    pub issuer: Option<String>,

    /// The audience of tokens that are for OnRecord; for ID tokens this is the client's id at the provider.
    #[arg(long = "oidc-audience", env = "ONRECORD_OIDC_AUDIENCE", id = "oidc-audience")]
    pub audience: Option<String>,

    /// The claim with a user's groups: a name, or a JSON Pointer such as /realm_access/roles. Its value is a string or
    /// a list of strings.
    #[arg(
        long = "oidc-role-claim",
        env = "ONRECORD_OIDC_ROLE_CLAIM",
        id = "oidc-role-claim",
        default_value = "groups"
    )]
    pub role_claim: String,

    /// The role that each group gives, as fact-check-editors=editor,fact-checkers=checker. The highest counts; who is in
    /// none of them is refused.
    #[arg(
        long = "oidc-roles",
        env = "ONRECORD_OIDC_ROLES",
        id = "oidc-roles",
        value_delimiter = ',',
        value_parser = group_role
    )]
    pub roles: Vec<GroupRole>,

    /// The id of the newsroom whose members the users are [default: the only one].
    #[arg(long = "oidc-newsroom", env = "ONRECORD_OIDC_NEWSROOM", id = "oidc-newsroom")]
    pub newsroom: Option<Uuid>,

    /// Seconds after which the provider's keys are asked for again. Keys that it has withdrawn are taken until then.
    #[arg(
        long = "oidc-keys-seconds",
        env = "ONRECORD_OIDC_KEYS_SECONDS",
        id = "oidc-keys-seconds",
        default_value_t = 600
    )]
    pub keys_seconds: u64,

    /// Seconds between two requests for keys, at least, whatever keys tokens name: nobody can make OnRecord flood the
    /// provider. A new key may take as long to be known.
    #[arg(
        long = "oidc-retry-seconds",
        env = "ONRECORD_OIDC_RETRY_SECONDS",
        id = "oidc-retry-seconds",
        default_value_t = 30
    )]
    pub retry_seconds: u64,
}

/// What a group gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRole {
    /// The group, as the provider names it.
    pub group: String,
    /// Its members' role.
    pub role: Role,
}

/// Reads `group=role`.
fn group_role(text: &str) -> Result<GroupRole, String> {
    // The last one: names of groups may have some of their own.
    let (group, role) = text.rsplit_once('=').ok_or_else(|| format!("{text} is not written as group=role"))?;
    let roles = [Role::Reader, Role::Checker, Role::Editor, Role::Admin];
    let role = roles.into_iter().find(|one| one.as_str() == role.trim());
    let role = role.ok_or_else(|| format!("{text}: the role must be reader, checker, editor or admin"))?;
    Ok(GroupRole { group: group.trim().to_owned(), role })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_may_have_any_name() {
        let read = |text| group_role(text).map(|one| (one.group, one.role));
        assert_eq!(read("desk=editor"), Ok(("desk".into(), Role::Editor)));
        assert_eq!(read(" cn=desk = admin"), Ok(("cn=desk".into(), Role::Admin)));
        assert!(read("desk").is_err() && read("desk=owner").is_err());
    }
}
