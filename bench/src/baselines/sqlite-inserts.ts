/** Durable inserts of rows as large as a grant's, one by one, with node:sqlite. Prints how many a second. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const seconds = Number(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), "mintmark-bench-"));
const database = new DatabaseSync(join(folder, "rows.db"));
database.exec(
  "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (id BLOB PRIMARY KEY, data TEXT)",
);
const insert = database.prepare("INSERT INTO rows VALUES (?, ?)");
const data = "x".repeat(500);
const end = performance.now() + 1000 * seconds;
let count = 0;
for (; performance.now() < end; count += 1) insert.run(randomBytes(16), data);
database.close();
rmSync(folder, { recursive: true });
console.log(count / seconds);
