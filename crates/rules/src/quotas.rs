//! Cognito's quotas of requests: the categories, and how many requests a second each has. D: the developer guide's page
//! on quotas, with the default numbers of 2026. UserFederation is not here, because no operation is in it. Which one an
//! operation is in stands in its row (`endpoints`).

/// Operations that share a number of requests. The names are AWS's, but for the last few: identity pools have a
/// quota for each operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Sign-ins and refreshes.
    UserAuthentication,
    /// Answers to challenges: [`ANSWERS_PER_SIGN_IN`], and what is beyond counts as sign-ins.
    ChallengeResponses,
    /// Sign-ups and their confirmations.
    UserCreation,
    /// New passwords.
    UserAccountRecovery,
    /// Reading a user.
    UserRead,
    /// Changing a user.
    UserUpdate,
    /// Revoking tokens.
    UserToken,
    /// Reading what belongs to a user.
    UserResourceRead,
    /// Changing what belongs to a user.
    UserResourceUpdate,
    /// Lists of users.
    UserList,
    /// Reading pools.
    UserPoolRead,
    /// Changing pools.
    UserPoolUpdate,
    /// Reading what belongs to a pool.
    UserPoolResourceRead,
    /// Changing what belongs to a pool.
    UserPoolResourceUpdate,
    /// Reading clients.
    UserPoolClientRead,
    /// Changing clients.
    UserPoolClientUpdate,
    /// Tokens for machines.
    ClientAuthentication,
    /// GetId of identity pools.
    GetId,
    /// GetOpenIdToken of identity pools.
    GetOpenIdToken,
    /// GetCredentialsForIdentity of identity pools.
    GetCredentialsForIdentity,
    /// GetOpenIdTokenForDeveloperIdentity of identity pools.
    GetOpenIdTokenForDeveloperIdentity,
    /// ListIdentities of identity pools.
    ListIdentities,
    /// DeleteIdentities of identity pools.
    DeleteIdentities,
    /// TagResource of identity pools.
    IdentityPoolTagResource,
    /// UntagResource of identity pools.
    IdentityPoolUntagResource,
    /// ListTagsForResource of identity pools.
    IdentityPoolListTagsForResource,
}

use Category::*;

/// How many answers to challenges go with a sign-in, however many of these there may be.
pub const ANSWERS_PER_SIGN_IN: u32 = 3;
/// Each operation of the categories that [`Category::is_also_per_pool`] names may be called so often in a second for
/// one pool.
pub const PER_POOL_AND_OPERATION: u32 = 5;

impl Category {
    /// All categories with their names and AWS's default numbers of requests per second.
    pub const ALL: [(Category, &'static str, u32); 26] = [
        (UserAuthentication, "UserAuthentication", 120),
        (ChallengeResponses, "ChallengeResponses", ANSWERS_PER_SIGN_IN * 120),
        (UserCreation, "UserCreation", 50),
        (UserAccountRecovery, "UserAccountRecovery", 30),
        (UserRead, "UserRead", 120),
        (UserUpdate, "UserUpdate", 25),
        (UserToken, "UserToken", 120),
        (UserResourceRead, "UserResourceRead", 50),
        (UserResourceUpdate, "UserResourceUpdate", 25),
        (UserList, "UserList", 30),
        (UserPoolRead, "UserPoolRead", 15),
        (UserPoolUpdate, "UserPoolUpdate", 15),
        (UserPoolResourceRead, "UserPoolResourceRead", 20),
        (UserPoolResourceUpdate, "UserPoolResourceUpdate", 15),
        (UserPoolClientRead, "UserPoolClientRead", 15),
        (UserPoolClientUpdate, "UserPoolClientUpdate", 15),
        (ClientAuthentication, "ClientAuthentication", 150),
        (GetId, "GetId", 25),
        (GetOpenIdToken, "GetOpenIdToken", 200),
        (GetCredentialsForIdentity, "GetCredentialsForIdentity", 200),
        (GetOpenIdTokenForDeveloperIdentity, "GetOpenIdTokenForDeveloperIdentity", 50),
        (ListIdentities, "ListIdentities", 5),
        (DeleteIdentities, "DeleteIdentities", 10),
        (IdentityPoolTagResource, "IdentityPoolTagResource", 5),
        (IdentityPoolUntagResource, "IdentityPoolUntagResource", 5),
        (IdentityPoolListTagsForResource, "IdentityPoolListTagsForResource", 10),
    ];

    /// The category of that name.
    pub fn from_name(name: &str) -> Option<Category> {
        Category::ALL.iter().find(|(_, known, _)| *known == name).map(|(category, ..)| *category)
    }

    /// AWS's name.
    pub fn name(self) -> &'static str {
        Category::ALL.iter().find(|(category, ..)| *category == self).map_or("", |(_, name, _)| name)
    }

    /// Which category counts what is beyond this one's number.
    pub fn overflow(self) -> Option<Category> {
        (self == ChallengeResponses).then_some(UserAuthentication)
    }

    /// Whether each operation of the category has a number for each pool too.
    pub fn is_also_per_pool(self) -> bool {
        matches!(
            self,
            UserPoolResourceRead | UserPoolResourceUpdate | UserPoolClientRead | UserPoolClientUpdate
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_has_its_own_name() {
        for (category, name, _) in Category::ALL {
            assert_eq!(Category::from_name(name), Some(category));
            assert_eq!(category.name(), name);
        }
        assert_eq!(Category::from_name("userRead"), None);
    }
}
