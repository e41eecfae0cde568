//! Real servers that speak AWS's protocols, each on a free port of this machine, gone with the test's process.

use aws_sdk_s3::config::BehaviorVersion;
use aws_sdk_s3::config::Credentials;
use aws_sdk_s3::config::Region;
use aws_sdk_s3::config::SharedCredentialsProvider;
use aws_sdk_s3::types::BucketVersioningStatus;
use aws_sdk_s3::types::VersioningConfiguration;
use mlprov::stores::aws::runtime;
use mlprov::stores::aws::runtime::Aws;
use mlprov::stores::aws::s3::bucket::Bucket;
use mlprov::stores::aws::s3::client::S3;
use std::fs;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;
use std::time::Instant;

pub struct Server {
    pub name: &'static str,
    pub url: String,
    pub access_key: &'static str,
    pub secret_key: &'static str,
    /// Ends the server when its standard input is closed: with this process, however that ends.
    _keeper: Child,
}

fn tool(below: &str) -> Option<PathBuf> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/testbed").join(below);
    place.is_file().then_some(place)
}

/// A port that nobody listens on; with `pair` also the one 10,000 above.
fn free_port(pair: bool) -> u16 {
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let above = port.checked_add(10_000);
        if !pair || above.is_some_and(|above| TcpListener::bind(("127.0.0.1", above)).is_ok()) {
            return port;
        }
    }
}

impl Server {
    /// `None`: it does not listen. Somebody may have taken one of its ports just then.
    fn start(name: &'static str, port: u16, keys: [&'static str; 2], command: &mut Command) -> Option<Self> {
        let program = command.get_program().to_owned();
        let words: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        let mut keeper = Command::new("sh");
        // Its directory, if it has one, goes with it.
        let script = "\"$@\" & server=$!; cat > /dev/null; kill -9 $server; wait; rm -rf \"$SERVER_DIR\"
            for port in $SERVER_PORTS; do rm -f /tmp/seaweedfs-*-$port.sock; done";
        keeper.args(["-c", script, "sh"]);
        keeper.arg(program).args(words).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        keeper.envs(command.get_envs().filter_map(|(k, v)| Some((k.to_owned(), v?.to_owned()))));
        let keeper = keeper.spawn().unwrap();
        let [access_key, secret_key] = keys;
        let url = format!("http://127.0.0.1:{port}");
        let server = Server { name, url, access_key, secret_key, _keeper: keeper };
        until(|| TcpStream::connect(("127.0.0.1", port)).is_ok()).then_some(server)
    }

    /// In memory, and quick.
    pub fn ministack() -> Option<&'static Server> {
        static SERVER: OnceLock<Option<Server>> = OnceLock::new();
        let start = || {
            let port = free_port(false);
            let mut command = Command::new(tool("ministack/bin/ministack")?);
            command.env("GATEWAY_PORT", port.to_string()).env("MINISTACK_PORT", port.to_string());
            let server = Server::start("ministack", port, ["test", "test"], &mut command);
            Some(server.expect("ministack starts"))
        };
        SERVER.get_or_init(start).as_ref()
    }

    /// SageMaker; its S3 is not to be believed.
    pub fn moto() -> Option<&'static Server> {
        static SERVER: OnceLock<Option<Server>> = OnceLock::new();
        let start = || {
            let port = free_port(false);
            let mut command = Command::new(tool("moto/bin/moto_server")?);
            command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
            let server = Server::start("moto", port, ["test", "test"], &mut command);
            Some(server.expect("moto starts"))
        };
        SERVER.get_or_init(start).as_ref()
    }

    /// On disk.
    pub fn seaweedfs() -> Option<&'static Server> {
        static SERVER: OnceLock<Option<Server>> = OnceLock::new();
        let start = || {
            let program = tool("weed/bin/weed")?;
            let server = (0..3).find_map(|_| Server::start_seaweedfs(&program));
            Some(server.expect("SeaweedFS starts, of three times once"))
        };
        SERVER.get_or_init(start).as_ref()
    }

    fn start_seaweedfs(program: &Path) -> Option<Server> {
        let keys = ["testaccesskey", "testsecretkey123"];
        let dir = std::env::temp_dir().join(format!("mlprov-weed-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let identities = serde_json::json!({"identities": [{"name": "admin",
                "credentials": [{"accessKey": keys[0], "secretKey": keys[1]}],
                "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]});
        fs::write(dir.join("s3.json"), identities.to_string()).unwrap();
        let ports = [(); 4].map(|()| free_port(true));
        let flag = |name: &str, value: &dyn std::fmt::Display| format!("-{name}={value}");
        let mut command = Command::new(program);
        let all = ports.iter().flat_map(|port| [*port, port + 10_000]).map(|port| port.to_string());
        command.env("SERVER_DIR", &dir).env("SERVER_PORTS", all.collect::<Vec<_>>().join(" "));
        command.args(["-logtostderr", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"]);
        command.args([
            flag("dir", &dir.display()),
            flag("master.port", &ports[0]),
            flag("volume.port", &ports[1]),
            flag("filer.port", &ports[2]),
            flag("s3.port", &ports[3]),
            flag("s3.config", &dir.join("s3.json").display()),
        ]);
        command.args([
            // Each bucket takes several volumes: many small ones, or a small disk is full of none.
            "-master.volumeSizeLimitMB=64",
            "-volume.max=500",
            "-volume.preStopSeconds=0",
            "-master.telemetry=false",
            "-master.peers=none",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-s3.allowDeleteBucketNotEmpty=false",
            "-s3.autoCreateBucket=false",
        ]);
        command.env("GOMEMLIMIT", "400MiB");
        // Without one it takes a default encryption, and then no object.
        command.env("WEED_S3_SSE_KEY", "only for tests");
        let server = Server::start("SeaweedFS", ports[3], keys, &mut command)?;
        // It listens before it can answer, and answers before it has a place for the first object.
        let ready = until(|| answers(ports[3])) && {
            let s3 = bucket(&server, "warm");
            until(|| s3.put_new("first", b"x").is_ok())
        };
        ready.then_some(server)
    }
}

/// Whether it becomes true before long.
fn until(mut is_so: impl FnMut() -> bool) -> bool {
    let patience = Instant::now() + Duration::from_secs(30);
    loop {
        if is_so() {
            return true;
        }
        if Instant::now() > patience {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn answers(port: u16) -> bool {
    use std::io::Read;
    use std::io::Write;
    let answer = TcpStream::connect(("127.0.0.1", port)).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    });
    let status = answer.ok().and_then(|text| text.split(' ').nth(1)?.parse::<u16>().ok());
    status.is_some_and(|status| status != 503)
}

/// When it goes, its keeper ends the server.
impl Drop for Server {
    fn drop(&mut self) {
        drop(self._keeper.stdin.take());
        let _ = self._keeper.wait(); // it ends with its input
    }
}

/// As somebody with these keys.
pub fn aws(url: &str, keys: [&str; 2]) -> Aws {
    let credentials = Credentials::new(keys[0], keys[1], None, None, "test");
    let config = aws_config::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(runtime::http())
        .region(Region::new("us-east-1"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    Aws::with(config).unwrap()
}

/// A new bucket with versions.
pub fn bucket(server: &Server, name: &str) -> S3 {
    let (aws, client) = raw(server);
    let versions = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    aws.wait(async {
        client.create_bucket().bucket(name).send().await.unwrap();
        client.put_bucket_versioning().bucket(name).versioning_configuration(versions).send().await.unwrap();
    });
    S3::new(aws, name)
}

/// A client without anything of mlprov's.
pub fn raw(server: &Server) -> (Aws, aws_sdk_s3::Client) {
    let aws = aws(&server.url, [server.access_key, server.secret_key]);
    let config = aws_sdk_s3::config::Builder::from(aws.config()).force_path_style(true).build();
    (aws, aws_sdk_s3::Client::from_conf(config))
}

/// From then on programs whose home is there ask these services at other servers.
pub fn ask_elsewhere(home: &Path, services: &[(&str, &str)]) {
    let lines = services.iter().map(|(service, url)| format!("{service} =\n  endpoint_url = {url}\n"));
    let text = format!(
        "[default]\nregion = us-east-1\nservices = others\n[services others]\n{}",
        lines.collect::<String>()
    );
    fs::write(home.join(".aws/config"), text).unwrap();
}

/// Keys of this server for programs whose home is there, as the AWS CLI has them.
pub fn give_credentials(server: &Server, home: &Path) {
    let dir = home.join(".aws");
    fs::create_dir_all(&dir).unwrap();
    let (id, secret) = (server.access_key, server.secret_key);
    let credentials = format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    fs::write(dir.join("credentials"), credentials).unwrap();
    fs::write(dir.join("config"), "[default]\nregion = us-east-1\n").unwrap();
}
