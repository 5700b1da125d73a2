//! What a client is, as far as its user agent says it.

/// How much of a user agent is read.
const USER_AGENT_BYTES_MAX: usize = 1024;
/// What is said of a client that is not known. D
const UNKNOWN: &str = "unknown";

/// Parts of user agents and what they mean, the first that fits. Phones come before the systems that they name too.
const SYSTEMS: &[(&str, &str)] = &[
    ("iphone", "iOS"),
    ("ipad", "iOS"),
    ("os/ios", "iOS"),
    ("cfnetwork", "Apple"),
    ("android", "Android"),
    ("windows", "Windows"),
    ("os/win32", "Windows"),
    ("cros ", "ChromeOS"),
    ("mac os x", "macOS"),
    ("macos", "macOS"),
    ("os/darwin", "macOS"),
    ("linux", "Linux"),
];

/// The same of browsers and programs. Browsers that are made of another's engine name that too, so they come first.
const PROGRAMS: &[(&str, &str)] = &[
    ("aws-cli/", "AWS CLI"),
    ("boto3/", "Boto3"),
    ("aws-amplify", "AWS Amplify"),
    ("amplify", "AWS Amplify"),
    ("aws-sdk-", "AWS SDK"),
    ("edg/", "Edge"),
    ("edga/", "Edge"),
    ("edgios/", "Edge"),
    ("opr/", "Opera"),
    ("samsungbrowser/", "Samsung Internet"),
    ("firefox/", "Firefox"),
    ("fxios/", "Firefox"),
    ("crios/", "Chrome"),
    ("chrome/", "Chrome"),
    ("safari/", "Safari"),
    ("okhttp/", "okhttp"),
    ("dart/", "Dart"),
    ("curl/", "curl"),
];

/// The browser or program and the operating system, or `unknown`. It is what the client says of itself, so it proves
/// nothing. The form is Unverified.
pub fn device_type(user_agent: Option<&str>) -> String {
    let agent = user_agent.unwrap_or_default();
    let agent = &agent.as_bytes()[..agent.len().min(USER_AGENT_BYTES_MAX)];
    let agent = String::from_utf8_lossy(agent).to_ascii_lowercase();
    let find = |table: &[(&str, &'static str)]| {
        table.iter().find(|(part, _)| agent.contains(part)).map(|(_, name)| *name)
    };
    match (find(PROGRAMS), find(SYSTEMS)) {
        (Some(program), Some(system)) => format!("{program} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => UNKNOWN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_agents() {
        let long = format!("{}é Firefox/1", "x".repeat(USER_AGENT_BYTES_MAX - 1));
        for (agent, expected) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
                "Chrome on Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                "Safari on iOS",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Firefox/127.0",
                "Firefox on macOS",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            (
                "Boto3/1.34.0 md/Botocore#1.34.0 ua/2.0 os/linux#6.1 md/arch#x86_64 lang/python#3.12",
                "Boto3 on Linux",
            ),
            ("aws-sdk-js/3.600.0 ua/2.0 os/darwin#23.5.0 lang/js md/nodejs#20.1.0", "AWS SDK on macOS"),
            ("curl/8.5.0", "curl"),
            ("Dalvik/2.1.0 (Linux; U; Android 14)", "Android"),
            ("something else", "unknown"),
            (&long, "unknown"),
            ("", "unknown"),
        ] {
            assert_eq!(device_type(Some(agent)), expected, "{agent}");
        }
        assert_eq!(device_type(None), "unknown");
    }
}
