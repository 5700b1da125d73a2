//! Cognito's quotas of requests: which category an operation is in, and how many requests a second that has.
//! D: the developer guide's page on quotas, with the default numbers of 2026. UserFederation is not here, because no
//! operation is in it.

use spec::{
    cognito_identity,
    cognito_idp::{self, ChallengeNameType},
};

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

/// The category of a request to the user pools API; an answer to NEW_PASSWORD_REQUIRED sets a password.
pub fn of_user_pools(operation: cognito_idp::Operation, challenge: Option<ChallengeNameType>) -> Category {
    match user_pools(operation) {
        ChallengeResponses if challenge == Some(ChallengeNameType::NewPasswordRequired) => {
            UserAccountRecovery
        }
        category => category,
    }
}

/// The category of a request to the identity pools API; most have none.
pub fn of_identity_pools(operation: cognito_identity::Operation) -> Option<Category> {
    use cognito_identity::Operation;
    Some(match operation {
        Operation::GetId => GetId,
        Operation::GetOpenIdToken => GetOpenIdToken,
        Operation::GetCredentialsForIdentity => GetCredentialsForIdentity,
        Operation::GetOpenIdTokenForDeveloperIdentity => GetOpenIdTokenForDeveloperIdentity,
        Operation::ListIdentities => ListIdentities,
        Operation::DeleteIdentities => DeleteIdentities,
        Operation::TagResource => IdentityPoolTagResource,
        Operation::UntagResource => IdentityPoolUntagResource,
        Operation::ListTagsForResource => IdentityPoolListTagsForResource,
        Operation::CreateIdentityPool
        | Operation::DeleteIdentityPool
        | Operation::DescribeIdentity
        | Operation::DescribeIdentityPool
        | Operation::GetIdentityPoolRoles
        | Operation::GetPrincipalTagAttributeMap
        | Operation::ListIdentityPools
        | Operation::LookupDeveloperIdentity
        | Operation::MergeDeveloperIdentities
        | Operation::SetIdentityPoolRoles
        | Operation::SetPrincipalTagAttributeMap
        | Operation::UnlinkDeveloperIdentity
        | Operation::UnlinkIdentity
        | Operation::UpdateIdentityPool => return None,
    })
}

#[rustfmt::skip]
fn user_pools(operation: cognito_idp::Operation) -> Category {
    use cognito_idp::Operation::*;
    match operation {
        AdminInitiateAuth => UserAuthentication,
        GetTokensFromRefreshToken => UserAuthentication,
        InitiateAuth => UserAuthentication,
        AdminRespondToAuthChallenge => ChallengeResponses,
        RespondToAuthChallenge => ChallengeResponses,
        AdminConfirmSignUp => UserCreation,
        AdminCreateUser => UserCreation,
        ConfirmSignUp => UserCreation,
        SignUp => UserCreation,
        AdminResetUserPassword => UserAccountRecovery,
        AdminSetUserPassword => UserAccountRecovery,
        ChangePassword => UserAccountRecovery,
        ConfirmForgotPassword => UserAccountRecovery,
        ForgotPassword => UserAccountRecovery,
        AdminGetUser => UserRead,
        GetUser => UserRead,
        AdminAddUserToGroup => UserUpdate,
        AdminDeleteUser => UserUpdate,
        AdminDeleteUserAttributes => UserUpdate,
        AdminDisableProviderForUser => UserUpdate,
        AdminDisableUser => UserUpdate,
        AdminEnableUser => UserUpdate,
        AdminLinkProviderForUser => UserUpdate,
        AdminRemoveUserFromGroup => UserUpdate,
        AdminUpdateUserAttributes => UserUpdate,
        AdminUserGlobalSignOut => UserUpdate,
        DeleteUser => UserUpdate,
        DeleteUserAttributes => UserUpdate,
        GlobalSignOut => UserUpdate,
        UpdateUserAttributes => UserUpdate,
        VerifyUserAttribute => UserUpdate,
        RevokeToken => UserToken,
        AdminGetDevice => UserResourceRead,
        AdminListDevices => UserResourceRead,
        AdminListGroupsForUser => UserResourceRead,
        AdminListUserAuthEvents => UserResourceRead,
        GetDevice => UserResourceRead,
        GetUserAttributeVerificationCode => UserResourceRead,
        ListDevices => UserResourceRead,
        ResendConfirmationCode => UserResourceRead,
        AdminForgetDevice => UserResourceUpdate,
        AdminSetUserMFAPreference => UserResourceUpdate,
        AdminSetUserSettings => UserResourceUpdate,
        AdminUpdateAuthEventFeedback => UserResourceUpdate,
        AdminUpdateDeviceStatus => UserResourceUpdate,
        AssociateSoftwareToken => UserResourceUpdate,
        ConfirmDevice => UserResourceUpdate,
        ForgetDevice => UserResourceUpdate,
        SetUserMFAPreference => UserResourceUpdate,
        SetUserSettings => UserResourceUpdate,
        UpdateAuthEventFeedback => UserResourceUpdate,
        UpdateDeviceStatus => UserResourceUpdate,
        VerifySoftwareToken => UserResourceUpdate,
        ListUsers => UserList,
        ListUsersInGroup => UserList,
        DescribeUserPool => UserPoolRead,
        ListUserPools => UserPoolRead,
        CreateUserPool => UserPoolUpdate,
        DeleteUserPool => UserPoolUpdate,
        UpdateUserPool => UserPoolUpdate,
        DescribeIdentityProvider => UserPoolResourceRead,
        DescribeManagedLoginBranding => UserPoolResourceRead,
        DescribeManagedLoginBrandingByClient => UserPoolResourceRead,
        DescribeResourceServer => UserPoolResourceRead,
        DescribeRiskConfiguration => UserPoolResourceRead,
        DescribeUserImportJob => UserPoolResourceRead,
        DescribeUserPoolDomain => UserPoolResourceRead,
        GetCSVHeader => UserPoolResourceRead,
        GetGroup => UserPoolResourceRead,
        GetIdentityProviderByIdentifier => UserPoolResourceRead,
        GetSigningCertificate => UserPoolResourceRead,
        GetUICustomization => UserPoolResourceRead,
        GetUserPoolMfaConfig => UserPoolResourceRead,
        ListGroups => UserPoolResourceRead,
        ListIdentityProviders => UserPoolResourceRead,
        ListResourceServers => UserPoolResourceRead,
        ListTagsForResource => UserPoolResourceRead,
        ListUserImportJobs => UserPoolResourceRead,
        AddCustomAttributes => UserPoolResourceUpdate,
        CreateGroup => UserPoolResourceUpdate,
        CreateIdentityProvider => UserPoolResourceUpdate,
        CreateManagedLoginBranding => UserPoolResourceUpdate,
        CreateResourceServer => UserPoolResourceUpdate,
        CreateUserImportJob => UserPoolResourceUpdate,
        CreateUserPoolDomain => UserPoolResourceUpdate,
        DeleteGroup => UserPoolResourceUpdate,
        DeleteIdentityProvider => UserPoolResourceUpdate,
        DeleteManagedLoginBranding => UserPoolResourceUpdate,
        DeleteResourceServer => UserPoolResourceUpdate,
        DeleteUserPoolDomain => UserPoolResourceUpdate,
        SetRiskConfiguration => UserPoolResourceUpdate,
        SetUICustomization => UserPoolResourceUpdate,
        SetUserPoolMfaConfig => UserPoolResourceUpdate,
        StartUserImportJob => UserPoolResourceUpdate,
        StopUserImportJob => UserPoolResourceUpdate,
        TagResource => UserPoolResourceUpdate,
        UntagResource => UserPoolResourceUpdate,
        UpdateGroup => UserPoolResourceUpdate,
        UpdateIdentityProvider => UserPoolResourceUpdate,
        UpdateManagedLoginBranding => UserPoolResourceUpdate,
        UpdateResourceServer => UserPoolResourceUpdate,
        UpdateUserPoolDomain => UserPoolResourceUpdate,
        DescribeUserPoolClient => UserPoolClientRead,
        ListUserPoolClients => UserPoolClientRead,
        CreateUserPoolClient => UserPoolClientUpdate,
        DeleteUserPoolClient => UserPoolClientUpdate,
        UpdateUserPoolClient => UserPoolClientUpdate,
        // The page does not name these yet; they go with their siblings. Unverified
        AdminRevokeUserSession => UserToken,
        GetDerivedToken => UserToken,
        RevokeUserSession => UserToken,
        AdminGetUserAuthFactors => UserResourceRead,
        AdminListUserSessions => UserResourceRead,
        GetUserAuthFactors => UserResourceRead,
        ListUserSessions => UserResourceRead,
        ListWebAuthnCredentials => UserResourceRead,
        AdminDeleteSoftwareToken => UserResourceUpdate,
        CompleteWebAuthnRegistration => UserResourceUpdate,
        DeleteWebAuthnCredential => UserResourceUpdate,
        StartWebAuthnRegistration => UserResourceUpdate,
        GetProvisionedLimit => UserPoolRead,
        ListUserPoolReplicas => UserPoolRead,
        CreateUserPoolReplica => UserPoolUpdate,
        DeleteUserPoolReplica => UserPoolUpdate,
        UpdateProvisionedLimit => UserPoolUpdate,
        UpdateUserPoolReplica => UserPoolUpdate,
        DescribeTerms => UserPoolResourceRead,
        DescribeTermsByClient => UserPoolResourceRead,
        GetLogDeliveryConfiguration => UserPoolResourceRead,
        GetUserPoolSessionConfiguration => UserPoolResourceRead,
        ListTerms => UserPoolResourceRead,
        CreateTerms => UserPoolResourceUpdate,
        DeleteTerms => UserPoolResourceUpdate,
        SetLogDeliveryConfiguration => UserPoolResourceUpdate,
        SetUserPoolSessionConfiguration => UserPoolResourceUpdate,
        UpdateTerms => UserPoolResourceUpdate,
        GetUserPoolClientSessionConfiguration => UserPoolClientRead,
        ListUserPoolClientSecrets => UserPoolClientRead,
        AddUserPoolClientSecret => UserPoolClientUpdate,
        DeleteUserPoolClientSecret => UserPoolClientUpdate,
        SetUserPoolClientSessionConfiguration => UserPoolClientUpdate,
        DescribePointInTimeRecovery => UserPoolRead,
        ListPointInTimeRecoveries => UserPoolRead,
        CancelPointInTimeRecovery => UserPoolUpdate,
        InitiatePointInTimeRecovery => UserPoolUpdate,
        StartPointInTimeRecovery => UserPoolUpdate,
        DescribeCIMDPolicy => UserPoolResourceRead,
        ListCIMDPolicies => UserPoolResourceRead,
        ListClientMetadataURLs => UserPoolResourceRead,
        CreateCIMDPolicy => UserPoolResourceUpdate,
        DeleteCIMDPolicy => UserPoolResourceUpdate,
        UpdateCIMDPolicy => UserPoolResourceUpdate,
        UpdateClientMetadataURLState => UserPoolResourceUpdate,
        GetClientToken => ClientAuthentication,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cognito_idp::Operation;

    #[test]
    fn operations_are_where_the_page_puts_them() {
        use ChallengeNameType::{NewPasswordRequired, SmsMfa};
        for (operation, challenge, expected) in [
            (Operation::InitiateAuth, None, UserAuthentication),
            (Operation::RespondToAuthChallenge, Some(SmsMfa), ChallengeResponses),
            (Operation::RespondToAuthChallenge, Some(NewPasswordRequired), UserAccountRecovery),
            (Operation::AdminRespondToAuthChallenge, Some(NewPasswordRequired), UserAccountRecovery),
            (Operation::AdminConfirmSignUp, None, UserCreation),
            (Operation::ResendConfirmationCode, None, UserResourceRead),
            (Operation::SetUserPoolMfaConfig, None, UserPoolResourceUpdate),
        ] {
            assert_eq!(of_user_pools(operation, challenge), expected, "{operation:?}");
        }
        assert_eq!(of_identity_pools(cognito_identity::Operation::GetId), Some(GetId));
        assert_eq!(of_identity_pools(cognito_identity::Operation::CreateIdentityPool), None);
    }

    #[test]
    fn every_category_has_its_own_name() {
        for (category, name, _) in Category::ALL {
            assert_eq!(Category::from_name(name), Some(category));
            assert_eq!(category.name(), name);
        }
        assert_eq!(Category::from_name("userRead"), None);
    }
}
