/** Before all tests: says which are skipped for want of a server, or refuses to. */
export function setup(): void {
  if (process.env.MONGODB_URI) return;
  const how = "set MONGODB_URI to a MongoDB 6+ server, such as mongodb://127.0.0.1:27017/, to run them";
  if (process.env.MINTMARK_REQUIRE_MONGODB === "1") throw new Error(`The tests against MongoDB are required: ${how}.`);
  process.stderr.write(`The tests against MongoDB are skipped: ${how}.\n`);
}
