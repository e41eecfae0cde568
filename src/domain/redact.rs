//! Takes secrets out of text that goes into the record for ever: argv, parameters, remote URLs.

/// What was taken out, for the note in the entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Secret {
    AwsKey,
    Password,
    PrivateKey,
    Token,
    Jwt,
}

impl Secret {
    pub fn name(self) -> &'static str {
        match self {
            Secret::AwsKey => "aws-key",
            Secret::Password => "password",
            Secret::PrivateKey => "private-key",
            Secret::Token => "token",
            Secret::Jwt => "jwt",
        }
    }

    fn mark(self) -> String {
        format!("[REDACTED:{}]", self.name())
    }
}

/// Whether a name says that its value is a secret: `db.password`, `API_KEY`, `--hf-token`; not `pad_token`,
/// which is a word of the trade.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    if SECRET_NAMES.iter().any(|s| name.ends_with(s)) {
        return true;
    }
    let Some(before) = name.strip_suffix("token") else { return false };
    let before = before.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    before.is_empty() || TOKENS_OF.iter().any(|q| before.ends_with(q))
}

/// Whether a value can be a secret at all: numbers, flags and special tokens such as `<pad>` are none.
fn can_be_secret(value: &str) -> bool {
    let plain =
        value.parse::<f64>().is_ok() || matches!(value, "" | "true" | "false" | "null" | "none" | "None");
    !plain && !value.starts_with(['<', '['])
}

/// A parameter's value, without its secrets.
pub fn redact_value(name: &str, value: &str) -> (String, Vec<Secret>) {
    if is_secret_name(name) && can_be_secret(value) {
        return (Secret::Token.mark(), vec![Secret::Token]);
    }
    redact(value)
}

/// As [`redact`], for a command line: a word after `--password` is a secret as a whole.
pub fn redact_argv(argv: &[String]) -> (Vec<String>, Vec<Secret>) {
    let mut found = Vec::new();
    let mut out = Vec::new();
    let mut after_name = false;
    for word in argv {
        if after_name && !word.starts_with('-') && can_be_secret(word) {
            found.push(Secret::Token);
            out.push(Secret::Token.mark());
        } else {
            let (text, secrets) = redact(word);
            found.extend(secrets);
            out.push(text);
        }
        after_name = word.starts_with('-') && !word.contains('=') && is_secret_name(word);
    }
    found.sort_unstable();
    found.dedup();
    (out, found)
}

/// The text with each secret replaced by `[REDACTED:kind]`, and the kinds found.
pub fn redact(text: &str) -> (String, Vec<Secret>) {
    let mut found = Vec::new();
    let text = pem_blocks(text, &mut found);
    let text = url_userinfo(&text, &mut found);
    let text = assignments(&text, &mut found);
    let text = bearers(&text, &mut found);
    let text = words(&text, &mut found);
    found.sort_unstable();
    found.dedup();
    (text, found)
}

fn pem_blocks(text: &str, found: &mut Vec<Secret>) -> String {
    let (begin, end) = ("-----BEGIN ", "-----END ");
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(begin) {
        let header = rest[at + begin.len()..].split("-----").next().unwrap_or("");
        if !header.contains("PRIVATE KEY") {
            out.push_str(&rest[..at + begin.len()]);
            rest = &rest[at + begin.len()..];
            continue;
        }
        out.push_str(&rest[..at]);
        out.push_str(&Secret::PrivateKey.mark());
        found.push(Secret::PrivateKey);
        let after = rest[at..].find(end).map(|e| at + e + end.len());
        // A block without an end: everything after its beginning may be key.
        rest = match after.and_then(|a| rest[a..].find("-----").map(|e| a + e + 5)) {
            Some(stop) => &rest[stop..],
            None => "",
        };
    }
    out + rest
}

fn url_userinfo(text: &str, found: &mut Vec<Secret>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let start = at + 3;
        let authority_len = rest[start..]
            .find(|c: char| c == '/' || c == '?' || c == '#' || c == '"' || c.is_whitespace())
            .unwrap_or(rest.len() - start);
        let authority = &rest[start..start + authority_len];
        out.push_str(&rest[..start]);
        match authority.rsplit_once('@') {
            // `ssh://git@host` names an account, not a secret; a password or a bare token is one.
            Some((user, host)) if user.contains(':') || user.len() > 16 => {
                found.push(Secret::Password);
                out.push_str(&Secret::Password.mark());
                out.push('@');
                out.push_str(host);
            }
            _ => out.push_str(authority),
        }
        rest = &rest[start + authority_len..];
    }
    out + rest
}

/// What a `…token` is of, when it is a secret.
const TOKENS_OF: [&str; 12] = [
    "auth", "access", "api", "hf", "hub", "bearer", "secret", "refresh", "session", "github", "gitlab",
    "wandb",
];

const SECRET_NAMES: [&str; 12] = [
    "secret",
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "apikey",
    "api_key",
    "api-key",
    "access_key",
    "access-key",
    "credential",
    "credentials",
];

fn assignments(text: &str, found: &mut Vec<Secret>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('=') {
        let name_start = rest[..at]
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
            .map_or(0, |i| i + rest[i..].chars().next().map_or(1, char::len_utf8));
        let name = &rest[name_start..at];
        out.push_str(&rest[..=at]);
        rest = &rest[at + 1..];
        if is_secret_name(name) && !rest.is_empty() {
            let stop = rest
                .find(|c: char| c.is_whitespace() || c == '&' || c == ';' || c == '"' || c == '\'')
                .unwrap_or(rest.len());
            if stop > 0 && can_be_secret(&rest[..stop]) {
                found.push(Secret::Token);
                out.push_str(&Secret::Token.mark());
                rest = &rest[stop..];
            }
        }
    }
    out + rest
}

/// `Authorization: Bearer TOKEN` (RFC 6750), and `Basic`.
fn bearers(text: &str, found: &mut Vec<Secret>) -> String {
    let mut out = String::new();
    let mut rest = text;
    loop {
        let lower = rest.to_ascii_lowercase();
        let hits = ["bearer ", "basic "].into_iter().filter_map(|w| lower.find(w).map(|at| at + w.len()));
        let Some(start) = hits.min() else { return out + rest };
        let stop = rest[start..]
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-._~+/=".contains(c)))
            .map_or(rest.len(), |n| start + n);
        // `basic usage` is prose; a credential is long.
        if stop - start >= 16 {
            found.push(Secret::Token);
            out.push_str(&rest[..start]);
            out.push_str(&Secret::Token.mark());
        } else {
            out.push_str(&rest[..stop]);
        }
        rest = &rest[stop..];
    }
}

fn words(text: &str, found: &mut Vec<Secret>) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '+');
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let stop = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let word = &rest[..stop];
        match secret_word(word) {
            Some(secret) => {
                found.push(secret);
                out.push_str(&secret.mark());
            }
            None => out.push_str(word),
        }
        let next = rest[stop..].find(is_word).map_or(rest.len(), |n| stop + n);
        out.push_str(&rest[stop..next]);
        rest = &rest[next..];
    }
    out
}

fn secret_word(word: &str) -> Option<Secret> {
    // AWS documents access key ids as AKIA (long-term) or ASIA (temporary) and 16 more.
    let aws = word.len() == 20
        && (word.starts_with("AKIA") || word.starts_with("ASIA"))
        && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if aws {
        return Some(Secret::AwsKey);
    }
    // A JWT's header is base64url of `{"`, which begins with eyJ (RFC 7519).
    let parts: Vec<&str> = word.split('.').collect();
    if parts.len() == 3 && word.starts_with("eyJ") && parts[1].starts_with("eyJ") {
        return Some(Secret::Jwt);
    }
    let prefixes = ["ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "hf_", "xoxb-", "xoxp-", "sk-"];
    if word.len() >= 24 && prefixes.iter().any(|p| word.starts_with(p)) {
        return Some(Secret::Token);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_after_a_secret_flag_goes_too() {
        let argv: Vec<String> =
            ["train", "--password", "hunter2", "--lr", "0.1", "--token", "--x"].map(Into::into).into();
        let (out, found) = redact_argv(&argv);
        assert_eq!(out, ["train", "--password", "[REDACTED:token]", "--lr", "0.1", "--token", "--x"]);
        assert_eq!(found, [Secret::Token]);
        let (text, _) = redact("-H 'Authorization: Bearer abcdef0123456789xyz' basic usage");
        assert_eq!(text, "-H 'Authorization: Bearer [REDACTED:token]' basic usage");
    }

    #[test]
    fn secrets_go_and_the_rest_stays() {
        let cases = [
            ("AKIAIOSFODNN7EXAMPLE x", "[REDACTED:aws-key] x", vec![Secret::AwsKey]),
            (
                "https://user:pa@ss@host/x.git",
                "https://[REDACTED:password]@host/x.git",
                vec![Secret::Password],
            ),
            ("--api-key=abc --lr=0.1", "--api-key=[REDACTED:token] --lr=0.1", vec![Secret::Token]),
            (
                "pad_token=<pad> eos_token=x max_tokens=5 token=7",
                "pad_token=<pad> eos_token=x max_tokens=5 token=7",
                vec![],
            ),
            (
                "hf_token=abc DB_PWD=x",
                "hf_token=[REDACTED:token] DB_PWD=[REDACTED:token]",
                vec![Secret::Token],
            ),
            ("url?token=q&x=1", "url?token=[REDACTED:token]&x=1", vec![Secret::Token]),
            (
                "-----BEGIN EC PRIVATE KEY-----\nMIG\n-----END EC PRIVATE KEY----- tail",
                "[REDACTED:private-key] tail",
                vec![Secret::PrivateKey],
            ),
            ("eyJhbGciOi.eyJzdWIi.c2ln", "[REDACTED:jwt]", vec![Secret::Jwt]),
            ("ssh://git@host/x é=1", "ssh://git@host/x é=1", vec![]),
            ("python train.py --lr=0.1 data/eyJ.csv", "python train.py --lr=0.1 data/eyJ.csv", vec![]),
        ];
        for (text, want, kinds) in cases {
            assert_eq!(redact(text), (want.to_owned(), kinds), "{text}");
        }
    }
}
