//! Levels of assurance, which an authentication context class names (OpenID Connect Core, `acr`).

/// The names of the four levels of assurance where the pool does not rename them.
pub const LEVELS: [(&str, &str); 4] = [
    ("Level1", "urn:cognito:loa:1"),
    ("Level2", "urn:cognito:loa:2"),
    ("Level3", "urn:cognito:loa:3"),
    ("Level4", "urn:cognito:loa:4"),
];
