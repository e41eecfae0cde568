//! What the ledger relies on, of the real servers: the promises of `Bucket`.

use crate::common::servers::Server;
use crate::common::servers::aws;
use crate::common::servers::bucket;
use crate::common::skipped;
use mlprov::stores::aws::failure::Failure;
use mlprov::stores::aws::s3::bucket::Bucket;
use mlprov::stores::aws::s3::client::S3;

fn each_server(test: impl Fn(&Server)) {
    for (name, server) in [("ministack", Server::ministack()), ("SeaweedFS", Server::seaweedfs())] {
        match server {
            Some(server) => test(server),
            None => skipped(&format!("{name} is not installed (tests/run.sh does it)")),
        }
    }
}

#[test]
fn objects_are_read_as_they_were_written() {
    each_server(|server| {
        let s3 = bucket(server, "objects");
        assert_eq!(s3.get("no/such key").unwrap(), None);
        let large: Vec<u8> = (0..6 << 20).map(|n: u32| n.to_be_bytes()[n as usize % 4]).collect();
        let names = ["plain", "a b+c%/ü", "deep/er/and deeper", "empty", "large"];
        for name in names {
            let bytes = match name {
                "large" => large.clone(),
                "empty" => Vec::new(),
                name => name.as_bytes().to_vec(),
            };
            assert!(s3.put_new(name, &bytes).unwrap(), "{} {name}", server.name);
            assert_eq!(s3.get(name).unwrap().unwrap().bytes, bytes, "{} {name}", server.name);
        }
        let asked: Vec<String> = ["plain", "missing", "large"].map(str::to_owned).to_vec();
        let found: Vec<Option<usize>> =
            s3.get_all(&asked).unwrap().into_iter().map(|o| o.map(|o| o.bytes.len())).collect();
        assert_eq!(found, [Some(5), None, Some(large.len())], "{}", server.name);
        s3.delete("plain").unwrap();
        assert_eq!(s3.get("plain").unwrap(), None, "{}", server.name);
    });
}

#[test]
fn keys_are_listed_in_order_and_from_anywhere() {
    each_server(|server| {
        let s3 = bucket(server, "keys");
        for n in 0..30 {
            s3.put_new(&format!("l/commit/{n:04}"), b"x").unwrap();
        }
        for name in ["l/commit/0007.1", "l/other", "k/commit/0001"] {
            s3.put_new(name, b"x").unwrap();
        }
        let all = s3.list("l/commit/", None).unwrap();
        assert!(all.is_sorted() && all.len() == 31, "{} {all:?}", server.name);
        let rest = s3.list("l/commit/", Some("l/commit/0007.~")).unwrap();
        assert_eq!((rest.len(), rest[0].as_str()), (22, "l/commit/0008"), "{}", server.name);
        assert!(s3.list("l/commit/", Some("l/commit/0029.~")).unwrap().is_empty(), "{}", server.name);
    });
}

#[test]
fn of_all_who_create_a_key_one_succeeds() {
    each_server(|server| {
        let s3 = bucket(server, "races");
        // SeaweedFS takes about a second for each of those who lost.
        for round in 0..if server.name == "SeaweedFS" { 1 } else { 5 } {
            let key = format!("race-{round}");
            let won: Vec<usize> = std::thread::scope(|scope| {
                let one = |n: usize| {
                    let (s3, key) = (&s3, &key);
                    scope.spawn(move || match s3.put_new(key, format!("{n}").as_bytes()) {
                        Ok(true) => Some(n),
                        Ok(false) => None,
                        // 409: look. Whoever gets it did not win.
                        Err(Failure::Unknown { .. }) => None,
                        Err(e) => panic!("{e:?}"),
                    })
                };
                let all: Vec<_> = (0..20).map(one).collect();
                all.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
            });
            assert_eq!(won.len(), 1, "{} {won:?}", server.name);
            assert_eq!(s3.get(&key).unwrap().unwrap().bytes, format!("{}", won[0]).into_bytes());
        }
    });
}

#[test]
fn a_key_is_replaced_as_it_was_read_or_not_at_all() {
    each_server(|server| {
        let s3 = bucket(server, "replaced");
        assert!(!s3.replace("c", b"0", Some("\"0123\"")).unwrap(), "{}: nothing is there", server.name);
        assert!(s3.replace("c", b"1", None).unwrap());
        assert!(!s3.replace("c", b"2", None).unwrap());
        let first = s3.get("c").unwrap().unwrap();
        assert!(s3.replace("c", b"2", Some(&first.etag)).unwrap());
        assert!(!s3.replace("c", b"3", Some(&first.etag)).unwrap(), "{}", server.name);
        assert_eq!(s3.get("c").unwrap().unwrap().bytes, b"2");
    });
}

#[test]
fn what_was_not_sent_or_not_allowed_did_not_happen() {
    let nobody = S3::new(aws("http://127.0.0.1:9", ["a", "b"]), "bucket");
    assert!(matches!(nobody.put_new("k", b"x"), Err(Failure::Refused { .. })), "nobody listens");
    assert!(matches!(nobody.list("k", None), Err(Failure::Refused { .. })));
    each_server(|server| {
        let keys = [server.access_key, server.secret_key];
        let other = S3::new(aws(&server.url, keys), "no-such-bucket");
        for refused in [other.put_new("k", b"x").err(), other.get("k").err(), other.list("", None).err()] {
            assert!(matches!(refused, Some(Failure::Refused { .. })), "{} {refused:?}", server.name);
        }
    });
    let Some(server) = Server::seaweedfs() else { return };
    let s3 = bucket(server, "private");
    s3.put_new("k", b"x").unwrap();
    let stranger = S3::new(aws(&server.url, [server.access_key, "not the secret"]), "private");
    assert!(matches!(stranger.get("k"), Err(Failure::Refused { .. })));
}
