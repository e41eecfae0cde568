"""What programs do with the official driver, against the server that AWS_ENDPOINT_URL_QLDB_SESSION names. Each line that is printed
is a part that went as it would have gone with Amazon's service; the first that does not ends it with an error."""
import base64
import datetime
import decimal
import hashlib
import json
import sys
import threading

import boto3
from amazon.ion import simpleion as ion
from amazon.ion.core import Timestamp, TimestampPrecision
from botocore.exceptions import ClientError
from pyqldb.config.retry_config import RetryConfig
from pyqldb.driver.qldb_driver import QldbDriver
from pyqldb.errors import ExecuteError

LEDGER = sys.argv[1]
control = boto3.client("qldb")
driver = QldbDriver(ledger_name=LEDGER, retry_config=RetryConfig(retry_limit=4))


def done(what):
    print("ok", what, flush=True)


def run(text, *parameters):
    return driver.execute_lambda(lambda transaction: list(transaction.execute_statement(text, *parameters)))


def refused(code, action):
    try:
        action()
    except (ClientError, ExecuteError) as e:
        e = getattr(e, "error", None) if isinstance(e, ExecuteError) else e
        assert e is not None and e.response["Error"]["Code"] == code, e
        return e.response["Error"]["Message"]
    raise AssertionError(code + " was expected")


created = control.create_ledger(Name=LEDGER, PermissionsMode="ALLOW_ALL", DeletionProtection=False)
assert created["Name"] == LEDGER
assert control.describe_ledger(Name=LEDGER)["State"] == "ACTIVE"
refused("ResourceAlreadyExistsException", lambda: control.create_ledger(Name=LEDGER, PermissionsMode="STANDARD"))
refused("ResourceNotFoundException", lambda: control.describe_ledger(Name="nothing"))
assert control.update_ledger(Name=LEDGER, DeletionProtection=True)["DeletionProtection"] is True
refused("ResourcePreconditionNotMetException", lambda: control.delete_ledger(Name=LEDGER))
assert control.update_ledger_permissions_mode(Name=LEDGER, PermissionsMode="STANDARD")["PermissionsMode"] == "STANDARD"
assert [one["Name"] for one in control.list_ledgers()["Ledgers"]] == [LEDGER]
done("ledgers")

nobody = QldbDriver(ledger_name="nothing")
refused("BadRequestException", lambda: list(nobody.list_tables()))
done("an unknown ledger")

assert list(driver.list_tables()) == []
run("CREATE TABLE T")
run("CREATE INDEX ON T (name)")
run('CREATE TABLE "U"')
assert sorted(driver.list_tables()) == ["T", "U"]
assert "already exists" in refused("BadRequestException", lambda: run("CREATE TABLE T"))
[index] = run("SELECT VALUE indexes[0] FROM information_schema.user_tables WHERE name = 'T'")
assert index["expr"] == "[name]", index
run("DROP TABLE U")
assert list(driver.list_tables()) == ["T"]
refused("BadRequestException", lambda: run("SELECT * FROM U"))
refused("BadRequestException", lambda: run("SELEC * FROM T"))
done("tables and indexes")

[one] = run("INSERT INTO T ?", {"name": "first", "n": 1})
assert len(one["documentId"]) == 22
assert len(run("INSERT INTO T <<?, ?>>", {"name": "second"}, {"name": "third"})) == 2
assert run("SELECT VALUE n FROM T WHERE name = ?", "first") == [1]
assert [row["name"] for row in run("SELECT name FROM T WHERE name IN (?, ?)", "second", "third")] in (["second", "third"], ["third", "second"])
assert run("SELECT COUNT(*) FROM T")[0]["_1"] == 3
assert len(run("UPDATE T SET n = ? WHERE name = ?", 2, "first")) == 1
assert len(run("SELECT * FROM history(T) AS h WHERE h.data.name = 'first'")) == 2
assert len(run("DELETE FROM T WHERE name = ?", "third")) == 1
assert len(run("DELETE FROM T")) == 2
assert run("SELECT * FROM T") == []
done("documents")


def many(transaction):
    for n in range(30):
        transaction.execute_statement("INSERT INTO T ?", {"name": "row", "n": n})


driver.execute_lambda(many)
rows = driver.execute_lambda(lambda transaction: [row for row in transaction.execute_statement("SELECT a.n AS n, b.n AS m FROM T AS a, T AS b")])
assert len(rows) == 900 and len({(row["n"], row["m"]) for row in rows}) == 900
run("DELETE FROM T")
done("pages")

values = [
    None, True, False, 5, -(2**62), 2.5, float("inf"), decimal.Decimal("1.50"), decimal.Decimal("-0E+3"), "text", b"bytes", "",
    [1, [2]], {"a": {"b": 1}}, Timestamp(2026, 11, 1, precision=TimestampPrecision.DAY),
    datetime.datetime(2026, 11, 1, 1, 2, 3, 4000, tzinfo=datetime.timezone.utc),
]
values = [ion.loads(ion.dumps(value)) for value in values]
values += ion.loads(
    "symbol 'two words' {{\"clob\"}} (a b) null.int null.string null.struct null.timestamp null.blob null.list null.symbol null.bool "
    "null.float null.decimal null.clob null.sexp 2026T 2026-11-01T00:00:00.000-00:00 1.5e0 0d0",
    single_value=False,
)
for value in values:
    for annotated in (False, True):
        if annotated:
            text = ion.dumps(value, binary=False, omit_version_marker=True)
            value = ion.loads("a::'b c'::" + text)
        run("INSERT INTO T ?", {"name": "value", "v": value})
        is_null = value is None or getattr(value, "ion_type", None) is not None and ion.dumps(value, binary=False).split("::")[-1].split()[-1].startswith("null")
        found = run("SELECT VALUE v FROM T WHERE v IS NULL") if is_null else run("SELECT VALUE v FROM T WHERE v = ?", value)
        same = [ion.dumps(one, binary=True) for one in found]
        assert same == [ion.dumps(value, binary=True)], (value, found)
        run("DELETE FROM T")
done("every type of Ion, annotated and null")

run("INSERT INTO T ?", {"name": "shared", "n": 0})
impatient = QldbDriver(ledger_name=LEDGER, retry_config=RetryConfig(retry_limit=0))


def conflicting(transaction):
    list(transaction.execute_statement("SELECT VALUE n FROM T"))
    run("UPDATE T SET n = ? WHERE name = 'shared'", 1)


assert "Optimistic concurrency control failure" in refused("OccConflictException", lambda: impatient.execute_lambda(conflicting))
done("who only read what was changed does not commit")

run("UPDATE T SET n = 0 WHERE name = 'shared'")
patient = QldbDriver(ledger_name=LEDGER, retry_config=RetryConfig(retry_limit=50))


def count(transaction):
    [n] = list(transaction.execute_statement("SELECT VALUE n FROM T WHERE name = 'shared'"))
    transaction.execute_statement("UPDATE T SET n = ? WHERE name = 'shared'", n + 1)


threads = [threading.Thread(target=lambda: [patient.execute_lambda(count) for _ in range(5)]) for _ in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert run("SELECT VALUE n FROM T WHERE name = 'shared'") == [30]
done("conflicts are tried again until all have counted")

refused("BadRequestException", lambda: run("INSERT INTO T ?", {"big": "x" * 140_000}))
refused("BadRequestException", lambda: driver.execute_lambda(lambda t: [t.execute_statement("INSERT INTO T ?", {"n": n}) for n in range(41)]))
done("limits")



def order(a, b):
    """-1: the first comes first. From the last byte to the first, as signed numbers."""
    for x, y in zip(reversed(a), reversed(b)):
        if x != y:
            return -1 if (x ^ 0x80) < (y ^ 0x80) else 1
    return 0


def folded(leaf, proof):
    for other in map(bytes, ion.loads(proof["IonText"])):
        both = leaf + other if order(leaf, other) < 0 else other + leaf
        leaf = hashlib.sha256(both).digest()
    return leaf


digest = control.get_digest(Name=LEDGER)
for row in run("SELECT blockAddress, metadata.id AS id FROM history(T) AS h"):
    address = {"IonText": ion.dumps(row["blockAddress"], binary=False, omit_version_marker=True)}
    asked = dict(Name=LEDGER, BlockAddress=address, DigestTipAddress=digest["DigestTipAddress"])
    block = control.get_block(**asked)
    assert folded(bytes(ion.loads(block["Block"]["IonText"])["blockHash"]), block["Proof"]) == digest["Digest"]
    revision = control.get_revision(DocumentId=row["id"], **asked)
    assert folded(bytes(ion.loads(revision["Revision"]["IonText"])["hash"]), revision["Proof"]) == digest["Digest"]
done("digest and proofs")

now = datetime.datetime.now(datetime.timezone.utc)
for form in ("ION_TEXT", "ION_BINARY"):
    export = control.export_journal_to_s3(
        Name=LEDGER,
        InclusiveStartTime=now - datetime.timedelta(hours=1),
        ExclusiveEndTime=now + datetime.timedelta(hours=1),
        RoleArn="arn:aws:iam::123456789012:role/export",
        S3ExportConfiguration={
            "Bucket": "exported",
            "Prefix": form.lower() + "/",
            "EncryptionConfiguration": {"ObjectEncryptionType": "NO_ENCRYPTION"},
        },
        OutputFormat=form,
    )
    told = control.describe_journal_s3_export(Name=LEDGER, ExportId=export["ExportId"])
    assert told["ExportDescription"]["Status"] == "COMPLETED"
if len(sys.argv) > 2:
    with open(sys.argv[2], "w") as file:
        text = base64.b64encode(digest["Digest"]).decode()
        json.dump({"Digest": text, "DigestTipAddress": digest["DigestTipAddress"]}, file)
done("exports")
