//! Git's objects as `git cat-file` gives them.

use super::backend::CommitObject;
use super::backend::TreeEntry;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::process::Child;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;

/// `git cat-file --batch`: asked for one object after the other.
pub(super) struct Reader {
    // Dropped first: then the program ends.
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
    child: Child,
}

impl Reader {
    pub(super) fn start(mut command: Command) -> io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
        let ask = child.stdin.take().ok_or_else(closed)?;
        let answers = BufReader::new(child.stdout.take().ok_or_else(closed)?);
        Ok(Reader { ask, answers, child })
    }

    /// Kind and bytes; `None` if it is not here.
    pub(super) fn read(&mut self, id: &str) -> io::Result<Option<(String, Vec<u8>)>> {
        self.ask.write_all(format!("{id}\n").as_bytes())?;
        self.ask.flush()?;
        let mut head = String::new();
        self.answers.read_line(&mut head)?;
        let words: Vec<&str> = head.split_whitespace().collect();
        let (kind, size) = match words[..] {
            [_, kind, size] => (kind.to_owned(), size.parse().map_err(io::Error::other)?),
            [_, "missing"] => return Ok(None),
            _ => return Err(io::Error::other("git cat-file ended, or said something else")),
        };
        let mut bytes = vec![0; size];
        self.answers.read_exact(&mut bytes)?;
        self.answers.read_exact(&mut [0])?;
        Ok(Some((kind, bytes)))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it only reads
        let _ = self.child.wait();
    }
}

/// Name of an object (gitformat-pack(5), "Object storage format").
pub(super) fn hash(format: &str, kind: &str, bytes: &[u8]) -> String {
    fn digest<D: sha2::Digest>(kind: &str, bytes: &[u8]) -> String {
        let mut hasher = D::new();
        hasher.update(format!("{kind} {}\0", bytes.len()));
        hasher.update(bytes);
        hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
    match format {
        "sha256" => digest::<sha2::Sha256>(kind, bytes),
        _ => digest::<sha1::Sha1>(kind, bytes),
    }
}

pub(super) fn parse_commit(bytes: &[u8]) -> Option<CommitObject> {
    let text = String::from_utf8_lossy(bytes);
    let (head, _) = text.split_once("\n\n").unwrap_or((&text, ""));
    let message = bytes.windows(2).position(|w| w == b"\n\n").map_or(&[][..], |at| &bytes[at + 2..]);
    let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
    let email = value("committer ").and_then(|who| who.split_once('<')?.1.split_once('>'));
    Some(CommitObject {
        tree: value("tree ")?.to_owned(),
        parents: head.lines().filter_map(|line| line.strip_prefix("parent ")).map(str::to_owned).collect(),
        committer_email: email.map(|(email, _)| email.to_owned()),
        message: message.to_vec(),
    })
}

pub(super) fn parse_tree(mut bytes: &[u8], id_length: usize) -> Option<Vec<TreeEntry>> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|b| *b == b' ')?;
        let zero = bytes.iter().position(|b| *b == 0)?;
        let mode = u32::from_str_radix(std::str::from_utf8(&bytes[..space]).ok()?, 8).ok()?;
        let id = bytes.get(zero + 1..zero + 1 + id_length)?;
        let name = bytes.get(space + 1..zero)?.to_vec();
        out.push(TreeEntry { name, mode, id: id.iter().map(|byte| format!("{byte:02x}")).collect() });
        bytes = &bytes[zero + 1 + id_length..];
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_have_the_names_that_git_gives_them() {
        // `git hash-object -t tree /dev/null`, and the same with --object-format=sha256.
        assert_eq!(hash("sha1", "tree", b""), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
        let long = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321";
        assert_eq!(hash("sha256", "tree", b""), long);
        assert_eq!(hash("sha1", "blob", b"hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
    }

    #[test]
    fn trees_and_commits_are_read_byte_by_byte() {
        let mut tree = b"100644 a b\0".to_vec();
        tree.extend([0x11; 20]);
        tree.extend(b"40000 d\xff\0");
        tree.extend([0x22; 20]);
        let read = parse_tree(&tree, 20).unwrap();
        assert_eq!((&read[0].name[..], read[0].is_plain_file()), (&b"a b"[..], true));
        assert_eq!((&read[1].name[..], read[1].is_tree()), (&b"d\xff"[..], true));
        assert_eq!(read[1].id, "22".repeat(20));
        for cut in 1..tree.len() {
            assert!(cut == 31 || parse_tree(&tree[..cut], 20).is_none(), "{cut}");
        }
        let commit =
            b"tree 1\nparent 2\nparent 3\nauthor A <a@x> 1 +0\ncommitter C <c@x> 1 +0\n\nparent 4\n\nmore";
        let commit = parse_commit(commit).unwrap();
        assert_eq!((commit.tree.as_str(), commit.parents), ("1", vec!["2".to_owned(), "3".to_owned()]));
        assert_eq!(
            (commit.committer_email.as_deref(), &commit.message[..]),
            (Some("c@x"), &b"parent 4\n\nmore"[..])
        );
        assert_eq!(parse_commit(b"nothing"), None);
    }
}
