//! The table of contents of the user pools API. An operation takes its proof as an argument, so it cannot be
//! listed without its check.

pub mod admin_create_user;
pub mod admin_user_attributes;
mod auth_factors;
pub mod change_password;
mod client_rows;
pub mod client_secrets;
pub mod clients;
pub mod confirmation;
pub mod devices;
pub mod group_members;
pub mod groups;
pub mod list_users;
pub mod mfa_config;
pub mod mfa_preference;
pub mod own_user;
pub mod paging;
pub mod passkeys;
pub mod pools;
pub mod recovery;
pub mod refresh;
pub mod session_config;
pub mod sessions;
pub mod sign_in;
pub mod sign_out;
pub mod sign_up;
pub mod software_token;
pub mod tags;
pub mod user_attributes;
pub mod user_passwords;
pub mod users;

use crate::{
    app::App,
    callers::{
        call::Call,
        runners::{not_built, operator, operator_from, public, public_from, signed_in, signed_in_from},
    },
};
use rules::{Result, fault};
use serde_json::Value;
use spec::cognito_idp::Operation::{self, *};

/// Runs an operation on a request that was decoded and checked against its shape.
pub async fn run(app: &App, call: &Call, operation: Operation, input: Value) -> Result<Value> {
    let result = answer(app, call, operation, input).await;
    result.map_err(|fault| fault::declared(operation.spec().errors, fault))
}

#[rustfmt::skip]
async fn answer(app: &App, call: &Call, operation: Operation, input: Value) -> Result<Value> {
    match operation {
        // User pools
        CreateUserPool => operator(pools::create_user_pool, app, call, input).await,
        DescribeUserPool => operator(pools::describe_user_pool, app, call, input).await,
        UpdateUserPool => operator(pools::update_user_pool, app, call, input).await,
        DeleteUserPool => operator(pools::delete_user_pool, app, call, input).await,
        ListUserPools => operator(pools::list_user_pools, app, call, input).await,
        AddCustomAttributes => operator(pools::add_custom_attributes, app, call, input).await,
        GetUserPoolMfaConfig => operator(mfa_config::get_user_pool_mfa_config, app, call, input).await,
        SetUserPoolMfaConfig => operator(mfa_config::set_user_pool_mfa_config, app, call, input).await,
        GetUserPoolSessionConfiguration => operator(session_config::get_user_pool_session_configuration, app, call, input).await,
        SetUserPoolSessionConfiguration => operator(session_config::set_user_pool_session_configuration, app, call, input).await,
        GetSigningCertificate => not_built(operation.spec()),
        TagResource => operator(tags::tag_resource, app, call, input).await,
        UntagResource => operator(tags::untag_resource, app, call, input).await,
        ListTagsForResource => operator(tags::list_tags_for_resource, app, call, input).await,
        CreateUserPoolReplica => not_built(operation.spec()),
        UpdateUserPoolReplica => not_built(operation.spec()),
        DeleteUserPoolReplica => not_built(operation.spec()),
        ListUserPoolReplicas => not_built(operation.spec()),
        GetProvisionedLimit => not_built(operation.spec()),
        UpdateProvisionedLimit => not_built(operation.spec()),
        InitiatePointInTimeRecovery => not_built(operation.spec()),
        DescribePointInTimeRecovery => not_built(operation.spec()),
        ListPointInTimeRecoveries => not_built(operation.spec()),
        StartPointInTimeRecovery => not_built(operation.spec()),
        CancelPointInTimeRecovery => not_built(operation.spec()),

        // App clients
        CreateUserPoolClient => operator(clients::create_user_pool_client, app, call, input).await,
        DescribeUserPoolClient => operator(clients::describe_user_pool_client, app, call, input).await,
        UpdateUserPoolClient => operator(clients::update_user_pool_client, app, call, input).await,
        DeleteUserPoolClient => operator(clients::delete_user_pool_client, app, call, input).await,
        ListUserPoolClients => operator(clients::list_user_pool_clients, app, call, input).await,
        AddUserPoolClientSecret => operator(client_secrets::add_user_pool_client_secret, app, call, input).await,
        DeleteUserPoolClientSecret => operator(client_secrets::delete_user_pool_client_secret, app, call, input).await,
        ListUserPoolClientSecrets => operator(client_secrets::list_user_pool_client_secrets, app, call, input).await,
        GetUserPoolClientSessionConfiguration => operator(session_config::get_user_pool_client_session_configuration, app, call, input).await,
        SetUserPoolClientSessionConfiguration => operator(session_config::set_user_pool_client_session_configuration, app, call, input).await,

        // Clients that name themselves by the URL of a document
        CreateCIMDPolicy => not_built(operation.spec()),
        DescribeCIMDPolicy => not_built(operation.spec()),
        UpdateCIMDPolicy => not_built(operation.spec()),
        DeleteCIMDPolicy => not_built(operation.spec()),
        ListCIMDPolicies => not_built(operation.spec()),
        ListClientMetadataURLs => not_built(operation.spec()),
        UpdateClientMetadataURLState => not_built(operation.spec()),

        // Users
        AdminCreateUser => operator_from(admin_create_user::admin_create_user, app, call, input).await,
        AdminGetUser => operator(users::admin_get_user, app, call, input).await,
        GetUser => signed_in(own_user::get_user, app, input).await,
        ListUsers => operator(list_users::list_users, app, call, input).await,
        AdminUpdateUserAttributes => operator_from(admin_user_attributes::admin_update_user_attributes, app, call, input).await,
        UpdateUserAttributes => signed_in_from(user_attributes::update_user_attributes, app, call, input).await,
        AdminDeleteUserAttributes => operator_from(admin_user_attributes::admin_delete_user_attributes, app, call, input).await,
        DeleteUserAttributes => signed_in_from(user_attributes::delete_user_attributes, app, call, input).await,
        GetUserAttributeVerificationCode => signed_in_from(user_attributes::get_user_attribute_verification_code, app, call, input).await,
        VerifyUserAttribute => signed_in(user_attributes::verify_user_attribute, app, input).await,
        AdminEnableUser => operator(users::admin_enable_user, app, call, input).await,
        AdminDisableUser => operator(users::admin_disable_user, app, call, input).await,
        AdminDeleteUser => operator(users::admin_delete_user, app, call, input).await,
        DeleteUser => signed_in(own_user::delete_user, app, input).await,
        AdminSetUserPassword => operator(user_passwords::admin_set_user_password, app, call, input).await,

        // Groups
        CreateGroup => operator(groups::create_group, app, call, input).await,
        GetGroup => operator(groups::get_group, app, call, input).await,
        UpdateGroup => operator(groups::update_group, app, call, input).await,
        DeleteGroup => operator(groups::delete_group, app, call, input).await,
        ListGroups => operator(groups::list_groups, app, call, input).await,
        AdminAddUserToGroup => operator(group_members::admin_add_user_to_group, app, call, input).await,
        AdminRemoveUserFromGroup => operator(group_members::admin_remove_user_from_group, app, call, input).await,
        AdminListGroupsForUser => operator(group_members::admin_list_groups_for_user, app, call, input).await,
        ListUsersInGroup => operator(group_members::list_users_in_group, app, call, input).await,

        // Sign-up and recovery
        SignUp => public_from(sign_up::sign_up, app, call, input).await,
        ConfirmSignUp => public_from(confirmation::confirm_sign_up, app, call, input).await,
        AdminConfirmSignUp => operator_from(users::admin_confirm_sign_up, app, call, input).await,
        ResendConfirmationCode => public_from(confirmation::resend_confirmation_code, app, call, input).await,
        ForgotPassword => public_from(recovery::forgot_password, app, call, input).await,
        ConfirmForgotPassword => public_from(recovery::confirm_forgot_password, app, call, input).await,
        AdminResetUserPassword => operator_from(user_passwords::admin_reset_user_password, app, call, input).await,
        ChangePassword => signed_in(change_password::change_password, app, input).await,

        // Sign-in
        InitiateAuth => public_from(sign_in::initiate_auth, app, call, input).await,
        AdminInitiateAuth => operator_from(sign_in::admin_initiate_auth, app, call, input).await,
        RespondToAuthChallenge => public_from(sign_in::respond_to_auth_challenge, app, call, input).await,
        AdminRespondToAuthChallenge => operator_from(sign_in::admin_respond_to_auth_challenge, app, call, input).await,

        // Further factors
        AssociateSoftwareToken => public_from(software_token::associate_software_token, app, call, input).await,
        VerifySoftwareToken => public_from(software_token::verify_software_token, app, call, input).await,
        AdminDeleteSoftwareToken => operator(software_token::admin_delete_software_token, app, call, input).await,
        SetUserMFAPreference => signed_in(mfa_preference::set_user_mfa_preference, app, input).await,
        AdminSetUserMFAPreference => operator(mfa_preference::admin_set_user_mfa_preference, app, call, input).await,
        SetUserSettings => signed_in(mfa_preference::set_user_settings, app, input).await,
        AdminSetUserSettings => operator(mfa_preference::admin_set_user_settings, app, call, input).await,
        GetUserAuthFactors => signed_in(auth_factors::get_user_auth_factors, app, input).await,
        AdminGetUserAuthFactors => {
            operator(auth_factors::admin_get_user_auth_factors, app, call, input).await
        }

        // Tokens and sessions
        GetTokensFromRefreshToken => public_from(refresh::get_tokens_from_refresh_token, app, call, input).await,
        RevokeToken => public(sign_out::revoke_token, app, input).await,
        GlobalSignOut => signed_in(sign_out::global_sign_out, app, input).await,
        AdminUserGlobalSignOut => operator(sign_out::admin_user_global_sign_out, app, call, input).await,
        GetClientToken => not_built(operation.spec()),
        GetDerivedToken => not_built(operation.spec()),
        ListUserSessions => signed_in(sessions::list_user_sessions, app, input).await,
        AdminListUserSessions => operator(sessions::admin_list_user_sessions, app, call, input).await,
        RevokeUserSession => signed_in(sessions::revoke_user_session, app, input).await,
        AdminRevokeUserSession => operator(sessions::admin_revoke_user_session, app, call, input).await,

        // Devices
        ConfirmDevice => signed_in_from(devices::confirm_device, app, call, input).await,
        GetDevice => signed_in(devices::get_device, app, input).await,
        AdminGetDevice => operator(devices::admin_get_device, app, call, input).await,
        ListDevices => signed_in(devices::list_devices, app, input).await,
        AdminListDevices => operator(devices::admin_list_devices, app, call, input).await,
        UpdateDeviceStatus => signed_in(devices::update_device_status, app, input).await,
        AdminUpdateDeviceStatus => operator(devices::admin_update_device_status, app, call, input).await,
        ForgetDevice => signed_in(devices::forget_device, app, input).await,
        AdminForgetDevice => operator(devices::admin_forget_device, app, call, input).await,

        // Passkeys
        StartWebAuthnRegistration => signed_in(passkeys::start_web_authn_registration, app, input).await,
        CompleteWebAuthnRegistration => signed_in(passkeys::complete_web_authn_registration, app, input).await,
        ListWebAuthnCredentials => signed_in(passkeys::list_web_authn_credentials, app, input).await,
        DeleteWebAuthnCredential => signed_in(passkeys::delete_web_authn_credential, app, input).await,

        // Identity providers
        CreateIdentityProvider => not_built(operation.spec()),
        DescribeIdentityProvider => not_built(operation.spec()),
        UpdateIdentityProvider => not_built(operation.spec()),
        DeleteIdentityProvider => not_built(operation.spec()),
        ListIdentityProviders => not_built(operation.spec()),
        GetIdentityProviderByIdentifier => not_built(operation.spec()),
        AdminLinkProviderForUser => not_built(operation.spec()),
        AdminDisableProviderForUser => not_built(operation.spec()),

        // Resource servers
        CreateResourceServer => not_built(operation.spec()),
        DescribeResourceServer => not_built(operation.spec()),
        UpdateResourceServer => not_built(operation.spec()),
        DeleteResourceServer => not_built(operation.spec()),
        ListResourceServers => not_built(operation.spec()),

        // Domains, branding and terms
        CreateUserPoolDomain => not_built(operation.spec()),
        DescribeUserPoolDomain => not_built(operation.spec()),
        UpdateUserPoolDomain => not_built(operation.spec()),
        DeleteUserPoolDomain => not_built(operation.spec()),
        CreateManagedLoginBranding => not_built(operation.spec()),
        DescribeManagedLoginBranding => not_built(operation.spec()),
        DescribeManagedLoginBrandingByClient => not_built(operation.spec()),
        UpdateManagedLoginBranding => not_built(operation.spec()),
        DeleteManagedLoginBranding => not_built(operation.spec()),
        GetUICustomization => not_built(operation.spec()),
        SetUICustomization => not_built(operation.spec()),
        CreateTerms => not_built(operation.spec()),
        DescribeTerms => not_built(operation.spec()),
        DescribeTermsByClient => not_built(operation.spec()),
        UpdateTerms => not_built(operation.spec()),
        DeleteTerms => not_built(operation.spec()),
        ListTerms => not_built(operation.spec()),

        // Risk, events and logs
        DescribeRiskConfiguration => not_built(operation.spec()),
        SetRiskConfiguration => not_built(operation.spec()),
        AdminListUserAuthEvents => not_built(operation.spec()),
        UpdateAuthEventFeedback => not_built(operation.spec()),
        AdminUpdateAuthEventFeedback => not_built(operation.spec()),
        GetLogDeliveryConfiguration => not_built(operation.spec()),
        SetLogDeliveryConfiguration => not_built(operation.spec()),

        // Imports
        GetCSVHeader => not_built(operation.spec()),
        CreateUserImportJob => not_built(operation.spec()),
        DescribeUserImportJob => not_built(operation.spec()),
        ListUserImportJobs => not_built(operation.spec()),
        StartUserImportJob => not_built(operation.spec()),
        StopUserImportJob => not_built(operation.spec()),
    }
}
