import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { gatewayDoor } from "../support/doors.ts";
import { startProcess } from "../support/process.ts";
import { caller, mintForm, writeConfig } from "./config.ts";

const CLIENT = "client";
const subject = { ...caller(CLIENT), token: "someone", token_type_hint: "subject" };

let folder: string;
let env: Readonly<Record<string, string>>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-clock-"));
  env = writeConfig(folder, { [CLIENT]: { refreshGrace: 10 } });
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Has a process run with its clock ahead by so many milliseconds. */
function ahead(milliseconds: number): Readonly<Record<string, string>> {
  const module = `const now = Date.now; Date.now = () => now() + ${milliseconds};`;
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(module)}` };
}

/** Mints in a process whose clock is ahead, and ends it. */
async function mintAhead(milliseconds: number) {
  const service = await startProcess(folder, { ...env, ...ahead(milliseconds) });
  const door = gatewayDoor(service.publicUrl);
  const tokens = [await door.mint(mintForm(CLIENT, "jwt")), await door.mint(mintForm(CLIENT, "reference", ""))];
  await service.stop();
  return tokens;
}

it("a process whose clock was set back since revokes what was minted before, also what is ahead of its own clock", async () => {
  const [grant, reference] = await mintAhead(2_000);
  const service = await startProcess(folder, env);
  const door = gatewayDoor(service.publicUrl);
  const introspect = (token = "") => door.introspect({ ...caller(CLIENT), token });
  const texts = [grant?.accessToken, grant?.refreshToken, reference?.accessToken];
  for (const token of texts) expect(await introspect(token)).toMatchObject({ active: true });
  expect(await door.revoke(subject)).toEqual({});
  for (const token of texts) expect(await introspect(token)).toEqual({ active: false, claims: {} });
  expect((await door.refresh({ ...caller(CLIENT), refresh_token: grant?.refreshToken ?? "" })).error?.code).toBe(
    "invalid_grant",
  );
  const { accessToken } = await door.mint(mintForm(CLIENT, "jwt", ""));
  expect(await introspect(accessToken)).toMatchObject({ active: true });
  await service.stop();
});

it("a process does not start minutes behind what was told, and says what to do", async () => {
  await mintAhead(300_000);
  const { message } = await startProcess(folder, env).then(
    () => expect.fail("it started"),
    (error: Error) => error,
  );
  expect(message).toMatch(/mintmark: The machine's clock is \d+ s behind .* set MINTMARK_MAX_CLOCK_LAG/);
  expect(message).not.toContain("    at ");
});
