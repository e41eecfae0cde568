// What programs do with the official driver for Node, against the server that its arguments name. Each line that is printed is a
// part that went as it would have gone with Amazon's service; the first that does not ends it with an error.
"use strict";
const assert = require("assert");
const { QLDBClient, CreateLedgerCommand, GetDigestCommand } = require("@aws-sdk/client-qldb");
const { QldbDriver, RetryConfig } = require("amazon-qldb-driver-nodejs");
const ion = require("ion-js");

const [endpoint, ledger] = process.argv.slice(2);
const config = { endpoint, region: "us-east-1" };
const done = (what) => console.log("ok " + what);

async function refused(name, action) {
    try {
        await action();
    } catch (e) {
        assert.strictEqual(e.name, name, e);
        return e.message;
    }
    assert.fail(name + " was expected");
}

async function main() {
    const control = new QLDBClient(config);
    await control.send(new CreateLedgerCommand({ Name: ledger, PermissionsMode: "ALLOW_ALL", DeletionProtection: false }));
    const driver = new QldbDriver(ledger, config, {}, 10, new RetryConfig(30));
    const run = (text, ...parameters) =>
        driver.executeLambda(async (transaction) => (await transaction.execute(text, ...parameters)).getResultList());

    assert.deepStrictEqual(await driver.getTableNames(), []);
    await run("CREATE TABLE T");
    await run("CREATE INDEX ON T (name)");
    assert.deepStrictEqual(await driver.getTableNames(), ["T"]);
    await refused("BadRequestException", () => run("CREATE TABLE T"));
    await refused("BadRequestException", () => run("SELECT * FROM Nothing"));
    done("tables and indexes");

    const [inserted] = await run("INSERT INTO T ?", { name: "first", n: 1 });
    assert.strictEqual(inserted.get("documentId").stringValue().length, 22);
    const [n] = await run("SELECT VALUE n FROM T WHERE name = ?", "first");
    assert.strictEqual(n.numberValue(), 1);
    await run("UPDATE T SET n = ? WHERE name = ?", 2, "first");
    assert.strictEqual((await run("SELECT * FROM history(T) AS h WHERE h.data.name = 'first'")).length, 2);
    assert.strictEqual((await run("DELETE FROM T WHERE name = 'first'")).length, 1);
    done("documents");

    await driver.executeLambda(async (transaction) => {
        for (let n = 0; n < 30; n++) {
            await transaction.execute("INSERT INTO T ?", { name: "row", n });
        }
    });
    assert.strictEqual((await run("SELECT a.n, b.n AS m FROM T AS a, T AS b")).length, 900);
    const streamed = await driver.executeLambda(async (transaction) => {
        let count = 0;
        for await (const row of await transaction.executeAndStreamResults("SELECT a.n, b.n AS m FROM T AS a, T AS b")) {
            count += row === null ? 0 : 1;
        }
        return count;
    });
    assert.strictEqual(streamed, 900);
    await run("DELETE FROM T");
    done("pages");

    for (const text of [
        "5", "1.50", "2e0", "true", "\"text\"", "symbol", "2026-11-01T00:00:00.000Z", "{{YQ==}}", "{{\"clob\"}}", "[1, [2]]", "(a b)",
        "{a: {b: 1}}", "a::'b c'::5", "a::[1]",
    ]) {
        const value = ion.load(text);
        await run("INSERT INTO T ?", { name: "value" });
        await run("UPDATE T SET v = ? WHERE name = 'value'", value);
        const [found] = await run("SELECT VALUE v FROM T WHERE v = ?", value);
        assert.strictEqual(ion.dumpText(found), ion.dumpText(value));
        await run("DELETE FROM T");
    }
    done("types of Ion");

    await run("INSERT INTO T ?", { name: "shared", n: 0 });
    const impatient = new QldbDriver(ledger, config, {}, 10, new RetryConfig(0));
    await refused("OccConflictException", () =>
        impatient.executeLambda(async (transaction) => {
            await transaction.execute("SELECT VALUE n FROM T");
            await run("UPDATE T SET n = 7 WHERE name = 'shared'");
        }),
    );
    await run("UPDATE T SET n = 0 WHERE name = 'shared'");
    const count = async (transaction) => {
        const [n] = (await transaction.execute("SELECT VALUE n FROM T WHERE name = 'shared'")).getResultList();
        await transaction.execute("UPDATE T SET n = ? WHERE name = 'shared'", n.numberValue() + 1);
    };
    await Promise.all(Array.from({ length: 10 }, () => driver.executeLambda(count)));
    const [total] = await run("SELECT VALUE n FROM T WHERE name = 'shared'");
    assert.strictEqual(total.numberValue(), 10);
    done("conflicts");

    const digest = await control.send(new GetDigestCommand({ Name: ledger }));
    assert.strictEqual(digest.Digest.length, 32);
    done("digest");
    driver.close();
    impatient.close();
}

main().catch((e) => {
    console.error(e);
    process.exit(1);
});
