//! What a bucket's own rules let happen to what must stay. Pure: texts and lists in, findings out.

use super::about::Expiry;
use crate::ports::probe::Purpose;
use serde_json::Value;

/// Below the prefix of a place: what is never deleted.
const OF_LEDGER: [&str; 2] = ["ledger/commit/", "ledger/tile/"];
const OF_STORE: [&str; 3] = ["data/", "models/", "objects/"];
/// And where deleting is usual.
pub const INBOX: &str = "ledger/inbox/";

/// Requests by which something goes.
const DELETES: [&str; 2] = ["s3:DeleteObject", "s3:DeleteObjectVersion"];

/// What must stay.
pub fn kept(prefix: &str, purpose: Purpose) -> Vec<String> {
    let below: &[&str] = match purpose {
        Purpose::Ledger => &OF_LEDGER,
        Purpose::Store => &OF_STORE,
    };
    below.iter().map(|below| format!("{prefix}{below}")).collect()
}

/// What these rules would take away that must stay; one line each. In the inbox versions may go that are no longer
/// current; the checkpoint's are evidence.
pub fn expiring(rules: &[Expiry], prefix: &str, purpose: Purpose) -> Vec<String> {
    let ours = match purpose {
        // The checkpoint, too.
        Purpose::Ledger => vec![format!("{prefix}ledger/")],
        Purpose::Store => kept(prefix, purpose),
    };
    let inbox = format!("{prefix}{INBOX}");
    let mut found = Vec::new();
    for rule in rules.iter().filter(|rule| !rule.tagged) {
        let meets = |kept: &String| kept.starts_with(&rule.prefix) || rule.prefix.starts_with(kept.as_str());
        if !ours.iter().any(meets) {
            continue;
        }
        let about = match rule.prefix.as_str() {
            "" => "everything".to_owned(),
            prefix => format!("{prefix}*"),
        };
        if let Some(when) = &rule.current {
            found.push(format!("rule {:?} takes objects away {when} ({about})", rule.rule));
        }
        if let Some(when) = rule.noncurrent.as_ref().filter(|_| !rule.prefix.starts_with(&inbox)) {
            found.push(format!("rule {:?} takes old versions away {when} ({about})", rule.rule));
        }
    }
    found
}

/// What the policy leaves open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Open {
    /// Requests that are not denied to everybody, each with the prefixes of `kept`.
    pub deletes: Vec<(&'static str, Vec<String>)>,
    /// Statements that deny deletes in a way that was not judged: to some only, or under a condition.
    pub unclear: usize,
}

/// `kept`: prefixes of keys. `None`: the policy is not one.
pub fn open_deletes(policy: &str, bucket: &str, kept: &[String]) -> Option<Open> {
    let policy: Value = serde_json::from_str(policy).ok()?;
    let denied: Vec<&Value> = list(policy.get("Statement")?)
        .into_iter()
        .filter(|statement| {
            statement["Effect"] == "Deny" && DELETES.iter().any(|action| acts(statement, action))
        })
        .collect();
    let (clear, unclear): (Vec<&Value>, Vec<&Value>) = denied.into_iter().partition(|s| is_for_everybody(s));
    let mut deletes = Vec::new();
    for action in DELETES {
        let is_open = |prefix: &&String| {
            let all = format!("arn:aws:s3:::{bucket}/{prefix}");
            !clear.iter().any(|statement| acts(statement, action) && covers(statement, &all))
        };
        let open: Vec<String> = kept.iter().filter(is_open).cloned().collect();
        if !open.is_empty() {
            deletes.push((action, open));
        }
    }
    Some(Open { deletes, unclear: unclear.len() })
}

/// One value, or several.
fn list(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |values| values.iter().collect())
}

fn texts(value: &Value) -> Vec<&str> {
    list(value).into_iter().filter_map(Value::as_str).collect()
}

fn is_for_everybody(statement: &Value) -> bool {
    let anybody = |principal: &Value| texts(principal).contains(&"*");
    let principal = &statement["Principal"];
    (anybody(principal) || anybody(&principal["AWS"])) && statement.get("Condition").is_none()
}

fn acts(statement: &Value, action: &str) -> bool {
    let matches = |pattern: &str| glob(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase());
    match (statement.get("Action"), statement.get("NotAction")) {
        (Some(actions), _) => texts(actions).into_iter().any(matches),
        (None, Some(others)) => !texts(others).into_iter().any(matches),
        (None, None) => false,
    }
}

/// Whether the statement is about every key that begins with `prefix` (an ARN).
fn covers(statement: &Value, prefix: &str) -> bool {
    match (statement.get("Resource"), statement.get("NotResource")) {
        // What a star at the end let pass, it lets pass however it goes on.
        (Some(resources), _) => texts(resources).iter().any(|r| r.ends_with('*') && glob(r, prefix)),
        // Whatever could be below the prefix must not be left out: the plain beginning of a pattern decides.
        (None, Some(others)) => texts(others).iter().all(|other| {
            let plain = other.split(['*', '?']).next().unwrap_or_default();
            !(plain.starts_with(prefix) || plain.len() < other.len() && prefix.starts_with(plain))
        }),
        (None, None) => false,
    }
}

/// `*` any characters, `?` one.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // The last star, and how much it takes so far.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (p, t) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expiry(prefix: &str, current: bool, noncurrent: bool) -> Expiry {
        let after = |set: bool| set.then(|| "after 7 days".to_owned());
        let (rule, prefix) = ("r".to_owned(), prefix.to_owned());
        Expiry { rule, prefix, tagged: false, current: after(current), noncurrent: after(noncurrent) }
    }

    #[test]
    fn rules_that_take_ours_away_are_named() {
        let found = |rule: Expiry, purpose| expiring(&[rule], "team/", purpose).len();
        let (ledger, store) = (Purpose::Ledger, Purpose::Store);
        // Everything, what is above ours, ours, a part of ours.
        for prefix in ["", "te", "team/", "team/ledger/", "team/ledger/commit/0"] {
            assert_eq!(found(expiry(prefix, true, true), ledger), 2, "{prefix}");
            assert_eq!(
                found(expiry(prefix, false, false), ledger),
                0,
                "{prefix}: uploads that were given up"
            );
        }
        assert_eq!(found(expiry("other/", true, true), store), 0);
        assert_eq!(found(expiry("team/ledger/inbox/", false, true), ledger), 0);
        assert_eq!(found(expiry("team/ledger/inbox/", true, false), ledger), 1);
        // Nothing of a ledger lies there.
        assert_eq!(found(expiry("team/data/x", false, true), ledger), 0);
        assert_eq!(found(expiry("team/data/x", false, true), store), 1);
        assert_eq!(found(Expiry { tagged: true, ..expiry("", true, true) }, store), 0);
        let [line] = &expiring(&[expiry("team/", false, true)], "team/", ledger)[..] else { panic!() };
        assert_eq!(line, "rule \"r\" takes old versions away after 7 days (team/*)");
    }

    fn open(statement: &str) -> Open {
        let policy = format!("{{\"Version\":\"2012-10-17\",\"Statement\":{statement}}}");
        open_deletes(&policy, "b", &kept("t/", Purpose::Ledger)).unwrap()
    }

    #[test]
    fn a_deny_counts_if_it_leaves_nothing_open() {
        let both = r#"["s3:DeleteObject","s3:DeleteObjectVersion"]"#;
        let deny = |actions: &str, rest: &str| {
            open(&format!("[{{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":{actions},{rest}}}]"))
        };
        let ledger = r#""Resource":["arn:aws:s3:::b/t/ledger/commit/*","arn:aws:s3:::b/t/ledger/tile/*"]"#;
        for closed in [
            deny(both, ledger),
            deny("\"s3:deleteobject*\"", ledger),
            deny("\"s3:*\"", r#""Resource":"arn:aws:s3:::b/*""#),
            deny("\"*\"", r#""Resource":"arn:aws:s3:::?/t/ledger/*""#),
            deny(both, r#""NotResource":"arn:aws:s3:::b/t/ledger/inbox/*""#),
            open(&format!(
                "{{\"Effect\":\"Deny\",\"Principal\":{{\"AWS\":[\"*\"]}},\"NotAction\":\"s3:Get*\",{ledger}}}"
            )),
        ] {
            assert_eq!(closed, Open { deletes: vec![], unclear: 0 });
        }
        let one = deny("\"s3:DeleteObject\"", ledger);
        assert_eq!(one.deletes, [("s3:DeleteObjectVersion", kept("t/", Purpose::Ledger))]);
        let part = deny(both, r#""Resource":"arn:aws:s3:::b/t/ledger/commit/*""#);
        assert_eq!(part.deletes[0], ("s3:DeleteObject", vec!["t/ledger/tile/".to_owned()]));
        for leaves_open in [
            r#""Resource":"arn:aws:s3:::b/t/ledger/commit/0*""#,
            r#""Resource":"arn:aws:s3:::b/t/ledger/""#,
            r#""Resource":"arn:aws:s3:::other/*""#,
            r#""NotResource":"arn:aws:s3:::b/t/ledger/*""#,
            r#""NotResource":["arn:aws:s3:::b/t/ledger/commit/0*","arn:aws:s3:::b/t/ledger/t*"]"#,
        ] {
            let all: Vec<String> = deny(both, leaves_open).deletes.into_iter().flat_map(|(_, p)| p).collect();
            assert_eq!(all.len(), 4, "{leaves_open}");
        }
        // To some only, under a condition, an Allow, none.
        let some = format!(
            "{{\"Effect\":\"Deny\",\"Principal\":{{\"AWS\":\"arn:x\"}},\"Action\":\"s3:*\",{ledger}}}"
        );
        assert_eq!((open(&some).unclear, open(&some).deletes.len()), (1, 2));
        assert_eq!(deny(both, &format!("\"Condition\":{{}},{ledger}")).unclear, 1);
        let allow = format!("[{{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:*\",{ledger}}}]");
        assert_eq!((open(&allow).unclear, open(&allow).deletes.len()), (0, 2));
        assert_eq!(open_deletes("nonsense", "b", &[]), None);
    }

    #[test]
    fn patterns_match_whole_texts() {
        for (pattern, text, matches) in [
            ("", "", true),
            ("*", "", true),
            ("a*b", "a-b-b", true),
            ("a*b", "a-b-c", false),
            ("a?c", "abc", true),
            ("a?", "a", false),
            ("*x*y", "axbxcy", true),
        ] {
            assert_eq!(glob(pattern, text), matches, "{pattern} {text}");
        }
    }
}
