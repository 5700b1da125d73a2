//! A signed-in user changes attributes and proves new addresses.

use crate::{
    app::App,
    callers::{CallOrigin, SignedIn},
    triggers::About,
    users::{
        changes,
        code_limits::{self, Limit},
        codes::{self, CodeOwner, CodePurpose, Committed, Proof},
        drafts::{Addressed, Draft},
    },
};
use rules::{
    Millis, Result, fault,
    ids::Sub,
    messages::{Medium, Occasion, recipients::Recipient},
    pool::Pool,
    triggers::Metadata,
    user::{
        User,
        attributes::{self, Changes, Writer},
    },
};
use spec::cognito_idp::{
    CodeDeliveryDetailsType, DeleteUserAttributesRequest, DeleteUserAttributesResponse,
    GetUserAttributeVerificationCodeRequest, GetUserAttributeVerificationCodeResponse,
    UpdateUserAttributesRequest, UpdateUserAttributesResponse, VerifyUserAttributeRequest,
    VerifyUserAttributeResponse,
};
use std::sync::Arc;
use store::Tx;

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserAttributes.html>
pub async fn update_user_attributes(
    app: &App,
    caller: SignedIn,
    origin: Arc<CallOrigin>,
    input: UpdateUserAttributesRequest,
) -> Result<UpdateUserAttributesResponse> {
    let writer = Writer::Client(&caller.client);
    let changes = attributes::check_update(&caller.pool, writer, &input.user_attributes)?;
    let details = update(app, caller, changes, &origin, input.client_metadata.as_ref()).await?;
    Ok(UpdateUserAttributesResponse { code_delivery_details_list: Some(details) })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteUserAttributes.html>
pub async fn delete_user_attributes(
    app: &App,
    caller: SignedIn,
    origin: Arc<CallOrigin>,
    input: DeleteUserAttributesRequest,
) -> Result<DeleteUserAttributesResponse> {
    let writer = Writer::Client(&caller.client);
    let changes = attributes::check_deletion(&caller.pool, writer, &input.user_attribute_names)?;
    update(app, caller, changes, &origin, None).await?;
    Ok(DeleteUserAttributesResponse {})
}

async fn update(
    app: &App,
    caller: SignedIn,
    changes: Changes,
    origin: &CallOrigin,
    client_metadata: Option<&Metadata>,
) -> Result<Vec<CodeDeliveryDetailsType>> {
    let SignedIn { pool, user, .. } = caller;
    let (after, media) = changed(&pool, &user, &changes, Writer::Client(&caller.client), app.now())?;
    let about = About { pool: &pool, client_id: Some(&caller.client.id), username: &user.username, origin };
    let addressed = Addressed { about, occasion: Occasion::Update, user: &after, client_metadata };
    let drafts = drafts(app, addressed, &media).await?;
    let (now, client) = (app.now(), caller.client);
    app.write(move |app, tx| {
        let before = changes::find(tx, &pool, &user.sub)?;
        let (user, media) = changed(&pool, &before, &changes, Writer::Client(&client), now)?;
        changes::save(tx, &pool, &before, &user)?;
        if !media.is_empty() {
            // A refusal undoes the change.
            code_limits::count(app, tx, Limit::UpdateUserAttributes, &CodeOwner::user(&user), now)??;
        }
        send_codes(app, tx, &pool, &user, &media, &drafts, now)
    })
    .await
}

/// The user after a change, and the media by which codes must go out.
pub(super) fn changed(
    pool: &Pool,
    before: &User,
    changes: &Changes,
    writer: Writer<'_>,
    now: Millis,
) -> Result<(User, Vec<Medium>)> {
    let mut user = User { updated_at: now, ..before.clone() };
    let media = attributes::apply(pool, &mut user, changes);
    attributes::check_removals(pool, before, &user, writer)?;
    Ok((user, media))
}

/// The codes that a change of addresses entails, not sent yet.
pub(super) async fn drafts(app: &App, addressed: Addressed<'_>, media: &[Medium]) -> Result<Vec<Draft>> {
    let mut drafts = Vec::new();
    for to in media.iter().filter_map(|medium| unproved_address(addressed.user, *medium)) {
        drafts.push(Draft::of(app, addressed, to).await?);
    }
    Ok(drafts)
}

/// Sends the codes that a change of addresses entails.
pub(super) fn send_codes(
    app: &App,
    tx: &mut Tx<'_>,
    pool: &Pool,
    user: &User,
    media: &[Medium],
    drafts: &[Draft],
    now: Millis,
) -> Result<Vec<CodeDeliveryDetailsType>> {
    let recipients = media.iter().filter_map(|medium| unproved_address(user, *medium));
    recipients
        .map(|to| {
            let draft =
                drafts.iter().find(|draft| draft.recipient == to).ok_or_else(changes::changed_meanwhile)?;
            codes::send(app, tx, pool, user, CodePurpose::Attribute(to.medium), draft, now)
        })
        .collect()
}

/// The address that a code should prove: the new one that waits, else the present one.
fn unproved_address(user: &User, medium: Medium) -> Option<Recipient> {
    let name = medium.attribute();
    let to = user.pending.get(name).map(String::as_str).or_else(|| user.attribute(name))?;
    Some(Recipient { medium, to: to.to_owned() })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserAttributeVerificationCode.html>
pub async fn get_user_attribute_verification_code(
    app: &App,
    caller: SignedIn,
    origin: Arc<CallOrigin>,
    input: GetUserAttributeVerificationCodeRequest,
) -> Result<GetUserAttributeVerificationCodeResponse> {
    let medium = medium_of(&input.attribute_name)?;
    let SignedIn { pool, user, client, .. } = caller;
    let addressed = Addressed {
        about: About { pool: &pool, client_id: Some(&client.id), username: &user.username, origin: &origin },
        occasion: Occasion::Verification,
        user: &user,
        client_metadata: input.client_metadata.as_ref(),
    };
    let draft = drafts(app, addressed, &[medium]).await?.pop();
    let now = app.now();
    let details = app
        .write(move |app, tx| {
            let user = changes::find(tx, &pool, &user.sub)?;
            let limit = Limit::GetUserAttributeVerificationCode;
            if let Err(refusal) = code_limits::count(app, tx, limit, &CodeOwner::user(&user), now)? {
                return Ok(Err(refusal));
            }
            let Some(recipient) = unproved_address(&user, medium) else {
                return Ok(Err(fault::attribute_without_value(medium.attribute())));
            };
            let draft = draft.as_ref().filter(|draft| draft.recipient == recipient);
            let draft = draft.ok_or_else(changes::changed_meanwhile)?;
            codes::send(app, tx, &pool, &user, CodePurpose::Attribute(medium), draft, now).map(Ok)
        })
        .await??;
    Ok(GetUserAttributeVerificationCodeResponse { code_delivery_details: Some(details) })
}

/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifyUserAttribute.html>
pub async fn verify_user_attribute(
    app: &App,
    caller: SignedIn,
    input: VerifyUserAttributeRequest,
) -> Result<VerifyUserAttributeResponse> {
    let medium = medium_of(&input.attribute_name)?;
    let SignedIn { pool, user, .. } = caller;
    let now = app.now();
    app.write(move |app, tx| verify(app, tx, &pool, &user.sub, medium, &input.code, now)).await??;
    Ok(VerifyUserAttributeResponse {})
}

fn verify(
    app: &App,
    tx: &mut Tx<'_>,
    pool: &Pool,
    sub: &Sub,
    medium: Medium,
    code: &str,
    now: Millis,
) -> Committed<()> {
    let before = changes::find(tx, pool, sub)?;
    let proof =
        match codes::redeem(app, tx, CodePurpose::Attribute(medium), &CodeOwner::user(&before), code, now)? {
            Ok(proof) => proof,
            Err(refusal) => return Ok(Err(refusal)),
        };
    let Some(user) = with_proved_address(&before, &proof, now) else {
        return Ok(Err(fault::code_expired()));
    };
    // A refusal because of an alias undoes the use of the code.
    changes::save(tx, pool, &before, &user)?;
    Ok(Ok(()))
}

/// The user with the address that the code was sent to, verified; none when the user has or awaits another one by
/// now, so that a code for one address can never verify another.
fn with_proved_address(before: &User, proof: &Proof, now: Millis) -> Option<User> {
    let name = proof.medium.attribute();
    let mut user = User { updated_at: now, ..before.clone() };
    if user.pending.get(name) == Some(&proof.to) {
        user.pending.remove(name);
        user.attributes.insert(name.to_owned(), proof.to.clone());
    } else if !proof.is_of(before) || user.pending.contains_key(name) {
        return None;
    }
    user.set_verified(name, true);
    Some(user)
}

fn medium_of(attribute: &str) -> Result<Medium> {
    Medium::of_attribute(attribute).ok_or_else(fault::attribute_cannot_be_verified)
}
