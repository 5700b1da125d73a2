//! The attack cases of the specification that touch what exists, each test naming its case. Where the defense was
//! already tested beside its subject, this table says where.
//!
//! | case | attack | tests |
//! | --- | --- | --- |
//! | 28 | linking by an unverified address, a pre-registered one | `attribute_rights::an_unverified_address_takes_nothing`, `sign_up::an_alias_belongs_to_its_last_prover`, `choices::case_28_who_signed_up_with_anothers_address_keeps_nothing` |
//! | 28, 29, 32, 34, 36 | addresses that are guessed at, squatted on, left behind, or carry both factors | [`addresses`] |
//! | 29 | verifying one's own address | `attribute_rights::nobody_verifies_themselves_or_raises_themselves`, `own_account::nobody_verifies_by_saying_so`, `own_account::the_old_address_stays_until_the_new_one_is_proved`, `sign_up::an_address_is_not_verified_by_saying_so` |
//! | 30 | custom attributes that their bearer writes | `attribute_rights::nobody_verifies_themselves_or_raises_themselves` |
//! | 31 | letter case, Unicode, several `@`, several names | [`case_31`], `user_names::case`, `user_names::a_sub_is_nobody_elses_name`, `rules::user::formats` |
//! | 32 | a new user or group under an old name | [`case_36_and_39`], `user_names::a_new_user_inherits_nothing`, `users::tokens_end_with_their_user`, `recovery::a_code_dies_with_its_user`, `groups::a_group` |
//! | 33 | races of a changed address, blank codes | [`case_33_and_37`], `attribute_rights::codes_prove_their_own_address`, `own_account::a_code_does_not_verify_what_came_after_it`, `recovery::a_code_to_a_former_address_is_void` |
//! | 34 | a lock that one way forgets, unlimited codes, parallel guesses | [`case_31`], `sign_in::five_failures_lock_known_and_unknown_alike`, `sign_in::parallel_guesses_do_not_pass_the_lock`, `two_nodes::a_password_is_guessed_no_oftener_at_two_servers`, `second_factor::wrong_codes_lock`, `sign_up::of_many_guesses_at_once_few_are_looked_at_and_one_wins`, `recovery::codes_and_requests_are_limited`, `devices::prove::case_34_wrong_proofs_of_a_device_lock`, `choice::codes::wrong_codes_lock_codes_alone`, `choice::passwords::wrong_passwords_lock_whatever_the_way` |
//! | 35 | a code of an authenticator app used twice | `second_factor::an_authenticator_app_is_asked`, `second_factor::parallel_answers_have_one_success`, `choices::case_35_of_the_same_proof_at_once_one_counts`, `choice::passkeys::one_signature_is_good_once_in_parallel` |
//! | 36 | a second factor skipped | [`case_36_and_39`], `second_factor::a_session_is_bound`, `rules::sign_in::tests`, [`choices`], `devices::prove::case_36_a_device_that_is_no_more_remembered_replaces_nothing`, `devices::prove::a_proof_is_bound_to_its_sign_in`, `choice::passkeys::case_36_a_passkey_spares_no_factor_that_came_meanwhile`, `choice::step_up::a_lower_level_is_not_lifted`, `sessions::bounds::half_a_sign_in_ends_no_session` |
//! | 37 | a stage skipped by an empty answer | [`case_33_and_37`] |
//! | 38 | a passkey of the attacker's, by a challenge or token of another place or time | `passkeys::a_registration_is_bound`, `passkeys::a_challenge_is_good_once_and_for_a_while` |
//! | 39 | a session used for another user, or after its time | [`case_36_and_39`], `second_factor::a_session_is_bound`, `sign_in::a_secret_block_is_spent_once` |
//! | 40 | disabled or deleted, and still served | [`case_40`], [`case_36_and_39`], `sign_in::statuses_refuse`, `users::tokens_end_with_their_user`, [`choices`] |
//! | 41 | finding out who exists | [`existence`], [`case_31`], [`case_41`], `sign_in::unknown_users_are_told_or_hidden`, `recovery::strangers_learn_nothing`, `sign_up::strangers_learn_as_little_as_the_client_allows`, [`choices`] |
//! | 42 | passkeys: origins, challenges, relying parties, counters, user handles | `passkeys::what_is_not_good_is_refused`, `passkeys::of_parallel_completions_one_succeeds`, `rules::webauthn::tests`, `choice::passkeys::what_is_anothers_is_refused_and_changes_nothing` |
//! | 43 | SRP values out of range, foreign and late proofs | `sign_in::public_values_out_of_range_are_refused`, `sign_in::a_proof_is_for_one_user_client_and_time`, `rules::sign_in::srp::tests`, `devices::prove::case_43_a_device_is_held_to_the_rules_of_srp`, `choice::passwords::srp_is_a_choice` |
//! | 44 | forged page tokens, filters, NUL bytes, bodies | [`case_47_and_48`], `groups::tokens_of_other_lists`, `list_users::unreadable_filters`, `rules::pool::user_filter` |
//! | 45 | making the server ask an address | [`case_45`] |
//! | 47 | Host and Forwarded headers, proxies that say nothing | [`case_47_and_48`], `sign_up::headers_do_not_reach_a_message` |
//! | 48 | what belongs to another pool | [`case_47_and_48`], `triggers::tokens::case_48_no_function_says_who_somebody_is`, `user_names::pools_know_nothing_of_each_other`, `clients::a_client_belongs_to_one_pool`, `front::browsers_may_ask_and_read` |
//! | 49 | comparing secrets, costly passwords | [`case_49`], `sign_in::secrets_prove_the_client` |

mod addresses;
mod case_31;
mod case_33_and_37;
mod case_36_and_39;
mod case_40;
mod case_41;
mod case_45;
mod case_47_and_48;
mod case_49;
mod choices;
mod existence;
mod sign_ups;
