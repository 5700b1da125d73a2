//! User pools: creating, describing, changing, deleting and listing them, and adding attributes.

use super::paging::Page;
use crate::{app::App, callers::Operator, development::custom_ids, keys::ring::TokenUse};
use rules::{
    Fault, Result, fault,
    ids::{self, PoolId},
    pool::{Pool, schema, settings},
};
use spec::{
    Timestamp,
    cognito_idp::{
        AddCustomAttributesRequest, AddCustomAttributesResponse, CreateUserPoolRequest,
        CreateUserPoolResponse, DeleteUserPoolRequest, DeletionProtectionType, DescribeUserPoolRequest,
        DescribeUserPoolResponse, ListUserPoolsRequest, ListUserPoolsResponse, UpdateUserPoolRequest,
        UpdateUserPoolResponse, UserPoolDescriptionType, UserPoolType,
    },
};
use store::Tx;

/// What of a pool's configuration is kept and described while its effect is not built, or only partly; for
/// docs/compatibility.md.
pub const LATER: &[(&str, &str)] = &[
    (
        "DcrConfiguration",
        "kept and described; there is no registration endpoint, so no client can be registered",
    ),
    (
        "EmailConfiguration",
        "From and ReplyToEmailAddress count; SourceArn and ConfigurationSet are kept and described, mail leaves \
         through the server's own SMTP or webhook",
    ),
    ("IssuerConfiguration", "ORIGINAL is kept and described; UPDATED is refused"),
    ("KeyConfiguration", "AWS_OWNED_KEY is kept and described; a customer managed key is refused"),
    ("LambdaConfig.InboundFederation", "kept and described; it waits for federation"),
    ("SmsConfiguration", "its roles are kept and described; SMS leave through the server's webhook"),
    ("UserPoolAddOns", "OFF and AUDIT are kept and described, nothing is recorded; ENFORCED is refused"),
    (
        "VerificationMessageTemplate.DefaultEmailOption",
        "CONFIRM_WITH_LINK is kept and described; e-mails carry the code, because there is no page for a link yet",
    ),
    (
        "WebAuthnConfiguration",
        "passkeys need a RelyingPartyId as long as pools have no domain that could be it",
    ),
];

/// D: as many as AWS raises its quota to.
const POOLS_MAX: i64 = 10_000;
/// How often a pool id is drawn again when another pool has it.
const ID_TRIES: usize = 3;

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPool.html>
pub async fn create_user_pool(
    app: &App,
    _caller: &Operator,
    input: CreateUserPoolRequest,
) -> Result<CreateUserPoolResponse> {
    if let Some(id) = custom_ids::of_pool(app, input.user_pool_tags.as_ref())? {
        return create_as(app, id, input).await;
    }
    for _ in 0..ID_TRIES {
        let id = ids::pool_id(&app.config.region, &mut app.random());
        if let Some(pool) = try_create(app, id, input.clone()).await? {
            return Ok(CreateUserPoolResponse { user_pool: Some(described(pool, 0)) });
        }
    }
    Err(Fault::internal("no free pool id was found"))
}

/// CreateUserPool with an id that was chosen.
///
/// # Errors
/// InvalidParameterException if another pool has it, and those of CreateUserPool.
pub(crate) async fn create_as(
    app: &App,
    id: PoolId,
    input: CreateUserPoolRequest,
) -> Result<CreateUserPoolResponse> {
    match try_create(app, id.clone(), input).await? {
        Some(pool) => Ok(CreateUserPoolResponse { user_pool: Some(described(pool, 0)) }),
        None => Err(fault::invalid_parameter(format!("There is a user pool with the id {id} already."))),
    }
}

/// The new pool; none if the id is taken.
async fn try_create(app: &App, id: PoolId, input: CreateUserPoolRequest) -> Result<Option<Pool>> {
    let arn = ids::pool_arn(&app.config.region, &app.config.account_id, &id);
    let pool = settings::create(input, id, arn, app.now())?;
    app.config.delivery.check_email(pool.detail.email_configuration.as_ref())?;
    Ok(insert(app, &pool).await?.then_some(pool))
}

/// Stores a pool with its two signing keys, all or nothing; false if the id is taken.
async fn insert(app: &App, pool: &Pool) -> Result<bool> {
    let id_key = app.new_key(&pool.id, TokenUse::Id).await?;
    let access_key = app.new_key(&pool.id, TokenUse::Access).await?;
    let (pool, now) = (pool.clone(), app.now());
    app.db
        .write(move |tx| -> Result<bool> {
            if store::pools::count(tx)? >= POOLS_MAX {
                return Err(fault::too_many_pools(POOLS_MAX));
            }
            if !store::pools::insert(tx, &pool, now)? {
                return Ok(false);
            }
            store::keys::insert(tx, &id_key)?;
            store::keys::insert(tx, &access_key)?;
            Ok(true)
        })
        .await
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeUserPool.html>
pub async fn describe_user_pool(
    app: &App,
    _caller: &Operator,
    input: DescribeUserPoolRequest,
) -> Result<DescribeUserPoolResponse> {
    let id = input.user_pool_id;
    let (pool, users) = app
        .db
        .read(move |tx| -> Result<(Pool, i64)> {
            let pool = get(tx, &id)?;
            let users = store::users::count(tx, &pool.id)?;
            Ok((pool, users))
        })
        .await?;
    Ok(DescribeUserPoolResponse { user_pool: Some(described(pool, users)) })
}

fn described(pool: Pool, users: i64) -> UserPoolType {
    let estimated_number_of_users = Some(i32::try_from(users).unwrap_or(i32::MAX));
    UserPoolType { estimated_number_of_users, ..pool.detail }
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPool.html>
pub async fn update_user_pool(
    app: &App,
    _caller: &Operator,
    input: UpdateUserPoolRequest,
) -> Result<UpdateUserPoolResponse> {
    let (id, now) = (input.user_pool_id.clone(), app.now());
    let delivery = app.config.delivery.clone();
    change(app, &id, move |pool| {
        let changed = settings::update(pool, input.clone(), now)?;
        delivery.check_email(changed.detail.email_configuration.as_ref())?;
        Ok(changed)
    })
    .await?;
    Ok(UpdateUserPoolResponse {})
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AddCustomAttributes.html>
pub async fn add_custom_attributes(
    app: &App,
    _caller: &Operator,
    input: AddCustomAttributesRequest,
) -> Result<AddCustomAttributesResponse> {
    let now = app.now();
    change(app, &input.user_pool_id, move |pool| {
        let mut pool = pool.clone();
        pool.detail.schema_attributes = Some(schema::with_custom(pool.schema(), &input.custom_attributes)?);
        pool.detail.last_modified_date = Some(Timestamp::from_millis(now));
        Ok(pool)
    })
    .await?;
    Ok(AddCustomAttributesResponse {})
}

/// Reads a pool and writes what `decide` makes of it, in one transaction, so that of changes at the same time
/// none is lost.
pub(super) async fn change(
    app: &App,
    id: &str,
    decide: impl Fn(&Pool) -> Result<Pool> + Send + Sync + 'static,
) -> Result<Pool> {
    let key = id.to_owned();
    let changed = app
        .db
        .write(move |tx| -> Result<Pool> {
            let changed = decide(&get(tx, &key)?)?;
            if store::pools::update(tx, &changed)? {
                Ok(changed)
            } else {
                Err(fault::concurrent_modification())
            }
        })
        .await?;
    app.forget_pool(id);
    Ok(changed)
}

/// The pool, read in this transaction.
pub(super) fn get(tx: &mut Tx<'_>, id: &str) -> Result<Pool> {
    store::pools::find(tx, id)?.ok_or_else(|| fault::unknown_pool(id))
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteUserPool.html>
pub async fn delete_user_pool(app: &App, _caller: &Operator, input: DeleteUserPoolRequest) -> Result<()> {
    let id = app
        .db
        .write(move |tx| -> Result<PoolId> {
            let pool = get(tx, &input.user_pool_id)?;
            if pool.detail.deletion_protection == Some(DeletionProtectionType::Active) {
                return Err(fault::pool_is_protected());
            }
            store::pools::delete(tx, &pool.id)?;
            Ok(pool.id)
        })
        .await?;
    app.forget_pool(&id);
    app.keys.forget(&id);
    Ok(())
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserPools.html>
pub async fn list_user_pools(
    app: &App,
    _caller: &Operator,
    input: ListUserPoolsRequest,
) -> Result<ListUserPoolsResponse> {
    let page = Page::asked(app, "ListUserPools", &[], Some(input.max_results), input.next_token.as_deref())?;
    let (after, length) = (page.after.clone().unwrap_or_default(), page.reading_length());
    let pools = app.db.read(move |tx| store::pools::list(tx, &after, length)).await?;
    let (pools, next_token) = page.cut(app, pools, |pool| pool.id.to_string())?;
    let user_pools = pools
        .into_iter()
        .map(|pool| UserPoolDescriptionType {
            id: Some(pool.id.into()),
            name: pool.detail.name,
            lambda_config: pool.detail.lambda_config,
            last_modified_date: pool.detail.last_modified_date,
            creation_date: pool.detail.creation_date,
            ..UserPoolDescriptionType::default()
        })
        .collect();
    Ok(ListUserPoolsResponse { user_pools: Some(user_pools), next_token })
}
