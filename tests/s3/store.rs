//! The promises of an object store, signed by the embedded one and by a bucket of each server.

use crate::common::proxy::Proxy;
use crate::common::servers::Server;
use crate::common::servers::aws;
use crate::common::servers::bucket;
use crate::data::noise;
use crate::data::servers;
use mlprov::config::BucketSite;
use mlprov::config::SharedStore;
use mlprov::domain::digest::Blake3Hash;
use mlprov::domain::version_map::Content;
use mlprov::domain::version_map::Located;
use mlprov::domain::version_map::VersionMap;
use mlprov::ports::StoreError;
use mlprov::ports::object_store::ObjectStore;
use mlprov::ports::object_store::PutBatch;
use mlprov::stores::aws::runtime::Aws;
use mlprov::stores::aws::s3::data::S3Store;
use mlprov::stores::local::objects::LocalStore;
use std::fs;
use std::fs::File;
use std::path::Path;

/// A place with a work tree, and the store that its clone would open.
struct Site {
    dir: tempfile::TempDir,
    shared: Option<(SharedStore, Aws)>,
}

impl Site {
    fn local() -> Self {
        let site = Site { dir: tempfile::tempdir().unwrap(), shared: None };
        LocalStore::new(&site.own().join("store"), Default::default()).create().unwrap();
        site
    }

    /// `endpoint`: of the server, or of a proxy before it.
    fn s3(server: &Server, place: &str, endpoint: &str) -> Self {
        let aws = aws(endpoint, [server.access_key, server.secret_key]);
        let region = Some("us-east-1".to_owned());
        let (place, endpoint) = (place.parse().unwrap(), Some(endpoint.to_owned()));
        let shared = SharedStore::new(BucketSite { place, region, endpoint, owner: None });
        let site = Site { dir: tempfile::tempdir().unwrap(), shared: Some((shared, aws)) };
        LocalStore::new(&site.own().join("store"), Default::default()).create().unwrap();
        site
    }

    fn own(&self) -> std::path::PathBuf {
        self.dir.path().join("own")
    }

    fn open(&self) -> Box<dyn ObjectStore> {
        let local = LocalStore::new(&self.own().join("store"), Default::default());
        match &self.shared {
            None => Box::new(local),
            Some((shared, aws)) => {
                let store = S3Store::new(local, shared, &self.own(), self.dir.path(), false);
                Box::new(store.by(aws.clone()))
            }
        }
    }

    fn file(&self, name: &str, bytes: &[u8]) -> (std::path::PathBuf, File) {
        let path = self.dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        let file = File::open(&path).unwrap();
        (path, file)
    }
}

fn put(batch: &dyn PutBatch, place: &Path, mut file: File) -> Content {
    batch.put_file(place, &mut file, &|_| {}).unwrap()
}

fn content_of(bytes: &[u8]) -> Content {
    Content { blake3: Blake3Hash::of(bytes), size: bytes.len() as u64 }
}

fn read(store: &dyn ObjectStore, version: &Located) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    store.open(version)?.read_to_end(&mut bytes).map_err(|e| StoreError::io("read", "it", e))?;
    Ok(bytes)
}

/// The promises of [`ObjectStore`], by their numbers.
fn conforms(site: &Site) {
    let store = site.open();
    let (small, large) = (b"small".to_vec(), noise((9 << 20) + 1, 77));
    let contents = [content_of(&small), content_of(&large)];
    // 2: a batch that is dropped counts for nothing that could be referred to here.
    {
        let batch = store.batch(false).unwrap();
        batch.put_bytes(b"an object that nobody wants").unwrap();
    }
    assert!(!store.holds(&Blake3Hash::of(b"an object that nobody wants"), 27));
    // 1, 3: what was committed is there, under the hash of its bytes; also for who opens it later.
    let batch = store.batch(false).unwrap();
    let (place, file) = site.file("small", &small);
    assert_eq!(put(&*batch, &place, file), contents[0]);
    let (place, file) = site.file("large", &large);
    assert_eq!(put(&*batch, &place, file), contents[1]);
    let object = batch.put_bytes(b"an object").unwrap();
    let streamed = batch
        .put_stream(&mut |out| (0..1000).try_for_each(|n| out.write_all(format!("{n}\n").as_bytes())))
        .unwrap();
    assert!(batch.settle(&contents).unwrap(), "all have versions");
    let versions = contents.map(|content| batch.version_of(&content).unwrap());
    let kept = batch.commit().unwrap();
    // 5: nobody removes anything as long as somebody relies on it.
    assert!(matches!(store.sweep().map(|_| ()), Err(StoreError::Locked { .. })));
    drop(kept);
    for store in [&store, &site.open()] {
        for (version, bytes) in versions.iter().zip([&small, &large]) {
            assert!(read(&**store, version).unwrap() == *bytes);
            assert!(store.holds(&version.blake3, version.size) && !store.holds(&version.blake3, 1));
            let (size, spot) = store.find(&version.blake3).unwrap().unwrap();
            let content = Content { blake3: version.blake3, size };
            let mut again = Vec::new();
            store.open_at(&content, spot).unwrap().read_to_end(&mut again).unwrap();
            assert!(again == *bytes);
        }
        for object in [&object, &streamed] {
            let located = store.locate(&object.blake3).unwrap().unwrap();
            assert_eq!(content_of(&read(&**store, &located).unwrap()), *object);
        }
    }
    // 4: the same content, under another name, is the same version.
    let batch = store.batch(false).unwrap();
    let (place, file) = site.file("other-name", &large);
    assert_eq!(put(&*batch, &place, file), contents[1]);
    assert!(batch.has(&contents[0]) && !batch.has(&content_of(b"unknown")));
    batch.settle(&contents).unwrap();
    assert_eq!(batch.version_of(&contents[1]).unwrap(), versions[1]);
    drop(batch.commit().unwrap());
    // What is gone is missing, and nothing else.
    let unknown = Blake3Hash::of(b"nowhere");
    assert_eq!(store.locate(&unknown).unwrap(), None);
    let gone = Located {
        blake3: unknown,
        version_id: match versions[0].bucket {
            None => mlprov::domain::version::VersionId::of_content(&unknown),
            Some(_) => "00000000-0000-0000-0000-000000000000".parse().unwrap(),
        },
        ..versions[0].clone()
    };
    assert!(
        matches!(read(&*store, &gone), Err(StoreError::Missing { .. })),
        "{:?}",
        read(&*store, &gone).err()
    );
}

#[test]
fn the_embedded_store_conforms() {
    conforms(&Site::local());
}

#[test]
fn a_bucket_conforms() {
    for server in servers() {
        bucket(server, "conforming");
        conforms(&Site::s3(server, "s3://conforming/p", &server.url));
        shared_by_two(server, "s3://conforming/p");
    }
}

/// Another clone finds what the version map says, and refers to it without sending it.
fn shared_by_two(server: &Server, place: &str) {
    let bytes = noise(100_000, 5);
    let content = content_of(&bytes);
    let one = Site::s3(server, place, &server.url);
    let store = one.open();
    let batch = store.batch(false).unwrap();
    let (path, file) = one.file("theirs", &bytes);
    put(&*batch, &path, file);
    assert!(batch.settle(&[content]).unwrap());
    let map = VersionMap::new(vec![batch.version_of(&content).unwrap()]);
    let text = map.to_text().unwrap();
    let digest = batch.put_bytes(text.as_bytes()).unwrap().blake3;
    drop(batch.commit().unwrap());
    let proxy = Proxy::new(&server.url);
    let other = Site::s3(server, place, &proxy.url);
    let store = other.open();
    assert!(!store.holds(&content.blake3, content.size));
    assert!(store.fetch(&digest).unwrap(), "the map is an object that others can have");
    store.learn(&digest, &map, false).unwrap();
    assert_eq!(store.has_map(&digest), Some(true));
    assert!(read(&*store, &store.locate(&content.blake3).unwrap().unwrap()).unwrap() == bytes);
    proxy.mend();
    let batch = store.batch(false).unwrap();
    let (path, file) = other.file("mine", &bytes);
    put(&*batch, &path, file);
    assert!(batch.settle(&[content]).unwrap());
    assert_eq!(batch.version_of(&content).unwrap(), map.lines()[0]);
    let asked = proxy.mend();
    assert!(asked.iter().all(|request| !request.starts_with("PUT")), "{asked:?}");
}
